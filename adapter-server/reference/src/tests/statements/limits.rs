//! What statements are limited to.

use super::*;
use std::time::Instant;

/// Whatever grows has a limit, and the error says which.
#[tokio::test]
async fn everything_has_a_limit() {
    let reference = limited(SqlLimits {
        databases: 2,
        database_bytes: 256 * 1024,
        result_bytes: 64 * 1024,
        ..SqlLimits::default()
    })
    .await;
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    let run = async |sql: &str| adapter.databases().sql_execute(session, "d", sql).await;
    run("CREATE TABLE t(a)").await.unwrap();
    for statement in [
        "INSERT INTO t VALUES (randomblob(1000000000))",
        "INSERT INTO t VALUES (zeroblob(1000000000))",
        "SELECT replace(hex(zeroblob(10000)), '0', hex(zeroblob(1000)))",
        "INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
         SELECT randomblob(1000) FROM c",
    ] {
        assert_eq!(
            kind(run(statement).await),
            ErrorReason::SqlLimitExceeded,
            "{statement}"
        );
    }
    let deep = format!("SELECT {}1{}", "abs(".repeat(300), ")".repeat(300));
    let long = format!("SELECT '{}'", "x".repeat(1 << 20));
    for statement in [
        deep.as_str(),
        long.as_str(),
        "SELECT 'a' LIKE hex(zeroblob(1000))",
    ] {
        assert_eq!(kind(run(statement).await), ErrorReason::SqlQueryError);
    }

    // The room of what is deleted is given back.
    for _ in 0..4 {
        run("INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 150) \
             SELECT randomblob(1000) FROM c")
        .await
        .unwrap();
        let full = adapter
            .databases()
            .get_database(session, "d")
            .await
            .unwrap()
            .unwrap();
        assert!(full.size_bytes > 150_000);
        assert_eq!(full.size_bytes, i64::from(full.page_count) * 4096);
        run("DELETE FROM t").await.unwrap();
        let empty = adapter
            .databases()
            .get_database(session, "d")
            .await
            .unwrap()
            .unwrap();
        assert!(empty.size_bytes < 20_000, "{}", empty.size_bytes);
    }

    let wide = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100) \
                SELECT hex(zeroblob(500)) FROM c";
    assert_eq!(
        kind(adapter.databases().sql_query(session, "d", wide).await),
        ErrorReason::SqlResultTooLarge
    );

    adapter
        .databases()
        .create_database(session, "e")
        .await
        .unwrap();
    assert_eq!(
        kind(adapter.databases().create_database(session, "f").await),
        ErrorReason::SqlLimitExceeded
    );
    assert_eq!(
        kind(
            adapter
                .databases()
                .sql_execute(session, "f", "SELECT 1")
                .await
        ),
        ErrorReason::SqlLimitExceeded
    );
    let other = new_session(&adapter).await;
    adapter
        .databases()
        .create_database(other, "f")
        .await
        .unwrap();
}

/// A result has at most 1000 rows, and says whether there were more.
#[tokio::test]
async fn rows_are_cut_off() {
    let reference = in_memory().await;
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    adapter
        .databases()
        .create_database(session, "d")
        .await
        .unwrap();
    for (rows, truncated) in [(999, false), (1000, false), (1001, true), (100_000, true)] {
        let sql = format!(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT {rows}) \
             SELECT x FROM c"
        );
        let result = adapter
            .databases()
            .sql_query(session, "d", &sql)
            .await
            .unwrap();
        assert_eq!(result.truncated, truncated, "{rows}");
        assert_eq!(result.row_count, result.rows.len());
        assert_eq!(result.rows.len(), rows.min(1000));
    }
}

