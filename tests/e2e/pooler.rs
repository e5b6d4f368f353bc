//! pgbouncer between an adapter and PostgreSQL: sessions serve, and whatever shares them is
//! refused at the start with what to set.

use everruns_runtime::RuntimeHostAdapter;
use futures::future::try_join_all;
use mortise_test_support::adapter_process::{AdapterProcess, adapter};
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::said;
use mortise_test_support::in_process::impatient_mesh;
use mortise_test_support::pgbouncer::PgBouncer;
use mortise_test_support::scenario::{host_adapter, seed};

const IGNORE: &str = "ignore_startup_parameters = extra_float_digits";

/// In session mode, changes of many callers at once are stored, also after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_serve() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("p.db");
    Database::Postgres.at(&place).await;
    let home = tempfile::tempdir().unwrap();
    let lines = format!("pool_mode = session\ndefault_pool_size = 12\n{IGNORE}");
    let pooler = PgBouncer::start(home.path(), &lines).await;
    let start = async |log: &str| {
        let log = folder.path().join(log);
        AdapterProcess::start_in(&pooler.url(&place), folder.path(), &[], &log).await
    };
    let process = start("log").await;
    let (client, _) = host_adapter(&impatient_mesh(&process.endpoint)).await;
    let session_id = seed(&client).await;
    let emits = (0..64).map(|n: u32| {
        let emitter = client.event_emitter();
        async move { emitter.emit(said(session_id, &n.to_string())).await }
    });
    try_join_all(emits).await.unwrap();
    process.stop().await;
    let again = start("log-again").await;
    let (client, _) = host_adapter(&impatient_mesh(&again.endpoint)).await;
    let log = client.event_log().unwrap();
    assert_eq!(log.read(session_id, 0).await.unwrap().len(), 64);
}

/// What does not give each connection a session of its own ends the start at once, and
/// the error says what to set.
#[tokio::test(flavor = "multi_thread")]
async fn shared_sessions_are_refused() {
    let place = tempfile::tempdir().unwrap();
    Database::Postgres.at(place.path()).await;
    for (lines, remedy) in [
        ("pool_mode = session", IGNORE),
        (
            "pool_mode = transaction\nignore_startup_parameters = extra_float_digits",
            "set pool_mode = session",
        ),
        (
            "pool_mode = transaction\ndefault_pool_size = 1\n\
             ignore_startup_parameters = extra_float_digits",
            "set pool_mode = session",
        ),
        (
            "pool_mode = transaction\nmin_pool_size = 2\nserver_round_robin = 1\n\
             ignore_startup_parameters = extra_float_digits",
            "set pool_mode = session",
        ),
        (
            "pool_mode = statement\nignore_startup_parameters = extra_float_digits",
            "set pool_mode = session",
        ),
        (
            "pool_mode = session\ndefault_pool_size = 1\n\
             ignore_startup_parameters = extra_float_digits",
            "set default_pool_size to --max-connections",
        ),
    ] {
        let home = tempfile::tempdir().unwrap();
        let pooler = PgBouncer::start(home.path(), lines).await;
        let url = pooler.url(place.path());
        let ended = adapter(&["--listen", "127.0.0.1:0", "--database", &url]).await;
        assert_ne!(ended.code, 0, "{lines}");
        assert!(ended.stderr.contains(remedy), "{lines}: {}", ended.stderr);
    }
}
