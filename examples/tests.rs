//! The examples do what their first lines say: each is run as the process that it is.

use mortise_contract::{Dial, Options, Tls, Verdict, rules, run, table};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// An example, built with the tests of this package.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let path = folder.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing; run `cargo build --package mortise-examples --examples`",
        path.display()
    );
    let mut command = Command::new(path);
    command.kill_on_drop(true);
    command
}

/// What an example that ends by itself has printed.
async fn printed(name: &str) -> String {
    let output = example(name).output().await.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The minimal adapter keeps every rule of values that applies to it.
#[tokio::test]
async fn the_minimal_adapter_keeps_the_contract() {
    let mut command = example("key_value");
    let mut server = command
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let endpoint = line.strip_prefix("listening at ").unwrap();
    let dial = Dial::address(endpoint, Tls::default()).unwrap();
    let options = Options {
        only: vec!["KV-*".into()],
        ..Options::default()
    };
    let report = run(&dial, &rules(), options, &|_, _, _| {}).await.unwrap();
    assert!(report.is_compliant(), "{}", table(&report, false));
    let passed = report.count(Verdict::Passed);
    assert!(passed > 12, "{passed}: {}", table(&report, false));
}

/// A host reaches an adapter over a unix socket, and learns what it offers.
#[tokio::test]
async fn a_unix_socket_is_enough() {
    let printed = printed("unix_socket").await;
    let offered = "mortise.adapter.v1.SessionStorageStoreService: default\n";
    assert!(printed.contains(offered), "{printed}");
    assert!(printed.contains("llmsim-model"), "{printed}");
}

/// A host with a certificate of the authority is let in, one without is not.
#[tokio::test]
async fn certificates_decide() {
    let printed = printed("tls").await;
    assert!(
        printed.contains("with a certificate: let in\n"),
        "{printed}"
    );
    assert!(printed.contains("without one: refused"), "{printed}");
}

/// A route leads a store to the adapter that it names, and no other.
#[tokio::test]
async fn routes_lead_where_they_say() {
    let printed = printed("mesh").await;
    assert!(printed.contains("`platform` keeps None\n"), "{printed}");
    let values = "`values` keeps Some(\"green\")\n";
    assert!(printed.contains(values), "{printed}");
}
