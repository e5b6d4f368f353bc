//! What survives a restart: every change that was answered, the request ids under which it
//! was, and the numbers that events have been given. These rules run alone, at the end.

mod files;

use super::probes::{caller, changes};
use super::session_storage_store::calls::{get, set};
use crate::check::{Outcome, absent, broken, present, same, skipped, that};
use crate::command;
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::runner::{Restart, introduction};
use crate::seed::now;
use futures::future::join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::{
    adapter_service::{self, DESCRIBE},
    event_emitter_service as emitter, memory_store_service as memory,
    platform_store_service as platform, session_file_system_service as workspaces,
    session_resource_registry_service as registry, session_storage_store_service as storage,
};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a server may take to serve again.
const BACK_WITHIN: Duration = Duration::from_secs(40);

/// How often it is asked whether it does.
const ASK_EVERY: Duration = Duration::from_millis(100);

pub(crate) fn rules() -> Vec<Rule> {
    let needs: &[Need] = &[Need::Restart];
    let rules = [
        Group::of(adapter_service::NAME)
            .hard("CRASH-01", "After a restart the server describes itself as before.", "adapter.proto, Describe", crash_01_described_again).full().needs(needs)
            .soft("CRASH-02", "A change that is sent again after a restart, under its request_id, is answered as before it.", "adapter.proto, request_memory_seconds", crash_02_remembered).full().needs(needs),
        Group::of(storage::NAME)
            .hard("CRASH-03", "Values that were set are there after a restart, deleted ones are not, and secrets can be read.", "docs/contract.md, restarts", crash_03_values).full().needs(needs)
            .hard("CRASH-04", "Of 32 writers that a restart interrupts, every value whose writer was answered is there.", "docs/contract.md, restarts", crash_04_interrupted).full().needs(needs),
        Group::of(workspaces::NAME)
            .hard("CRASH-05", "Files that were written are there after a restart.", "docs/contract.md, restarts", crash_05_written).full().needs(needs)
            .hard("CRASH-10", "Of 8 writers that a restart interrupts, every file that was answered is there and whole, and one that was not is when it is sent again.", "docs/contract.md, restarts", files::crash_10_interrupted).full().needs(needs),
        Group::of(emitter::NAME)
            .hard("CRASH-06", "After a restart, sequence numbers continue where they ended.", "event_emitter.proto, Emit", crash_06_sequences).full().needs(needs),
        Group::of(memory::NAME)
            .hard("CRASH-07", "Memories and the store they are in survive a restart.", "docs/contract.md, restarts", crash_07_memories).full().needs(needs),
        Group::of(registry::NAME)
            .hard("CRASH-08", "Registered resources survive a restart.", "docs/contract.md, restarts", crash_08_resources).full().needs(needs),
        Group::of(platform::NAME)
            .hard("CRASH-09", "Harnesses, agents, sessions and messages survive a restart, archived ones as such.", "docs/contract.md, restarts", crash_09_platform_records).full().needs(needs),
    ];
    rules.into_iter().flat_map(Group::list).collect()
}

/// Restarts the server and waits until it serves again; the same over a new connection.
pub(crate) async fn restarted(cx: &Cx) -> Outcome<Cx> {
    restart(cx).await?;
    serving_again(cx).await
}

pub(super) async fn restart(cx: &Cx) -> Outcome {
    match &cx.shared.restart {
        Some(Restart::Command(command)) => command::run(command, BACK_WITHIN).await,
        Some(Restart::Server(server)) => server.restart().await,
        None => skipped("the suite cannot restart the server"),
    }
}

async fn serving_again(cx: &Cx) -> Outcome<Cx> {
    let started = Instant::now();
    loop {
        let cx = cx.over_new_connection();
        match cx.attempt(&DESCRIBE, introduction(cx.org_id())).await {
            Ok(_) => return Ok(cx),
            Err(_) if started.elapsed() < BACK_WITHIN => tokio::time::sleep(ASK_EVERY).await,
            Err(error) => {
                let got = crate::context::described(&error);
                return broken(
                    "Describe after the restart",
                    format!("an answer within {BACK_WITHIN:?}"),
                    got,
                );
            }
        }
    }
}

async fn crash_01_described_again(cx: Cx) -> Outcome {
    let cx = restarted(&cx).await?;
    let again = cx.call(&DESCRIBE, introduction(cx.org_id())).await?;
    same("Describe after a restart", &again, &cx.shared.described)
}

