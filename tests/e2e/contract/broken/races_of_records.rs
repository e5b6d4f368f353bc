//! Races of the platform's records and of sessions, and reads that meet a change.

use super::fault::{
    Fault, Server, in_two_steps, of_two_reads, reads_then_follows, through_one_file,
};
use super::races::own;
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::{
    message_retriever_service::LOAD_MESSAGES,
    platform_store_service as platform,
    runtime_host_service::{LOAD_TURN_CONTEXT, SET_SESSION_STATUS},
    session_file_system_service::READ_FILE,
    session_mutator_service::UPDATE_SESSION_TITLE,
    session_store_service::GET_SESSION,
};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn faults() -> Vec<Fault> {
    vec![
        two_harnesses(),
        two_agents(),
        lost_channels(),
        lost_update(),
        lost_status(),
        sent_again(),
        too_early(),
        one_at_a_time(),
        pages_from_the_end(),
        context_from_the_end(),
        torn_file(),
        through_one_file("IMG-19", "keeps uploads in one temporary file"),
        reads_then_follows("LOG-11", "loses what is stored while a follower comes"),
    ]
}

fn name_taken() -> StoreError {
    StoreError::new(ErrorReason::Store, "the name is taken")
}

/// A name that no other record has.
fn free_name() -> String {
    format!("n{}", uuid::Uuid::new_v4().simple())
}

fn two_harnesses() -> Fault {
    in_two_steps(
        "PLAT-42",
        "looks whether a harness has a name, and makes one later",
        &platform::CREATE_HARNESS,
        |server, asked: pb::CreateHarnessRequest, _| async move {
            let request = pb::ListHarnessesRequest {
                context: own(&asked.context),
            };
            let answers = server.call(&platform::LIST_HARNESSES, request).await?;
            let mut all = answers.into_iter().flat_map(|answer| answer.harnesses);
            Ok(all.any(|harness| harness.name == asked.name))
        },
        |server, asked, is_taken| async move {
            if is_taken {
                return Err(name_taken());
            }
            let request = pb::CreateHarnessRequest {
                name: free_name(),
                ..asked
            };
            server.one(&platform::CREATE_HARNESS, request).await
        },
    )
}

fn two_agents() -> Fault {
    in_two_steps(
        "AGENT-08",
        "looks whether an agent has a name, and makes one later",
        &platform::CREATE_AGENT,
        |server, asked: pb::CreateAgentRequest, _| async move {
            let request = pb::ListAgentsRequest {
                context: own(&asked.context),
            };
            let answers = server.call(&platform::LIST_AGENTS, request).await?;
            let mut all = answers.into_iter().flat_map(|answer| answer.agents);
            Ok(all.any(|agent| agent.name == asked.name))
        },
        |server, asked, is_taken| async move {
            if is_taken {
                return Err(name_taken());
            }
            let request = pb::CreateAgentRequest {
                name: free_name(),
                ..asked
            };
            server.one(&platform::CREATE_AGENT, request).await
        },
    )
}

/// An app's channels are one value, which is read and written whole.
fn lost_channels() -> Fault {
    in_two_steps(
        "PLAT-65",
        "keeps an app's channels in one value",
        &platform::ADD_APP_CHANNEL,
        |server, asked: pb::AddAppChannelRequest, _| async move {
            let request = pb::GetAppRequest {
                context: own(&asked.context),
                app_id: asked.app_id,
            };
            let app = server.one(&platform::GET_APP, request).await?.app;
            let channels = app.unwrap_or_default().channels.into_iter();
            Ok(channels.map(|channel| channel.id).collect::<BTreeSet<_>>())
        },
        |server, asked, mut channels| async move {
            let (context, app_id) = (asked.context.clone(), asked.app_id.clone());
            let added = server.one(&platform::ADD_APP_CHANNEL, asked).await?;
            channels.extend(added.channel.as_ref().map(|channel| channel.id.clone()));
            let request = pb::GetAppRequest {
                context: own(&context),
                app_id: app_id.clone(),
            };
            let app = server.one(&platform::GET_APP, request).await?.app;
            let all = app.unwrap_or_default().channels.into_iter();
            for lost in all.filter(|channel| !channels.contains(&channel.id)) {
                let request = pb::DeleteAppChannelRequest {
                    context: own(&context),
                    app_id: app_id.clone(),
                    channel_id: lost.id,
                };
                // Another may have lost it already.
                drop(server.call(&platform::DELETE_APP_CHANNEL, request).await);
            }
            Ok(added)
        },
    )
}

async fn harness(
    server: &Server,
    asked: &pb::UpdateHarnessRequest,
) -> Result<pb::Harness, StoreError> {
    let request = pb::PlatformStoreServiceGetHarnessRequest {
        context: own(&asked.context),
        harness_id: asked.harness_id.clone(),
    };
    let answer = server.one(&platform::GET_HARNESS, request).await?;
    Ok(answer.harness.unwrap_or_default())
}

/// A record is read, and written whole: what others changed meanwhile is as it was.
fn lost_update() -> Fault {
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    in_two_steps(
        "PLAT-83",
        "writes all fields of a harness as it has read them",
        &platform::UPDATE_HARNESS,
        |server, asked: pb::UpdateHarnessRequest, _| async move { harness(&server, &asked).await },
        move |server, mut asked, seen: pb::Harness| {
            let turn = turn.clone();
            async move {
                let _turn = turn.lock().await;
                let now = harness(&server, &asked).await?;
                if now.display_name != seen.display_name {
                    let seen = seen.display_name.unwrap_or_default();
                    asked.display_name.get_or_insert(seen);
                }
                if now.description != seen.description {
                    let seen = seen.description.unwrap_or_default();
                    asked.description.get_or_insert(seen);
                }
                server.one(&platform::UPDATE_HARNESS, asked).await
            }
        },
    )
}

