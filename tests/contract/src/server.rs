//! A server that the suite starts itself: a process on a private socket, killed and started
//! again by the rules about restarts, and stopped at the end.

use crate::check::{Outcome, broken};
use crate::client::Client;
use crate::raw;
use crate::wire::{Dial, Tls};
use bytes::Bytes;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tonic::Code;

/// The variable that tells the server where to listen.
pub(crate) const LISTEN: &str = "MORTISE_LISTEN";

/// What stands for the address in an argument of the server.
pub(crate) const ADDRESS: &str = "{address}";

/// How often a server that starts is asked whether it serves.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// How long one such question may take.
const ASK_WITHIN: Duration = Duration::from_secs(2);

/// How long a server may take to end after SIGTERM, before it is killed.
const END_WITHIN: Duration = Duration::from_secs(5);

/// How often it is looked for its end.
const REAP_EVERY: Duration = Duration::from_millis(10);

/// How much of its log is shown.
const LOG_BYTES: u64 = 8 * 1024;

/// The answer of the standard health service that says SERVING.
const SERVING: &[u8] = &[0x08, 0x01];

/// A server of the suite's own.
#[derive(Debug)]
pub struct Server {
    command: Vec<String>,
    folder: TempDir,
    address: String,
    start_within: Duration,
    running: Mutex<Option<Running>>,
}

/// The process, and the group that it leads.
#[derive(Debug)]
struct Running {
    child: Child,
    group: Option<Pid>,
}

/// Why a server was not started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No folder for its socket and its log.
    #[error("no folder for the server's socket: {0}")]
    Folder(io::Error),
    /// The program cannot be run.
    #[error("`{program}` cannot be started: {cause}")]
    Start {
        /// As it was given.
        program: String,
        /// Why.
        cause: io::Error,
    },
    /// It ended before it served.
    #[error("the server ended ({status}) before it served at {address}; its log ends:\n{log}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// Where it should have served.
        address: String,
        /// The end of its log.
        log: String,
    },
    /// It does not serve.
    #[error(
        "the server does not serve at {address} after {seconds} s; it must listen at the address in \
         the variable {LISTEN}, or in an argument that holds {ADDRESS}; its log ends:\n{log}"
    )]
    Silent {
        /// Where it should serve.
        address: String,
        /// How long it was waited for.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
}

// === impl Server ===

impl Server {
    /// Starts a program with its arguments, and waits until it is healthy. It listens where
    /// the variable `MORTISE_LISTEN` says, or an argument in which `{address}` stands for it.
    pub async fn start(command: &[String], start_within: Duration) -> Result<Self, ServerError> {
        let folder = tempfile::Builder::new().prefix("mortise-").tempdir();
        let folder = folder.map_err(ServerError::Folder)?;
        let address = format!("unix:{}", folder.path().join("s").display());
        let server = Self {
            command: command.to_vec(),
            folder,
            address,
            start_within,
            running: Mutex::new(None),
        };
        server.spawn().await?;
        Ok(server)
    }

    /// A way to it. A command that a person runs later finds it where the person has started it.
    pub fn dial(&self) -> Result<Dial, String> {
        Ok(Dial::address(&self.address, Tls::default())?.called_at("$ADDRESS"))
    }

    /// How it has ended, if it has.
    pub fn ended(&self) -> Option<ExitStatus> {
        let mut running = self.running();
        running.as_mut()?.child.try_wait().ok().flatten()
    }

    /// The end of what it has written to standard output and standard error.
    #[must_use]
    pub fn log(&self) -> String {
        tail(&self.log_path()).unwrap_or_else(|fault| format!("(no log: {fault})"))
    }

    /// Copies all that it has written.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn copy_log(&self, to: &Path) -> io::Result<()> {
        std::fs::copy(self.log_path(), to).map(drop)
    }

    /// Kills it without warning and starts it again on the same address.
    pub(crate) async fn restart(&self) -> Outcome {
        self.signal(Signal::SIGKILL);
        self.reap().await;
        match self.spawn().await {
            Ok(()) => Ok(()),
            Err(fault) => broken(
                "the server, killed and started again",
                "to serve",
                fault.to_string(),
            ),
        }
    }

    /// Ends it: SIGTERM, and SIGKILL if that takes too long.
    pub async fn stop(&self) {
        self.signal(Signal::SIGTERM);
        if tokio::time::timeout(END_WITHIN, self.reap()).await.is_err() {
            self.signal(Signal::SIGKILL);
            self.reap().await;
        }
        // What a wrapper has left behind of its group.
        self.signal(Signal::SIGKILL);
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    async fn spawn(&self) -> Result<(), ServerError> {
        let program = self.command.first().map_or("", String::as_str);
        let failed = |cause| ServerError::Start {
            program: program.into(),
            cause,
        };
        // A server that was killed has left its socket.
        match std::fs::remove_file(self.folder.path().join("s")) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(failed(fault)),
            Ok(()) | Err(_) => {}
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path());
        let log = log.map_err(failed)?;
        let arguments = self.command.iter().skip(1);
        let child = Command::new(program)
            .args(arguments.map(|argument| argument.replace(ADDRESS, &self.address)))
            .env(LISTEN, &self.address)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            // Signals reach the server behind a wrapper such as `go run` as well.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let group = child.id().and_then(|id| i32::try_from(id).ok());
        *self.running() = Some(Running {
            child,
            group: group.map(Pid::from_raw),
        });
        self.serving().await
    }

    /// Waits until the standard health service says SERVING, or there is none and the server
    /// answers.
    async fn serving(&self) -> Result<(), ServerError> {
        let started = Instant::now();
        while started.elapsed() < self.start_within {
            if self.is_serving().await {
                return Ok(());
            }
            if let Some(status) = self.ended() {
                return Err(ServerError::Ended {
                    status,
                    address: self.address.clone(),
                    log: self.log(),
                });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Err(ServerError::Silent {
            address: self.address.clone(),
            seconds: self.start_within.as_secs(),
            log: self.log(),
        })
    }

    async fn is_serving(&self) -> bool {
        let Ok(dial) = self.dial() else {
            return false;
        };
        let client = Client::new(dial.connect(), None, ASK_WITHIN);
        let path = "/grpc.health.v1.Health/Check".into();
        match raw::call(&client, path, Bytes::new()).await {
            Ok(answer) => answer == SERVING,
            Err(failed) => failed.error.code == Code::Unimplemented,
        }
    }

    /// Sends a signal to the server's group. One that has ended takes none.
    fn signal(&self, signal: Signal) {
        let group = self.running().as_ref().and_then(|running| running.group);
        match group.map(|group| killpg(group, signal)) {
            None | Some(Ok(()) | Err(Errno::ESRCH)) => {}
            Some(Err(fault)) => eprintln!("mortise-contract: {signal} cannot be sent: {fault}"),
        }
    }

    /// Waits for its end.
    async fn reap(&self) {
        loop {
            let is_started = self.running().is_some();
            if !is_started || self.ended().is_some() {
                return;
            }
            tokio::time::sleep(REAP_EVERY).await;
        }
    }
}

impl Drop for Server {
    /// An interrupted run leaves nothing behind.
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// The last bytes of a file, as text.
fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
