//! Credentials and connections over a socket.

use everruns_core::Session;
use everruns_core::traits::{ProviderCredentials, UserConnectionResolver};
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_reference::{Reference, ReferenceConfig};
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::moment;
use mortise_test_support::in_process::{mesh, serve};
use mortise_test_support::scenario::TestHost;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const MARKER: &str = "MARKER-8f31aa";

fn credentials(api_key: &str, base_url: Option<&str>) -> ProviderCredentials {
    ProviderCredentials {
        api_key: api_key.into(),
        base_url: base_url.map(Into::into),
    }
}

async fn found(adapter: &GrpcHostAdapter, provider_type: &str) -> Option<(String, Option<String>)> {
    let store = adapter.provider_credential_store(adapter.org_id()).unwrap();
    let found = store.get_default_provider_credentials(provider_type).await;
    found.unwrap().map(|found| (found.api_key, found.base_url))
}

/// An org's credentials for a type of provider are those that were put last; a type
/// without any is absent, as are another org's.
#[tokio::test]
async fn credentials_by_type() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let seed = stage.adapter.test_seed().unwrap();
        let two = stage.mesh.adapter(2).build().await.unwrap();
        assert_eq!(found(&stage.adapter, "openai").await, None);
        for (provider_type, credentials) in [
            ("openai", credentials("first", Some("http://first"))),
            ("openai", credentials("ü\0", None)),
            ("anthropic", credentials("", Some(""))),
            ("a\0b", credentials("nul", None)),
        ] {
            seed.put_provider_credential(provider_type, credentials)
                .await
                .unwrap();
        }
        let expected = |key: &str, url: Option<&str>| Some((key.into(), url.map(Into::into)));
        assert_eq!(found(&stage.adapter, "openai").await, expected("ü\0", None));
        assert_eq!(
            found(&stage.adapter, "anthropic").await,
            expected("", Some(""))
        );
        assert_eq!(found(&stage.adapter, "a\0b").await, expected("nul", None));
        for absent in ["OpenAI", "openai_completions", "", "a"] {
            assert_eq!(found(&stage.adapter, absent).await, None, "{absent}");
        }
        assert_eq!(found(&two, "openai").await, None);
        let foreign = stage.adapter.provider_credential_store(2).unwrap();
        let error = foreign.get_default_provider_credentials("openai").await;
        assert!(error.unwrap_err().to_string().contains("serves org 1"));
    }
}

/// A session of the org, owned by a user.
async fn owned(adapter: &GrpcHostAdapter, user: Option<Uuid>) -> SessionId {
    let session = Session {
        resolved_owner_user_id: user,
        ..demo::session(adapter.org_id(), moment())
    };
    let id = session.id;
    let seed = adapter.test_seed().unwrap();
    seed.put_session(session).await.unwrap();
    id
}

fn connection(user_id: Uuid, provider: &str, token: &str, metadata: Option<Value>) -> Connection {
    Connection {
        user_id,
        provider: provider.into(),
        token: token.into(),
        metadata,
    }
}

/// What a session finds: user, token and metadata.
async fn connected(
    resolver: &Arc<dyn UserConnectionResolver>,
    session_id: SessionId,
    provider: &str,
) -> (Option<Uuid>, Option<String>, Option<Value>) {
    let user = resolver.get_connection_user(session_id, provider).await;
    let token = resolver.get_connection_token(session_id, provider).await;
    let metadata = resolver.get_connection_metadata(session_id, provider).await;
    (user.unwrap(), token.unwrap(), metadata.unwrap())
}