async fn crash_02_remembered(cx: Cx) -> Outcome {
    let mut before = Vec::new();
    for probe in changes(&cx).await? {
        let bytes = probe.with(caller(&cx).context());
        let answer = cx.raw(probe.method.path, bytes.clone()).await;
        // What was refused is not remembered.
        before.extend(answer.ok().map(|answer| (probe, bytes, answer)));
    }
    if before.is_empty() {
        return skipped("none of the changes that the suite has requests for is offered");
    }
    let cx = restarted(&cx).await?;
    for (probe, bytes, answer) in before {
        let what = format!(
            "the answer to a {} that was sent again after a restart",
            probe.method.short_name()
        );
        same(&what, &cx.raw(probe.method.path, bytes).await, &Ok(answer))?;
    }
    Ok(())
}

async fn crash_03_values(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for key in ["kept", "gone"] {
        cx.call(&storage::SET_VALUE, set(&session, key, "v"))
            .await?;
    }
    let request = pb::DeleteValueRequest {
        context: None,
        session_id: session.clone(),
        key: "gone".into(),
    };
    cx.call(&storage::DELETE_VALUE, request).await?;
    let request = pb::SetSecretRequest {
        context: None,
        session_id: session.clone(),
        name: "secret".into(),
        value: "s".into(),
    };
    // Without a key to encrypt with, a server refuses secrets.
    let has_secret = cx.attempt(&storage::SET_SECRET, request).await.is_ok();
    let cx = restarted(&cx).await?;
    same(
        "GetValue.value after a restart",
        &get(&cx, &session, "kept").await?.as_deref(),
        &Some("v"),
    )?;
    absent(
        "GetValue.value of a deleted key after a restart",
        get(&cx, &session, "gone").await?,
    )?;
    if has_secret {
        let request = pb::GetSecretRequest {
            context: None,
            session_id: session,
            name: "secret".into(),
        };
        same(
            "GetSecret.value after a restart",
            &cx.call(&storage::GET_SECRET, request)
                .await?
                .value
                .as_deref(),
            &Some("s"),
        )?;
    }
    Ok(())
}

