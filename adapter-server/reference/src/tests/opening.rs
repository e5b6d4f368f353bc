//! Opening the storage, and why it may fail.

use super::*;

async fn error(url: &str) -> String {
    let opened = Reference::open(config(url.to_string())).await;
    opened.unwrap_err().to_string()
}

/// Storage that cannot be opened: the error says what is wrong with which path, and what to
/// do.
#[tokio::test]
async fn one_clear_message() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("{}/{name}", folder.path().display());
    std::fs::write(
        at("text"),
        "not a database, but long enough to be looked at",
    )
    .unwrap();
    for (path, words) in [
        (at("none/m.db"), ["does not exist", "create the folder"]),
        (at("text/m.db"), ["is not a folder", "within a folder"]),
        (
            "/dev/null/m.db".into(),
            ["/dev/null is not a folder", "within a folder"],
        ),
        (at(""), ["is a directory", "path of a file"]),
        (at("text"), ["not an SQLite database", "another path"]),
    ] {
        let seen = error(&format!("sqlite:{path}")).await;
        assert!(seen.contains(&path), "{seen}");
        assert!(words.iter().all(|word| seen.contains(word)), "{seen}");
    }
    for url in [
        "",
        "sqlite:",
        "m.db",
        "sqlite:m.db?mode=ro",
        "mysql://u:secret@host/db",
    ] {
        let seen = error(url).await;
        assert!(seen.contains("give sqlite:PATH"), "{seen}");
        assert!(!seen.contains("secret"), "{seen}");
    }
}

/// A new database is for its user alone, also where its path is a link that leads nowhere
/// yet.
#[tokio::test]
async fn a_new_database_is_private() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (
        folder.path().join("link.db"),
        folder.path().join("target.db"),
    );
    symlink(&target, &link).unwrap();
    let plain = folder.path().join("plain.db");
    for (path, made) in [(&plain, &plain), (&link, &target)] {
        let reference = Reference::open(config(format!("sqlite:{}", path.display()))).await;
        reference.unwrap().close().await;
        let mode = std::fs::metadata(made).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

/// A database of a newer build, or of another, is left alone.
#[tokio::test]
async fn other_builds() {
    for (change, words) in [
        (
            "INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum, \
             execution_time FROM _sqlx_migrations WHERE version = 1",
            "(version 9999) is newer than this build",
        ),
        (
            "UPDATE _sqlx_migrations SET checksum = x'00'",
            "made by a different build",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.db");
        let store = open(&path).await;
        let mut tx = store.inner.db.write_all_orgs().await.unwrap();
        tx.query(change).execute().await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;
        let seen = error(&format!("sqlite:{}", path.display())).await;
        assert!(seen.contains(words), "{seen}");
    }
}

/// The connections are as they should be: durable commits, and readers beside the
/// writer.
#[tokio::test]
async fn pragmas() {
    let store = Store::new().await;
    let db = &store.reference.inner.db;
    let mut writer = db.write_all_orgs().await.unwrap();
    let mut reader = db.read_all_orgs().await.unwrap();
    for conn in [&mut writer, &mut reader] {
        let (mode,): (String,) = conn
            .query_as("PRAGMA journal_mode")
            .fetch_one()
            .await
            .unwrap();
        let (sync,): (i64,) = conn
            .query_as("PRAGMA synchronous")
            .fetch_one()
            .await
            .unwrap();
        let (keys,): (i64,) = conn
            .query_as("PRAGMA foreign_keys")
            .fetch_one()
            .await
            .unwrap();
        assert_eq!((mode.as_str(), sync, keys), ("wal", 2, 1));
    }
}

/// Seeding is offered when it was asked for.
#[tokio::test]
async fn seeding_is_asked_for() {
    let plain = Reference::open(ReferenceConfig::new("sqlite::memory:"))
        .await
        .unwrap();
    let scope = scope(1, GET_SESSION.method, None);
    assert!(plain.test_seed(&scope).is_none());
    assert!(in_memory().await.test_seed(&scope).is_some());
    assert!(plain.event_store(&scope).is_some() && plain.remembers_requests());
}

/// A PostgreSQL database that cannot be reached: the error says why, without the password.
#[tokio::test]
async fn one_clear_message_of_a_server() {
    let server = Database::Postgres.at(Path::new("opening")).await;
    let (address, parameters) = server.split_once('?').unwrap();
    let (address, _) = address.rsplit_once('/').unwrap();
    let absent = format!("{address}/nowhere?{parameters}&password=hush");
    for (url, words) in [
        (absent.as_str(), ["does not exist", "create the database"]),
        (
            "postgres://u:hush@127.0.0.1:1/db",
            ["refused", "is the server running"],
        ),
        (
            "postgres://u:hush@localhost/db?host=/nowhere",
            ["No such file", "is the server running"],
        ),
    ] {
        let seen = error(url).await;
        assert!(words.iter().all(|word| seen.contains(word)), "{seen}");
        assert!(!seen.contains("hush"), "{seen}");
    }
}
