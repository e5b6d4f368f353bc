//! The databases that the reference storage is tested on.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use std::env;
use std::path::Path;
use uuid::Uuid;

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

    /// The URL of a fresh one; a file is put in the folder. One on a server stays there:
    /// the server goes after the tests.
    pub async fn fresh(self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", folder.join("t.db").display()),
            Self::Postgres => made().await,
        }
    }
}

async fn made() -> String {
    let server = env::var(VARIABLE).unwrap_or_else(|_| {
        panic!("{VARIABLE} is not set; run `cargo xtask with-postgres -- cargo test`")
    });
    sqlx::any::install_default_drivers();
    let mut conn = AnyConnection::connect(&server).await.unwrap();
    let name = format!("mortise_{}", Uuid::new_v4().simple());
    // Made of letters and digits alone.
    let sql = format!("CREATE DATABASE {name}");
    conn.execute(AssertSqlSafe(sql)).await.unwrap();
    conn.close().await.unwrap();
    let (before, parameters) = server.split_once('?').unwrap_or((&server, ""));
    let (address, _database) = before.rsplit_once('/').unwrap();
    format!("{address}/{name}?{parameters}")
}
