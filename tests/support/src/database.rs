//! The databases that the reference storage is tested on.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the PostgreSQL server is on which databases are made.
const VARIABLE: &str = "MORTISE_POSTGRES";

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite,
    /// A database of its own on the tests' server.
    Postgres,
}

impl Database {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// Whether databases of this kind can be made here.
    pub fn is_there(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => env::var_os(VARIABLE).is_some(),
        }
    }

    /// The URL of a fresh one; a file is put in the folder. One on a server stays there:
    /// the server goes after the tests.
    pub async fn fresh(self, folder: &Path) -> String {
        self.at(&folder.join("t.db")).await
    }

    /// The URL of the one that belongs to a path: the same for the same path.
    pub async fn at(self, path: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", path.display()),
            Self::Postgres => on_server(path).await,
        }
    }
}

impl Database {
    /// Ends every connection to the database on the server that belongs to a path, and
    /// says how many there were.
    pub async fn throw_out(path: &Path) -> i64 {
        let (mut conn, _) = server().await;
        let (count,): (i64,) = sqlx::query_as(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1",
        )
        .bind(name_of(path))
        .fetch_one(&mut conn)
        .await
        .unwrap();
        conn.close().await.unwrap();
        count
    }
}

impl Database {
    /// The server's unix socket.
    pub fn socket() -> PathBuf {
        let url = env::var(VARIABLE).unwrap();
        let (_, folder) = url.rsplit_once("host=").unwrap();
        Path::new(folder).join(".s.PGSQL.5432")
    }

    /// The name on the server of the database that belongs to a path.
    pub fn name_at(path: &Path) -> String {
        name_of(path)
    }

    /// Makes every new connection to the database on the server that belongs to a path
    /// one that only reads, or one that writes again.
    pub async fn set_read_only(path: &Path, is_read_only: bool) {
        let (mut conn, _) = server().await;
        let name = name_of(path);
        let set = if is_read_only { "SET" } else { "RESET" };
        let value = if is_read_only { "= on" } else { "" };
        let statement =
            format!("ALTER DATABASE {name} {set} default_transaction_read_only {value}");
        conn.execute(AssertSqlSafe(statement)).await.unwrap();
        conn.close().await.unwrap();
    }

    /// Runs a statement on the database of a path, beside a server that uses it.
    pub async fn execute(self, path: &Path, statement: &str) {
        sqlx::any::install_default_drivers();
        let url = self.at(path).await;
        let mut conn = AnyConnection::connect(&url).await.unwrap();
        conn.execute(AssertSqlSafe(statement)).await.unwrap();
        conn.close().await.unwrap();
    }

    /// Stops the server's processes for the database that belongs to a path, as a debugger
    /// does, and gives them back.
    pub async fn stop_processes(path: &Path) -> Vec<i32> {
        let (mut conn, _) = server().await;
        let pids: Vec<(i32,)> =
            sqlx::query_as("SELECT pid FROM pg_stat_activity WHERE datname = $1")
                .bind(name_of(path))
                .fetch_all(&mut conn)
                .await
                .unwrap();
        conn.close().await.unwrap();
        let pids: Vec<i32> = pids.into_iter().map(|(pid,)| pid).collect();
        signal("-STOP", &pids);
        pids
    }

    /// Lets stopped processes go on; some may have ended.
    pub fn go_on(pids: &[i32]) {
        signal("-CONT", pids);
    }
}

impl Database {
    /// Everything that the database of a path holds, as it lies there.
    pub async fn dumped(self, path: &Path) -> Vec<u8> {
        match self {
            Self::Sqlite => {
                let mut bytes = std::fs::read(path).unwrap();
                let log = path.with_extension("db-wal");
                bytes.extend(std::fs::read(log).unwrap_or_default());
                bytes
            }
            Self::Postgres => rows_on_server(path).await,
        }
    }
}

async fn rows_on_server(path: &Path) -> Vec<u8> {
    let url = on_server(path).await;
    let mut conn = AnyConnection::connect(&url).await.unwrap();
    let tables = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
                  WHERE table_schema = 'public'";
    let tables: Vec<(String,)> = sqlx::query_as(tables).fetch_all(&mut conn).await.unwrap();
    let mut dump = Vec::new();
    for (table,) in tables {
        // Whole rows as text, in which bytes are in hexadecimal.
        let rows = AssertSqlSafe(format!("SELECT CAST(t AS TEXT) FROM {table} t"));
        let rows: Vec<(String,)> = sqlx::query_as(rows).fetch_all(&mut conn).await.unwrap();
        for (row,) in rows {
            for field in row.split("\\x").skip(1) {
                dump.extend(bytes_of(field));
            }
            dump.extend(row.into_bytes());
        }
    }
    conn.close().await.unwrap();
    dump
}

/// The bytes of the hexadecimal digits that a text begins with.
fn bytes_of(text: &str) -> Vec<u8> {
    let digits = text.chars().map_while(|digit| digit.to_digit(16));
    let digits: Vec<u32> = digits.collect();
    let pairs = digits.chunks_exact(2);
    let bytes = pairs.map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap());
    bytes.collect()
}

fn signal(what: &str, pids: &[i32]) {
    let pids = pids.iter().map(ToString::to_string);
    Command::new("kill").arg(what).args(pids).output().unwrap();
}

/// A connection to the server, and its URL.
async fn server() -> (AnyConnection, String) {
    let url = env::var(VARIABLE).unwrap_or_else(|_| {
        panic!("{VARIABLE} is not set; run `cargo xtask with-postgres -- cargo test`")
    });
    sqlx::any::install_default_drivers();
    (AnyConnection::connect(&url).await.unwrap(), url)
}

fn name_of(path: &Path) -> String {
    let mut hash = DefaultHasher::new();
    path.hash(&mut hash);
    format!("mortise_{:016x}", hash.finish())
}

async fn on_server(path: &Path) -> String {
    let (mut conn, server) = server().await;
    let name = name_of(path);
    let made = conn.execute(AssertSqlSafe(format!("CREATE DATABASE {name}")));
    match made.await {
        Ok(_) => {}
        Err(error) => assert!(error.to_string().contains("already exists"), "{error}"),
    }
    conn.close().await.unwrap();
    let (before, parameters) = server.split_once('?').unwrap_or((&server, ""));
    let (address, _database) = before.rsplit_once('/').unwrap();
    format!("{address}/{name}?{parameters}")
}
