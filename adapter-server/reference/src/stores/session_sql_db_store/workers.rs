//! The workers of a server: processes that run statements, started when they are needed,
//! used again, and killed with what they run when they do not answer.

use crate::db::unavailable;
use crate::stores::session_sql_db_store::image::Image;
use crate::stores::session_sql_db_store::job::{Done, Job};
use crate::stores::session_sql_db_store::limits;
use crate::stores::session_sql_db_store::limits::SqlLimits;
use crate::stores::session_sql_db_store::wire;
use crate::stores::session_sql_db_store::wire::{Answer, PREFIX_BYTES, Ready, Request};
use bytes::Bytes;
use everruns_core::session_sqldb::SessionSqlDbError;
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use prost::Message;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Socket;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// After its time is over, or its caller is gone, a call is given this long to end by
/// itself. Then the process that runs it is killed.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// How long a new worker may take to say that it is there, on a busy machine.
const START: Duration = Duration::from_secs(10);

/// How long no other worker is started after one that did not start: at first, and at
/// most.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How often a call is run whose worker is told to stop.
const TRIES: usize = 3;

/// Signals that end a process; POSIX numbers them so.
const HANGUP: i32 = 1;
const INTERRUPT: i32 = 2;
const ABORT: i32 = 6;
const KILL: i32 = 9;
const TERMINATE: i32 = 15;

/// This very program, also when its file was replaced meanwhile.
#[cfg(target_os = "linux")]
const THIS_PROGRAM: &str = "/proc/self/exe";

/// How a process is started that runs SQL statements of sessions: a command that ends in
/// [`run_sql_worker`](super::run_sql_worker). It inherits no environment but what is
/// given here, and standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlWorker {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

/// Processes that wait for work, and whether more can be started.
#[derive(Debug)]
pub(super) struct Workers {
    command: SqlWorker,
    waiting: Mutex<Vec<Worker>>,
    trouble: Mutex<Trouble>,
}

/// Workers that did not start, one after the other.
#[derive(Debug, Default)]
struct Trouble {
    failures: u32,
    until: Option<Instant>,
}

/// A process that runs statements. It ends when this is dropped.
#[derive(Debug)]
struct Worker {
    child: Child,
    answers: OwnedReadHalf,
    requests: OwnedWriteHalf,
}

// === impl SqlWorker ===

impl SqlWorker {
    /// Starts `program` with these arguments. The program is taken as it is, without
    /// looking it up in PATH where it holds a slash.
    pub fn new<I>(program: impl Into<PathBuf>, arguments: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
        }
    }

    /// Starts the program that this process runs, with these arguments.
    ///
    /// # Errors
    /// Where the system does not say which program it is.
    pub fn this_program<I>(arguments: I) -> io::Result<Self>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        #[cfg(target_os = "linux")]
        let program = PathBuf::from(THIS_PROGRAM);
        #[cfg(not(target_os = "linux"))]
        let program = std::env::current_exe()?;
        Ok(Self::new(program, arguments))
    }

    /// Sets variables of its environment, such as `SQLITE_TMPDIR`: where statements that
    /// sort much put their temporary files.
    #[must_use]
    pub fn environment(
        mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        self.environment.extend(variables);
        self
    }

    fn start(&self) -> io::Result<Worker> {
        let (ours, theirs) = Socket::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = std::process::Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            // What a terminal sends to all of its processes is for the server, which
            // lets calls under way end.
            .process_group(0);
        #[cfg(target_os = "linux")]
        command.arg0("mortise-sql-worker");
        let child = Command::from(command).kill_on_drop(true).spawn()?;
        let (answers, requests) = UnixStream::from_std(ours)?.into_split();
        Ok(Worker {
            child,
            answers,
            requests,
        })
    }
}

// === impl Workers ===

impl Workers {
    pub(super) fn new(command: SqlWorker) -> Self {
        Self {
            command,
            waiting: Mutex::default(),
            trouble: Mutex::default(),
        }
    }

    /// Runs a call in a worker. One that is killed costs this call alone. When `stop` is
    /// cancelled no caller waits for the answer.
    pub(super) async fn run(
        &self,
        job: Job,
        image: &Image,
        limits: &SqlLimits,
        stop: CancellationToken,
    ) -> Result<Done, StoreError> {
        let request = Request::of(job, image, limits);
        for _ in 0..TRIES {
            // Nothing has come of one that was told to stop, so that it may be run again.
            if let Some(done) = self.tried(&request, image, limits, &stop).await? {
                return Ok(done);
            }
        }
        Err(limits::broken_off().into())
    }

    /// The same once; `None` where the worker was told to stop, as an operator's tools do
    /// with all processes of a service while it lets its calls end.
    async fn tried(
        &self,
        request: &Request,
        image: &Image,
        limits: &SqlLimits,
        stop: &CancellationToken,
    ) -> Result<Option<Done>, StoreError> {
        let mut worker = self.take(limits).await?;
        let overdue = Instant::now() + limits.time + GRACE;
        let asked = timeout_at(overdue, worker.ask(request, image, limits, stop));
        let Ok(asked) = asked.await else {
            worker.kill().await;
            return Err(limits.too_late().into());
        };
        match asked {
            Ok((answer, chunks)) => {
                let done = answer.done(image, chunks);
                let done = done.unwrap_or_else(|| Err(limits::broken_off()));
                if is_harmless(&done) {
                    self.waiting().push(worker);
                } else {
                    // What a greedy statement leaves in a process is given back.
                    worker.kill().await;
                }
                Ok(Some(done?))
            }
            Err(fault) => match worker.fate(&fault).await {
                Some(error) => Err(error.into()),
                None => Ok(None),
            },
        }
    }

