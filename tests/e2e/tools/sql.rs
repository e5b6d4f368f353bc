//! Turns whose tools keep tables: `sql_execute`, `sql_query` and `sql_schema`.

use everruns_runtime::RuntimeHostAdapter;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Actor, call};
use serde_json::{Value, json};

const CAPABILITY: &str = "session_sql_database";

fn execute(sql: &str) -> mortise_test_support::script::Call {
    call("sql_execute", json!({"database": "ledger", "sql": sql}))
}

fn query(sql: &str) -> mortise_test_support::script::Call {
    call("sql_query", json!({"database": "ledger", "sql": sql}))
}

/// A model makes a table, fills it in two calls of one reply, asks it and looks at it;
/// in the next turn it is still there.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &[CAPABILITY]).await;
        let outcomes = actor
            .turn(vec![
                vec![execute(
                    "CREATE TABLE entries(id INTEGER PRIMARY KEY, what TEXT NOT NULL, cents INTEGER)",
                )],
                vec![
                    execute("INSERT INTO entries(what, cents) VALUES ('tea', 350), ('rent', 9007199254740993)"),
                    execute("INSERT INTO entries(what) VALUES ('gift')"),
                ],
                vec![
                    query("SELECT what, cents FROM entries ORDER BY id"),
                    call("sql_schema", json!({"database": "ledger"})),
                    call("sql_schema", json!({"database": "ledger", "table": "missing"})),
                ],
            ])
            .await;
        let [made, two, one, asked, described, missing] = outcomes.as_slice() else {
            panic!("{outcomes:?}")
        };
        assert_eq!(
            made.ok(),
            &json!({"database": "ledger", "success": true, "rows_affected": 0})
        );
        assert_eq!(two.ok()["rows_affected"], 2);
        assert_eq!(one.ok()["rows_affected"], 1);
        let asked = asked.ok();
        assert_eq!(asked["columns"], json!(["what", "cents"]));
        assert_eq!(
            asked["rows"],
            json!([
                ["tea", 350],
                ["rent", 9_007_199_254_740_993_i64],
                ["gift", null]
            ])
        );
        assert_eq!(asked["row_count"], 3);
        assert_eq!(asked["truncation"]["truncated"], false);
        let tables = &described.ok()["tables"];
        assert_eq!(tables[0]["name"], "entries");
        assert_eq!(tables[0]["row_count"], 3);
        assert_eq!(
            tables[0]["columns"][1],
            json!({
                "name": "what", "type": "TEXT", "notnull": true, "pk": false, "default_value": null
            })
        );
        assert_eq!(missing.ok()["tables"], json!([]));

        let later = actor
            .turn(vec![vec![query("SELECT count(*) FROM entries")]])
            .await;
        assert_eq!(later[0].ok()["rows"], json!([[3]]));

        // What the tools did is what the store holds.
        let store = stage.adapter.sqldb_store().unwrap();
        let databases = store.list_databases(actor.session_id).await.unwrap();
        assert_eq!(databases.len(), 1);
        assert_eq!(databases[0].name, "ledger");
    }
}

/// A model is told what it did wrong, in words that it can act on, and that there is
/// more than it was shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_told() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &[CAPABILITY]).await;
        let numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 5000) ";
        let outcomes = actor
            .turn(vec![
                vec![query("SELECT 1")],
                vec![execute("CREATE TABLE t(a)")],
                vec![
                    query("SELEC 1"),
                    query("DELETE FROM t"),
                    query("SELECT load_extension('x')"),
                    execute("ATTACH '/etc/passwd' AS x"),
                    call("sql_query", json!({"database": "a-b", "sql": "SELECT 1"})),
                    query(&format!("{numbers} SELECT x FROM n")),
                ],
            ])
            .await;
        let told: Vec<Value> = outcomes
            .iter()
            .map(|outcome| json!(outcome.error))
            .collect();
        assert_eq!(
            told[..7],
            [
                json!("database not found: ledger"),
                json!(null),
                json!("query error: near \"SELEC\": syntax error"),
                json!("operation blocked by authorizer: a query changes nothing; use sql_execute"),
                json!(
                    "operation blocked by authorizer: the function load_extension is not available"
                ),
                json!(
                    "operation blocked by authorizer: ATTACH, DETACH and VACUUM are not available"
                ),
                json!(
                    "invalid database name: \"a-b\"; a name has 1 to 64 letters, digits and underscores"
                ),
            ]
        );
        let cut = outcomes[7].ok();
        assert_eq!(cut["truncated"], true, "{cut}");
        assert_eq!(cut["row_count"], 1000);
        assert_eq!(cut["truncation"]["reason"], "row_cap");
    }
}
