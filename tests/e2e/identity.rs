//! `GrpcHostAdapter` over `AdapterServer` over X behaves as X. X is upstream's own
//! in-process runtime: it is upstream's own.

mod session_data;

use everruns_core::capabilities::TestMathCapability;
use everruns_core::error::Result;
use everruns_core::events::{EventContext, EventRequest, InputMessageData};
use everruns_core::llmsim_driver::LlmSimConfig;
use everruns_core::message::Message;
use everruns_core::message_filter::{
    ExcludedNoticeTransform, InjectedMessage, MessageFilter, MessageQuery,
};
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::{AgentId, HarnessId, MessageId, ModelId, SessionId};
use everruns_core::{CapabilityRegistry, DriverRegistry, InputMessage, PlatformDefinition};
use everruns_runtime::{InProcessRuntime, InProcessRuntimeBuilder, RuntimeHostAdapter};
use mortise_adapter_client::GrpcHostAdapter;
use mortise_test_support::fixtures;
use mortise_test_support::in_process::{Server, adapter, serve};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;

const ORG: i64 = 1;

/// X, and the remote form of it.
struct Pair {
    local: InProcessRuntime,
    remote: GrpcHostAdapter,
    session_id: SessionId,
    _server: Server,
}

async fn pair() -> Pair {
    let mut capabilities = CapabilityRegistry::new();
    capabilities.register(TestMathCapability);
    let local = InProcessRuntimeBuilder::new()
        .platform_definition(PlatformDefinition::new(capabilities, DriverRegistry::new()))
        .single_session(|session| {
            session
                .harness("base", "You are a calculator.")
                .with_capability("test_math")
                .agent("adder", "Use tools.")
                .agent_max_iterations(8)
                .session_title("Sums")
        })
        .llm_sim(LlmSimConfig::fixed("4"))
        .default_model(fixtures::simulator())
        .build()
        .await
        .unwrap();
    let session_id = local.default_session_id().unwrap();
    let server = serve(local.clone()).await;
    let remote = adapter(&server.endpoint).await;
    Pair {
        local,
        remote,
        session_id,
        _server: server,
    }
}

/// Same answer, or the same error down to the variant and its text.
#[track_caller]
fn same<T: Serialize>(local: Result<T>, remote: Result<T>) -> Value {
    match (local, remote) {
        (Ok(local), Ok(remote)) => {
            let local = serde_json::to_value(local).unwrap();
            assert_eq!(local, serde_json::to_value(remote).unwrap());
            local
        }
        (Err(local), Err(remote)) => {
            same_debug(&local, &remote);
            Value::Null
        }
        (local, remote) => panic!(
            "here {:?}, over the wire {:?}",
            local.map(|_| "an answer"),
            remote.map(|_| "an answer")
        ),
    }
}

#[track_caller]
fn same_debug(local: &impl Debug, remote: &impl Debug) {
    assert_eq!(format!("{local:?}"), format!("{remote:?}"));
}

