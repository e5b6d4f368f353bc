//! Sealed records and the rotation of keys.

mod dump;
mod rotation;

use super::*;
use crate::PaymentAttempt;
use crate::PaymentBackend;
use crate::PaymentFailure;
use crate::PaymentReceipt;
use async_trait::async_trait;
use dump::Dump;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::payment::{MachinePaymentRequest, PaymentMethod, PaymentRail};
use everruns_core::traits::{
    AgentStore, HarnessStore, LlmProviderStore, ModelWithProvider, ProviderCredentials,
    SessionMutator, SessionStorageStore, SessionStore, UserConnectionResolver,
};
use everruns_core::typed_id::{ModelId, PaymentAccountId, TurnId};
use everruns_core::{Agent, AgentCapabilityConfig, ChannelType, Harness, ScopedMcpServers};
use everruns_runtime::{AgentBuilder, HarnessBuilder, RuntimeHostAdapter};
use mortise_adapter_server::{SessionFence, TurnJournals};
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy, PolicySubject};
use mortise_proto::convert::turn_journal::{ToolCallClaim, ToolCallSettlement, ToolCallStatus};
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_proto::rpc::table::payment_authority_service::EXECUTE_MACHINE_PAYMENT;
use mortise_proto::rpc::table::platform_store_service::{CREATE_APP, LIST_APPS};
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;
use serde_json::Value;
use std::num::NonZeroU64;
use std::sync::Arc;
use uuid::Uuid;

const MARKER: &str = "MARKER-41d9e7c2";

/// Says the marker on every receipt.
#[derive(Debug)]
struct Bank;

#[async_trait]
impl PaymentBackend for Bank {
    async fn pay(&self, attempt: &PaymentAttempt) -> Result<PaymentReceipt, PaymentFailure> {
        Ok(PaymentReceipt {
            amount_usd: attempt.amount_usd,
            response: Value::Null,
            receipt: json!({ "signature": MARKER }),
        })
    }
}

/// The storage at a URL, with keys made of these bytes: the current one first.
fn keyed(url: &str, keys: &[u8]) -> ReferenceConfig {
    let mut keys = keys
        .iter()
        .map(|byte| EncryptionKey::from_bytes([*byte; 32]));
    ReferenceConfig {
        encryption_key: keys.next(),
        previous_keys: keys.collect(),
        payments: Some(Arc::new(Bank)),
        ..config(url.into())
    }
}

async fn opened(url: &str, keys: &[u8]) -> Reference {
    Reference::open(keyed(url, keys)).await.unwrap()
}

fn capabilities() -> Vec<AgentCapabilityConfig> {
    let config = json!({"nested": {"token": MARKER}});
    vec![AgentCapabilityConfig::with_config("acme", config)]
}

fn servers() -> ScopedMcpServers {
    serde_json::from_value(json!({
        "far": {"type": "http", "url": "https://mcp.test", "headers": {"authorization": MARKER}},
        "near": {"type": "stdio", "command": "mcp", "env": {"TOKEN": MARKER}},
    }))
    .unwrap()
}

/// Records that hold secrets, and the user who owns the session.
struct Secretive {
    harness: Harness,
    agent: Agent,
    session: Session,
    model_id: ModelId,
    user_id: Uuid,
    turn_id: TurnId,
}

impl Secretive {
    fn new() -> Self {
        let mut harness = HarnessBuilder::new("h", "p").build();
        let mut agent = AgentBuilder::new("a", "p").build();
        let user_id = Uuid::new_v4();
        let mut session = session(SessionId::new());
        for (capability, server) in [
            (&mut harness.capabilities, &mut harness.mcp_servers),
            (&mut agent.capabilities, &mut agent.mcp_servers),
            (&mut session.capabilities, &mut session.mcp_servers),
        ] {
            *capability = capabilities();
            *server = servers();
        }
        session.harness_id = harness.id;
        session.agent_id = Some(agent.public_id);
        session.resolved_owner_user_id = Some(user_id);
        Self {
            harness,
            agent,
            session,
            model_id: ModelId::new(),
            user_id,
            turn_id: TurnId::new(),
        }
    }

    /// Puts a secret into everything that can hold one, by every way in.
    async fn put(&self, store: &Reference) {
        let s = adapter(store, 1);
        s.seed().put_harness(self.harness.clone()).await.unwrap();
        s.seed().put_agent(self.agent.clone()).await.unwrap();
        s.seed().put_session(self.session.clone()).await.unwrap();
        let id = self.session.id;
        s.storage().set_secret(id, "name", MARKER).await.unwrap();
        s.storage().set_value(id, "name", MARKER).await.unwrap();
        let model = ModelWithProvider {
            model: "m".into(),
            provider_type: LlmProviderType::Openai,
            api_key: Some(MARKER.into()),
            base_url: None,
        };
        s.seed()
            .put_model(self.model_id, model, true)
            .await
            .unwrap();
        let credentials = ProviderCredentials {
            api_key: MARKER.into(),
            base_url: None,
        };
        s.seed()
            .put_provider_credential("openai", credentials)
            .await
            .unwrap();
        let connection = Connection {
            user_id: self.user_id,
            provider: "github".into(),
            token: MARKER.into(),
            metadata: Some(json!({ "refresh": MARKER })),
        };
        s.seed().put_connection(connection).await.unwrap();
        self.journal(&s).await;
        self.change(store).await;
    }

