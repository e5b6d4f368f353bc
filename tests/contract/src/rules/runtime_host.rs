//! What the host loads for a turn.

mod known;

use super::common::refused_as_invalid;
use super::records::{a_session, an_agent, malformed_ids};
use super::{agent_store, harness_store, message_retriever, session_store};
use crate::check::{Outcome, absent, broken, present, same};
use crate::context::{Cx, described, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::MALFORMED_SESSIONS;
use crate::rules::events::say;
use mortise_proto::pb;
use mortise_proto::pb::load_turn_context_response::Part;
use mortise_proto::pb::{ErrorReason, TurnContextPart};
use mortise_proto::rpc::table::llm_provider_store_service::{self as models, GET_DEFAULT_MODEL};
use mortise_proto::rpc::table::runtime_host_service::{
    GET_AGENT, GET_HARNESS, LOAD_TURN_CONTEXT, NAME,
};
use mortise_proto::rpc::table::{
    agent_store_service, event_emitter_service, harness_store_service, message_retriever_service,
    session_store_service,
};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::TcpListener;

pub(crate) fn rules() -> Vec<Rule> {
    const HISTORY: &[&str] = &[event_emitter_service::NAME, message_retriever_service::NAME];
    let mut rules = Group::of(NAME)
        .hard("CTX-01", "The context of a session that does not exist is refused as SESSION_NOT_FOUND.", "R:806-810", ctx_01_unknown)
        .hard("CTX-02", "The session of the context is that of SessionStore.", "R:806", ctx_02_session).with(&[session_store_service::NAME]).needs(&[Need::Session])
        .hard("CTX-03", "The agent of the context is the session's, and absent where it has none or it does not exist.", "R:811-814", ctx_03_agent).needs(&[Need::Seed])
        .hard("CTX-04", "The messages of the context are those of MessageRetriever.", "R:815", ctx_04_messages).with(HISTORY).needs(&[Need::Session])
        .hard("CTX-06", "An MCP server that cannot be reached fails nothing and contributes no tools.", "RM:115-122", ctx_06_unreachable).needs(&[Need::Seed])
        .hard("CTX-07", "An MCP server without tool_discovery contributes no tools and is not called.", "RM:107", ctx_07_undiscovered).needs(&[Need::Seed])
        .hard("CTX-08", "GetHarness is the last of the harness's chain.", "R:781-784", ctx_08_harness).with(&[harness_store_service::NAME]).needs(&[Need::Harness])
        .hard("CTX-09", "GetAgent is AgentStore's.", "runtime_host.proto, GetAgent", ctx_09_same_agent).with(&[agent_store_service::NAME]).needs(&[Need::Agent])
        .hard("CTX-10", "The model of the context is the default model.", "runtime_host.proto, TurnSnapshot", ctx_10_model).with(&[models::NAME]).needs(&[Need::Session])
        .hard("CTX-11", "With FEATURE_TURN_SNAPSHOT only the parts asked for are sent, the harness's chain among them.", "runtime_host.proto, LoadTurnContext", ctx_11_parts).with(&[event_emitter_service::NAME, harness_store_service::NAME]).needs(&[Need::Session])
        .hard("CTX-12", "Another org loads no context, harness or agent whose id it knows.", "context.proto", ctx_12_other_org).needs(&[Need::Session, Need::Harness, Need::Agent, Need::OtherOrg])
        .hard("CTX-13", "Malformed ids are refused as INVALID_FIELD.", "ID:85-121", ctx_13_malformed)
        .hard("CTX-14", "A context loaded while others emit holds the start of the history, without a gap.", "runtime_host.proto, LoadTurnContext", ctx_14_while_written).with(&[event_emitter_service::NAME]).needs(&[Need::Session]).full()
        .list();
    rules.extend(known::rules());
    rules
}

/// A context, its messages joined.
struct Turn {
    snapshot: pb::TurnSnapshot,
    messages: Vec<pb::Message>,
}

fn loading(session: &str) -> pb::LoadTurnContextRequest {
    pb::LoadTurnContextRequest {
        context: None,
        session_id: session.into(),
        parts: Vec::new(),
        known_messages: None,
    }
}

async fn load(cx: &Cx, session: &str) -> Outcome<Turn> {
    load_parts(cx, loading(session)).await
}

async fn load_parts(cx: &Cx, request: pb::LoadTurnContextRequest) -> Outcome<Turn> {
    let answers = cx.collect(&LOAD_TURN_CONTEXT, request).await?;
    let mut parts = answers.into_iter().map(|answer| answer.part);
    let snapshot = match parts.next() {
        Some(Some(Part::Snapshot(snapshot))) => snapshot,
        other => {
            return broken(
                "the first message of LoadTurnContext",
                "the snapshot",
                format!("{other:?}"),
            );
        }
    };
    let mut messages = Vec::new();
    for part in parts {
        match part {
            Some(Part::Messages(chunk)) => messages.extend(chunk.messages),
            other @ (Some(Part::Snapshot(_)) | None) => {
                return broken(
                    "a further message of LoadTurnContext",
                    "messages",
                    format!("{other:?}"),
                );
            }
        }
    }
    Ok(Turn { snapshot, messages })
}

fn asking_harness(id: &str) -> pb::GetHarnessRequest {
    pb::GetHarnessRequest {
        context: None,
        harness_id: id.into(),
    }
}

fn asking_agent(id: &str) -> pb::RuntimeHostServiceGetAgentRequest {
    pb::RuntimeHostServiceGetAgentRequest {
        context: None,
        agent_id: id.into(),
    }
}

async fn ctx_01_unknown(cx: Cx) -> Outcome {
    let error = cx
        .refused_collect(&LOAD_TURN_CONTEXT, loading(&fresh_id("session")))
        .await?;
    let holds =
        error.reason == Some(ErrorReason::SessionNotFound) && error.code == tonic::Code::NotFound;
    match holds {
        true => Ok(()),
        false => broken(
            "the error of LoadTurnContext",
            "NOT_FOUND (SESSION_NOT_FOUND)",
            described(&error),
        ),
    }
}

async fn ctx_02_session(cx: Cx) -> Outcome {
    let id = cx.known_session().await?;
    let turn = load(&cx, &id).await?;
    let loaded = present("snapshot.session", turn.snapshot.session)?;
    same(
        "snapshot.session",
        &loaded,
        &session_store::get(&cx, &id).await?,
    )?;
    same(
        "the messages of a fresh session",
        &turn.messages,
        &Vec::new(),
    )
}

async fn ctx_03_agent(cx: Cx) -> Outcome {
    let put = an_agent(&cx, |agent| agent.system_prompt = "Act.".into()).await?;
    let with = a_session(&cx, |session| session.agent_id = Some(put.id.clone())).await?;
    let loaded = present("snapshot.agent", load(&cx, &with.id).await?.snapshot.agent)?;
    same("snapshot.agent.id", &loaded.id, &put.id)?;
    same(
        "snapshot.agent.system_prompt",
        loaded.system_prompt.as_str(),
        "Act.",
    )?;
    let without = a_session(&cx, |_| {}).await?;
    let loaded = load(&cx, &without.id).await?.snapshot.agent;
    absent("snapshot.agent of a session without one", loaded)?;
    let gone = a_session(&cx, |session| session.agent_id = Some(fresh_id("agent"))).await?;
    let loaded = load(&cx, &gone.id).await?.snapshot.agent;
    absent(
        "snapshot.agent of a session whose agent does not exist",
        loaded,
    )
}

async fn ctx_04_messages(cx: Cx) -> Outcome {
    let id = cx.known_session().await?;
    for second in [3, 1, 2] {
        say(&cx, &id, &"ü".repeat(90_000), second).await?;
        let turn = load(&cx, &id).await?;
        same(
            "the messages of the context",
            &turn.messages,
            &message_retriever::load(&cx, &id).await?,
        )?;
    }
    Ok(())
}

async fn with_server(cx: &Cx, url: String, tool_discovery: bool) -> Outcome<pb::Session> {
    let server = pb::ScopedMcpServer {
        transport_type: pb::McpTransportType::Http.into(),
        url,
        auth_mode: pb::McpAuthMode::None.into(),
        tool_discovery,
        ..Default::default()
    };
    a_session(cx, |session| {
        session.mcp_servers = BTreeMap::from([("outside".into(), server)])
    })
    .await
}

async fn ctx_06_unreachable(cx: Cx) -> Outcome {
    // A port that was free a moment ago, and a name that never resolves.
    let listener = listen().await?;
    let url = url_of(&listener)?;
    drop(listener);
    for url in [url, "http://mcp.invalid/mcp".into()] {
        let session = with_server(&cx, url, true).await?;
        let tools = load(&cx, &session.id).await?.snapshot.mcp_tools;
        same("snapshot.mcp_tools", &tools, &Vec::new())?;
    }
    Ok(())
}

async fn ctx_07_undiscovered(cx: Cx) -> Outcome {
    let listener = listen().await?;
    let session = with_server(&cx, url_of(&listener)?, false).await?;
    let tools = load(&cx, &session.id).await?.snapshot.mcp_tools;
    same("snapshot.mcp_tools", &tools, &Vec::new())?;
    // A call that was made would stand in the queue already.
    match tokio::time::timeout(Duration::from_millis(1), listener.accept()).await {
        Err(_) => Ok(()),
        Ok(caller) => broken("the MCP server", "no call", format!("{caller:?}")),
    }
}

async fn listen() -> Outcome<TcpListener> {
    match TcpListener::bind(("127.0.0.1", 0)).await {
        Ok(listener) => Ok(listener),
        Err(fault) => crate::check::skipped(format!("no port to listen at: {fault}")),
    }
}

fn url_of(listener: &TcpListener) -> Outcome<String> {
    match listener.local_addr() {
        Ok(address) => Ok(format!("http://{address}/mcp")),
        Err(fault) => crate::check::skipped(format!("no address to listen at: {fault}")),
    }
}

async fn ctx_08_harness(cx: Cx) -> Outcome {
    let id = cx.harness().await?;
    let got = cx.call(&GET_HARNESS, asking_harness(&id)).await?.harness;
    let chain = harness_store::chain(&cx, &id).await?;
    same("GetHarness.harness", &got.as_ref(), &chain.last())?;
    let nothing = cx
        .call(&GET_HARNESS, asking_harness(&fresh_id("harness")))
        .await?;
    absent("GetHarness of no harness", nothing.harness)
}

async fn ctx_09_same_agent(cx: Cx) -> Outcome {
    let id = cx.agent().await?;
    let got = cx.call(&GET_AGENT, asking_agent(&id)).await?.agent;
    present("GetAgent.agent", got.as_ref())?;
    same("GetAgent.agent", &got, &agent_store::get(&cx, &id).await?)?;
    let nothing = cx
        .call(&GET_AGENT, asking_agent(&fresh_id("agent")))
        .await?;
    absent("GetAgent of no agent", nothing.agent)
}

async fn ctx_10_model(cx: Cx) -> Outcome {
    let id = cx.known_session().await?;
    // Others may change the org's default meanwhile: before or after, it is one of the two.
    let request = pb::GetDefaultModelRequest { context: None };
    let before = cx.call(&GET_DEFAULT_MODEL, request.clone()).await?.model;
    let loaded = load(&cx, &id).await?.snapshot.model;
    let after = cx.call(&GET_DEFAULT_MODEL, request).await?.model;
    let name =
        |model: &Option<pb::ModelWithProvider>| model.as_ref().map(|model| model.model.clone());
    match loaded == before || loaded == after {
        true => Ok(()),
        false => broken(
            "snapshot.model",
            format!("{:?}", name(&after)),
            format!("{:?}", name(&loaded)),
        ),
    }
}

async fn ctx_11_parts(cx: Cx) -> Outcome {
    if !cx.offers_feature(NAME, pb::Feature::TurnSnapshot) {
        return crate::check::skipped("the server does not offer FEATURE_TURN_SNAPSHOT");
    }
    let id = cx.known_session().await?;
    let said = say(&cx, &id, "hello", 1).await?;
    let only = |part: TurnContextPart| pb::LoadTurnContextRequest {
        parts: vec![part.into()],
        ..loading(&id)
    };

    let turn = load_parts(&cx, only(TurnContextPart::Messages)).await?;
    let ids: Vec<&str> = turn
        .messages
        .iter()
        .map(|message| message.id.as_str())
        .collect();
    same(
        "the messages when they are asked for",
        &ids,
        &vec![said.as_str()],
    )?;
    same(
        "snapshot.harness_chain when it is not asked for",
        &turn.snapshot.harness_chain,
        &Vec::new(),
    )?;
    same(
        "whether snapshot.model is there when it is not asked for",
        &turn.snapshot.model.is_some(),
        &false,
    )?;

    let turn = load_parts(&cx, only(TurnContextPart::HarnessChain)).await?;
    same(
        "the messages when they are not asked for",
        &turn.messages,
        &Vec::new(),
    )?;
    let session = present(
        "snapshot.session, which is always there",
        turn.snapshot.session,
    )?;
    let chain = harness_store::chain(&cx, &session.harness_id).await?;
    same(
        "snapshot.harness_chain",
        &turn.snapshot.harness_chain,
        &chain,
    )?;

    let unspecified = only(TurnContextPart::Unspecified);
    let error = cx.refused_collect(&LOAD_TURN_CONTEXT, unspecified).await?;
    same(
        "the reason of the error for a part that is none",
        &error.reason,
        &Some(ErrorReason::InvalidField),
    )
}

async fn ctx_12_other_org(cx: Cx) -> Outcome {
    let (session, harness, agent) = (
        cx.known_session().await?,
        cx.harness().await?,
        cx.agent().await?,
    );
    let other = cx.in_other_org()?;
    other
        .refused_collect(&LOAD_TURN_CONTEXT, loading(&session))
        .await?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other.attempt(&GET_HARNESS, asking_harness(&harness)).await {
        absent("GetHarness in another org", answer.harness)?;
    }
    if let Ok(answer) = other.attempt(&GET_AGENT, asking_agent(&agent)).await {
        absent("GetAgent in another org", answer.agent)?;
    }
    Ok(())
}

async fn ctx_13_malformed(cx: Cx) -> Outcome {
    for id in malformed_ids("harness") {
        refused_as_invalid(&cx, &GET_HARNESS, asking_harness(&id)).await?;
    }
    for id in malformed_ids("agent") {
        refused_as_invalid(&cx, &GET_AGENT, asking_agent(&id)).await?;
    }
    for id in MALFORMED_SESSIONS {
        let error = cx.refused_collect(&LOAD_TURN_CONTEXT, loading(id)).await?;
        same(
            "the reason of LoadTurnContext's error",
            &error.reason,
            &Some(ErrorReason::InvalidField),
        )?;
    }
    Ok(())
}

async fn ctx_14_while_written(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let writer = cx.over_new_connection();
    let writes = async {
        let mut ids = Vec::new();
        for _ in 0..30 {
            ids.push(say(&writer, &session, "x", 1).await?);
        }
        Ok(ids)
    };
    let reads = async {
        let mut seen: Vec<Vec<String>> = Vec::new();
        for _ in 0..8 {
            let messages = load(&cx, &session).await?.messages;
            seen.push(messages.into_iter().map(|message| message.id).collect());
        }
        Ok(seen)
    };
    let (written, seen) = tokio::try_join!(writes, reads)?;
    for seen in seen {
        same(
            "the messages loaded meanwhile",
            seen.as_slice(),
            &written[..seen.len().min(written.len())],
        )?;
    }
    Ok(())
}
