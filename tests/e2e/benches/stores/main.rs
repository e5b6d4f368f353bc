//! What the stores do in a second, on both databases, each beside a bare call that
//! carries the same bytes, and every kind of change beside the server's health check.
//! Read the ratios: the numbers are this machine's.
//!
//! `cargo xtask with-postgres -- cargo bench --workspace --bench stores`, with `-- calls`
//! for single calls alone and `-- stores` for the rest. `-- answers [COUNT]` measures changes
//! over a storage that remembers so many answers. PostgreSQL syncs its disk where
//! `MORTISE_POSTGRES_FSYNC=on` says so; SQLite always does.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

mod answers;
mod bare;
mod calls;
mod keyed;
mod wire;

use bare::BareClient;
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{GrpcHostAdapter, PhaseKind};
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::said;
use mortise_test_support::scenario::TestHost;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Before anything is counted.
const WARM_UP: Duration = Duration::from_millis(400);

/// How long is counted.
const MEASURED: Duration = Duration::from_millis(2000);

const KIB: usize = 1024;
const SIZES: [(&str, usize); 2] = [("1 KB", KIB), ("1 MB", KIB * KIB)];
const CALLERS: [usize; 3] = [1, 16, 64];

/// The text of each event's message, in bytes: an event is then 1 KB on the wire.
const TEXT: usize = 600;
const EVENT: usize = 1024;

/// Events of a phase in which none is awaited but the last.
const PHASE_EVENTS: u64 = 20;

const MESSAGES: usize = 1000;

/// So many answers are remembered at the most unless another number is asked for.
const ANSWERS: u64 = 1_000_000;

/// One line of the table.
struct Line {
    what: String,
    /// How many callers there are, and what a bare call of each carries.
    bare: (usize, (usize, usize)),
    /// Per second.
    rate: f64,
}

/// What callers have done.
struct Rate {
    per_second: f64,
    /// So long at most did 99 of a hundred calls take.
    p99_ms: f64,
    /// What each cost of the processors, for its caller and in the server. It varies less
    /// with what else the machine does.
    cpu_us: f64,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let bare = BareClient::start(folder.path()).await;
    let mut databases = vec![Database::Sqlite];
    if Database::Postgres.is_there() {
        databases.push(Database::Postgres);
    } else {
        println!(
            "SQLite alone: there is no PostgreSQL; run `cargo xtask with-postgres -- cargo bench`"
        );
    }
    let part = std::env::args().skip(1).find(|part| !part.starts_with('-'));
    let part = part.unwrap_or_default();
    if part == "answers" {
        let most = std::env::args().find_map(|text| text.parse().ok());
        for database in databases {
            answers::print_on(database, most.unwrap_or(ANSWERS)).await;
        }
        return;
    }
    if part != "calls" {
        print_stores(&bare, &databases).await;
    }
    if part != "stores" {
        for database in databases {
            calls::print_on(database).await;
        }
    }
}

/// Each store beside the bare call.
async fn print_stores(bare: &BareClient, databases: &[Database]) {
    let mut columns = Vec::new();
    for database in databases.iter().copied() {
        columns.push((database, lines_on(database).await));
    }
    print!("{:<44}{:>12}", "per second", "bare");
    for (database, _) in &columns {
        print!("{:>12}{:>8}", format!("{database:?}"), "ratio");
    }
    println!();
    for number in 0..columns[0].1.len() {
        let Line {
            what, bare: shape, ..
        } = &columns[0].1[number];
        let bare = bare_rate(bare, *shape).await;
        print!("{what:<44}{bare:>12.0}");
        for (_, lines) in &columns {
            let rate = lines[number].rate;
            print!("{rate:>12.0}{:>8.2}", rate / bare);
        }
        println!();
    }
}

/// Bare calls of a shape by so many callers at once.
async fn bare_rate(bare: &BareClient, (callers, shape): (usize, (usize, usize))) -> f64 {
    let bare = bare.clone();
    rate(callers, 1, move |_| {
        let bare = bare.clone();
        async move { bare.call(shape).await }
    })
    .await
    .per_second
}

/// Everything that is measured of a database, in the order of the table.
async fn lines_on(database: Database) -> Vec<Line> {
    let stage = TestHost::set_on(database).await;
    let mut sessions = Vec::new();
    for _ in 0..CALLERS[2] {
        sessions.push(stage.another_session().await);
    }
    let sessions = Arc::new(sessions);
    let mut lines = Vec::new();
    for callers in CALLERS {
        lines.push(awaited_events(&stage, &sessions, callers).await);
    }
    for callers in CALLERS {
        lines.push(phases(&stage, &sessions, callers).await);
    }
    lines.push(history(&stage).await);
    for (name, size) in SIZES {
        lines.extend(files(&stage, name, size).await);
    }
    lines
}