/// A runaway is stopped when its time is over, in a query, in a change and in between
/// statements; a change that was stopped has not happened. However busy the machine is,
/// a caller who came too late is told so.
#[tokio::test]
async fn a_runaway_is_stopped() {
    let stores = Stores::open(Duration::from_secs(1)).await;
    let (hasty, patient) = (stores.hasty(), stores.patient());
    let session = new_session(&patient).await;
    let made = "CREATE TABLE t(a)";
    patient
        .databases()
        .sql_execute(session, "d", made)
        .await
        .unwrap();
    let change = format!("INSERT INTO t VALUES (1); {COUNT_FOREVER}");
    let many = "SELECT 1;".repeat(110_000) + COUNT_FOREVER;
    let databases = hasty.databases();
    let (asked, changed, many) = tokio::join!(
        databases.sql_query(session, "d", COUNT_FOREVER),
        databases.sql_execute(session, "d", &change),
        databases.sql_execute(session, "e", &many),
    );
    for error in [asked.err(), changed.err(), many.err()] {
        assert!(
            matches!(error, Some(SessionSqlDbError::QueryTimeout(1))),
            "{error:?}"
        );
    }
    assert_eq!(
        row(&patient, session, "SELECT count(*) FROM t").await,
        json!([0])
    );
    assert!(
        patient
            .databases()
            .get_database(session, "e")
            .await
            .unwrap()
            .is_none()
    );
}

/// What a statement may take beside its database is limited, whether it gathers row by
/// row, all at once, or while it is compiled.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn gluttons_are_stopped() {
    let reference = limited(SqlLimits {
        time: Duration::from_secs(60),
        ..SqlLimits::default()
    })
    .await;
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    adapter
        .databases()
        .create_database(session, "d")
        .await
        .unwrap();
    let numbers = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)";
    let values = |count: usize, bytes: usize| {
        let value = |n| format!("zeroblob({bytes}) || {n}");
        (0..count).map(value).collect::<Vec<_>>().join(", ")
    };
    let inner = format!("max({})", values(90, 1_000_000));
    let nested = (0..90).fold(inner, |inner, _| {
        format!("max({}, {inner})", values(90, 1_000_000))
    });
    let joined = (1..30).fold("WITH w0 AS (SELECT 1 AS a)".to_string(), |with, n| {
        let last = n - 1;
        format!("{with}, w{n} AS (SELECT x.a FROM w{last} x JOIN w{last} y)")
    });
    for greedy in [
        format!("{numbers} SELECT x, zeroblob(1000000) FROM c ORDER BY 2, 1"),
        format!("{numbers} SELECT count(DISTINCT x || zeroblob(1000)) FROM c"),
        format!("SELECT length({nested})"),
        format!("{joined} SELECT * FROM w29"),
    ] {
        let tried = adapter.databases().sql_query(session, "d", &greedy).await;
        let shown = &greedy[..100.min(greedy.len())];
        assert_eq!(kind(tried), ErrorReason::SqlLimitExceeded, "{shown}");
    }
    let wide = format!("SELECT {}", values(490, 400_000));
    assert_eq!(
        kind(adapter.databases().sql_query(session, "d", &wide).await),
        ErrorReason::SqlResultTooLarge
    );
}

/// Runaways of one session keep others from nothing, and end when their callers go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runaway_is_alone() {
    let reference = limited(SqlLimits {
        time: Duration::from_secs(600),
        ..SqlLimits::default()
    })
    .await;
    let adapter = adapter(&reference, 1);
    let (loud, quiet) = (new_session(&adapter).await, new_session(&adapter).await);
    for session in [loud, quiet] {
        adapter
            .databases()
            .create_database(session, "d")
            .await
            .unwrap();
    }
    let runaways: Vec<_> = (0..40)
        .map(|_| {
            let adapter = adapter.clone();
            tokio::spawn(async move {
                adapter
                    .databases()
                    .sql_query(loud, "d", COUNT_FOREVER)
                    .await
            })
        })
        .collect();
    for number in 0..100 {
        let sql = format!("CREATE TABLE t{number}(a)");
        adapter
            .databases()
            .sql_execute(quiet, "d", &sql)
            .await
            .unwrap();
    }
    for runaway in &runaways {
        assert!(!runaway.is_finished());
        runaway.abort();
    }
    assert_eq!(row(&adapter, loud, "SELECT 1").await, json!([1]));
}

