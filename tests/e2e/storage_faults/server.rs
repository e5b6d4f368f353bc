//! PostgreSQL servers, and the network before them.

use super::{Scene, ServingStatus};
use everruns_core::typed_id::EventId;
use everruns_runtime::RuntimeHostAdapter;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::said;
use mortise_test_support::freezing_proxy::FreezingProxy;

/// Connections that fall silent under load are given up as soon as the server can be
/// asked again, and never kept.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("p.db");
    let direct = Database::Postgres.at(&place).await;
    let proxy = FreezingProxy::start(Database::socket()).await;
    let name = Database::name_at(&place);
    let url = format!("postgres://mortise@127.0.0.1:{}/{name}", proxy.port);
    let mut scene = Scene::set(&url, folder.path(), &[]).await;
    let under_way = tokio::spawn(join_all(emits(&scene)));
    proxy.freeze();
    let more = tokio::spawn(join_all(emits(&scene)));
    scene.until_status(ServingStatus::NotServing).await;
    scene.until_told(false, "cannot be written to").await;
    proxy.let_new_ones_through();
    let took = scene.until_changed().await;
    // A connection that is kept keeps its caller for ever, or as long as TCP tries: what
    // counts is that the change came through, which has a limit of its own.
    eprintln!("silent connections: {took:?}");
    scene.until_status(ServingStatus::Serving).await;
    scene.until_ready(true).await;
    for emitted in under_way
        .await
        .unwrap()
        .into_iter()
        .chain(more.await.unwrap())
    {
        scene.acknowledged.extend(emitted);
    }
    scene.changes(20).await;
    scene.check_all_is_there(&direct, folder.path()).await;
}

/// Fifty events, each with its id if it is acknowledged.
fn emits(scene: &Scene) -> Vec<BoxFuture<'static, Option<EventId>>> {
    let emit = |n: u32| {
        let emitter = scene.adapter.event_emitter();
        let event = said(scene.session_id, &n.to_string());
        async move { emitter.emit(event).await.ok().map(|event| event.id) }.boxed()
    };
    (0..50).map(emit).collect()
}

/// A server that has become read-only is passing, and no connection remembers it.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_heals() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("p.db");
    let url = Database::Postgres.at(&place).await;
    let mut scene = Scene::set(&url, folder.path(), &[]).await;
    Database::set_read_only(&place, true).await;
    Database::throw_out(&place).await;
    let refused = scene.until_refused().await;
    assert!(refused.contains("cannot answer now"), "{refused}");
    scene.until_status(ServingStatus::NotServing).await;
    scene.until_told(false, "25006").await;
    Database::set_read_only(&place, false).await;
    let took = scene.until_changed().await;
    eprintln!("read-only server: {took:?}");
    scene.until_status(ServingStatus::Serving).await;
    scene.until_ready(true).await;
    scene.check_all_is_there(&url, folder.path()).await;
}

/// Server processes that are stopped in their tracks hold no caller up for long: their
/// connections are given up, and others made.
#[tokio::test(flavor = "multi_thread")]
async fn stopped_server_processes_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("p.db");
    let url = Database::Postgres.at(&place).await;
    let mut scene = Scene::set(&url, folder.path(), &[]).await;
    let stopped = Database::stop_processes(&place).await;
    assert!(!stopped.is_empty(), "a client was connected");
    let took = scene.until_changed().await;
    eprintln!("stopped processes: {took:?}");
    Database::go_on(&stopped);
    scene.changes(20).await;
    scene.check_all_is_there(&url, folder.path()).await;
}
