//! A worker: a process that does nothing but run statements of sessions, one call at a
//! time. It is asked and answers over the socket that it was given as standard input.
//!
//! SQLite's heap limit is one for a process. In a process of its own a statement has all
//! of it, and takes nothing from the storage and from other calls.

use crate::stores::session_sql_db_store::image::Image;
use crate::stores::session_sql_db_store::job::{Done, Job};
use crate::stores::session_sql_db_store::limits::{MIB, SqlLimits};
use crate::stores::session_sql_db_store::watch::Watch;
use crate::stores::session_sql_db_store::wire;
use crate::stores::session_sql_db_store::wire::{Answer, Ready, Request};
use everruns_core::session_sqldb::SessionSqlDbError;
use rlimit::{Resource, setrlimit};
use std::io::{self, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;

/// What a worker may map beside the memory of its statements: its program, stacks, what
/// the allocator keeps.
const SPACE_BYTES: usize = 1024 * MIB;

/// How many times the memory of its statements a worker may map: SQLite's, and as much
/// again for the image on its way in and out.
const SPACE_PARTS: usize = 2;

/// The first to go when the machine runs out of memory: it holds nothing that is not
/// stored elsewhere.
const EXPENDABLE: &str = "1000";

/// A call that is to be run.
struct Asked {
    job: Job,
    image: Image,
    watch: Arc<Watch>,
}

/// Runs statements for the server that started this process, until it ends or closes
/// the socket. For the command that [`SqlWorker`](super::SqlWorker) names; it takes over
/// standard input and must be the only thing that the process does.
#[must_use]
pub fn run_sql_worker() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("the worker for SQL statements ends: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Anything else that is standard input fails here.
    socket.peer_addr().map_err(|fault| {
        let text = format!("standard input is no socket ({fault}); a server starts this command");
        io::Error::new(fault.kind(), text)
    })?;
    settle();
    let mut answers = socket.try_clone()?;
    let process_id = std::process::id();
    answers.write_all(&wire::framed(&Ready { process_id }))?;
    let (jobs, asked) = channel();
    thread::Builder::new()
        .name("statements".into())
        .spawn(move || run_all(&asked, answers))?;
    // This thread goes on reading while statements run, and so sees the server's end.
    read_all(BufReader::new(socket), &jobs)
}

/// Gives this process the least that it needs.
fn settle() {
    // Neither can fail where it is there, and without them all goes on as well.
    setrlimit(Resource::CORE, 0, 0).ok();
    std::fs::write("/proc/self/oom_score_adj", EXPENDABLE).ok();
}

/// Bounds what this process maps: whatever SQLite does not count is bounded by it.
fn bound(limits: &SqlLimits) {
    static BOUND: OnceLock<()> = OnceLock::new();
    BOUND.get_or_init(|| {
        let bytes = limits.memory_bytes.saturating_mul(SPACE_PARTS);
        let bytes = bytes.saturating_add(SPACE_BYTES) as u64;
        setrlimit(Resource::AS, bytes, bytes).ok();
    });
}

fn read_all(mut socket: BufReader<UnixStream>, jobs: &Sender<Asked>) -> io::Result<()> {
    let any = SqlLimits::default();
    let mut running: Option<Arc<Watch>> = None;
    while let Some(request) = wire::read::<Request>(&mut socket, &any)? {
        let Some(job) = request.ask.and_then(wire::Ask::job) else {
            if let Some(watch) = running.take() {
                watch.abandon();
            }
            continue;
        };
        let limits = request.limits.map_or(any.clone(), SqlLimits::from);
        bound(&limits);
        let image = wire::read_image(&mut socket, request.image_bytes)?;
        let watch = Arc::new(Watch::begin(limits));
        running = Some(watch.clone());
        let asked = Asked { job, image, watch };
        if jobs.send(asked).is_err() {
            return Err(io::Error::other("the thread of statements has ended"));
        }
    }
    Ok(())
}

fn run_all(asked: &Receiver<Asked>, mut answers: UnixStream) {
    while let Ok(Asked { job, image, watch }) = asked.recv() {
        let work = AssertUnwindSafe(|| job.run(&image, watch));
        let done: Result<Done, SessionSqlDbError> = catch_unwind(work)
            .unwrap_or_else(|_| Err(crate::stores::session_sql_db_store::limits::broken_off()));
        let (answer, chunks) = Answer::of(done);
        let sent = answers.write_all(&wire::framed(&answer));
        let sent = sent.and_then(|()| chunks.iter().try_for_each(|it| answers.write_all(it)));
        if sent.is_err() {
            // The server has gone, and the other thread is about to see it.
            return;
        }
    }
}