/// The records of the platform are the same, present and absent.
#[tokio::test]
async fn records_are_the_same() {
    let Pair {
        local,
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    let session = local
        .session_store(ORG)
        .get_session(session_id)
        .await
        .unwrap()
        .unwrap();
    let (harness_id, agent_id) = (session.harness_id, session.agent_id.unwrap());

    for harness_id in [harness_id, HarnessId::new()] {
        same(
            local.harness_store(ORG).get_harness_chain(harness_id).await,
            remote
                .harness_store(ORG)
                .get_harness_chain(harness_id)
                .await,
        );
        same(
            local.get_harness(ORG, harness_id).await,
            remote.get_harness(ORG, harness_id).await,
        );
    }
    for agent_id in [agent_id, AgentId::new()] {
        same(
            local.agent_store(ORG).get_agent(agent_id).await,
            remote.agent_store(ORG).get_agent(agent_id).await,
        );
        same(
            local.get_agent(ORG, agent_id).await,
            remote.get_agent(ORG, agent_id).await,
        );
    }
    for session_id in [session_id, SessionId::new()] {
        same(
            local.session_store(ORG).get_session(session_id).await,
            remote.session_store(ORG).get_session(session_id).await,
        );
        same(
            local
                .set_session_status(ORG, session_id, SessionStatus::Idle)
                .await,
            remote
                .set_session_status(ORG, session_id, SessionStatus::Idle)
                .await,
        );
    }
    let (here, there) = (local.provider_store(ORG), remote.provider_store(ORG));
    same_debug(
        &here.get_default_model().await.unwrap(),
        &there.get_default_model().await.unwrap(),
    );
    same_debug(
        &here.get_model_with_provider(ModelId::new()).await.unwrap(),
        &there.get_model_with_provider(ModelId::new()).await.unwrap(),
    );
}

/// A title is set, and one of an absent session refused, in the same words.
#[tokio::test]
async fn titles_are_the_same() {
    let Pair {
        local,
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    let mutator = remote.session_mutator(ORG);
    let titled = mutator
        .update_session_title(session_id, "Ünïcode\n".into())
        .await
        .unwrap();
    assert_eq!(titled.title.as_deref(), Some("Ünïcode\n"));
    same(
        local.session_store(ORG).get_session(session_id).await,
        Ok(Some(titled)),
    );
    let absent = SessionId::new();
    same(
        local
            .session_mutator(ORG)
            .update_session_title(absent, "x".into())
            .await,
        mutator.update_session_title(absent, "x".into()).await,
    );
}

/// All five ways to read messages give the same, with every part of a query.
#[tokio::test]
async fn messages_are_the_same() {
    let Pair {
        local,
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    for text in ["one", "two", "three", "Four"] {
        local
            .run_turn(session_id, InputMessage::user(text))
            .await
            .unwrap();
    }
    let (here, there) = (local.message_store(), remote.message_store());
    let all = here.load(session_id).await.unwrap();
    assert_eq!(all.len(), 8);
    same(here.load(session_id).await, there.load(session_id).await);
    same(
        here.load(SessionId::new()).await,
        there.load(SessionId::new()).await,
    );
    same(here.count(session_id).await, there.count(session_id).await);
    for (offset, limit) in [(0, 3), (6, 9), (99, 1), (0, 0)] {
        same(
            here.load_page(session_id, offset, limit).await,
            there.load_page(session_id, offset, limit).await,
        );
    }
    for message_id in [all[0].id, MessageId::new()] {
        same(
            here.get(session_id, message_id).await,
            there.get(session_id, message_id).await,
        );
    }
    let plain = MessageQuery::new(session_id);
    let search = MessageFilter::Search("FOUR".into());
    let since = MessageFilter::TimeRange {
        from: Some(all[3].created_at),
        to: None,
    };
    let custom = MessageFilter::Custom(Arc::new(|message: &Message| {
        message.content_to_llm_string() != "two"
    }));
    let injected = InjectedMessage {
        message: all[7].clone(),
        ..InjectedMessage::at_start(all[0].clone())
    };
    let notice = Arc::new(ExcludedNoticeTransform::infinity_context());
    for query in [
        plain.clone(),
        plain.clone().with_limit(3),
        plain.clone().with_limit(0),
        MessageQuery {
            offset: Some(2),
            ..plain.clone().with_limit(-1)
        },
        plain.clone().with_filter(search),
        plain.clone().with_filter(since.clone()).with_limit(2),
        plain.clone().with_filter(custom.clone()).with_limit(2),
        plain.clone().with_injection(injected),
    ] {
        same(
            here.load_filtered(query.clone()).await,
            there.load_filtered(query).await,
        );
    }
    // The notice is a fresh message with an id and a time of its own.
    for query in [
        plain
            .clone()
            .with_limit(2)
            .with_prepend_transform(notice.clone()),
        plain
            .with_filter(custom)
            .with_limit(2)
            .with_prepend_transform(notice),
    ] {
        let texts = |messages: Vec<Message>| -> Vec<String> {
            messages
                .iter()
                .map(Message::content_to_llm_string)
                .collect()
        };
        let local = texts(here.load_filtered(query.clone()).await.unwrap());
        assert!(
            local[0].contains("earlier messages are NOT visible"),
            "{local:?}"
        );
        assert_eq!(local, texts(there.load_filtered(query).await.unwrap()));
    }
}

/// An event comes back as it went, with the id and the number the store gave it,
/// and its message is there at once.
#[tokio::test]
async fn events_are_the_same() {
    let Pair {
        local,
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    let message = Message::user("hello");
    let request = EventRequest::new(
        session_id,
        EventContext::empty(),
        InputMessageData::new(message.clone()),
    )
    .with_metadata(json!(null))
    .with_tags(vec![]);
    let event = remote.event_emitter().emit(request).await.unwrap();
    let kept = local.events().await.unwrap();
    same(Ok(kept.last().unwrap().clone()), Ok(event));
    same(
        local.message_store().get(session_id, message.id).await,
        remote.message_store().get(session_id, message.id).await,
    );
    let unheard = fixtures::unheard_of(session_id, json!({ "n": 9_007_199_254_740_993_u64 }));
    let event = remote.event_emitter().emit(unheard).await.unwrap();
    same_debug(local.events().await.unwrap().last().unwrap(), &event);
}

/// The turn's context is the same, and that of an absent session the same error.
#[tokio::test]
async fn turn_contexts_are_the_same() {
    let Pair {
        local,
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    local
        .run_turn(session_id, InputMessage::user("2 + 2?"))
        .await
        .unwrap();
    let here = local.load_turn_context(ORG, session_id).await.unwrap();
    let there = remote.load_turn_context(ORG, session_id).await.unwrap();
    same(Ok(here.session), Ok(there.session));
    same(Ok(here.agent), Ok(there.agent));
    same(Ok(here.messages), Ok(there.messages));
    same_debug(&here.model, &there.model);
    same_debug(&here.mcp_tool_definitions, &there.mcp_tool_definitions);
    let absent = SessionId::new();
    same_debug(
        &local.load_turn_context(ORG, absent).await.unwrap_err(),
        &remote.load_turn_context(ORG, absent).await.unwrap_err(),
    );
}

/// What is not offered is `None`, never an empty success; what exists only beside
/// the trait is not invented.
#[tokio::test]
async fn absent_stores_are_none() {
    let Pair {
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    assert!(remote.image_resolver(ORG).is_none());
    assert!(remote.image_artifact_store(ORG).is_none());
    assert!(remote.provider_credential_store(ORG).is_none());
    assert!(remote.connection_resolver().is_none());
    assert!(remote.sqldb_store().is_none());
    assert!(remote.leased_resource_store().is_none());
    assert!(remote.session_resource_registry().is_none());
    assert!(remote.schedule_store(ORG).is_none());
    assert!(remote.platform_store(ORG, session_id).is_none());
    assert!(remote.budget_checker(ORG, None).is_none());
    assert!(remote.payment_authority(ORG, None).is_none());
    assert!(remote.outbound_tool_rate_limiter(ORG).is_none());
    // MCP is done by the host itself, where it can send; whether a session has servers is
    // asked when a tool is called.
    let executor = remote.mcp_executor(ORG, session_id).await;
    assert_eq!(executor.is_some(), remote.egress_service().is_some());
    assert!(remote.event_log().is_none());
    assert!(remote.test_seed().is_none());
}

/// An adapter serves one org: a getter that asks for another is refused, whatever
/// the server would say.
#[tokio::test]
async fn another_org_is_refused() {
    let Pair {
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    let error = remote
        .session_store(2)
        .get_session(session_id)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Configuration error: this adapter serves org 1 and was called for org 2; build one adapter per org"
    );
}