/// Events of which each is durable before its session sends the next.
async fn awaited_events(stage: &TestHost, sessions: &Arc<Vec<SessionId>>, callers: usize) -> Line {
    let (emitter, sessions) = (stage.adapter.event_emitter(), sessions.clone());
    let text = "x".repeat(TEXT);
    let rate = rate(callers, 1, move |caller| {
        let (emitter, event) = (emitter.clone(), said(sessions[caller], &text));
        async move {
            emitter.emit(event).await.unwrap();
        }
    });
    Line {
        what: format!("durable events, each awaited, {callers} sessions"),
        bare: (callers, (EVENT, 64)),
        rate: rate.await.per_second,
    }
}

/// Events as turns send them: a phase ends when all of its events are durable.
async fn phases(stage: &TestHost, sessions: &Arc<Vec<SessionId>>, callers: usize) -> Line {
    let (adapter, sessions) = (stage.adapter.clone(), sessions.clone());
    let text = Arc::new("x".repeat(TEXT));
    let rate = rate(callers, PHASE_EVENTS, move |caller| {
        phase(adapter.clone(), sessions[caller], text.clone())
    });
    Line {
        what: format!("durable events, in phases, {callers} sessions"),
        bare: (callers, (EVENT, 64)),
        rate: rate.await.per_second,
    }
}

async fn phase(adapter: GrpcHostAdapter, session_id: SessionId, text: Arc<String>) {
    let phase = adapter.phase(session_id, PhaseKind::Act);
    let emitter: Arc<dyn EventEmitter> = phase.event_emitter();
    for _ in 0..PHASE_EVENTS {
        emitter.emit(said(session_id, &text)).await.unwrap();
    }
    phase.finish_phase().await.unwrap();
}

/// A history that is loaded whole.
async fn history(stage: &TestHost) -> Line {
    let session_id = stage.another_session().await;
    let phase = stage.adapter.phase(session_id, PhaseKind::Act);
    for _ in 0..MESSAGES {
        let event = said(session_id, &"x".repeat(TEXT));
        phase.event_emitter().emit(event).await.unwrap();
    }
    phase.finish_phase().await.unwrap();
    let store = stage.adapter.message_store();
    let rate = rate(1, 1, move |_| {
        let store = store.clone();
        async move {
            assert_eq!(store.load(session_id).await.unwrap().len(), MESSAGES);
        }
    });
    Line {
        what: format!("histories of {MESSAGES} messages, loaded"),
        bare: (1, (64, MESSAGES * (TEXT + 100))),
        rate: rate.await.per_second,
    }
}

/// A file that is written again and again, and read.
async fn files(stage: &TestHost, name: &str, size: usize) -> [Line; 2] {
    let (files, session_id) = (stage.adapter.file_store(), stage.session_id);
    let text = Arc::new("x".repeat(size));
    let path = format!("/{size}.txt");
    let writing = {
        let (files, path) = (files.clone(), path.clone());
        rate(1, 1, move |_| {
            let (files, path, text) = (files.clone(), path.clone(), text.clone());
            async move {
                let written = files.write_file(session_id, &path, &text, "text");
                written.await.unwrap();
            }
        })
        .await
        .per_second
    };
    let reading = rate(1, 1, move |_| {
        let (files, path) = (files.clone(), path.clone());
        async move {
            let file = files.read_file(session_id, &path).await.unwrap().unwrap();
            assert_eq!(file.content.unwrap().len(), size);
        }
    });
    let line = |what: &str, shape, rate| Line {
        what: format!("files of {name}, {what}"),
        bare: (1, shape),
        rate,
    };
    [
        line("written", (size, 64), writing),
        line("read", (64, size), reading.await.per_second),
    ]
}

/// How much is done in a second by callers that each do one thing after another, with
/// `each` things done in one call.
async fn rate<Fut>(
    callers: usize,
    each: u64,
    call: impl Fn(usize) -> Fut + Send + Sync + 'static,
) -> Rate
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let used = cpu_time();
    let (call, times) = (Arc::new(call), Arc::new(Mutex::new(Vec::new())));
    let from = Instant::now() + WARM_UP;
    let until = from + MEASURED;
    let callers = (0..callers).map(|caller| {
        let (call, times) = (call.clone(), times.clone());
        tokio::spawn(async move {
            let mut own = Vec::new();
            while Instant::now() < until {
                let began = Instant::now();
                call(caller).await;
                own.push((began, began.elapsed()));
            }
            times.lock().unwrap().extend(own);
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let seconds = from.elapsed().as_secs_f64();
    let used = cpu_time() - used;
    let calls = times.lock().unwrap();
    let all = calls.len() as f64;
    let counted = calls.iter().filter(|(began, _)| *began >= from);
    let mut times: Vec<Duration> = counted.map(|(_, time)| *time).collect();
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100);
    Rate {
        cpu_us: used.as_secs_f64() * 1e6 / all,
        per_second: (times.len() as u64 * each) as f64 / seconds,
        p99_ms: p99.map_or(f64::NAN, Duration::as_secs_f64) * 1000.0,
    }
}

/// What this process has had of the processors: the callers and the server are in it,
/// PostgreSQL is not.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name of the process may hold spaces; after it come state and, eleven further, the
    // ticks of user and system, a hundred a second.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}
