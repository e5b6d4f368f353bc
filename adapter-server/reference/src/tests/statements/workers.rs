//! Statements run in processes of their own: what becomes of one touches no other.

use super::*;
use crate::SqlWorker;
use crate::run_sql_worker;
use futures::future::join_all;
use std::fs;
use std::process::Command;
use tokio::time::{sleep, timeout};

/// The variable that tells the workers of one test from those of another.
const MARK: &str = "SQLITE_TMPDIR";

/// This test program, as it runs [`worker_process`] alone.
pub(in crate::tests) fn command() -> SqlWorker {
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::worker_process");
    let arguments = [
        &test,
        "--exact",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ];
    SqlWorker::new(std::env::current_exe().unwrap(), arguments)
}

/// No test: what the other tests start to run statements in.
#[test]
#[ignore = "started by other tests, as a process of its own"]
fn worker_process() {
    let _code = run_sql_worker();
}

/// A storage in a file, whose workers can be found.
struct Marked {
    reference: Reference,
    folder: TempDir,
}

impl Marked {
    async fn open(limits: SqlLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mark = (MARK.into(), folder.path().into());
        let config = ReferenceConfig {
            sql_limits: limits,
            sql_worker: Some(command().environment([mark])),
            ..config(format!("sqlite:{}", folder.path().join("r.db").display()))
        };
        let reference = Reference::open(config).await.unwrap();
        Self { reference, folder }
    }

    /// The workers that there are.
    fn workers(&self) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.folder.path().display());
        let has_mark = |id: &u32| {
            let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|it| it == mark.as_bytes())
        };
        let names = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let ids = names.filter_map(|it| it.file_name().to_str()?.parse().ok());
        ids.filter(has_mark).collect()
    }

    /// Waits until a worker that was killed is gone.
    async fn gone(&self, worker: u32) {
        let gone = async {
            while self.workers().contains(&worker) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), gone).await.unwrap();
    }

    /// The one worker that there will be.
    async fn worker(&self) -> u32 {
        let found = async {
            loop {
                if let [worker] = self.workers()[..] {
                    return worker;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), found).await.unwrap()
    }
}

