//! Keys that are replaced, lost or mixed up.

use super::*;
use crate::Rewrapped;
use everruns_core::typed_id::AgentId;
use std::collections::BTreeSet;

/// Seals everything anew; what was done, for the tables in which something was.
async fn rewrap(store: &Reference) -> Vec<Rewrapped> {
    let mut done = Vec::new();
    store.rewrap(|table| done.push(*table)).await.unwrap();
    done
}

fn key_id(byte: u8) -> String {
    EncryptionKey::from_bytes([byte; 32]).id().to_string()
}

/// A key's name as it stands in an envelope.
fn raw(key_id: &str) -> Vec<u8> {
    u64::from_str_radix(key_id, 16)
        .unwrap()
        .to_be_bytes()
        .to_vec()
}

/// With a new key and the old one everything is still read; after the rotation the new
/// one is enough, and nothing in any table names the old one. A second rotation finds
/// everything current.
#[tokio::test]
async fn a_key_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_at(&folder.path().join("m.db")).await;
    let secretive = Secretive::new();
    let store = opened(&url, &[1]).await;
    secretive.put(&store).await;
    store.close().await;

    let store = opened(&url, &[2, 1]).await;
    secretive.read(&store).await;
    let s = adapter(&store, 1);
    s.storage()
        .set_secret(secretive.session.id, "newer", MARKER)
        .await
        .unwrap();
    let done = rewrap(&store).await;
    for table in &done {
        assert!(table.resealed > 0, "{table:?}: nothing to rotate");
        assert_eq!((table.newly_sealed, table.unreadable), (0, 0), "{table:?}");
    }
    assert_eq!(done[0].table, "session_secrets");
    assert_eq!((done[0].resealed, done[0].already_current), (1, 1));
    let again = rewrap(&store).await;
    for (first, second) in done.iter().zip(&again) {
        let all = first.resealed + first.already_current;
        assert_eq!((second.resealed, second.already_current), (0, all));
    }
    let dump = Dump::of(&store).await;
    let old = key_id(1);
    assert_eq!(dump.places_of(old.as_bytes()), Vec::<String>::new());
    assert_eq!(dump.places_of(&raw(&old)), Vec::<String>::new());
    assert!(!dump.places_of(&raw(&key_id(2))).is_empty());
    store.close().await;

    let store = opened(&url, &[2]).await;
    secretive.read(&store).await;
}

/// A start without the key that the data needs fails, names the key and says what to
/// do; with a key that nothing needs it succeeds.
#[tokio::test]
async fn a_start_with_the_wrong_key() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_at(&folder.path().join("m.db")).await;
    // Noted, and used for nothing: replacing it is no loss.
    opened(&url, &[9]).await.close().await;
    let store = opened(&url, &[1]).await;
    let session = new_session(&adapter(&store, 1)).await;
    let s = adapter(&store, 1);
    s.storage().set_secret(session, "a", "b").await.unwrap();
    store.close().await;
    for (keys, given) in [
        (&[][..], "no key was given".to_string()),
        (&[2], format!("the given keys are key {}", key_id(2))),
        (&[2, 3], format!("key {} and {}", key_id(2), key_id(3))),
    ] {
        let error = Reference::open(keyed(&url, keys)).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("sealed with key {}", key_id(1))));
        assert!(text.contains(&given), "{text}");
        assert!(text.contains("--old-key-file"), "{text}");
    }
    let only_old = ReferenceConfig {
        encryption_key: None,
        ..keyed(&url, &[2, 1])
    };
    let text = Reference::open(only_old).await.unwrap_err().to_string();
    assert!(text.contains("no current key"), "{text}");
    opened(&url, &[2, 1]).await.close().await;
    // Nothing was sealed with the newer key yet, so that the old one is still enough.
    let store = opened(&url, &[1]).await;
    let found = adapter(&store, 1).storage().get_secret(session, "a").await;
    assert_eq!(found.unwrap().as_deref(), Some("b"));
}

/// What was stored in clear in a time without a key is sealed by the rotation.
#[tokio::test]
async fn a_storage_gets_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_at(&folder.path().join("m.db")).await;
    let store = opened(&url, &[]).await;
    let s = adapter(&store, 1);
    let mut agent = Secretive::new().agent;
    agent.mcp_servers = ScopedMcpServers::default();
    s.seed().put_agent(agent.clone()).await.unwrap();
    let session = new_session(&s).await;
    s.storage().set_value(session, "a", MARKER).await.unwrap();
    let dump = Dump::of(&store).await;
    let in_clear = ["agents.body", "session_values.value"];
    assert_eq!(dump.places_of(MARKER.as_bytes()), in_clear);
    store.close().await;

    let store = opened(&url, &[1]).await;
    let sealed = rewrap(&store).await;
    let sealed = sealed.iter().filter(|table| table.newly_sealed == 1);
    let tables: Vec<_> = sealed.map(|table| table.table).collect();
    assert_eq!(tables, ["agents", "session_values"]);
    let dump = Dump::of(&store).await;
    assert_eq!(dump.places_of(MARKER.as_bytes()), Vec::<String>::new());
    let s = adapter(&store, 1);
    let found = s.agents().get_agent(agent.public_id).await.unwrap();
    assert_eq!(found.unwrap().capabilities, agent.capabilities);
    let value = s.storage().get_value(session, "a").await.unwrap();
    assert_eq!(value.as_deref(), Some(MARKER));
}

