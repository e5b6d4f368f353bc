//! A mesh and a host that take in another configuration while they are at work.

use super::failures_of_calls;
use mortise_adapter_client::{AdapterConfig, Mesh, MeshConfig};
use mortise_test_support::adapter_process::{AdapterProcess, binary};
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::replicas::{Replicas, only};
use mortise_test_support::scenario::seed;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::process::Command;

/// One kind of change, with its name.
type Change = (&'static str, fn(&mut MeshConfig, &Replicas));

const CHANGES: [Change; 8] = [
    ("an endpoint more", |config, replicas| {
        only(config).endpoints = replicas.endpoints();
    }),
    ("an endpoint less", |config, replicas| {
        only(config).endpoints = replicas.endpoints()[1..].to_vec();
    }),
    ("another policy of calls", |config, _| {
        only(config).calls.deadline = Some(Duration::from_secs(20));
        only(config).calls.calls_max = 500;
    }),
    ("another policy of balance", |config, _| {
        only(config).balance.eject_after = 9;
    }),
    ("another transport", |config, _| {
        only(config).transport.streams_max = 50;
    }),
    ("the limits of all calls", |config, _| {
        config.deadline = Duration::from_secs(25);
    }),
    ("an adapter more, with a route", |config, replicas| {
        let beside = AdapterConfig::new(replicas.endpoints()[0].clone());
        config.adapters.insert("beside".into(), beside);
        let stores = &mut config.routes.stores;
        stores.insert("session_file_system".into(), "beside".into());
    }),
    ("an adapter less", |config, _| {
        config.routes.stores.clear();
        config.adapters.remove("beside");
    }),
];

/// Every kind of change is taken in under load, and no call fails: those under way end on
/// what they began with, and those after it go the new way.
#[tokio::test]
async fn no_change_fails_a_call() {
    let replicas = Replicas::start(3).await;
    let mut config = replicas.config();
    only(&mut config).endpoints.truncate(2);
    let mut mesh = Mesh::new(config.clone()).unwrap();
    let adapter = mesh.adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    for (what, change) in CHANGES {
        let is_over = Arc::new(AtomicBool::new(false));
        let before = mesh.adapter(1).build().await.unwrap();
        let ends = is_over.clone();
        let load = tokio::spawn(async move {
            let mut failures = Vec::new();
            while !ends.load(Ordering::SeqCst) {
                failures.extend(failures_of_calls(&before, session_id, 32).await);
            }
            failures
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        change(&mut config, &replicas);
        let changed = mesh.reloaded(config.clone()).unwrap();
        let after = changed.adapter(1).build().await.unwrap();
        drop(std::mem::replace(&mut mesh, changed));
        let failures = failures_of_calls(&after, session_id, 64).await;
        assert!(failures.is_empty(), "{what}: {failures:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        is_over.store(true, Ordering::SeqCst);
        let failures = load.await.unwrap();
        assert!(failures.is_empty(), "{what}: {failures:?}");
    }
}

/// A change that leads nowhere is refused with all that is wrong, and the mesh stays as it
/// is.
#[tokio::test]
async fn a_wrong_change_changes_nothing() {
    let replicas = Replicas::start(1).await;
    let mesh = replicas.mesh();
    let adapter = mesh.adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    let mut config = replicas.config();
    for store in ["agent_store", "session_store"] {
        config.routes.stores.insert(store.into(), "nobody".into());
    }
    let refused = mesh.reloaded(config).unwrap_err().to_string();
    assert!(refused.contains("routes.agent_store"), "{refused}");
    assert!(refused.contains("routes.session_store"), "{refused}");
    assert!(failures_of_calls(&adapter, session_id, 8).await.is_empty());
}

/// Waits until a question about a host is answered with yes.
async fn until(host: &HostProcess, path: &str, holds: impl Fn(u16, &str) -> bool) -> String {
    let url = format!(
        "http://{}{path}",
        host.address("admin").trim_start_matches("http://")
    );
    let asking = async {
        loop {
            if let Ok(answer) = reqwest::get(&url).await {
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap_or_default();
                if holds(status, &text) {
                    return text;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(60), asking).await;
    answer.unwrap_or_else(|_| panic!("{path} did not come to what was awaited"))
}

fn config(folder: &Path, adapter: &str) -> String {
    format!(
        "[listen]\ngrpc = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n\
         [data]\ndir = \"{}\"\n\
         [adapters.main]\n{adapter}\n",
        folder.join("data").display()
    )
}

/// A host takes in a changed file by itself and at SIGHUP: it is ready over another adapter.
/// A file that is wrong, or that changes what cannot be changed, is refused, and the host
/// goes on as it is.
#[tokio::test]
async fn a_host_moves_to_another_adapter() {
    let folder = tempfile::tempdir().unwrap();
    let beside = folder.path().join("other");
    fs::create_dir(&beside).unwrap();
    let one = AdapterProcess::start(folder.path()).await;
    let other = AdapterProcess::start(&beside).await;
    let at = |endpoint: &mortise_adapter_client::Endpoint| {
        config(folder.path(), &format!("endpoint = \"{endpoint}\""))
    };
    let file = folder.path().join("host.toml");
    let first = at(&one.endpoint);
    let host = HostProcess::configured(folder.path(), &first).await;
    until(&host, "/ready", |status, _| status == 200).await;
    fs::write(&file, at(&other.endpoint)).unwrap();
    let moved = other.endpoint.to_string();
    until(&host, "/admin/config", |_, text| text.contains(&moved)).await;
    one.stop().await;
    until(&host, "/ready", |status, _| status == 200).await;
    fs::write(&file, first.replace("endpoint", "endpint")).unwrap();
    host.hang_up().await;
    fs::write(&file, first.replace("127.0.0.1:0\"]", "127.0.0.1:1\"]")).unwrap();
    host.hang_up().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    until(&host, "/admin/config", |_, text| text.contains(&moved)).await;
    until(&host, "/ready", |status, _| status == 200).await;
}

/// A host starts an adapter by its command, starts it again when it is killed, replaces it
/// when the command has changed, and stops it with itself.
#[tokio::test]
async fn a_host_runs_its_adapter() {
    let folder = tempfile::tempdir().unwrap();
    let command = |database: &str| {
        let program = binary("mortise-adapter");
        let database = folder.path().join(database);
        format!(
            "command = [\"{}\", \"--listen\", \"{{listen}}\", \"--database\", \"sqlite:{}\"]",
            program.display(),
            database.display()
        )
    };
    let mut host =
        HostProcess::configured(folder.path(), &config(folder.path(), &command("a.db"))).await;
    until(&host, "/ready", |status, _| status == 200).await;
    let first = running(&folder.path().join("a.db")).await;
    assert_eq!(first.len(), 1, "{first:?}");
    kill("-KILL", &first[0]).await;
    loop {
        let again = running(&folder.path().join("a.db")).await;
        if !again.is_empty() && again != first {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until(&host, "/ready", |status, _| status == 200).await;
    let file = folder.path().join("host.toml");
    fs::write(&file, config(folder.path(), &command("b.db"))).unwrap();
    until(&host, "/admin/config", |_, text| text.contains("b.db")).await;
    until(&host, "/ready", |status, _| status == 200).await;
    while !running(&folder.path().join("a.db")).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    host.terminate().await;
    assert_eq!(host.stopped().await, Some(0));
    assert!(running(&folder.path().join("b.db")).await.is_empty());
}

/// An adapter that a host has started ends with it, also where the host is killed.
#[tokio::test]
async fn a_killed_host_leaves_no_adapter() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("c.db");
    let text = format!(
        "command = [\"{}\", \"--listen\", \"{{listen}}\", \"--database\", \"sqlite:{}\"]",
        binary("mortise-adapter").display(),
        database.display()
    );
    let mut host = HostProcess::configured(folder.path(), &config(folder.path(), &text)).await;
    until(&host, "/ready", |status, _| status == 200).await;
    assert_eq!(running(&database).await.len(), 1);
    host.kill().await;
    while !running(&database).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The processes of adapters over a database.
async fn running(database: &Path) -> Vec<String> {
    let pattern = format!("mortise-adapter .*{}", database.display());
    let found = Command::new("pgrep")
        .args(["-f", &pattern])
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(found.stdout).unwrap();
    text.lines().map(Into::into).collect()
}

async fn kill(signal: &str, pid: &str) {
    let told = Command::new("kill").args([signal, pid]).status().await;
    assert!(told.unwrap().success());
}