    /// A turn that has not ended, and what a tool of it gave back.
    async fn journal(&self, s: &ScopedReference) {
        let fence = SessionFence {
            session_id: self.session.id,
            fence: NonZeroU64::MIN,
        };
        let (journal, turn_id) = (s.unfinished_turns(), self.turn_id);
        journal.put(fence, turn_id, MARKER.into()).await.unwrap();
        let claim = ToolCallClaim {
            turn_id,
            tool_call_id: "call".into(),
            tool_name: "tool".into(),
            args_fingerprint: String::new(),
            retake: false,
        };
        let claimed = journal.claim(fence, claim).await.unwrap();
        let settlement = ToolCallSettlement {
            turn_id,
            tool_call_id: "call".into(),
            claim_token: claimed.claim_token.unwrap(),
            status: ToolCallStatus::Settled,
            result: Some(json!(MARKER)),
        };
        assert!(journal.settle(fence, settlement).await.unwrap());
    }

    /// Changes whose remembered answers hold secrets.
    async fn change(&self, store: &Reference) {
        let id = self.session.id;
        let s = call(store, 1, UPDATE_SESSION_TITLE.method, "title");
        s.session_changes()
            .update_session_title(id, "t".into())
            .await
            .unwrap();

        let mut scope = scope(1, CREATE_APP.method, Some("app".into()));
        scope.session_id = Some(id);
        let s = store.adapter(&scope);
        let platform = s.platform_store(1, id).unwrap();
        let config = json!({"bot_token": MARKER, "channel_id": "C1"});
        let slack = ChannelType::Slack;
        platform
            .create_app(
                "app",
                None,
                self.harness.id,
                Some(self.agent.public_id),
                None,
                Some(slack),
                Some(&config),
            )
            .await
            .unwrap();

        let account = LedgerAccount {
            id: PaymentAccountId::new(),
            rail: PaymentRail::X402Base,
            label: "wallet".into(),
            balance_usd: 1.0,
        };
        let policy = LedgerPolicy {
            subject: PolicySubject::Org,
            account_id: account.id,
            allowed_capabilities: Vec::new(),
            allowed_operations: Vec::new(),
            allowed_hosts: Vec::new(),
            max_amount_usd_per_request: None,
            max_amount_usd_per_day: None,
        };
        let s = call(store, 1, EXECUTE_MACHINE_PAYMENT.method, "payment");
        s.seed()
            .put_payment_policy(policy, Some(account))
            .await
            .unwrap();
        let authority = s.payment_authority(1, None).unwrap();
        authority
            .execute_machine_payment(id, payment())
            .await
            .unwrap();
    }

    /// Whether every secret comes back as it went in.
    async fn read(&self, store: &Reference) {
        let s = adapter(store, 1);
        let id = self.session.id;
        let chain = s
            .harnesses()
            .get_harness_chain(self.harness.id)
            .await
            .unwrap();
        let agent = s.agents().get_agent(self.agent.public_id).await;
        let agent = agent.unwrap().unwrap();
        let session = s.sessions().get_session(id).await.unwrap().unwrap();
        for (capabilities, servers) in [
            (&chain[0].capabilities, &chain[0].mcp_servers),
            (&agent.capabilities, &agent.mcp_servers),
            (&session.capabilities, &session.mcp_servers),
        ] {
            assert_eq!(capabilities[0].config["nested"]["token"], MARKER);
            assert_eq!(servers["far"].headers["authorization"], MARKER);
            assert_eq!(servers["near"].env["TOKEN"], MARKER);
        }
        let some = Some(MARKER.to_string());
        assert_eq!(s.storage().get_secret(id, "name").await.unwrap(), some);
        assert_eq!(s.storage().get_value(id, "name").await.unwrap(), some);
        let journal = s.unfinished_turns();
        let (_, record) = journal.get(id, self.turn_id).await.unwrap().unwrap();
        assert_eq!(record, MARKER);
        let calls = journal.tool_calls(id, self.turn_id, None).await.unwrap();
        assert_eq!(calls[0].result, Some(json!(MARKER)));
        let model = s.models().get_default_model().await.unwrap().unwrap();
        assert_eq!(model.api_key, some);
        let credentials = s.provider_credential_store(1).unwrap();
        let credentials = credentials.get_default_provider_credentials("openai").await;
        assert_eq!(credentials.unwrap().unwrap().api_key, MARKER);
        let token = s
            .connections()
            .get_connection_token(id, "github")
            .await
            .unwrap();
        assert_eq!(token, some);
        let metadata = s
            .connections()
            .get_connection_metadata(id, "github")
            .await
            .unwrap();
        assert_eq!(metadata.unwrap()["refresh"], MARKER);
        let mut listing = scope(1, LIST_APPS.method, None);
        listing.session_id = Some(id);
        let platform = store.adapter(&listing).platform_store(1, id).unwrap();
        let apps = platform.list_apps(None, false).await.unwrap();
        assert_eq!(apps[0].channels[0].channel_config["bot_token"], MARKER);

        // The answers that are remembered.
        let s = call(store, 1, UPDATE_SESSION_TITLE.method, "title");
        let session = s
            .session_changes()
            .update_session_title(id, "u".into())
            .await
            .unwrap();
        assert_eq!(session.title.as_deref(), Some("t"));
        assert_eq!(session.mcp_servers["near"].env["TOKEN"], MARKER);
        let s = call(store, 1, EXECUTE_MACHINE_PAYMENT.method, "payment");
        let authority = s.payment_authority(1, None).unwrap();
        let paid = authority.execute_machine_payment(id, payment()).await;
        assert_eq!(paid.unwrap().receipt["signature"], MARKER);
    }
}