/// The processor time that a process has used, in hundredths of a second.
fn used(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let user = after_name.split_whitespace().nth(11);
    user.and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

/// Waits until a worker works on a statement that has no end: what it does at its
/// beginning, and after an earlier statement, takes less.
async fn busy(worker: u32) {
    let before = used(worker);
    let found = async {
        while used(worker) < before + 10 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(30), found).await.unwrap();
}

fn signal(name: &str, worker: u32) {
    let sent = Command::new("kill")
        .args([name, &worker.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Statements of one org that take all the memory they can get fail alone: changes of
/// other orgs, to the storage and to databases, all succeed meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn greedy_statements_leave_others_alone() {
    let limits = SqlLimits {
        time: Duration::from_secs(60),
        memory_bytes: 128 * 1024 * 1024,
        ..SqlLimits::default()
    };
    let store = Marked::open(limits).await;
    let (greedy, other) = (adapter(&store.reference, 1), adapter(&store.reference, 2));
    let nested = (0..60).fold("zeroblob(900000) || 1".to_string(), |inner, n| {
        format!("max(zeroblob(900000) || {n}, zeroblob(900001) || {n}, {inner})")
    });
    let sql = format!(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 3) \
         SELECT count(DISTINCT {nested}), {} FROM c",
        (0..300)
            .map(|n| format!("zeroblob(990000) || {n}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let mut calls = Vec::new();
    for _ in 0..4 {
        let session = new_session(&greedy).await;
        greedy
            .databases()
            .create_database(session, "d")
            .await
            .unwrap();
        for _ in 0..4 {
            let (greedy, sql) = (greedy.clone(), sql.clone());
            calls.push(tokio::spawn(async move {
                kind(greedy.databases().sql_query(session, "d", &sql).await)
            }));
        }
    }
    let mut changes = 0;
    while changes < 20 || !calls.iter().all(tokio::task::JoinHandle::is_finished) {
        let session = new_session(&other).await;
        let made = "CREATE TABLE t(a); INSERT INTO t VALUES (1)";
        other
            .databases()
            .sql_execute(session, "d", made)
            .await
            .unwrap();
        append(&other, plain(session)).await.unwrap();
        changes += 1;
    }
    for call in join_all(calls).await {
        assert_eq!(call.unwrap(), ErrorReason::SqlLimitExceeded);
    }
}

/// A worker that is killed costs the statement that it runs; one that was killed while it
/// waited costs nothing; one that does not answer is killed when the statement's time is
/// over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_worker_costs_its_statement() {
    let limits = SqlLimits {
        time: Duration::from_secs(5),
        ..SqlLimits::default()
    };
    let store = Marked::open(limits).await;
    let adapter = adapter(&store.reference, 1);
    let session = new_session(&adapter).await;
    let made = "CREATE TABLE t(a); INSERT INTO t VALUES (7)";
    adapter
        .databases()
        .sql_execute(session, "d", made)
        .await
        .unwrap();
    let waiting = store.worker().await;
    signal("-KILL", waiting);
    // The kernel takes its time: one that still seems to wait would be asked.
    store.gone(waiting).await;
    assert_eq!(row(&adapter, session, "SELECT a FROM t").await, json!([7]));
    let second = store.worker().await;
    assert_ne!(second, waiting);

    for (name, expected) in [
        ("-KILL", ErrorReason::SqlLimitExceeded),
        ("-USR1", ErrorReason::SqlInternal),
        // Told to stop it is replaced, and the statement goes on until its time is over.
        ("-TERM", ErrorReason::SqlQueryTimeout),
        ("-STOP", ErrorReason::SqlQueryTimeout),
    ] {
        let worker = store.worker().await;
        let caller = adapter.clone();
        let change = format!("INSERT INTO t VALUES (8); {COUNT_FOREVER}");
        let lost =
            tokio::spawn(
                async move { caller.databases().sql_execute(session, "d", &change).await },
            );
        busy(worker).await;
        signal(name, worker);
        assert_eq!(kind(lost.await.unwrap()), expected, "{name}");
        assert_eq!(row(&adapter, session, "SELECT a FROM t").await, json!([7]));
        assert_ne!(store.worker().await, worker);
    }
}

/// A caller that goes away stops its statement, and the worker is free for the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_free_when_its_caller_goes() {
    let limits = SqlLimits {
        time: Duration::from_secs(600),
        ..SqlLimits::default()
    };
    let store = Marked::open(limits).await;
    let adapter = adapter(&store.reference, 1);
    let session = new_session(&adapter).await;
    adapter
        .databases()
        .create_database(session, "d")
        .await
        .unwrap();
    for _ in 0..4 {
        let caller = adapter.clone();
        let gone = tokio::spawn(async move {
            caller
                .databases()
                .sql_query(session, "d", COUNT_FOREVER)
                .await
        });
        busy(store.worker().await).await;
        gone.abort();
        assert_eq!(row(&adapter, session, "SELECT 1").await, json!([1]));
    }
}

/// Workers end with the storage that started them.
#[tokio::test]
async fn no_worker_is_left_behind() {
    let store = Marked::open(SqlLimits::default()).await;
    let adapter = adapter(&store.reference, 1);
    let session = new_session(&adapter).await;
    adapter
        .databases()
        .create_database(session, "d")
        .await
        .unwrap();
    row(&adapter, session, "SELECT 1").await;
    let Marked { reference, folder } = store;
    let left = Marked {
        reference: in_memory().await,
        folder,
    };
    assert_eq!(left.workers().len(), 1);
    reference.close().await;
    drop((reference, adapter));
    let gone = async {
        while !left.workers().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), gone).await.unwrap();
}

/// A worker that cannot be started is an error that passes, and says what is wrong.
#[tokio::test]
async fn a_worker_that_cannot_start_is_passing() {
    let missing = config("sqlite::memory:".into());
    let missing = ReferenceConfig {
        sql_worker: Some(SqlWorker::new("/nowhere/worker", ["x"])),
        ..missing
    };
    let reference = Reference::open(missing).await.unwrap();
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    adapter
        .databases()
        .create_database(session, "d")
        .await
        .unwrap();
    for _ in 0..2 {
        let databases = adapter.databases();
        let tried =
            mortise_adapter_server::SqlDatabases::sql_query(&databases, session, "d", "SELECT 1")
                .await;
        let error = tried.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert!(error.retry_after.is_some(), "{error:?}");
    }
}

/// What a small statement takes, in this process and in one of its own.
#[tokio::test]
#[ignore = "measures"]
async fn what_a_small_statement_takes() {
    for worker in [None, Some(command())] {
        let name = if worker.is_some() {
            "worker"
        } else {
            "in process"
        };
        let reference = ReferenceConfig {
            sql_worker: worker,
            ..config("sqlite::memory:".into())
        };
        let reference = Reference::open(reference).await.unwrap();
        let adapter = adapter(&reference, 1);
        let session = new_session(&adapter).await;
        let made = "CREATE TABLE t(a); INSERT INTO t VALUES (1)";
        adapter
            .databases()
            .sql_execute(session, "d", made)
            .await
            .unwrap();
        for (what, sql) in [
            ("query", "SELECT a FROM t"),
            ("change", "UPDATE t SET a = a + 1"),
        ] {
            let begun = std::time::Instant::now();
            for _ in 0..500 {
                match what {
                    "query" => drop(
                        adapter
                            .databases()
                            .sql_query(session, "d", sql)
                            .await
                            .unwrap(),
                    ),
                    _ => drop(
                        adapter
                            .databases()
                            .sql_execute(session, "d", sql)
                            .await
                            .unwrap(),
                    ),
                }
            }
            println!("{name}: a {what} takes {:?}", begun.elapsed() / 500);
        }
    }
}