    /// One that waits, or a new one.
    async fn take(&self, limits: &SqlLimits) -> Result<Worker, StoreError> {
        loop {
            let waiting = self.waiting().pop();
            let Some(mut worker) = waiting else { break };
            // It may have ended while it waited.
            if matches!(worker.child.try_wait(), Ok(None)) {
                return Ok(worker);
            }
        }
        if let Some(until) = self.trouble().until
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            return Err(cannot_start("the last did not start", left));
        }
        let started = async {
            let mut worker = self.command.start()?;
            let ready = receive::<Ready>(&mut worker.answers, limits);
            match timeout(START, ready).await {
                Ok(ready) => ready.map(|_| worker),
                Err(_) => Err(io::Error::other("it does not answer")),
            }
        };
        match started.await {
            Ok(worker) => {
                if std::mem::take(&mut *self.trouble()).failures > 0 {
                    tracing::info!("workers for SQL statements start again");
                }
                Ok(worker)
            }
            Err(fault) => Err(self.failed(&fault)),
        }
    }

    /// A worker did not start. The next is tried after a while.
    fn failed(&self, fault: &io::Error) -> StoreError {
        let mut trouble = self.trouble();
        let pause = PAUSE
            .saturating_mul(1 << trouble.failures.min(10))
            .min(PAUSE_MAX);
        trouble.failures += 1;
        trouble.until = Some(Instant::now() + pause);
        if trouble.failures == 1 {
            let program = self.command.program.display();
            tracing::error!(%program, %fault, "no worker for SQL statements can be started");
        }
        cannot_start(&fault.to_string(), pause)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cannot_start(cause: &str, pause: Duration) -> StoreError {
    let text = format!("no process for SQL statements can be started ({cause}); try again");
    let mut error = unavailable(text).outcome(Outcome::NotApplied);
    error.retry_after = Some(pause);
    error
}

/// Whether a worker that answered this is as good as new.
fn is_harmless(done: &Result<Done, SessionSqlDbError>) -> bool {
    use SessionSqlDbError as E;
    match done {
        Ok(_)
        | Err(
            E::DatabaseNotFound(_)
            | E::DatabaseAlreadyExists(_)
            | E::InvalidDatabaseName(_)
            | E::QueryError(_)
            | E::ResultTooLarge(_)
            | E::AuthorizerBlocked(_),
        ) => true,
        Err(E::LimitExceeded(_) | E::QueryTimeout(_) | E::Internal(_)) => false,
    }
}

// === impl Worker ===

impl Worker {
    async fn ask(
        &mut self,
        request: &Request,
        image: &Image,
        limits: &SqlLimits,
        stop: &CancellationToken,
    ) -> io::Result<(Answer, Vec<Bytes>)> {
        self.requests.write_all(&wire::framed(request)).await?;
        for chunk in image.chunks() {
            self.requests.write_all(chunk).await?;
        }
        let answer = receive_answer(&mut self.answers, limits);
        tokio::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            () = stop.cancelled() => {
                self.requests.write_all(&wire::framed(&Request::stop())).await?;
                match timeout(GRACE, answer).await {
                    Ok(answer) => answer,
                    Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
                }
            }
        }
    }

    async fn kill(mut self) {
        if let Err(fault) = self.child.kill().await {
            tracing::warn!(%fault, "a worker for SQL statements could not be killed");
        }
    }

    /// What the caller hears when there is no answer; `None` if it is to be tried again.
    async fn fate(mut self, fault: &io::Error) -> Option<SessionSqlDbError> {
        if fault.kind() == io::ErrorKind::TimedOut {
            self.kill().await;
            return Some(limits::abandoned());
        }
        // It has ended, or is made to.
        let ended = match timeout(GRACE, self.child.wait()).await {
            Ok(Ok(status)) => Some(status),
            Ok(Err(_)) | Err(_) => None,
        };
        match ended.and_then(|status| status.signal()) {
            Some(HANGUP | INTERRUPT | TERMINATE) => return None,
            // By itself, or by a system that has no memory left.
            Some(ABORT | KILL) => return Some(limits::no_memory()),
            Some(_) | None => {}
        }
        let status = ended.map(|status| status.to_string());
        tracing::error!(%fault, status, "a worker for SQL statements ended");
        self.kill().await;
        Some(limits::broken_off())
    }
}

async fn receive<M: Message + Default>(
    from: &mut OwnedReadHalf,
    limits: &SqlLimits,
) -> io::Result<M> {
    let mut prefix = [0; PREFIX_BYTES];
    from.read_exact(&mut prefix).await?;
    let mut body = vec![0; wire::announced(prefix, limits)?];
    from.read_exact(&mut body).await?;
    wire::understood(&body)
}

async fn receive_answer(
    from: &mut OwnedReadHalf,
    limits: &SqlLimits,
) -> io::Result<(Answer, Vec<Bytes>)> {
    let answer: Answer = receive(from, limits).await?;
    let mut chunks = Vec::new();
    for bytes in answer.following() {
        let mut chunk = vec![0; bytes];
        from.read_exact(&mut chunk).await?;
        chunks.push(chunk.into());
    }
    Ok((answer, chunks))
}
