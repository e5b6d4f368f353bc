//! Faults of harnesses, agents, sessions and models.

use super::fault::{Fault, answer, ask, end, forgets, leaks};
use mortise_proto::StoreError;
use mortise_proto::pb::load_turn_context_response::Part;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::agent_store_service as agents;
use mortise_proto::rpc::table::harness_store_service::GET_HARNESS_CHAIN;
use mortise_proto::rpc::table::llm_provider_store_service as models;
use mortise_proto::rpc::table::runtime_host_service::{LOAD_TURN_CONTEXT, SET_SESSION_STATUS};
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;
use mortise_proto::rpc::table::session_store_service::GET_SESSION;

pub(super) fn faults() -> Vec<Fault> {
    vec![
        end(
            "HAR-01",
            "answers NOT_FOUND for an unknown harness",
            &GET_HARNESS_CHAIN,
            |_, end| {
                let messages = end?;
                match messages.iter().all(|message| message.harnesses.is_empty()) {
                    true => Err(StoreError::new(
                        ErrorReason::HarnessNotFound,
                        "harness not found",
                    )),
                    false => Ok(messages),
                }
            },
        ),
        answer(
            "HAR-03",
            "puts the child first",
            &GET_HARNESS_CHAIN,
            |_, answer| answer.harnesses.reverse(),
        ),
        answer(
            "HAR-06",
            "shows archived harnesses as active",
            &GET_HARNESS_CHAIN,
            |_, answer| {
                for harness in &mut answer.harnesses {
                    harness.status = pb::HarnessStatus::Active.into();
                }
            },
        ),
        answer(
            "HAR-10",
            "loses the rules of network access",
            &GET_HARNESS_CHAIN,
            |_, answer| {
                for harness in &mut answer.harnesses {
                    harness.network_access = None;
                }
            },
        ),
        end(
            "AGT-01",
            "answers NOT_FOUND for an unknown agent",
            &agents::GET_AGENT,
            |_, end| {
                let messages = end?;
                match messages.iter().all(|message| message.agent.is_none()) {
                    true => Err(StoreError::new(
                        ErrorReason::AgentNotFound,
                        "agent not found",
                    )),
                    false => Ok(messages),
                }
            },
        ),
        answer(
            "AGT-03",
            "hides archived agents",
            &agents::GET_AGENT,
            |_, answer| {
                let active = i32::from(pb::AgentStatus::Active);
                answer.agent = answer.agent.take().filter(|agent| agent.status == active);
            },
        ),
        answer(
            "AGT-06",
            "takes no limit of iterations for 0",
            &agents::GET_AGENT,
            |_, answer| {
                if let Some(agent) = &mut answer.agent {
                    agent.max_iterations.get_or_insert(0);
                }
            },
        ),
        answer(
            "SES-02",
            "loses a session's harness",
            &GET_SESSION,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.harness_id = "harness_00000000000000000000000000000001".into();
                }
            },
        ),
        answer(
            "SES-03",
            "does not move updated_at on",
            &UPDATE_SESSION_TITLE,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.updated_at = session.created_at;
                }
            },
        ),
        answer("SES-04", "forgets titles", &GET_SESSION, |_, answer| {
            if let Some(session) = &mut answer.session {
                session.title = None;
            }
        }),
        end(
            "SES-05",
            "says of an unknown session only that it failed",
            &UPDATE_SESSION_TITLE,
            |_, end| {
                end.map_err(|error| {
                    StoreError::new(error.reason.unwrap_or(ErrorReason::Store), "failed")
                })
            },
        ),
        answer(
            "SES-07",
            "sets another status than it was told",
            &SET_SESSION_STATUS,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.status = pb::SessionStatus::Started.into();
                }
            },
        ),
        answer(
            "SES-09",
            "reads waiting_for_tool_results back as started",
            &GET_SESSION,
            |_, answer| {
                if let Some(session) = &mut answer.session
                    && session.status == i32::from(pb::SessionStatus::WaitingForToolResults)
                {
                    session.status = pb::SessionStatus::Started.into();
                }
            },
        ),
        leaks("GEN-04", "shows sessions to every org", &GET_SESSION),
        leaks("GEN-05", "shows agents to every org", &agents::GET_AGENT),
        forgets(
            "SES-18",
            "changes a title again when the change is sent again",
            &UPDATE_SESSION_TITLE,
        ),
        end(
            "CTX-01",
            "makes up a context for an unknown session",
            &LOAD_TURN_CONTEXT,
            |_, end| Ok(end.unwrap_or_else(|_| vec![pb::LoadTurnContextResponse::default()])),
        ),
        answer(
            "CTX-15",
            "leaves messages out and does not say so",
            &LOAD_TURN_CONTEXT,
            |_, answer| {
                if let Some(Part::Snapshot(snapshot)) = &mut answer.part {
                    snapshot.messages_left_out = 0;
                }
            },
        ),
        end(
            "CTX-16",
            "counts messages and does not look which they are",
            &LOAD_TURN_CONTEXT,
            |request, end| {
                let known = request.known_messages.as_ref();
                let count = known.map_or(0, |known| known.count);
                let mut answers = end?;
                let mut left_out = 0;
                for answer in answers.iter_mut().rev() {
                    match &mut answer.part {
                        Some(Part::Messages(chunk)) => {
                            let all = chunk.messages.len();
                            let known = usize::try_from(count).unwrap().min(all);
                            chunk.messages.drain(..known);
                            left_out = known as u64;
                        }
                        Some(Part::Snapshot(snapshot)) => snapshot.messages_left_out += left_out,
                        None => {}
                    }
                }
                Ok(answers)
            },
        ),
        end(
            "LLM-01",
            "answers NOT_FOUND for an unknown model",
            &models::GET_MODEL_WITH_PROVIDER,
            |_, end| {
                let messages = end?;
                match messages.iter().all(|message| message.model.is_none()) {
                    true => Err(StoreError::new(
                        ErrorReason::ModelNotAvailable,
                        "model not found",
                    )),
                    false => Ok(messages),
                }
            },
        ),
        answer(
            "LLM-04",
            "takes no key for an empty one",
            &models::GET_MODEL_WITH_PROVIDER,
            |_, answer| {
                if let Some(model) = &mut answer.model {
                    model.api_key.get_or_insert_default();
                }
            },
        ),
        ask(
            "SES-06",
            "cuts titles at 255 bytes",
            &UPDATE_SESSION_TITLE,
            |request| {
                request.title = request.title.chars().take(255).collect();
            },
        ),
    ]
}
