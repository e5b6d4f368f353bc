//! What remembered answers cost the changes after them: the same change over a storage that
//! remembers none, a tenth of a number, and that number. Some are older than a day, and are
//! dropped meanwhile.

use crate::wire::Wire;
use crate::{CALLERS, calls, rate};
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::in_process::mesh;
use mortise_test_support::scenario::{host_adapter, seed};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Over how long the answers were given, in nanoseconds: an hour more than they are kept.
const GIVEN_OVER: u128 = 25 * 60 * 60 * 1_000_000_000;

/// Measures and prints changes over so many answers at the most.
pub(crate) async fn print_on(database: Database, most: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.db");
    let server = AdapterProcess::start_on(database, folder.path()).await;
    let (adapter, _) = host_adapter(&mesh(&server.endpoint)).await;
    let mut sessions = Vec::new();
    for _ in 0..CALLERS[2] {
        sessions.push(seed(&adapter).await.to_string());
    }
    let sessions: Arc<[String]> = sessions.into();
    let wire = Wire::connect(&server.endpoint).await;
    println!("\n{database:?}: changes per second over remembered answers");
    print!("{:<14}", "answers");
    for callers in [CALLERS[0], CALLERS[2]] {
        print!("{:>14}{:>9}", format!("{callers} at once"), "p99 ms");
    }
    println!();
    let mut there = 0;
    for wanted in [0, most / 10, most] {
        if wanted > there {
            let statement = statement(database, wanted - there);
            database.execute(&path, &statement).await;
            there = wanted;
        }
        print!("{wanted:<14}");
        for callers in [CALLERS[0], CALLERS[2]] {
            let (wire, sessions) = (wire.clone(), sessions.clone());
            let number = AtomicU64::new(0);
            let rate = rate(callers, 1, move |caller| {
                let name = calls::name(number.fetch_add(1, Ordering::Relaxed));
                let request = calls::set_value(&sessions[caller], name);
                let wire = wire.clone();
                async move { calls::set(&wire, request).await }
            });
            let rate = rate.await;
            print!("{:>14.0}{:>9.1}", rate.per_second, rate.p99_ms);
        }
        println!();
    }
}

/// Remembers so many answers more. Their ids are UUIDs of the version 7, as hosts send them:
/// they begin with the time.
fn statement(database: Database, count: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (now, step) = (now.as_nanos(), GIVEN_OVER / u128::from(count));
    match database {
        Database::Sqlite => format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}), \
             t(at) AS (SELECT {now} - i * {step} FROM n) \
             INSERT INTO replies (org_id, request_id, method, created_at, body) \
             SELECT 1, printf('%08x-%04x-7%03x-%04x-%012x', (at / 1000000) >> 16, \
             (at / 1000000) & 65535, abs(random()) % 4096, 32768 + abs(random()) % 16384, \
             abs(random()) % 281474976710656), 'SetValue', at, x'' FROM t ORDER BY 2"
        ),
        Database::Postgres => format!(
            "INSERT INTO replies (org_id, request_id, method, created_at, body) \
             SELECT 1, left(stamp, 8) || '-' || right(stamp, 4) || '-7' || left(rest, 3) || '-8' \
             || substr(rest, 4, 3) || '-' || substr(rest, 7, 12), 'SetValue', at, ''::bytea FROM ( \
             SELECT at, lpad(to_hex(at / 1000000), 12, '0') stamp, md5(random()::text || at) rest \
             FROM (SELECT {now} - i::bigint * {step} AS at FROM generate_series(1, {count}) i) a \
             ) b"
        ),
    }
}