/// Functions that take the product of two values' lengths in SQLite are quick, or are not
/// to be had; and of those that take long a row can hold few enough that a call ends
/// when its time is over.
#[tokio::test(flavor = "multi_thread")]
async fn long_values_take_no_long_time() {
    let stores = Stores::open(Duration::from_secs(1)).await;
    let (hasty, adapter) = (stores.hasty(), stores.patient());
    let session = new_session(&adapter).await;
    adapter
        .databases()
        .create_database(session, "d")
        .await
        .unwrap();
    let long = |bytes: usize| format!("printf('%.*c', {bytes}, 'a')");
    let needle = format!("{} || 'b'", long(450_000));
    let calls = |bytes: usize| {
        let text = long(bytes);
        [
            (format!("trim({text}, {needle} || 'a')"), json!([""])),
            (format!("instr({text}, {needle})"), json!([0])),
            (
                format!("length(replace({text}, {needle}, ''))"),
                json!([bytes]),
            ),
        ]
    };
    for (sql, expected) in calls(900_000) {
        let found = row(&adapter, session, &format!("SELECT {sql}")).await;
        assert_eq!(found, expected, "{sql}");
    }
    let started = Instant::now();
    // No two alike: SQLite would do those once.
    let columns = (0..90).flat_map(|n| calls(900_000 - n).map(|(sql, _)| sql));
    let wide = format!("SELECT {}", columns.collect::<Vec<_>>().join(", "));
    let error = kind(hasty.databases().sql_query(session, "d", &wide).await);
    // On a quick machine it is over in time.
    let quick = [ErrorReason::SqlQueryTimeout, ErrorReason::Unspecified];
    assert!(quick.contains(&error), "{error:?}");
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
    // The thread is free again, not only the caller.
    for _ in 0..4 {
        assert_eq!(row(&adapter, session, "SELECT 1").await, json!([1]));
    }

    for refused in [
        "json_patch('{}', '{}')",
        "jsonb_patch('{}', '{}')",
        "json_pretty('[]')",
    ] {
        let tried = adapter
            .databases()
            .sql_query(session, "d", &format!("SELECT {refused}"))
            .await;
        assert_eq!(kind(tried), ErrorReason::SqlAuthorizerBlocked, "{refused}");
    }
    for (call, most) in [("hex(1)", 1000_usize), ("'a' LIKE 'b'", 50)] {
        let sum = |count| {
            format!(
                "SELECT {}",
                vec![vec![call; count / 10].join(" || "); 10].join(", ")
            )
        };
        let fits = adapter
            .databases()
            .sql_query(session, "d", &sum(most))
            .await;
        assert_eq!(kind(fits), ErrorReason::Unspecified, "{call}");
        let over = format!("{}, {call}", sum(most));
        let tried = adapter.databases().sql_query(session, "d", &over).await;
        assert_eq!(kind(tried), ErrorReason::SqlLimitExceeded, "{call}");
    }
    // Each statement has its own.
    let script = vec![format!("SELECT {}", vec!["hex(1)"; 400].join(", ")); 4].join("; ");
    adapter
        .databases()
        .sql_execute(session, "d", &script)
        .await
        .unwrap();
}

/// Runaways in any number of sessions of one org leave room for the other orgs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_org_of_runaways_is_alone() {
    let reference = limited(SqlLimits {
        time: Duration::from_secs(600),
        ..SqlLimits::default()
    })
    .await;
    let loud = adapter(&reference, 1);
    let mut runaways = Vec::new();
    for _ in 0..40 {
        let session = new_session(&loud).await;
        loud.databases()
            .create_database(session, "d")
            .await
            .unwrap();
        let loud = loud.clone();
        runaways.push(tokio::spawn(async move {
            loud.databases()
                .sql_query(session, "d", COUNT_FOREVER)
                .await
        }));
    }
    let quiet = adapter(&reference, 2);
    let session = new_session(&quiet).await;
    for number in 0..100 {
        let sql = format!("CREATE TABLE t{number}(a)");
        quiet
            .databases()
            .sql_execute(session, "d", &sql)
            .await
            .unwrap();
    }
    for runaway in &runaways {
        assert!(!runaway.is_finished());
        runaway.abort();
    }
}
