//! Adapters that the host starts itself: each is a process on a private unix socket, started
//! again when it ends, and stopped with the host.
//!
//! The process gets its address as `{listen}` in its arguments and as `MORTISE_LISTEN`, few
//! variables of the host's environment, and a process group of its own, so that a signal
//! from a terminal does not end it before the host has drained. On Linux the system tells it
//! to stop when the host is killed.

mod child;

pub use child::Launcher;

use crate::config::AdapterCommand;
use child::Child;
use mortise_adapter_client::{Backoff, Endpoint};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The pauses before a process is started again. One that cannot start costs no more than
/// one attempt in half a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One that has run for so long begins anew with the pauses.
const STEADY_AFTER: Duration = Duration::from_secs(30);

/// Variables that every process gets: where programs and files are, and how texts look.
const ENVIRONMENT: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// How processes are started.
#[derive(Debug, Clone)]
pub struct Supervision {
    /// What starts a program.
    pub launcher: Launcher,
    /// The host's environment, of which each gets a part.
    pub environment: BTreeMap<String, OsString>,
}

/// Adapters that are running, by name. They stop when they are told to.
#[derive(Debug, Default)]
pub struct Supervised {
    adapters: BTreeMap<String, Arc<Supervisee>>,
}

/// One adapter that is kept running.
#[derive(Debug)]
struct Supervisee {
    command: AdapterCommand,
    endpoint: Endpoint,
    stop: CancellationToken,
    kept: std::sync::Mutex<Option<JoinHandle<()>>>,
    /// Holds the socket. Of this user alone.
    _folder: TempDir,
}

/// An adapter whose command is not to run any more, until it is stopped.
#[derive(Debug)]
pub struct Superseded(Vec<Arc<Supervisee>>);

/// Why one could not be started.
#[derive(Debug, thiserror::Error)]
#[error(
    "adapters.{adapter}.command: its private socket could not be made: {cause}; set TMPDIR to a folder that this process may write to"
)]
pub struct SuperviseError {
    /// The adapter's name.
    pub adapter: String,
    /// What went wrong.
    pub cause: io::Error,
}

// === impl Supervised ===

impl Supervised {
    /// Where each of them listens.
    #[must_use]
    pub fn endpoints(&self) -> BTreeMap<String, Endpoint> {
        let adapters = self.adapters.iter();
        adapters
            .map(|(name, one)| (name.clone(), one.endpoint.clone()))
            .collect()
    }

    /// The adapters of these commands. Those that run with the same command already are
    /// taken over; the others are started. Nothing is stopped.
    pub fn with<'c>(
        &self,
        commands: impl IntoIterator<Item = (&'c String, &'c AdapterCommand)>,
        supervision: &Supervision,
    ) -> Result<Self, SuperviseError> {
        let mut adapters = BTreeMap::new();
        for (name, command) in commands {
            let known = self.adapters.get(name);
            let known = known.filter(|known| known.command == *command).cloned();
            let one = match known {
                Some(known) => known,
                None => Supervisee::start(name, command, supervision).map_err(|cause| {
                    SuperviseError {
                        adapter: name.clone(),
                        cause,
                    }
                })?,
            };
            adapters.insert(name.clone(), one);
        }
        Ok(Self { adapters })
    }

    /// Those of this set that are not in another.
    #[must_use]
    pub fn without(&self, others: &Self) -> Superseded {
        let left = self.adapters.values().filter(|one| {
            let mut others = others.adapters.values();
            !others.any(|other| Arc::ptr_eq(one, other))
        });
        Superseded(left.cloned().collect())
    }

    /// Stops all of them, and waits until they have.
    pub async fn stop(self) {
        self.without(&Self::default()).stop().await;
    }
}

// === impl Superseded ===

impl Superseded {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Stops them, and waits until they have.
    pub async fn stop(self) {
        for one in &self.0 {
            one.stop.cancel();
        }
        for one in self.0 {
            let kept = one.kept.lock().ok().and_then(|mut kept| kept.take());
            if let Some(kept) = kept
                && let Err(error) = kept.await
            {
                tracing::error!(%error, "the supervision of an adapter panicked");
            }
        }
    }
}

// === impl Supervisee ===

impl Supervisee {
    fn start(
        name: &str,
        command: &AdapterCommand,
        supervision: &Supervision,
    ) -> io::Result<Arc<Self>> {
        let folder = tempfile::Builder::new().prefix("mortise-").tempdir()?;
        let socket = folder.path().join("adapter.sock");
        let environment = supervision.environment.iter().filter(|(name, _)| {
            ENVIRONMENT.contains(&name.as_str()) || command.environment.contains(name)
        });
        let environment = environment.map(|(name, value)| (name.clone(), value.clone()));
        let process = Process {
            adapter: name.into(),
            command: command.clone(),
            socket: socket.clone(),
            launcher: supervision.launcher.clone(),
            environment: environment.collect(),
        };
        let stop = CancellationToken::new();
        let kept = tokio::spawn(process.keep_running(stop.clone()));
        Ok(Arc::new(Self {
            command: command.clone(),
            endpoint: Endpoint::Unix(socket),
            stop,
            kept: std::sync::Mutex::new(Some(kept)),
            _folder: folder,
        }))
    }
}

/// One process at a time.
struct Process {
    adapter: String,
    command: AdapterCommand,
    socket: PathBuf,
    launcher: Launcher,
    environment: BTreeMap<String, OsString>,
}

impl Process {
    async fn keep_running(self, stop: CancellationToken) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let adapter = self.adapter.as_str();
        loop {
            // What is left of the one before would be in the way.
            drop(std::fs::remove_file(&self.socket));
            let began = Instant::now();
            let ended = match self.spawn() {
                Ok(mut child) => {
                    tracing::info!(adapter, pid = child.id(), "adapter process started");
                    let ended = tokio::select! {
                        ended = child.ended(adapter) => Some(ended),
                        () = stop.cancelled() => None,
                    };
                    match ended {
                        Some(ended) => ended,
                        None => return child.stop(adapter).await,
                    }
                }
                Err(error) => format!("cannot be started: {error}"),
            };
            if began.elapsed() >= STEADY_AFTER {
                backoff.reset();
            }
            let pause = backoff.next();
            tracing::warn!(
                adapter,
                ended,
                ?pause,
                "adapter process ended; starting it again"
            );
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn spawn(&self) -> io::Result<Child> {
        let listen = format!("unix:{}", self.socket.display());
        let arguments = self.command.arguments.iter();
        let arguments = arguments.map(|word| word.replace("{listen}", &listen));
        let mut command = self.launcher.command(&self.command.program);
        command
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .env("MORTISE_LISTEN", &listen);
        Child::spawn(command)
    }
}

#[cfg(test)]
mod tests;
