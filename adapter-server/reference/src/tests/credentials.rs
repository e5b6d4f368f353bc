//! Credentials of providers and users' connections at rest, and whose connections a
//! session uses.

use super::*;
use crate::stores::provider_credential_store;
use crate::stores::user_connection_resolver;
use everruns_core::AgentLoopError;
use everruns_core::principal::{PrincipalKind, PrincipalSummary};
use everruns_core::traits::{ProviderCredentialStore, ProviderCredentials, UserConnectionResolver};
use everruns_core::typed_id::PrincipalId;
use mortise_proto::convert::user_connection_resolver::Connection;
use uuid::Uuid;

const MARKER: &str = "MARKER-5d02ce";

fn credentials(api_key: &str) -> ProviderCredentials {
    ProviderCredentials {
        api_key: api_key.into(),
        base_url: Some("http://127.0.0.1:1/v1".into()),
    }
}

fn connection(user: u128, provider: &str, token: &str) -> Connection {
    Connection {
        user_id: Uuid::from_u128(user),
        provider: provider.into(),
        token: token.into(),
        metadata: Some(json!({"installation": token, "n": 9_007_199_254_740_993_u64})),
    }
}

fn principal(kind: PrincipalKind, subject: Option<u128>) -> Option<PrincipalSummary> {
    Some(PrincipalSummary {
        id: PrincipalId::from_seed(1),
        kind,
        subject_id: subject.map(Uuid::from_u128),
        metadata: json!(null),
    })
}

/// A session uses the connections of the human who owns it: the one that upstream
/// resolved, else the one a summary names; an agent's identity or the system is none.
#[tokio::test]
async fn the_owner_of_a_session() {
    use PrincipalKind::{AgentIdentity, System, User};
    let store = Store::new().await;
    let s = store.org1();
    for user in 1..=3 {
        let token = format!("token {user}");
        s.seed()
            .put_connection(connection(user, "github", &token))
            .await
            .unwrap();
    }
    let cases = [
        (
            Some(1),
            principal(User, Some(2)),
            principal(User, Some(3)),
            Some(1),
        ),
        (
            None,
            principal(User, Some(2)),
            principal(User, Some(3)),
            Some(2),
        ),
        (
            None,
            principal(User, None),
            principal(User, Some(3)),
            Some(3),
        ),
        (
            None,
            principal(AgentIdentity, Some(2)),
            principal(System, Some(3)),
            None,
        ),
        (None, None, None, None),
        (Some(9), principal(User, Some(2)), None, None),
    ];
    for (resolved, effective_owner, owner, expected) in cases {
        let mut session = session(SessionId::new());
        session.resolved_owner_user_id = resolved.map(Uuid::from_u128);
        session.effective_owner = effective_owner;
        session.owner = owner;
        let id = session.id;
        s.seed().put_session(session).await.unwrap();
        let user = s
            .connections()
            .get_connection_user(id, "github")
            .await
            .unwrap();
        assert_eq!(user, expected.map(Uuid::from_u128));
        let token = s
            .connections()
            .get_connection_token(id, "github")
            .await
            .unwrap();
        assert_eq!(token, expected.map(|user| format!("token {user}")));
        let metadata = s
            .connections()
            .get_connection_metadata(id, "github")
            .await
            .unwrap();
        assert_eq!(metadata.is_some(), expected.is_some());
    }
}

/// All of an org's credentials and connections can be read to be put elsewhere, and of
/// the one org alone.
#[tokio::test]
async fn everything_can_be_listed() {
    let store = Store::new().await;
    let (one, two) = (store.org1(), adapter(&store.reference, 2));
    for (adapter, provider_type) in [(&one, "openai"), (&one, "anthropic\0"), (&two, "gemini")] {
        let key = format!("key of {provider_type}");
        adapter
            .seed()
            .put_provider_credential(provider_type, credentials(&key))
            .await
            .unwrap();
    }
    let null = Connection {
        metadata: Some(json!(null)),
        ..connection(1, "slack", "b")
    };
    let bare = Connection {
        metadata: None,
        ..connection(2, "", "")
    };
    let mine = [connection(1, "git\0hub", "a"), null, bare];
    for connection in &mine {
        one.seed().put_connection(connection.clone()).await.unwrap();
    }
    two.seed()
        .put_connection(connection(1, "slack", "c"))
        .await
        .unwrap();

    let mut conn = store.reference.inner.db.read_all_orgs().await.unwrap();
    let listed = provider_credential_store::list_all(conn.for_org(1))
        .await
        .unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|(name, found)| {
            (
                name.as_str(),
                found.api_key.as_str(),
                found.base_url.is_some(),
            )
        })
        .collect();
    let expected = [
        ("anthropic\0", "key of anthropic\0", true),
        ("openai", "key of openai", true),
    ];
    assert_eq!(listed, expected);
    let listed = user_connection_resolver::list_all(conn.for_org(1))
        .await
        .unwrap();
    assert_eq!(listed, mine);
}

