//! `mortise-host serve` as a process of its own, to be killed, stopped and started again.

use crate::adapter_process::binary;
use mortise_adapter_client::Endpoint;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running host, on free ports. It is killed when it is dropped.
pub struct HostProcess {
    /// Where gRPC is served.
    pub grpc: String,
    /// Where HTTP is served.
    pub http: String,
    child: Child,
}

impl HostProcess {
    /// Starts one over an adapter, with its journal in a folder and these arguments, and
    /// waits until it listens.
    pub async fn start(adapter: &Endpoint, folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary("mortise-host"));
        command
            .args(["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .args(["--adapter", &adapter.to_string(), "--data"])
            .arg(folder)
            .args(arguments)
            .env("MORTISE_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = async |what: &str| {
            let line = lines.next_line().await.unwrap().unwrap_or_default();
            let address = line.strip_prefix(what).map(str::to_string);
            address.unwrap_or_else(|| panic!("`{line}`"))
        };
        Self {
            grpc: address("grpc listening at ").await,
            http: address("http listening at ").await,
            child,
        }
    }

    /// Kills it at once, as `kill -9` does.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Tells it to stop, as `kill` does.
    pub async fn terminate(&self) {
        let pid = self.child.id().unwrap().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(told.unwrap().success());
    }

    /// Waits until it has stopped by itself, and gives its exit code back.
    pub async fn stopped(mut self) -> Option<i32> {
        self.child.wait().await.unwrap().code()
    }
}