/// While a server with both keys writes, a rotation in another process loses nothing:
/// no write is overwritten with what stood there before. More rows than one
/// transaction takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_under_load() {
    const NAMES: usize = 150;
    let folder = tempfile::tempdir().unwrap();
    let url = url_at(&folder.path().join("m.db")).await;
    let store = opened(&url, &[1]).await;
    let s = adapter(&store, 1);
    let session = new_session(&s).await;
    let agent = Secretive::new().agent;
    for name in 0..NAMES {
        let name = name.to_string();
        s.storage().set_secret(session, &name, "old").await.unwrap();
        let mut copy = agent.clone();
        copy.public_id = AgentId::from_seed(name.parse().unwrap());
        s.seed().put_agent(copy).await.unwrap();
    }
    store.close().await;

    let server = opened(&url, &[2, 1]).await;
    let rotating = opened(&url, &[2, 1]).await;
    let writing = async {
        let s = adapter(&server, 1);
        for name in (0..NAMES).rev().step_by(3) {
            s.storage()
                .set_secret(session, &name.to_string(), "new")
                .await
                .unwrap();
            let mut copy = agent.clone();
            copy.public_id = AgentId::from_seed(name as u128);
            copy.name = "changed".into();
            s.seed().put_agent(copy).await.unwrap();
        }
    };
    let ((), done) = tokio::join!(writing, rewrap(&rotating));
    assert!(done.iter().any(|table| table.resealed > 0));
    server.close().await;
    rotating.close().await;

    let store = opened(&url, &[2]).await;
    let s = adapter(&store, 1);
    let written: BTreeSet<usize> = (0..NAMES).rev().step_by(3).collect();
    for name in 0..NAMES {
        let secret = s
            .storage()
            .get_secret(session, &name.to_string())
            .await
            .unwrap();
        let id = AgentId::from_seed(name as u128);
        let agent = s.agents().get_agent(id).await.unwrap().unwrap();
        let (expected, called) = match written.contains(&name) {
            true => ("new", "changed"),
            false => ("old", "a"),
        };
        assert_eq!(secret.as_deref(), Some(expected), "{name}");
        assert_eq!(agent.name, called, "{name}");
    }
}

/// A row that was changed in the database does not keep the others from being
/// rotated; it is counted and left, and the old key is not forgotten.
#[tokio::test]
async fn a_row_that_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_at(&folder.path().join("m.db")).await;
    let store = opened(&url, &[1]).await;
    let s = adapter(&store, 1);
    let session = new_session(&s).await;
    for name in ["a", "b", "c"] {
        s.storage().set_secret(session, name, "x").await.unwrap();
    }
    let mut tx = store.inner.db.write_all_orgs().await.unwrap();
    let sql = "UPDATE session_secrets SET sealed = x'00' WHERE name = x'61'";
    tx.query(damage(sql)).execute().await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let store = opened(&url, &[2, 1]).await;
    let done = rewrap(&store).await;
    assert_eq!((done[0].resealed, done[0].unreadable), (2, 1));
    store.close().await;
    let error = Reference::open(keyed(&url, &[2])).await.unwrap_err();
    assert!(error.to_string().contains(&key_id(1)), "{error}");
}

/// Every table with a sealed column is rotated, and none is listed that is not there.
#[tokio::test]
async fn every_sealed_place_is_known() {
    let store = Store::new().await;
    let mut conn = store.reference.inner.db.read_all_orgs().await.unwrap();
    let columns = dump::columns(&mut conn).await;
    drop(conn);
    let known: BTreeSet<_> = rewrap(&store.reference)
        .await
        .iter()
        .filter_map(|table| table.table.split('.').next().map(String::from))
        .collect();
    for (table, column) in &columns {
        assert!(
            column != "sealed" || known.contains(table),
            "{table} is not rotated"
        );
    }
    let tables: BTreeSet<_> = columns.into_iter().map(|(table, _)| table).collect();
    assert!(known.is_subset(&tables), "{known:?}");
}