/// A session uses the connections of the user who owns it, and a caller that asks for that
/// user gets the same; no other's, and none is no error.
#[tokio::test]
async fn connections_of_the_owner() {
    let nothing = (None, None, None);
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (anna, ben) = (Uuid::new_v4(), Uuid::new_v4());
        let (of_anna, of_ben) = (
            owned(&stage.adapter, Some(anna)).await,
            owned(&stage.adapter, Some(ben)).await,
        );
        let of_nobody = owned(&stage.adapter, None).await;
        let resolver = stage.adapter.connection_resolver().unwrap();
        assert_eq!(connected(&resolver, of_anna, "github").await, nothing);

        let seed = stage.adapter.test_seed().unwrap();
        let metadata = json!({"n": 9_007_199_254_740_993_u64, "f": 1.0, "none": null, "ü": "\0"});
        for connection in [
            connection(anna, "github", "old", Some(json!("old"))),
            connection(anna, "github", "of anna \0ü", Some(metadata.clone())),
            connection(anna, "slack", "first", Some(json!("dropped"))),
            connection(anna, "slack", "", None),
            connection(anna, "a\0b", "nul", Some(Value::Null)),
            connection(ben, "github", "of ben", None),
        ] {
            seed.put_connection(connection).await.unwrap();
        }
        for (session_id, provider, expected) in [
            (
                of_anna,
                "github",
                (Some(anna), Some("of anna \0ü".into()), Some(metadata)),
            ),
            (of_anna, "slack", (Some(anna), Some(String::new()), None)),
            (
                of_anna,
                "a\0b",
                (Some(anna), Some("nul".into()), Some(Value::Null)),
            ),
            (of_ben, "github", (Some(ben), Some("of ben".into()), None)),
            (of_ben, "slack", nothing.clone()),
            (of_anna, "GitHub", nothing.clone()),
            (of_anna, "", nothing.clone()),
            (of_nobody, "github", nothing.clone()),
            (SessionId::new(), "github", nothing.clone()),
        ] {
            let found = connected(&resolver, session_id, provider).await;
            assert_eq!(found, expected, "{provider}");
            let (Some(user), token, _) = found else {
                continue;
            };
            let same = resolver.get_connection_token_for_user(user, provider).await;
            assert_eq!(same.unwrap(), token);
        }
        for (user, provider) in [(ben, "slack"), (Uuid::new_v4(), "github")] {
            let none = resolver.get_connection_token_for_user(user, provider).await;
            assert_eq!(none.unwrap(), None);
        }

        let two = stage.mesh.adapter(2).build().await.unwrap();
        let there = two.connection_resolver().unwrap();
        assert_eq!(connected(&there, of_anna, "github").await, nothing);
        let own = owned(&two, Some(anna)).await;
        assert_eq!(connected(&there, own, "github").await, nothing);
        let token = there.get_connection_token_for_user(anna, "github").await;
        assert_eq!(token.unwrap(), None);
    }
}

/// A server without a key says so in the words that tools look for, and repeats no
/// secret.
#[tokio::test]
async fn without_a_key() {
    let config = ReferenceConfig {
        allow_test_seed: true,
        ..ReferenceConfig::new("sqlite::memory:")
    };
    let server = serve(Reference::open(config).await.unwrap()).await;
    let adapter = mesh(&server.endpoint).adapter(1).build().await.unwrap();
    let seed = adapter.test_seed().unwrap();
    let store = adapter.provider_credential_store(1).unwrap();
    let resolver = adapter.connection_resolver().unwrap();
    let (session_id, user) = (SessionId::new(), Uuid::new_v4());
    let secret = connection(user, "github", MARKER, Some(json!(MARKER)));
    for refused in [
        seed.put_provider_credential("openai", credentials(MARKER, None))
            .await,
        seed.put_connection(secret).await,
        store
            .get_default_provider_credentials("openai")
            .await
            .map(|_| ()),
        resolver
            .get_connection_token(session_id, "github")
            .await
            .map(|_| ()),
        resolver
            .get_connection_metadata(session_id, "github")
            .await
            .map(|_| ()),
        resolver
            .get_connection_token_for_user(user, "github")
            .await
            .map(|_| ()),
    ] {
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("Encryption not configured"), "{text}");
        assert!(!text.contains(MARKER), "{text}");
    }
}
