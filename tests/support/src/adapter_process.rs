//! The binaries as processes of their own, to be killed and started again.

use crate::database::Database;
use crate::memory::Memory;
use crate::network::Namespace;
use mortise_adapter_client::Endpoint;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running `mortise-adapter`. It is killed when it is dropped.
pub struct AdapterProcess {
    /// Where it listens.
    pub endpoint: Endpoint,
    child: Child,
}

impl AdapterProcess {
    /// Starts one over the SQLite database of a folder, and waits until it listens.
    pub async fn start(folder: &Path) -> Self {
        Self::start_on(Database::Sqlite, folder).await
    }

    /// Starts one over the database that belongs to a folder.
    pub async fn start_on(database: Database, folder: &Path) -> Self {
        let listen = format!("unix:{}", folder.join("p.sock").display());
        Self::start_with(database, folder, &listen, &[]).await
    }

    /// The same with further arguments.
    pub async fn start_set(database: Database, folder: &Path, arguments: &[&str]) -> Self {
        let listen = format!("unix:{}", folder.join("p.sock").display());
        Self::start_with(database, folder, &listen, arguments).await
    }

    /// Starts one as users do, without the way to seed it: what it has was imported, or
    /// came over its host's API.
    pub async fn start_unseeded(database: Database, folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary("mortise-adapter"));
        command
            .arg("--listen")
            .arg(format!("unix:{}", folder.join("p.sock").display()))
            .arg("--database")
            .arg(database.at(&folder.join("p.db")).await)
            .arg("--key-file")
            .arg(folder.join("key"))
            .args(arguments)
            .env("MORTISE_LOG", "warn");
        Self::listening(command).await
    }

    /// Starts one at an address.
    pub async fn start_at(folder: &Path, listen: &str) -> Self {
        Self::start_with(Database::Sqlite, folder, listen, &[]).await
    }

    /// The same with further arguments, and a key.
    pub async fn start_at_with(folder: &Path, listen: &str, arguments: &[&str]) -> Self {
        Self::start_with(Database::Sqlite, folder, listen, arguments).await
    }

    /// Starts another program of the same kind at an address, with further arguments.
    pub async fn start_program(
        program: &Path,
        folder: &Path,
        listen: &str,
        arguments: &[&str],
    ) -> Self {
        let command = Command::new(program);
        Self::start_by(command, Database::Sqlite, folder, listen, arguments).await
    }

    /// Starts one at an address of a namespace.
    pub async fn start_inside(namespace: &Namespace, folder: &Path, listen: &str) -> Self {
        let command = namespace.command(&binary("mortise-adapter"));
        // The namespace is the test's own.
        let meant = &["--insecure"];
        Self::start_by(command, Database::Sqlite, folder, listen, meant).await
    }

    /// Starts one at an address, over the SQLite database of a folder, with these
    /// arguments.
    pub async fn start_as(folder: &Path, listen: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary("mortise-adapter"));
        command
            .args(["--listen", listen, "--test-seed"])
            .arg("--database")
            .arg(Database::Sqlite.at(&folder.join("p.db")).await)
            .args(arguments)
            .env("MORTISE_LOG", "warn");
        Self::listening(command).await
    }

    async fn start_with(
        database: Database,
        folder: &Path,
        listen: &str,
        arguments: &[&str],
    ) -> Self {
        let command = Command::new(binary("mortise-adapter"));
        Self::start_by(command, database, folder, listen, arguments).await
    }

    async fn start_by(
        mut command: Command,
        database: Database,
        folder: &Path,
        listen: &str,
        arguments: &[&str],
    ) -> Self {
        let key = folder.join("key");
        std::fs::write(&key, [7; 32]).unwrap();
        command
            .args(["--listen", listen, "--test-seed"])
            .arg("--database")
            .arg(database.at(&folder.join("p.db")).await)
            .arg("--key-file")
            .arg(key)
            .args(arguments)
            .env("MORTISE_LOG", "warn");
        Self::listening(command).await
    }

    /// Starts one over the database that belongs to a folder, with these arguments; all
    /// that can be logged goes to a file.
    pub async fn start_logged(
        database: Database,
        folder: &Path,
        arguments: &[&str],
        log: &Path,
    ) -> Self {
        let listen = format!("unix:{}", folder.join("p.sock").display());
        let mut command = Command::new(binary("mortise-adapter"));
        command
            .args(["--listen", &listen, "--test-seed", "--database"])
            .arg(database.at(&folder.join("p.db")).await)
            .args(arguments)
            .env("MORTISE_LOG", "trace")
            .stderr(File::create(log).unwrap());
        Self::listening(command).await
    }

    /// Starts one over a database at a URL, on a free port, with these variables in its
    /// environment; its warnings go to a file.
    pub async fn start_in(
        database_url: &str,
        folder: &Path,
        environment: &[(String, OsString)],
        log: &Path,
    ) -> Self {
        let key = folder.join("key");
        std::fs::write(&key, [7; 32]).unwrap();
        let mut command = Command::new(binary("mortise-adapter"));
        command
            .args(["--listen", "127.0.0.1:0", "--test-seed", "--database"])
            .arg(database_url)
            .arg("--key-file")
            .arg(key)
            .env("MORTISE_LOG", "info")
            .envs(environment.iter().cloned())
            .stderr(File::create(log).unwrap());
        Self::listening(command).await
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the process runs")
    }

    async fn listening(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).await.unwrap();
        let endpoint = line
            .trim()
            .strip_prefix("listening at ")
            .unwrap_or_else(|| panic!("`{line}`"));
        Self {
            endpoint: endpoint.parse().unwrap(),
            child,
        }
    }

    /// What it holds in memory.
    pub fn memory(&self) -> Memory {
        Memory::of(self.child.id().expect("the process runs"))
    }

    /// Tells it to stop, and waits until it has.
    pub async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(told.unwrap().success());
        assert!(self.child.wait().await.unwrap().success());
    }

    /// Kills it at once, as `kill -9` does.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A binary of this workspace, which the test command builds first. It lies beside
/// the folder of the test that asks.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(
        path.exists(),
        "{} is missing; run `cargo build --workspace` first",
        path.display()
    );
    path
}

/// What a finished command left behind.
#[derive(Debug)]
pub struct Finished {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs `mortise-host` to its end, without keys in its environment.
pub async fn host(arguments: &[&str]) -> Finished {
    host_with_key(arguments, "").await
}

/// Runs `mortise-host` to its end, with an OpenAI key in its environment.
pub async fn host_with_key(arguments: &[&str], key: &str) -> Finished {
    let mut command = Command::new(binary("mortise-host"));
    command
        .args(arguments)
        .env("OPENAI_API_KEY", key)
        .env_remove("ANTHROPIC_API_KEY")
        .env_remove("MORTISE_LOG");
    finished(command).await
}

/// The same, logging all that can be logged.
pub async fn host_logged(arguments: &[&str], key: &str) -> Finished {
    let mut command = Command::new(binary("mortise-host"));
    command
        .args(arguments)
        .env("OPENAI_API_KEY", key)
        .env_remove("ANTHROPIC_API_KEY")
        .env("MORTISE_LOG", "trace");
    finished(command).await
}

/// Runs `mortise-adapter` to its end.
pub async fn adapter(arguments: &[&str]) -> Finished {
    let mut command = Command::new(binary("mortise-adapter"));
    command.args(arguments).env_remove("MORTISE_LOG");
    finished(command).await
}

async fn finished(mut command: Command) -> Finished {
    let output = command.output().await.unwrap();
    Finished {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
