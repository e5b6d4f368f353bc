//! The commands of the README's section about serving, as they stand there.

use crate::interop::grpcurl;
use mortise_test_support::host_process::HostProcess;
use tokio::process::Command;

const README: &str = include_str!("../../../README.md");

/// The fenced blocks of a section, in order.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let section = README.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let opening = format!("```{language}\n");
    let blocks = section.split(&opening).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_string())
        .collect()
}

/// The configuration serves, and curl and grpcurl do what is said of them.
#[tokio::test]
async fn the_commands_work() {
    let folder = tempfile::tempdir().unwrap();
    let [config] = &blocks("Serve applications", "toml")[..] else {
        panic!("there is one configuration");
    };
    let [start, http, grpc, ..] = &blocks("Serve applications", "sh")[..] else {
        panic!("it is started, and called over HTTP and gRPC");
    };
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(which(grpcurl()), bin.join("grpcurl")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", bin.display());
    let bash = async |script: &str| {
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .await
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{script}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (before, serve): (Vec<_>, Vec<_>) = start
        .lines()
        .partition(|line| !line.contains("mortise-host"));
    assert!(serve[0].ends_with("serve --config host.toml"), "{serve:?}");
    bash(&before.join("\n")).await;
    let free = ["7450", "7451", "7452"]
        .iter()
        .fold(config.clone(), |config, port| {
            config.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:0")
        });
    let host = HostProcess::configured(folder.path(), &free).await;
    let ready = format!("{}/ready", host.http);
    while reqwest::get(&ready).await.unwrap().status() != 200 {
        tokio::task::yield_now().await;
    }
    let here = |script: &str| {
        let at = |what: &str| host.address(what).replace("http://", "");
        script
            .replace("127.0.0.1:7450", &at("grpc"))
            .replace("127.0.0.1:7451", &at("http"))
            .replace("127.0.0.1:7452", &at("admin"))
    };
    let said = bash(&here(&format!("{http}\n{grpc}"))).await;
    for word in [
        "event: accepted",
        "event: ended",
        "408",
        "\"turnsMax\": \"64\"",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// The program itself: a link to a mere name leads nowhere.
fn which(program: std::path::PathBuf) -> std::path::PathBuf {
    if program.is_absolute() {
        return program;
    }
    let path = std::env::var_os("PATH").unwrap();
    let mut all = std::env::split_paths(&path).map(|folder| folder.join(&program));
    all.find(|found| found.exists()).unwrap()
}