fn lost_status() -> Fault {
    in_two_steps(
        "SES-20",
        "writes a session's status with its title as it has read it",
        &UPDATE_SESSION_TITLE,
        |server, asked: pb::UpdateSessionTitleRequest, _| async move {
            let request = pb::GetSessionRequest {
                context: own(&asked.context),
                session_id: asked.session_id,
            };
            let session = server.one(&GET_SESSION, request).await?.session;
            Ok(session.unwrap_or_default().status)
        },
        |server, asked, status| async move {
            let request = pb::SetSessionStatusRequest {
                context: own(&asked.context),
                session_id: asked.session_id.clone(),
                status,
            };
            let answer = server.one(&UPDATE_SESSION_TITLE, asked).await?;
            server.one(&SET_SESSION_STATUS, request).await?;
            Ok(answer)
        },
    )
}

fn sent_again() -> Fault {
    in_two_steps(
        "PLAT-52",
        "sends again what met another message",
        &platform::SEND_MESSAGE,
        |_, _: pb::SendMessageRequest, others| async move { Ok(others) },
        |server, asked, others| async move {
            let again = pb::SendMessageRequest {
                context: own(&asked.context),
                ..asked.clone()
            };
            let answer = server.one(&platform::SEND_MESSAGE, asked).await?;
            if others {
                server.one(&platform::SEND_MESSAGE, again).await?;
            }
            Ok(answer)
        },
    )
}

fn too_early() -> Fault {
    in_two_steps(
        "GEN-16",
        "answers those who ask at the same time before it has read",
        &GET_SESSION,
        |_, _: pb::GetSessionRequest, others| async move { Ok(others) },
        |server, asked, others| async move {
            match others {
                true => Ok(pb::GetSessionResponse::default()),
                false => server.one(&GET_SESSION, asked).await,
            }
        },
    )
}

fn one_at_a_time() -> Fault {
    in_two_steps(
        "WIRE-22",
        "answers one call at a time",
        &GET_SESSION,
        |_, _: pb::GetSessionRequest, others| async move { Ok(others) },
        |server, asked, others| async move {
            match others {
                true => Err(StoreError::new(ErrorReason::Unavailable, "busy")),
                false => server.one(&GET_SESSION, asked).await,
            }
        },
    )
}

/// The newest half of one list and what lies before the newest half of a later one, as of
/// pages that are counted from the end.
fn halves<T>(mut first: Vec<T>, mut later: Vec<T>) -> Vec<T> {
    let newest = first.len() / 2;
    later.truncate(later.len().saturating_sub(newest));
    later.extend(first.drain(first.len() - newest..));
    later
}

fn pages_from_the_end() -> Fault {
    let messages = |answers: Vec<pb::LoadMessagesResponse>| {
        let chunks = answers.into_iter().filter_map(|answer| answer.chunk);
        chunks.flat_map(|chunk| chunk.messages).collect::<Vec<_>>()
    };
    of_two_reads(
        "MSG-35",
        "loads messages by pages from the end",
        &LOAD_MESSAGES,
        move |first, later| {
            let messages = halves(messages(first), messages(later));
            let chunk = Some(pb::MessageChunk { messages });
            vec![pb::LoadMessagesResponse { chunk }]
        },
    )
}

fn context_from_the_end() -> Fault {
    use pb::load_turn_context_response::Part;
    let messages = |answers: &[pb::LoadTurnContextResponse]| {
        let parts = answers.iter().filter_map(|answer| answer.part.clone());
        let chunks = parts.filter_map(|part| match part {
            Part::Messages(chunk) => Some(chunk.messages),
            Part::Snapshot(_) => None,
        });
        chunks.flatten().collect::<Vec<_>>()
    };
    of_two_reads(
        "CTX-14",
        "loads the messages of a context by pages from the end",
        &LOAD_TURN_CONTEXT,
        move |first, mut later| {
            let messages = halves(messages(&first), messages(&later));
            later.truncate(1);
            let part = Some(Part::Messages(pb::MessageChunk { messages }));
            later.push(pb::LoadTurnContextResponse { part });
            later
        },
    )
}

fn torn_file() -> Fault {
    use pb::read_file_response::Part;
    let content = |answers: &[pb::ReadFileResponse]| {
        let chunks = answers.iter().filter_map(|answer| match &answer.part {
            Some(Part::Chunk(chunk)) => Some(chunk.as_ref()),
            Some(Part::Header(_)) | None => None,
        });
        chunks.collect::<Vec<&[u8]>>().concat()
    };
    of_two_reads(
        "FILE-58",
        "reads a file in two parts",
        &READ_FILE,
        move |first, mut later| {
            let (mut bytes, rest) = (content(&first), content(&later));
            bytes.truncate(bytes.len() / 2);
            bytes.extend(rest.iter().skip(bytes.len()));
            later.truncate(1);
            let chunks = bytes.chunks(mortise_proto::CHUNK_BYTES);
            later.extend(chunks.map(|chunk| pb::ReadFileResponse {
                part: Some(Part::Chunk(chunk.to_vec().into())),
            }));
            later
        },
    )
}
