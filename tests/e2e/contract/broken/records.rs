//! Faults of harnesses, agents, sessions, contexts and models that lose a part of what was
//! stored.

use super::fault::{Fault, answer, ask, end};
use mortise_proto::StoreError;
use mortise_proto::pb::load_turn_context_response::Part;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::agent_store_service as agents;
use mortise_proto::rpc::table::harness_store_service::GET_HARNESS_CHAIN;
use mortise_proto::rpc::table::llm_provider_store_service::{
    GET_DEFAULT_MODEL, GET_MODEL_WITH_PROVIDER,
};
use mortise_proto::rpc::table::runtime_host_service as host;
use mortise_proto::rpc::table::session_store_service::GET_SESSION;

pub(super) fn faults() -> Vec<Fault> {
    [chains(), agents_(), sessions(), contexts(), models()].concat()
}

fn chains() -> Vec<Fault> {
    vec![
        answer(
            "HAR-04",
            "knows no grandparents",
            &GET_HARNESS_CHAIN,
            |_, answer| {
                if answer.harnesses.len() > 2 {
                    answer.harnesses.remove(0);
                }
            },
        ),
        answer(
            "HAR-05",
            "lets children out into any network",
            &GET_HARNESS_CHAIN,
            |_, answer| {
                let parents = answer.harnesses.len().saturating_sub(1);
                for parent in &mut answer.harnesses[..parents] {
                    parent.network_access = None;
                }
            },
        ),
        answer(
            "HAR-13",
            "does not say when a harness was made",
            &GET_HARNESS_CHAIN,
            |_, answer| {
                answer
                    .harnesses
                    .iter_mut()
                    .for_each(|harness| harness.created_at = None);
            },
        ),
        answer(
            "HAR-07",
            "shows deleted harnesses as active",
            &GET_HARNESS_CHAIN,
            |_, answer| {
                for harness in &mut answer.harnesses {
                    harness.status = pb::HarnessStatus::Active.into();
                }
            },
        ),
    ]
}

fn agents_() -> Vec<Fault> {
    let change = |rule, name, change: fn(&mut pb::Agent)| {
        answer(rule, name, &agents::GET_AGENT, move |_, answer| {
            answer.agent.iter_mut().for_each(change);
        })
    };
    vec![
        change("AGT-04", "shows deleted agents as active", |agent| {
            agent.status = pb::AgentStatus::Active.into();
        }),
        change("AGT-05", "loses the tools of clients", |agent| {
            agent.tools.clear()
        }),
        change("AGT-07", "loses MCP servers", |agent| {
            agent.mcp_servers.clear()
        }),
    ]
}

fn sessions() -> Vec<Fault> {
    let change = |rule, name, change: fn(&mut pb::Session)| {
        answer(rule, name, &GET_SESSION, move |_, answer| {
            answer.session.iter_mut().for_each(change);
        })
    };
    vec![
        end(
            "SES-01",
            "fails for a session that is not there",
            &GET_SESSION,
            |_, end| {
                let answers = end?;
                match answers.iter().all(|answer| answer.session.is_none()) {
                    true => Err(StoreError::new(
                        ErrorReason::SessionNotFound,
                        "session not found",
                    )),
                    false => Ok(answers),
                }
            },
        ),
        change("SES-12", "says that another org has a session", |session| {
            session.organization_id = format!("org_{:032x}", 99);
        }),
        change("SES-13", "takes no hints for none at all", |session| {
            let hints = session.hints.take();
            session.hints = hints.filter(|hints| !hints.values_json.is_empty());
        }),
        change(
            "SES-14",
            "takes a configuration of null for none",
            |session| {
                let config = session.blueprint_config_json.take();
                session.blueprint_config_json = config.filter(|config| config != "null");
            },
        ),
        change("SES-15", "loses whose subagent a session is", |session| {
            session.parent_session_id = None;
        }),
        answer(
            "SES-21",
            "starts a session each time",
            &host::SET_SESSION_STATUS,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.started_at = session.updated_at;
                }
            },
        ),
        ask(
            "SES-17",
            "takes what is no id for the id of nothing",
            &GET_SESSION,
            |request| {
                if request.session_id.len() != 40 {
                    request.session_id = format!("session_{:032x}", 1);
                }
            },
        ),
    ]
}

fn contexts() -> Vec<Fault> {
    let change = |rule, name, change: fn(&mut pb::TurnSnapshot)| {
        answer(rule, name, &host::LOAD_TURN_CONTEXT, move |_, answer| {
            if let Some(Part::Snapshot(snapshot)) = &mut answer.part {
                change(snapshot);
            }
        })
    };
    vec![
        change("CTX-02", "loads a session as it was made", |snapshot| {
            if let Some(session) = &mut snapshot.session {
                session.updated_at = None;
            }
        }),
        change("CTX-10", "loads another model", |snapshot| {
            snapshot.model.get_or_insert_default().model = "another".into();
        }),
        change("CTX-03", "loads no agent", |snapshot| snapshot.agent = None),
        ask(
            "CTX-11",
            "loads all parts, whatever was asked",
            &host::LOAD_TURN_CONTEXT,
            |request| {
                request.parts.clear();
            },
        ),
        answer(
            "CTX-08",
            "loses a harness's prompt",
            &host::GET_HARNESS,
            |_, answer| {
                answer
                    .harness
                    .iter_mut()
                    .for_each(|harness| harness.system_prompt.clear());
            },
        ),
        answer(
            "CTX-09",
            "loses an agent's prompt",
            &host::GET_AGENT,
            |_, answer| {
                answer
                    .agent
                    .iter_mut()
                    .for_each(|agent| agent.system_prompt.clear());
            },
        ),
        ask(
            "CTX-13",
            "takes what is no id for the id of nothing",
            &host::GET_AGENT,
            |request| {
                if request.agent_id.len() != 38 {
                    request.agent_id = format!("agent_{:032x}", 1);
                }
            },
        ),
    ]
}

fn models() -> Vec<Fault> {
    let change = |rule, name, change: fn(&mut pb::ModelWithProvider)| {
        answer(rule, name, &GET_MODEL_WITH_PROVIDER, move |_, answer| {
            answer.model.iter_mut().for_each(change);
        })
    };
    vec![
        change("LLM-02", "loses a model's address", |model| {
            model.base_url = None
        }),
        change("LLM-05", "takes all providers for one", |model| {
            model.provider_type = pb::LlmProviderType::Openai.into();
        }),
        answer(
            "LLM-03",
            "has a default model without a name",
            &GET_DEFAULT_MODEL,
            |_, answer| {
                answer.model.get_or_insert_default().model.clear();
            },
        ),
        change("LLM-06", "answers with another key each time", |model| {
            model.api_key = Some(uuid::Uuid::new_v4().to_string());
        }),
    ]
}