async fn crash_04_interrupted(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    // Each says when it is in the midst of writing, or is dropped when it has ended.
    let (begun, mut begin) = mpsc::channel(32);
    let writers = (0..32).map(|writer| {
        let (cx, session) = (cx.over_new_connection(), session.clone());
        let begun = begun.clone();
        tokio::spawn(async move {
            let mut answered = None;
            for round in 0..10_000 {
                let key = format!("writer {writer}");
                let request = set(&session, &key, &round.to_string());
                if cx.attempt(&storage::SET_VALUE, request).await.is_err() {
                    break;
                }
                answered = Some(round);
                if round == 2 {
                    begun.send(()).await.unwrap_or_default();
                }
            }
            (writer, answered)
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..32 {
        present("a writer that writes", begin.recv().await)?;
    }
    restart(&cx).await?;
    let ended = join_all(writers).await;
    let cx = serving_again(&cx).await?;
    for (writer, answered) in ended.into_iter().flatten() {
        let Some(answered) = answered else { continue };
        let read = get(&cx, &session, &format!("writer {writer}")).await?;
        let round: Option<i32> = read.as_deref().and_then(|text| text.parse().ok());
        // The last one may have been done without an answer.
        let is_kept = round.is_some_and(|round| round == answered || round == answered + 1);
        that(
            &format!("the value of writer {writer} after a restart"),
            &format!("{answered}, which was answered, or the one after it"),
            is_kept,
            &read,
        )?;
    }
    Ok(())
}

async fn crash_05_written(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = pb::WriteFileRequest {
        context: None,
        session_id: session.clone(),
        path: "/kept.txt".into(),
        content: "kept".into(),
        encoding: "text".into(),
    };
    cx.call(&workspaces::WRITE_FILE, request).await?;
    let cx = restarted(&cx).await?;
    let request = pb::ReadFileRequest {
        context: None,
        session_id: session,
        path: "/kept.txt".into(),
    };
    let parts = cx.collect(&workspaces::READ_FILE, request).await?;
    let mut content = Vec::new();
    for part in parts {
        match part.part {
            Some(pb::read_file_response::Part::Chunk(chunk)) => content.extend(chunk),
            Some(pb::read_file_response::Part::Header(_)) | None => {}
        }
    }
    same(
        "the content of a file after a restart",
        &String::from_utf8_lossy(&content).as_ref(),
        &"kept",
    )
}

async fn emitted(cx: &Cx, session_id: &str) -> Outcome<i64> {
    let event = pb::NewEvent {
        r#type: "session.idled".into(),
        ts: Some(now()),
        session_id: session_id.into(),
        context: Some(pb::EventContext::default()),
        data_json: format!("{{\"turn_id\":\"{}\"}}", fresh_id("turn")),
        ..Default::default()
    };
    let request = pb::EmitRequest {
        event: Some(event),
        proposed_event_id: fresh_id("event"),
        data_patch: None,
        ..Default::default()
    };
    Ok(cx.call(&emitter::EMIT, request).await?.sequence)
}

async fn crash_06_sequences(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut last = 0;
    for _ in 0..3 {
        last = emitted(&cx, &session).await?;
    }
    let cx = restarted(&cx).await?;
    let next = emitted(&cx, &session).await?;
    that(
        "the sequence of the first event after a restart",
        &format!("more than {last}"),
        next > last,
        &next,
    )
}

async fn crash_07_memories(cx: Cx) -> Outcome {
    let request = pb::GetOrCreateDefaultStoreRequest {
        context: None,
        org_id: cx.org_public_id(),
    };
    let store = cx
        .call(&memory::GET_OR_CREATE_DEFAULT_STORE, request.clone())
        .await?
        .store;
    let store = present("GetOrCreateDefaultStore.store", store)?;
    let tag = cx.name("restart");
    let made = pb::CreateMemoryRequest {
        store_id: store.id.clone(),
        content: "kept".into(),
        kind: pb::MemoryKind::Fact.into(),
        importance: 5,
        tags: vec![tag.clone()],
        ..Default::default()
    };
    let made = present(
        "CreateMemory.memory",
        cx.call(&memory::CREATE_MEMORY, made).await?.memory,
    )?;
    let cx = restarted(&cx).await?;
    let again = cx
        .call(&memory::GET_OR_CREATE_DEFAULT_STORE, request)
        .await?
        .store;
    same(
        "the id of the default store after a restart",
        &present("GetOrCreateDefaultStore.store", again)?.id,
        &store.id,
    )?;
    let request = pb::ForgetRequest {
        context: None,
        store_id: store.id,
        memory_id: made.id,
    };
    same(
        "Forget of a memory after a restart",
        &cx.call(&memory::FORGET, request).await?.forgotten,
        &true,
    )
}

async fn crash_08_resources(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = pb::RegisterRequest {
        context: None,
        session_id: session.clone(),
        resource_id: "kept".into(),
        kind: "probe".into(),
        display_name: "Kept".into(),
        status: pb::SessionResourceStatus::Active.into(),
        metadata_json: "{\"n\":9007199254740993}".into(),
    };
    let entry = cx.call(&registry::REGISTER, request).await?.entry;
    let cx = restarted(&cx).await?;
    let request = pb::GetSessionResourceRequest {
        context: None,
        session_id: session,
        resource_id: "kept".into(),
    };
    same(
        "GetSessionResource.entry after a restart",
        &cx.call(&registry::GET_SESSION_RESOURCE, request)
            .await?
            .entry,
        &entry,
    )
}

async fn crash_09_platform_records(cx: Cx) -> Outcome {
    let cx = caller(&cx);
    let (harness_id, agent_id, session_id) =
        (cx.harness().await?, cx.agent().await?, cx.session().await?);
    let request = pb::DeleteAgentRequest {
        context: None,
        agent_id: agent_id.clone(),
    };
    cx.call(&platform::DELETE_AGENT, request).await?;
    let request = pb::SendMessageRequest {
        context: None,
        session_id: session_id.clone(),
        content: "kept".into(),
    };
    cx.call(&platform::SEND_MESSAGE, request).await?;
    let cx = restarted(&cx).await?;
    let request = pb::PlatformStoreServiceGetHarnessRequest {
        context: None,
        harness_id,
    };
    present(
        "GetHarness.harness after a restart",
        cx.call(&platform::GET_HARNESS, request).await?.harness,
    )?;
    let request = pb::GetAgentByIdRequest {
        context: None,
        agent_id,
    };
    let agent = cx.call(&platform::GET_AGENT_BY_ID, request).await?.agent;
    same(
        "the status of an archived agent after a restart",
        &present("GetAgentById.agent", agent)?.status(),
        &pb::AgentStatus::Archived,
    )?;
    let request = pb::GetMessagesRequest {
        context: None,
        session_id,
        limit: None,
    };
    let runs = cx.collect(&platform::GET_MESSAGES, request).await?;
    let of_user = runs
        .iter()
        .flat_map(|run| &run.messages)
        .filter(|message| message.content == "kept");
    same(
        "how many of the user's messages are there after a restart",
        &of_user.count(),
        &1,
    )
}
