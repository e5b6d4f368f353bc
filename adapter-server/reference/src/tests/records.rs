//! Harnesses, agents, sessions and models.

use super::*;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::session_file::InitialFile;
use everruns_core::traits::{
    AgentStore, HarnessStore, LlmProviderStore, ModelWithProvider, SessionFileSystem,
    SessionMutator, SessionStore,
};
use everruns_core::typed_id::{AgentId, ModelId};
use everruns_core::{AgentLoopError, SessionStatus};
use everruns_runtime::{AgentBuilder, HarnessBuilder, RuntimeHostAdapter};
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;

fn file(path: &str, content: &str, is_readonly: bool) -> InitialFile {
    InitialFile {
        path: path.into(),
        content: content.into(),
        encoding: "text".into(),
        is_readonly,
    }
}

fn model(name: &str, api_key: Option<&str>) -> ModelWithProvider {
    ModelWithProvider {
        model: name.into(),
        provider_type: LlmProviderType::Anthropic,
        api_key: api_key.map(Into::into),
        base_url: None,
    }
}

/// Chains are root first; a cycle ends, a dangling parent ends, and a chain that is
/// too long is refused, not cut.
#[tokio::test]
async fn harness_chains() {
    let store = Store::new().await;
    let adapter = store.org1();
    let put = async |n: u128, parent: Option<u128>| {
        let mut harness = HarnessBuilder::new("h", "p").id(HarnessId::from_seed(n));
        if let Some(parent) = parent {
            harness = harness.parent_harness_id(HarnessId::from_seed(parent));
        }
        adapter.seed().put_harness(harness.build()).await.unwrap();
    };
    let chain = async |n: u128| {
        let chain = adapter
            .harnesses()
            .get_harness_chain(HarnessId::from_seed(n))
            .await;
        chain.map(|chain| {
            chain
                .iter()
                .map(|h| h.id.uuid().as_u128())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(chain(1).await.unwrap(), []);
    put(1, None).await;
    put(2, Some(1)).await;
    put(3, Some(2)).await;
    assert_eq!(chain(3).await.unwrap(), [1, 2, 3]);
    let leaf = adapter
        .get_harness(1, HarnessId::from_seed(3))
        .await
        .unwrap();
    assert_eq!(leaf.unwrap().id, HarnessId::from_seed(3));
    put(4, Some(99)).await;
    assert_eq!(chain(4).await.unwrap(), [4]);
    put(1, Some(3)).await;
    assert_eq!(chain(3).await.unwrap(), [1, 2, 3]);
    put(5, Some(5)).await;
    assert_eq!(chain(5).await.unwrap(), [5]);
    put(100, None).await;
    for n in 101..=164 {
        put(n, Some(n - 1)).await;
    }
    assert_eq!(chain(163).await.unwrap().len(), 64);
    assert!(
        chain(164)
            .await
            .unwrap_err()
            .to_string()
            .contains("longer than 64")
    );
}

/// Putting is whole and over what was there; the org's id is the storage's to say;
/// starter files come once, folded, the last layer winning.
#[tokio::test]
async fn putting_records() {
    let store = Store::new().await;
    let adapter = store.org1();
    let (harness, agent) = (HarnessId::new(), AgentId::new());
    let layered = HarnessBuilder::new("h", "p")
        .id(harness)
        .initial_file(file("/both", "harness", true))
        .initial_file(file("/h", "h", false));
    adapter.seed().put_harness(layered.build()).await.unwrap();
    let layered = AgentBuilder::new("a", "p")
        .id(agent)
        .initial_file(file("both", "agent", false));
    adapter.seed().put_agent(layered.build()).await.unwrap();
    let id = SessionId::new();
    let build = |title: &str| {
        let session = SessionBuilder::new(harness)
            .id(id)
            .agent(agent)
            .title(title);
        session
            .organization_id("org_of_somebody")
            .initial_file(file("/s", "s", true))
            .build()
    };
    adapter.seed().put_session(build("one")).await.unwrap();
    let listed = adapter.files().list_directory(id, "/").await.unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|entry| (entry.path.as_str(), entry.is_readonly))
        .collect();
    assert_eq!(listed, [("/both", false), ("/h", false), ("/s", true)]);
    let read = adapter
        .files()
        .read_file(id, "/both")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.content.as_deref(), Some("agent"));

    append(&adapter, plain(id)).await.unwrap();
    adapter
        .files()
        .write_file(id, "/h", "changed", "text")
        .await
        .unwrap();
    adapter.seed().put_session(build("two")).await.unwrap();
    let session = adapter.sessions().get_session(id).await.unwrap().unwrap();
    assert_eq!(session.title.as_deref(), Some("two"));
    assert_eq!(session.organization_id, org_public_id_from_internal(1));
    let read = adapter.files().read_file(id, "/h").await.unwrap().unwrap();
    assert_eq!(read.content.as_deref(), Some("changed"));
    assert_eq!(append(&adapter, plain(id)).await.unwrap().sequence, 2);
    assert_eq!(
        adapter
            .agents()
            .get_agent(agent)
            .await
            .unwrap()
            .unwrap()
            .public_id,
        agent
    );
    assert!(
        adapter
            .agents()
            .get_agent(AgentId::new())
            .await
            .unwrap()
            .is_none()
    );
}

/// A session that cannot be seeded is not there.
#[tokio::test]
async fn a_bad_seed_leaves_nothing() {
    let store = Store::new().await;
    let bad = SessionBuilder::new(HarnessId::new())
        .initial_file(file("/../x", "x", false))
        .build();
    let id = bad.id;
    store.org1().seed().put_session(bad).await.unwrap_err();
    assert!(
        store
            .org1()
            .sessions()
            .get_session(id)
            .await
            .unwrap()
            .is_none()
    );
}

/// Title and status move `updated_at` and nothing else; the first active sets
/// `started_at`, to stay.
#[tokio::test]
async fn title_and_status() {
    let store = Store::new().await;
    let adapter = store.org1();
    let id = new_session(&adapter).await;
    let new = adapter.sessions().get_session(id).await.unwrap().unwrap();
    let mut last = new.clone();
    for status in [
        SessionStatus::Idle,
        SessionStatus::Active,
        SessionStatus::Active,
        SessionStatus::WaitingForToolResults,
        SessionStatus::Paused,
        SessionStatus::Started,
        SessionStatus::Active,
    ] {
        let session = adapter
            .set_session_status(1, id, status.clone())
            .await
            .unwrap();
        assert_eq!(session.status, status);
        assert!(session.updated_at > last.updated_at);
        assert_eq!(session.created_at, new.created_at);
        assert!(last.started_at.is_none() || session.started_at == last.started_at);
        assert_eq!(session.started_at.is_some(), status != SessionStatus::Idle);
        last = session;
    }
    let title = format!("ü\n\0{}", "x".repeat(10_000));
    let titled = adapter
        .session_changes()
        .update_session_title(id, title.clone())
        .await
        .unwrap();
    assert_eq!(
        (titled.title, titled.status),
        (Some(title), SessionStatus::Active)
    );
    let read = adapter.sessions().get_session(id).await.unwrap().unwrap();
    assert_eq!(read.updated_at, titled.updated_at);

    let nowhere = SessionId::new();
    let refused = StoreError::new(ErrorReason::Store, format!("session not found: {nowhere}"))
        .outcome(Outcome::NotApplied);
    let error = adapter
        .session_changes()
        .update_session_title(nowhere, "t".into())
        .await
        .unwrap_err();
    assert_eq!(StoreError::from(error), refused);
    let error = adapter
        .set_session_status(1, nowhere, SessionStatus::Idle)
        .await
        .unwrap_err();
    assert_eq!(StoreError::from(error), refused);
}

/// A turn's context is of one moment and agrees with what the stores say by
/// themselves.
#[tokio::test]
async fn turn_context() {
    let store = Store::new().await;
    let adapter = store.org1();
    let agent = AgentBuilder::new("a", "p").build();
    let with = SessionBuilder::new(HarnessId::new())
        .agent(agent.public_id)
        .build();
    let without = new_session(&adapter).await;
    let dangling = SessionBuilder::new(HarnessId::new())
        .agent(AgentId::new())
        .build();
    for session in [&with, &dangling] {
        adapter.seed().put_session(session.clone()).await.unwrap();
    }
    adapter.seed().put_agent(agent.clone()).await.unwrap();
    append(&adapter, input(with.id, &Message::user("hi")))
        .await
        .unwrap();
    let context = adapter.load_turn_context(1, with.id).await.unwrap();
    assert_eq!(context.agent.unwrap().public_id, agent.public_id);
    assert_eq!((context.messages.len(), context.model.is_none()), (1, true));
    adapter
        .seed()
        .put_model(ModelId::new(), model("m", None), true)
        .await
        .unwrap();
    for id in [without, dangling.id] {
        let context = adapter.load_turn_context(1, id).await.unwrap();
        assert_eq!((context.session.id, context.agent.is_none()), (id, true));
        assert_eq!(context.model.unwrap().model, "m");
    }
    let nowhere = SessionId::new();
    let error = adapter.load_turn_context(1, nowhere).await.unwrap_err();
    assert!(matches!(error, AgentLoopError::SessionNotFound(id) if id == nowhere));
}

/// The default is the last that was asked for; a key that is absent stays absent.
#[tokio::test]
async fn models() {
    let store = Store::new().await;
    let adapter = store.org1();
    let (one, two) = (ModelId::new(), ModelId::new());
    assert!(
        adapter
            .models()
            .get_default_model()
            .await
            .unwrap()
            .is_none()
    );
    adapter
        .seed()
        .put_model(one, model("one", Some("key")), true)
        .await
        .unwrap();
    adapter
        .seed()
        .put_model(two, model("two", None), false)
        .await
        .unwrap();
    let default = adapter.models().get_default_model().await.unwrap().unwrap();
    assert_eq!(
        (default.model.as_str(), default.api_key.as_deref()),
        ("one", Some("key"))
    );
    adapter
        .seed()
        .put_model(two, model("two", None), true)
        .await
        .unwrap();
    let default = adapter.models().get_default_model().await.unwrap().unwrap();
    assert_eq!((default.model.as_str(), default.api_key), ("two", None));
    adapter
        .seed()
        .put_model(one, model("other", None), false)
        .await
        .unwrap();
    let found = adapter
        .models()
        .get_model_with_provider(one)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.model.as_str(), found.api_key), ("other", None));
    assert!(
        adapter
            .models()
            .get_model_with_provider(ModelId::new())
            .await
            .unwrap()
            .is_none()
    );
}
