//! One process of an adapter: what it prints goes into the log, and it is asked to stop
//! before it is killed.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{self, Command};
use tokio::time::timeout;

/// How long a process may take to stop once it was asked to.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// The longest line of its output that is logged whole, in bytes.
const LINE_BYTES_MAX: u64 = 8 * 1024;

/// What starts a program: itself, or another that puts itself in its place.
#[derive(Debug, Clone, Default)]
pub struct Launcher(Option<(PathBuf, Vec<OsString>)>);

/// A running process.
pub(super) struct Child {
    process: process::Child,
    group: Option<Pid>,
}

// === impl Launcher ===

impl Launcher {
    /// Through this very program, called with these words before the program's: it calls
    /// [`Launcher::become_program`].
    pub fn this_program(words: impl IntoIterator<Item = &'static str>) -> io::Result<Self> {
        let words = words.into_iter().map(OsString::from).collect();
        Ok(Self(Some((std::env::current_exe()?, words))))
    }

    /// Puts a program in the place of this process, which then ends when its parent is
    /// killed. Returns only if that fails.
    #[must_use]
    pub fn become_program(words: &[OsString]) -> io::Error {
        use std::os::unix::process::CommandExt;
        let Some((program, arguments)) = words.split_first() else {
            return io::Error::other("no program is named");
        };
        #[cfg(target_os = "linux")]
        if let Err(error) = nix::sys::prctl::set_pdeathsig(Signal::SIGTERM) {
            return error.into();
        }
        std::process::Command::new(program).args(arguments).exec()
    }

    pub(super) fn command(&self, program: &str) -> Command {
        match &self.0 {
            None => Command::new(program),
            Some((own, words)) => {
                let mut command = Command::new(own);
                command.args(words).arg(program);
                command
            }
        }
    }
}

// === impl Child ===

impl Child {
    pub(super) fn spawn(mut command: Command) -> io::Result<Self> {
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let id = process.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            process,
            group: id.map(Pid::from_raw),
        })
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Logs what it prints until it ends, and says how it did.
    pub(super) async fn ended(&mut self, adapter: &str) -> String {
        let stdout = self.process.stdout.take();
        let stderr = self.process.stderr.take();
        let printed = async { tokio::join!(log(stdout, adapter), log(stderr, adapter)) };
        // A process of its own that it leaves behind may hold its output open.
        let ended = tokio::select! {
            ended = self.process.wait() => ended,
            never = async {
                printed.await;
                std::future::pending().await
            } => never,
        };
        // Nothing of it is to be in the way of the next one.
        self.signal(Signal::SIGKILL);
        match ended {
            Ok(status) => status.to_string(),
            Err(error) => format!("it cannot be waited for: {error}"),
        }
    }

    /// Asks it to stop, and kills it where it does not.
    pub(super) async fn stop(mut self, adapter: &str) {
        self.signal(Signal::SIGTERM);
        match timeout(STOP_WITHIN, self.process.wait()).await {
            Ok(_) => tracing::info!(adapter, "adapter process stopped"),
            Err(_) => tracing::warn!(adapter, "adapter process does not stop; killing it"),
        }
        self.signal(Signal::SIGKILL);
    }

    /// To it and to what it has started.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // No process there is what is wanted.
            if let Err(error) = killpg(group, signal) {
                tracing::trace!(%error, ?signal, "an adapter's process is gone");
            }
        }
    }
}

/// Logs lines until there are no more.
async fn log(output: Option<impl AsyncRead + Unpin>, adapter: &str) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let mut part = (&mut output).take(LINE_BYTES_MAX);
        match part.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let line = String::from_utf8_lossy(&line);
                tracing::info!(target: "mortise::adapter", adapter, "{}", line.trim_end());
            }
        }
    }
}
