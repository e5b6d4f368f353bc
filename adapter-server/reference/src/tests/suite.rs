//! The suite, once per database: the name that this module is included under says
//! which.

mod bounds;
mod budgets;
mod changes;
mod credentials;
mod durability;
mod events;
mod files;
mod growth;
mod images;
mod leases;
mod messages;
mod payments;
mod platform;
mod platform_file;
mod records;
mod resources;
mod schedules;
mod sealing;
mod secrets;
mod sharing;
mod sql;
mod tenancy;

use super::*;
use std::cell::Cell;

/// The database of this inclusion.
fn database() -> Database {
    match module_path!().rsplit("::").next() {
        Some("postgres") => Database::Postgres,
        _ => Database::Sqlite,
    }
}

/// A storage on a database of its own.
pub(super) struct Store {
    pub(super) reference: Reference,
    _folder: TempDir,
}

impl Store {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database().fresh(folder.path()).await;
        Self {
            reference: Reference::open(config(url)).await.unwrap(),
            _folder: folder,
        }
    }

    /// Org 1, without a request id.
    pub(super) fn org1(&self) -> ScopedReference {
        adapter(&self.reference, 1)
    }

    /// Org 1, for one call with a request id.
    pub(super) fn call(&self, method: &'static Method, request_id: &str) -> ScopedReference {
        call(&self.reference, 1, method, request_id)
    }
}

/// The storage that belongs to a path: opened twice, it is the same.
pub(super) async fn open(path: &Path) -> Reference {
    Reference::open(config(url_at(path).await)).await.unwrap()
}

/// Runs a change while a transaction is open, which goes on when the change waits for a
/// lock of it, or is over because it takes none. SQLite's changes queue for the one
/// connection that writes: its holder holds them all.
async fn meanwhile<T>(
    store: &Store,
    change: impl Future<Output = T>,
    goes_on: impl Future<Output = ()>,
) -> T {
    let is_over = Cell::new(false);
    let change = async {
        let done = change.await;
        is_over.set(true);
        done
    };
    let other = async {
        until_waiting(store, &is_over).await;
        goes_on.await;
    };
    tokio::join!(change, other).0
}

async fn until_waiting(store: &Store, is_over: &Cell<bool>) {
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while database() == Database::Postgres && !is_over.get() {
        let mut conn = store.reference.inner.db.read_all_orgs().await.unwrap();
        let (waiting,): (i64,) = conn.query_as(waiting).fetch_one().await.unwrap();
        if waiting > 0 {
            break;
        }
    }
}

/// A statement that damages something, with its bytes as this database spells them.
fn damage(sql: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(match database() {
        Database::Sqlite => sql.to_string(),
        Database::Postgres => sql.replace("x'", "'\\x"),
    })
}

/// The database that belongs to a path.
async fn url_at(path: &Path) -> String {
    database().at(path).await
}