/// No file of the database holds a key, a token or what stands beside it.
#[tokio::test]
async fn nothing_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("m.db")).await;
    let s = adapter(&store, 1);
    s.seed()
        .put_provider_credential("openai", credentials(MARKER))
        .await
        .unwrap();
    s.seed()
        .put_connection(connection(1, "github", MARKER))
        .await
        .unwrap();
    store.close().await;
    let mut found = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
        assert!(!holds(MARKER));
        found += usize::from(holds("github"));
    }
    // A server's files are elsewhere; the test of sealed records dumps its tables.
    assert!(
        found > 0 || database() == Database::Postgres,
        "the search finds what is there"
    );
}

/// A sealed value that stands where another stood is not given out: not another
/// user's, not another provider's, not a token for metadata.
#[tokio::test]
async fn rows_cannot_be_swapped() {
    for swap in [
        "UPDATE user_connections SET (nonce, sealed) = (SELECT o.nonce, o.sealed \
         FROM user_connections o WHERE o.provider = x'62') WHERE provider = x'61'",
        "UPDATE user_connections SET (nonce, sealed) = (SELECT m.nonce, m.sealed \
         FROM user_connection_metadata m WHERE m.provider = x'61') WHERE provider = x'61'",
        "UPDATE user_connections SET user_id = '00000000-0000-0000-0000-000000000001' \
         WHERE user_id = '00000000-0000-0000-0000-000000000002'",
    ] {
        let store = Store::new().await;
        let s = store.org1();
        let other_user = Connection {
            metadata: None,
            ..connection(2, "c", "for two")
        };
        for connection in [
            connection(1, "a", "for a"),
            connection(1, "b", "for b"),
            other_user,
        ] {
            s.seed().put_connection(connection).await.unwrap();
        }
        let mut tx = store.reference.inner.db.write_all_orgs().await.unwrap();
        let changed = tx.query(damage(swap)).execute().await.unwrap();
        assert_eq!(changed, 1);
        tx.commit().await.unwrap();
        let user = Uuid::from_u128(1);
        let provider = if swap.contains("user_id =") { "c" } else { "a" };
        let error = s
            .connections()
            .get_connection_token_for_user(user, provider)
            .await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("changed or moved"), "{text}");
        let kept = s
            .connections()
            .get_connection_token_for_user(user, "b")
            .await
            .unwrap();
        assert_eq!(kept.as_deref(), Some("for b"));
    }
}

/// Without a key everything sealed is refused with the remedy; that no user is connected
/// can still be said.
#[tokio::test]
async fn without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let keyless = ReferenceConfig {
        encryption_key: None,
        ..config(url_at(&folder.path().join("m.db")).await)
    };
    let store = Reference::open(keyless).await.unwrap();
    let s = adapter(&store, 1);
    let mut owned = session(SessionId::new());
    owned.resolved_owner_user_id = Some(Uuid::from_u128(1));
    let id = owned.id;
    s.seed().put_session(owned).await.unwrap();
    let user = Uuid::from_u128(1);
    for error in [
        s.connections()
            .get_connection_token(id, "github")
            .await
            .map(|_| ()),
        s.connections()
            .get_connection_token_for_user(user, "none")
            .await
            .map(|_| ()),
        s.connections()
            .get_connection_metadata(id, "github")
            .await
            .map(|_| ()),
        s.provider_keys()
            .get_default_provider_credentials("openai")
            .await
            .map(|_| ()),
        s.seed()
            .put_provider_credential("openai", credentials(MARKER))
            .await
            .map_err(AgentLoopError::from),
        s.seed()
            .put_connection(connection(1, "github", MARKER))
            .await
            .map_err(AgentLoopError::from),
    ] {
        let error = error.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, AgentLoopError::Configuration(_)), "{text}");
        assert!(text.contains("Encryption not configured"), "{text}");
        assert!(!text.contains(MARKER));
    }
    assert_eq!(
        s.connections()
            .get_connection_user(id, "github")
            .await
            .unwrap(),
        None
    );
}
