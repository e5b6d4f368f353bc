//! Values, and secrets at rest.

use super::*;
use everruns_core::AgentLoopError;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::traits::{LlmProviderStore, ModelWithProvider, SessionStorageStore};
use everruns_core::typed_id::ModelId;

const MARKER: &str = "MARKER-b3c1a7";

/// Values and secrets: absent, set, set again, listed by bytes, deleted; two key
/// spaces, and one per session.
#[tokio::test]
async fn values_and_secrets() {
    let store = Store::new().await;
    let s = store.org1();
    let (one, two) = (new_session(&s).await, new_session(&s).await);
    let long = "n".repeat(255);
    for name in [
        "b",
        "B",
        "a\0",
        "browserless_internal:x",
        "ü",
        long.as_str(),
        "",
    ] {
        assert_eq!(s.storage().get_value(one, name).await.unwrap(), None);
        s.storage().set_value(one, name, "first").await.unwrap();
        s.storage().set_value(one, name, "").await.unwrap();
        s.storage().set_secret(one, name, "first").await.unwrap();
        s.storage()
            .set_secret(one, name, "{\"ü\": 1}\0")
            .await
            .unwrap();
        assert_eq!(
            s.storage().get_value(one, name).await.unwrap().as_deref(),
            Some("")
        );
        let secret = s.storage().get_secret(one, name).await.unwrap();
        assert_eq!(secret.as_deref(), Some("{\"ü\": 1}\0"));
        assert_eq!(s.storage().get_value(two, name).await.unwrap(), None);
        assert_eq!(s.storage().get_secret(two, name).await.unwrap(), None);
    }
    let keys = s.storage().list_keys(one).await.unwrap();
    let names: Vec<_> = keys.iter().map(|info| info.key.as_str()).collect();
    let sorted = [
        "",
        "B",
        "a\0",
        "b",
        "browserless_internal:x",
        long.as_str(),
        "ü",
    ];
    assert_eq!(names, sorted);
    assert!(keys.iter().all(|info| info.created_at < info.updated_at));
    let secrets = s.storage().list_secrets(one).await.unwrap();
    assert!(secrets.iter().map(|info| info.name.as_str()).eq(sorted));
    assert!(s.storage().list_keys(two).await.unwrap().is_empty());
    assert!(s.storage().delete_value(one, "b").await.unwrap());
    assert!(!s.storage().delete_value(one, "b").await.unwrap());
    assert!(s.storage().get_secret(one, "b").await.unwrap().is_some());
    assert!(s.storage().delete_secret(one, "b").await.unwrap());
    assert!(!s.storage().delete_secret(one, "b").await.unwrap());
    let error = s
        .storage()
        .set_value(SessionId::new(), "a", "b")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("session not found"));
}

fn model() -> ModelWithProvider {
    ModelWithProvider {
        model: "m".into(),
        provider_type: LlmProviderType::Openai,
        api_key: Some(MARKER.into()),
        base_url: None,
    }
}

/// No file of the database holds a secret or an API key, nor does anything that is
/// printed.
#[tokio::test]
async fn nothing_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("m.db")).await;
    let s = call(
        &store,
        1,
        mortise_proto::rpc::table::session_storage_store_service::SET_SECRET.method,
        "id",
    );
    let session = new_session(&s).await;
    s.storage()
        .set_secret(session, "name", MARKER)
        .await
        .unwrap();
    s.seed()
        .put_model(ModelId::new(), model(), true)
        .await
        .unwrap();
    let debug = format!("{s:?} {store:?} {:?}", config("sqlite:x".into()));
    assert!(
        !debug.contains(MARKER) && !debug.contains("7, 7"),
        "{debug}"
    );
    let mut names = 0;
    for round in 0..2 {
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!holds(MARKER));
            names += usize::from(holds("name"));
        }
        if round == 0 {
            store.close().await;
        }
    }
    // A server's files are elsewhere; the test of sealed records dumps its tables.
    assert!(
        names > 0 || database() == Database::Postgres,
        "the search finds what is there"
    );
}

/// A sealed value that stands where another stood is not given out.
#[tokio::test]
async fn rows_cannot_be_swapped() {
    let store = Store::new().await;
    let s = store.org1();
    let (one, two) = (new_session(&s).await, new_session(&s).await);
    s.storage().set_secret(one, "a", "for a").await.unwrap();
    s.storage().set_secret(one, "b", "for b").await.unwrap();
    s.storage().set_secret(two, "a", "for two").await.unwrap();
    let change = async |sql: &'static str| {
        let mut tx = store.reference.inner.db.write_all_orgs().await.unwrap();
        let changed = tx.query(damage(sql)).execute().await.unwrap();
        assert!(changed > 0);
        tx.commit().await.unwrap();
    };
    change(
        "UPDATE session_secrets SET (nonce, sealed) = (SELECT b.nonce, b.sealed FROM session_secrets b \
         WHERE b.name = x'62') WHERE name = x'61'",
    )
    .await;
    for session in [one, two] {
        let error = s.storage().get_secret(session, "a").await.unwrap_err();
        assert!(
            matches!(&error, AgentLoopError::Configuration(text) if text.contains("changed or moved")),
            "{error}"
        );
    }
    assert_eq!(
        s.storage().get_secret(one, "b").await.unwrap().as_deref(),
        Some("for b")
    );
    change("UPDATE session_secrets SET nonce = x'00'").await;
    s.storage().get_secret(one, "b").await.unwrap_err();
    let (m, n) = (ModelId::new(), ModelId::new());
    s.seed().put_model(m, model(), false).await.unwrap();
    s.seed().put_model(n, model(), false).await.unwrap();
    change("UPDATE models SET (nonce, sealed) = (SELECT nonce, sealed FROM models LIMIT 1)").await;
    let found = [
        s.models().get_model_with_provider(m).await,
        s.models().get_model_with_provider(n).await,
    ];
    assert_eq!(found.iter().filter(|found| found.is_err()).count(), 1);
}

/// Without a key secrets are refused with the remedy; everything else works.
#[tokio::test]
async fn without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let keyless = ReferenceConfig {
        encryption_key: None,
        ..config(url_at(&folder.path().join("m.db")).await)
    };
    let store = Reference::open(keyless).await.unwrap();
    let s = adapter(&store, 1);
    let session = new_session(&s).await;
    s.storage().set_value(session, "a", "b").await.unwrap();
    let value = s.storage().get_value(session, "a").await.unwrap();
    assert_eq!(value.as_deref(), Some("b"));
    for error in [
        s.storage()
            .set_secret(session, "a", MARKER)
            .await
            .unwrap_err(),
        s.storage()
            .get_secret(session, "a")
            .await
            .map(|_| ())
            .unwrap_err(),
        s.storage()
            .list_secrets(session)
            .await
            .map(|_| ())
            .unwrap_err(),
        AgentLoopError::from(
            s.seed()
                .put_model(ModelId::new(), model(), true)
                .await
                .unwrap_err(),
        ),
    ] {
        let text = error.to_string();
        assert!(matches!(error, AgentLoopError::Configuration(_)), "{text}");
        assert!(
            text.contains("Encryption not configured") && text.contains("--key-file"),
            "{text}"
        );
        assert!(!text.contains(MARKER));
    }
}