fn payment() -> MachinePaymentRequest {
    MachinePaymentRequest {
        capability: "acme".into(),
        operation: "buy".into(),
        method: PaymentMethod::Get,
        url: format!("https://shop.test/?key={MARKER}"),
        body: Some(json!({ "key": MARKER })),
        max_amount_usd: 0.5,
        rail_preference: Vec::new(),
        metadata: json!(MARKER),
    }
}

/// Every secret that the storage keeps is in no table, in no column and in no byte of
/// its files; and each comes back, also from a storage that was opened anew.
#[tokio::test]
async fn no_secret_is_stored_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_at(&folder.path().join("m.db")).await;
    let secretive = Secretive::new();
    let store = opened(&url, &[1]).await;
    secretive.put(&store).await;
    secretive.read(&store).await;
    let dump = Dump::of(&store).await;
    assert_eq!(dump.places_of(MARKER.as_bytes()), Vec::<String>::new());
    assert!(
        !dump.places_of(b"openai").is_empty(),
        "the search finds what is there"
    );
    for closed in [false, true] {
        if closed {
            store.close().await;
        }
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            assert!(!dump::contains(&bytes, MARKER.as_bytes()), "{path:?}");
        }
    }
    let store = opened(&url, &[1]).await;
    secretive.read(&store).await;
}

/// A record that stands where another stood is not given out, nor is one of which a
/// byte was changed.
#[tokio::test]
async fn sealed_records_cannot_be_moved() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_at(&folder.path().join("m.db")).await;
    let store = opened(&url, &[1]).await;
    let s = adapter(&store, 1);
    let (one, two) = (Secretive::new().agent, Secretive::new().agent);
    s.seed().put_agent(one.clone()).await.unwrap();
    s.seed().put_agent(two.clone()).await.unwrap();
    let change = async |sql: &str, id: &str| {
        let mut tx = store.inner.db.write_all_orgs().await.unwrap();
        let query = tx.query(damage(sql)).bind(id.to_string());
        assert_eq!(query.execute().await.unwrap(), 1);
        tx.commit().await.unwrap();
    };
    let (first, second) = (one.public_id.to_string(), two.public_id.to_string());
    change(
        "UPDATE agents SET body = (SELECT b.body FROM agents b WHERE b.id <> $1) WHERE id = $1",
        &first,
    )
    .await;
    change("UPDATE agents SET body = x'0001' WHERE id = $1", &second).await;
    for agent in [one, two] {
        let error = s.agents().get_agent(agent.public_id).await.unwrap_err();
        assert!(error.to_string().contains("changed or moved"), "{error}");
    }
}

/// Without a key, secrets of MCP servers are refused and name the field, and the
/// configurations of capabilities are kept in clear.
#[tokio::test]
async fn records_without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let url = url_at(&folder.path().join("m.db")).await;
    let store = opened(&url, &[]).await;
    let s = adapter(&store, 1);
    let mut agent = Secretive::new().agent;
    let error = s.seed().put_agent(agent.clone()).await.unwrap_err();
    assert!(error.message.contains("Encryption not configured"));
    assert!(error.message.contains("ScopedMcpServer."), "{error}");
    assert!(!error.message.contains(MARKER));
    agent.mcp_servers = ScopedMcpServers::default();
    s.seed().put_agent(agent.clone()).await.unwrap();
    let found = s.agents().get_agent(agent.public_id).await.unwrap();
    assert_eq!(found.unwrap().capabilities, agent.capabilities);
}

/// A dump of what the storage was opened with, or of the storage, tells no key and no
/// password.
#[tokio::test]
async fn dumps_tell_no_key() {
    let url = format!("postgres://user:{MARKER}@db.test/m?sslpassword={MARKER}");
    let config = keyed(&url, &[77, 78]);
    let store = Store::new().await;
    let s = store.org1();
    let dump = format!(
        "{config:?} {config:#?} {store:?} {s:?}",
        store = store.reference
    );
    assert!(!dump.contains(MARKER), "{dump}");
    assert!(!dump.contains("77, 77") && !dump.contains("4d4d4d"));
    assert!(dump.contains("db.test") && dump.contains(EncryptionKey::from_bytes([77; 32]).id()));
    let text = Reference::open(config).await.unwrap_err().to_string();
    assert!(!text.contains(MARKER), "{text}");
}
