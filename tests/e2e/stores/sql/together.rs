//! Several at once: callers, repeated calls, servers, and one that does not end.

use super::{rows, store};
use crate::wire::Raw;
use everruns_core::typed_id::SessionId;
use futures::future::join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_sql_db_store_service::SQL_EXECUTE;
use mortise_reference::{Reference, ReferenceConfig};
use mortise_test_support::database::Database;
use mortise_test_support::in_process::{mesh, reference_on, serve};
use mortise_test_support::scenario::{TestHost, host_adapter, seed};
use prost::Message;
use serde_json::json;
use std::time::Duration;

/// Fifty changes at once to one database: every one of them is there.
#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_are_all_there() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (store(&stage.adapter), stage.session_id);
        let made = "CREATE TABLE t(n UNIQUE); CREATE TABLE total(n); INSERT INTO total VALUES (0)";
        store.sql_execute(session, "d", made).await.unwrap();
        let changes = (0..50).map(|n| {
            let store = store.clone();
            let sql = format!("INSERT INTO t VALUES ({n}); UPDATE total SET n = n + {n}");
            async move { store.sql_execute(session, "d", &sql).await.unwrap() }
        });
        for changed in join_all(changes).await {
            assert_eq!(changed.rows_affected, 2);
        }
        let found = "SELECT count(*), sum(t.n), max(total.n) FROM t, total";
        assert_eq!(
            rows(&store, session, found).await,
            json!([[50, 1225, 1225]])
        );
    }
}

/// A change that is sent twice happens once, whether it could happen twice or not.
#[tokio::test]
async fn a_repeated_change_happens_once() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(reference_on(database, folder.path()).await).await;
        let (adapter, _seen) = host_adapter(&mesh(&server.endpoint)).await;
        let session = seed(&adapter).await;
        let raw = Raw::connect(&server.endpoint).await;
        let made = "CREATE TABLE t(a)";
        let inserted = "INSERT INTO t VALUES (1), (2)";
        for (request_id, sql, affected) in [("make", made, 0), ("insert", inserted, 2)] {
            let context = pb::CallContext {
                org_id: 1,
                request_id: request_id.into(),
                ..Default::default()
            };
            let request = pb::SqlExecuteRequest {
                context: Some(context),
                session_id: session.to_string(),
                database_name: "d".into(),
                sql: sql.into(),
            };
            let sent = (0..3).map(|_| raw.call(SQL_EXECUTE.method.path, &request));
            for answer in join_all(sent).await {
                let answer = pb::SqlExecuteResponse::decode(answer.unwrap().as_slice()).unwrap();
                assert_eq!(answer.rows_affected, affected, "{sql}");
            }
        }
        let found = rows(&store(&adapter), session, "SELECT count(*) FROM t").await;
        assert_eq!(found, json!([[2]]));
    }
}

async fn reference_at(url: &str, change: impl FnOnce(&mut ReferenceConfig)) -> Reference {
    let mut config = ReferenceConfig::new(url);
    config.allow_test_seed = true;
    change(&mut config);
    Reference::open(config).await.unwrap()
}

/// Servers that share a storage share its databases: each sees at once what another
/// changed, changes from all sides are all there, and a server that starts finds them.
#[tokio::test(flavor = "multi_thread")]
async fn servers_share_databases() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let url = database.fresh(folder.path()).await;
        let mut servers = Vec::new();
        let mut stores = Vec::new();
        let mut session = SessionId::new();
        for number in 0..3 {
            let server = serve(reference_at(&url, |_| {}).await).await;
            let (adapter, _seen) = host_adapter(&mesh(&server.endpoint)).await;
            if number == 0 {
                session = seed(&adapter).await;
                let made = "CREATE TABLE t(n); CREATE TABLE total(n); INSERT INTO total VALUES (0)";
                store(&adapter)
                    .sql_execute(session, "d", made)
                    .await
                    .unwrap();
            }
            servers.push(server);
            stores.push(store(&adapter));
        }
        let changes = (0..30).map(|n| {
            let store = stores[n % stores.len()].clone();
            let sql = format!("INSERT INTO t VALUES ({n}); UPDATE total SET n = n + 1");
            async move {
                store.sql_execute(session, "d", &sql).await.unwrap();
                let found = format!("SELECT n FROM t WHERE n = {n}");
                assert_eq!(rows(&store, session, &found).await, json!([[n]]));
            }
        });
        join_all(changes).await;
        for store in &stores {
            let found = rows(
                store,
                session,
                "SELECT count(*), max(total.n) FROM t, total",
            )
            .await;
            assert_eq!(found, json!([[30, 30]]));
        }
    }
}

/// A runaway ends with the time it was given, and changes nothing; meanwhile another
/// session is served.
#[tokio::test(flavor = "multi_thread")]
async fn a_runaway_ends() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let url = database.fresh(folder.path()).await;
        let limits = |config: &mut ReferenceConfig| config.sql_limits.time = Duration::from_secs(2);
        let server = serve(reference_at(&url, limits).await).await;
        let (adapter, _seen) = host_adapter(&mesh(&server.endpoint)).await;
        // The same databases with as much time as a busy machine needs.
        let limits =
            |config: &mut ReferenceConfig| config.sql_limits.time = Duration::from_secs(600);
        let patient = serve(reference_at(&url, limits).await).await;
        let (other, _seen) = host_adapter(&mesh(&patient.endpoint)).await;
        let (loud, quiet) = (seed(&adapter).await, seed(&adapter).await);
        let (store, patient) = (store(&adapter), store(&other));
        patient
            .sql_execute(loud, "d", "CREATE TABLE t(a)")
            .await
            .unwrap();
        let forever = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                       SELECT count(*) FROM c";
        let change = format!("INSERT INTO t VALUES (1); {forever}");
        let meanwhile = async {
            for n in 0..10 {
                let sql = format!("CREATE TABLE t{n}(a)");
                patient.sql_execute(quiet, "d", &sql).await.unwrap();
            }
        };
        let (asked, changed, ()) = tokio::join!(
            store.sql_query(loud, "d", forever),
            store.sql_execute(loud, "d", &change),
            meanwhile,
        );
        assert_eq!(super::told(asked), "QueryTimeout(2)");
        assert_eq!(super::told(changed), "QueryTimeout(2)");
        assert_eq!(rows(&patient, loud, "SELECT * FROM t").await, json!([]));
    }
}
