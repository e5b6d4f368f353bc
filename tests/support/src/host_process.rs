//! `mortise-host serve` as a process of its own, to be killed, stopped and started again.

use crate::adapter_process::binary;
use crate::failing_disk::FailingDisk;
use crate::memory::Memory;
use crate::network::Namespace;
use mortise_adapter_client::Endpoint;
use mortise_runtime_host::config::HostConfig;
use std::fs::File;
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
    /// Every address with what is served there, as they were told.
    pub listening: Vec<(String, String)>,
    child: Child,
}

impl HostProcess {
    /// Starts one over an adapter, with its journal in a folder and these arguments, and
    /// waits until it listens.
    pub async fn start(adapter: &Endpoint, folder: &Path, arguments: &[&str]) -> Self {
        let mut command = with_arguments(folder, arguments);
        command.args(["--adapter", &adapter.to_string()]);
        Self::listening(command, 2).await
    }

    /// The same on a disk that can fail.
    pub async fn start_on(
        disk: &FailingDisk,
        adapter: &Endpoint,
        folder: &Path,
        arguments: &[&str],
    ) -> Self {
        let mut command = with_arguments(folder, arguments);
        command.args(["--adapter", &adapter.to_string()]);
        command.envs(disk.environment());
        Self::listening(command, 2).await
    }

    /// The same over its own storage in the folder, with the demo's platform and an
    /// OpenAI key.
    pub async fn embedded(folder: &Path, arguments: &[&str], key: &str) -> Self {
        let mut command = with_arguments(folder, arguments);
        command.env("OPENAI_API_KEY", key);
        Self::listening(command, 2).await
    }

    /// Starts one with a configuration, in a folder where its relative paths begin, and
    /// waits until it listens.
    pub async fn configured(folder: &Path, config: &str) -> Self {
        let (command, addresses) = with_config(folder, config);
        Self::listening(command, addresses).await
    }

    /// The same, with all that it logs in a file.
    pub async fn configured_logged(folder: &Path, config: &str, log: &Path) -> Self {
        let log = File::create(log).unwrap();
        let (mut command, addresses) = with_config(folder, config);
        command.stderr(log);
        Self::listening(command, addresses).await
    }

    /// Waits until it says that it can serve.
    pub async fn ready(&self) {
        let url = format!("{}/ready", self.http);
        while reqwest::get(&url).await.unwrap().status() != 200 {
            tokio::task::yield_now().await;
        }
    }

    /// Starts one with a configuration in a namespace.
    pub async fn configured_inside(namespace: &Namespace, folder: &Path, config: &str) -> Self {
        let command = namespace.command(&binary("mortise-host"));
        let (command, addresses) = config_of(command, folder, config);
        Self::listening(command, addresses).await
    }

    async fn listening(mut command: Command, addresses: usize) -> Self {
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut listening = Vec::new();
        for _ in 0..addresses {
            let line = lines.next_line().await.unwrap().unwrap_or_default();
            let told = line.split_once(" listening at ");
            let (what, address) = told.unwrap_or_else(|| panic!("`{line}`"));
            listening.push((what.to_string(), address.to_string()));
        }
        let first = |what: &str| {
            let found = listening.iter().find(|(served, _)| served == what);
            found
                .map(|(_, address)| address.clone())
                .unwrap_or_default()
        };
        Self {
            grpc: first("grpc"),
            http: first("http"),
            listening,
            child,
        }
    }

    /// Where something is served; the last of several.
    pub fn address(&self, what: &str) -> &str {
        let mut found = self.listening.iter().rev();
        let found = found.find(|(served, _)| served == what);
        found.map(|(_, address)| address.as_str()).unwrap()
    }

    /// What it holds in memory.
    pub fn memory(&self) -> Memory {
        Memory::of(self.child.id().expect("the process runs"))
    }

    /// Kills it at once, as `kill -9` does.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Tells it to stop, as `kill` does.
    pub async fn terminate(&self) {
        self.signal("-TERM").await;
    }

    /// Stops it in its tracks, as a machine that pauses does.
    pub async fn freeze(&self) {
        self.signal("-STOP").await;
    }

    /// Has a frozen one go on.
    pub async fn thaw(&self) {
        self.signal("-CONT").await;
    }

    async fn signal(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        let told = Command::new("kill").args([signal, &pid]).status().await;
        assert!(told.unwrap().success());
    }

    /// Tells it to read its configuration again.
    pub async fn hang_up(&self) {
        self.signal("-HUP").await;
    }

    /// Waits until it has stopped by itself, and gives its exit code back.
    pub async fn stopped(&mut self) -> Option<i32> {
        self.child.wait().await.unwrap().code()
    }
}

/// The command, and how many addresses it will tell.
fn with_config(folder: &Path, config: &str) -> (Command, usize) {
    config_of(Command::new(binary("mortise-host")), folder, config)
}

fn config_of(mut command: Command, folder: &Path, config: &str) -> (Command, usize) {
    let file = folder.join("host.toml");
    std::fs::write(&file, config).unwrap();
    let listen = HostConfig::parse(config, []).unwrap().listen;
    let others = [
        listen.http.is_some(),
        listen.admin.is_some(),
        listen.probes.is_some(),
    ];
    let addresses = listen.grpc.len() + others.into_iter().filter(|there| *there).count();
    command
        .args(["serve", "--config"])
        .arg(file)
        .current_dir(folder)
        .env_remove("OPENAI_API_KEY")
        .env_remove("ANTHROPIC_API_KEY");
    (command, addresses)
}

fn with_arguments(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("mortise-host"));
    command
        .args(["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
        .arg("--data")
        .arg(folder)
        .args(arguments)
        .env("MORTISE_LOG", "warn")
        .env_remove("OPENAI_API_KEY")
        .env_remove("ANTHROPIC_API_KEY");
    command
}
