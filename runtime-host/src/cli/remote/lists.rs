//! Records of a running host, as tables or JSON lines.

use super::output::Output;
use super::{Remote, RemoteError};
use crate::cli::render::harmless;
use chrono::{DateTime, Utc};
use everruns_core::Session;
use mortise_proto::convert::timestamp;
use mortise_proto::host as pb;
use mortise_proto::pb as adapter;
use prost_types::Timestamp;
use serde_json::{Value, json};

/// The most records of one call.
const PAGE: u64 = 1000;

/// How much of a list is wanted.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The most records.
    pub limit: u64,
    /// Where to go on; empty: at the beginning.
    pub page_token: String,
}

/// Which turns are wanted.
#[derive(Debug, Clone)]
pub struct TurnQuery {
    /// Those of this session, ended ones as well; `None`: of the org, those on the host
    /// that have not ended.
    pub session_id: Option<String>,
    /// Only those with one of these; empty: all.
    pub statuses: Vec<pb::TurnStatus>,
}

/// Which sessions are wanted.
#[derive(Debug, Clone)]
pub struct SessionQuery {
    /// Only those of this agent.
    pub agent_id: Option<String>,
    /// Only those of this harness.
    pub harness_id: Option<String>,
    /// Only those with one of these; empty: all.
    pub statuses: Vec<adapter::SessionStatus>,
    /// Only those with this tag.
    pub tag: Option<String>,
}

/// Calls a list page by page until it has enough. `$records` is the response's field.
macro_rules! pages {
    ($remote:ident, $listing:ident, $call:ident, $records:ident, $request:expr) => {{
        let mut listing = $listing;
        let mut records = Vec::new();
        loop {
            let left = listing.limit.saturating_sub(records.len() as u64);
            let request = $request(left.min(PAGE), listing.page_token);
            let answer = $remote.client.$call(request).await;
            let answer = answer
                .map_err(|status| $remote.refused(&status))?
                .into_inner();
            records.extend(answer.$records);
            listing.page_token = answer.next_page_token;
            if listing.page_token.is_empty() || records.len() as u64 >= listing.limit {
                break (records, listing.page_token);
            }
        }
    }};
}

// === impl Remote ===

impl Remote {
    /// Prints turns. Gives back where to go on; empty: there are no more.
    pub async fn list_turns(
        &mut self,
        query: TurnQuery,
        listing: Listing,
    ) -> Result<String, RemoteError> {
        let org_id = self.org_id;
        let statuses: Vec<i32> = query.statuses.into_iter().map(Into::into).collect();
        let request = |limit, page_token| pb::ListTurnsRequest {
            org_id,
            session_id: query.session_id.clone(),
            statuses: statuses.clone(),
            limit,
            page_token,
        };
        let (turns, next) = pages!(self, listing, list_turns, turns, request);
        self.print_turns(&turns)?;
        Ok(next)
    }

    /// Prints a turn.
    pub async fn show_turn(
        &mut self,
        session_id: String,
        turn_id: String,
    ) -> Result<(), RemoteError> {
        let turn = self.turn(session_id, turn_id).await?;
        self.print_fields(&turn_json(&turn))
    }

    /// Prints sessions.
    pub async fn list_sessions(
        &mut self,
        query: SessionQuery,
        listing: Listing,
    ) -> Result<String, RemoteError> {
        let org_id = self.org_id;
        let statuses: Vec<i32> = query.statuses.into_iter().map(Into::into).collect();
        let request = |limit, page_token| pb::ListSessionsRequest {
            org_id,
            limit,
            page_token,
            agent_id: query.agent_id.clone(),
            harness_id: query.harness_id.clone(),
            statuses: statuses.clone(),
            tag: query.tag.clone(),
        };
        let (sessions, next) = pages!(self, listing, list_sessions, sessions, request);
        let mut output = Output::new(self.json, &["session", "status", "created", "title"]);
        for session in sessions {
            let cells = vec![
                session.id.clone(),
                word(session.status().as_str_name(), "SESSION_STATUS_"),
                time(session.created_at),
                harmless(session.title.as_deref().unwrap_or_default()),
            ];
            output.record(cells, &session_json(session));
        }
        output.write()?;
        Ok(next)
    }

    /// Prints a session and its turn.
    pub async fn show_session(&mut self, session_id: String) -> Result<(), RemoteError> {
        let request = pb::GetSessionRequest {
            org_id: self.org_id,
            session_id,
        };
        let answer = self.client.get_session(request).await;
        let answer = answer.map_err(|status| self.refused(&status))?.into_inner();
        let mut shown = answer.session.map_or(Value::Null, session_json);
        shown["turn"] = answer.turn.as_ref().map_or(Value::Null, turn_json);
        self.print_fields(&shown)
    }

    /// Gives a session another title.
    pub async fn rename_session(
        &mut self,
        session_id: String,
        title: String,
    ) -> Result<(), RemoteError> {
        let request = pb::UpdateSessionRequest {
            org_id: self.org_id,
            session_id,
            title: Some(title),
            request_id: None,
        };
        let answer = self.client.update_session(request).await;
        let answer = answer.map_err(|status| self.refused(&status))?.into_inner();
        self.print_fields(&answer.session.map_or(Value::Null, session_json))
    }

    /// Archives a session.
    pub async fn delete_session(&mut self, session_id: String) -> Result<(), RemoteError> {
        let request = pb::DeleteSessionRequest {
            org_id: self.org_id,
            session_id,
            request_id: None,
        };
        let answer = self.client.delete_session(request).await;
        let answer = answer.map_err(|status| self.refused(&status))?.into_inner();
        self.print_fields(&answer.session.map_or(Value::Null, session_json))
    }

    /// Prints agents.
    pub async fn list_agents(&mut self, listing: Listing) -> Result<String, RemoteError> {
        let org_id = self.org_id;
        let request = |limit, page_token| pb::ListAgentsRequest {
            org_id,
            limit,
            page_token,
            tag: None,
        };
        let (agents, next) = pages!(self, listing, list_agents, agents, request);
        let mut output = Output::new(self.json, &["agent", "name", "description"]);
        for agent in agents {
            let about = agent.description.as_deref().unwrap_or_default();
            let cells = vec![
                agent.agent_id.clone(),
                harmless(&agent.name),
                harmless(about),
            ];
            output.record(cells, &agent_json(&agent));
        }
        output.write()?;
        Ok(next)
    }

    /// Prints an agent.
    pub async fn show_agent(&mut self, agent_id: String) -> Result<(), RemoteError> {
        let request = pb::GetAgentRequest {
            org_id: self.org_id,
            agent_id,
        };
        let answer = self.client.get_agent(request).await;
        let answer = answer.map_err(|status| self.refused(&status))?.into_inner();
        self.print_fields(&answer.agent.as_ref().map_or(Value::Null, agent_json))
    }

    /// Prints harnesses.
    pub async fn list_harnesses(&mut self, listing: Listing) -> Result<String, RemoteError> {
        let org_id = self.org_id;
        let request = |limit, page_token| pb::ListHarnessesRequest {
            org_id,
            limit,
            page_token,
            tag: None,
        };
        let (harnesses, next) = pages!(self, listing, list_harnesses, harnesses, request);
        let mut output = Output::new(self.json, &["harness", "name", "description"]);
        for found in harnesses {
            let about = found.description.as_deref().unwrap_or_default();
            let cells = vec![
                found.harness_id.clone(),
                harmless(&found.name),
                harmless(about),
            ];
            output.record(cells, &harness_json(&found));
        }
        output.write()?;
        Ok(next)
    }

    /// Prints a harness.
    pub async fn show_harness(&mut self, harness_id: String) -> Result<(), RemoteError> {
        let request = pb::GetHarnessRequest {
            org_id: self.org_id,
            harness_id,
        };
        let answer = self.client.get_harness(request).await;
        let answer = answer.map_err(|status| self.refused(&status))?.into_inner();
        self.print_fields(&answer.harness.as_ref().map_or(Value::Null, harness_json))
    }

    /// Prints what became of a turn that was cancelled.
    pub fn print_cancelled(&self, done: &pb::CancelTurnResponse) -> Result<(), RemoteError> {
        let outcome = word(done.outcome().as_str_name(), "TURN_OUTCOME_");
        self.print_fields(&json!({ "turn_id": done.turn_id, "outcome": outcome }))
    }

    /// Prints models.
    pub async fn list_models(&mut self, listing: Listing) -> Result<String, RemoteError> {
        let org_id = self.org_id;
        let request = |limit, page_token| pb::ListModelsRequest {
            org_id,
            limit,
            page_token,
        };
        let (models, next) = pages!(self, listing, list_models, models, request);
        let mut output = Output::new(self.json, &["model", "provider", "name"]);
        for model in models {
            let provider = word(model.provider_type().as_str_name(), "LLM_PROVIDER_TYPE_");
            let id = match model.is_default {
                true => "(default)".to_string(),
                false => model.model_id.clone().unwrap_or_default(),
            };
            let record = json!({
                "model_id": model.model_id,
                "name": model.name,
                "provider_type": provider,
                "is_default": model.is_default,
            });
            output.record(vec![id, provider, harmless(&model.name)], &record);
        }
        output.write()?;
        Ok(next)
    }

    /// A turn.
    pub(super) async fn turn(
        &mut self,
        session_id: String,
        turn_id: String,
    ) -> Result<pb::Turn, RemoteError> {
        let request = pb::GetTurnRequest {
            org_id: self.org_id,
            session_id,
            turn_id,
        };
        let answer = self.client.get_turn(request).await;
        let answer = answer.map_err(|status| self.refused(&status))?;
        Ok(answer.into_inner().turn.unwrap_or_default())
    }

    fn print_turns(&self, turns: &[pb::Turn]) -> Result<(), RemoteError> {
        let mut output = Output::new(
            self.json,
            &["turn", "session", "status", "started", "error"],
        );
        for turn in turns {
            let cells = vec![
                turn.turn_id.clone(),
                turn.session_id.clone(),
                status(turn),
                time(turn.started_at),
                harmless(&turn.error),
            ];
            output.record(cells, &turn_json(turn));
        }
        Ok(output.write()?)
    }

    /// Prints a record: as JSON, or a line for each field that says something.
    fn print_fields(&self, record: &Value) -> Result<(), RemoteError> {
        let mut output = Output::new(self.json, &[]);
        if self.json {
            output.record(Vec::new(), record);
        }
        for (name, value) in record.as_object().into_iter().flatten() {
            let text = match value {
                Value::Null => continue,
                Value::String(text) if text.is_empty() => continue,
                Value::Array(items) if items.is_empty() => continue,
                Value::String(text) => harmless(text),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    harmless(&value.to_string())
                }
            };
            if !self.json {
                output.line(&format!("{name}: {text}"));
            }
        }
        Ok(output.write()?)
    }
}

/// What a turn does, or how it ended, in a word.
pub(super) fn status(turn: &pb::Turn) -> String {
    word(turn.status().as_str_name(), "TURN_STATUS_")
}

fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}

fn moment(time: Option<Timestamp>) -> Option<DateTime<Utc>> {
    time.and_then(|time| timestamp("time", Some(time)).ok())
}

fn time(time: Option<Timestamp>) -> String {
    let time = moment(time);
    time.map_or_else(String::new, |time| time.format("%F %T").to_string())
}

pub(super) fn turn_json(turn: &pb::Turn) -> Value {
    let calls = turn.tool_calls.iter().map(|call| {
        let arguments: Option<Value> = serde_json::from_str(&call.arguments_json).ok();
        json!({ "id": call.id, "name": call.name, "arguments": arguments })
    });
    let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let sequence = |sequence: i64| Some(sequence).filter(|sequence| *sequence > 0);
    json!({
        "turn_id": turn.turn_id,
        "session_id": turn.session_id,
        "input_message_id": turn.input_message_id,
        "status": status(turn),
        "started_at": moment(turn.started_at),
        "ended_at": moment(turn.ended_at),
        "error": said(&turn.error),
        "problem": said(&turn.problem),
        "output_message_id": turn.output_message_id,
        "llm_call_count": turn.llm_call_count,
        "tool_call_count": turn.tool_call_count,
        "usage": turn.usage.as_ref().map(|usage| json!({
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_creation_tokens": usage.cache_creation_tokens,
            "actual_cost_usd": usage.actual_cost_usd,
            "estimated_cost_usd": usage.estimated_cost_usd,
        })),
        "tool_calls": calls.collect::<Vec<_>>(),
        "first_sequence": sequence(turn.first_sequence),
        "last_sequence": sequence(turn.last_sequence),
    })
}

/// The session as the runtime writes it; of one that this program cannot read, its id.
fn session_json(session: adapter::Session) -> Value {
    let id = session.id.clone();
    match Session::try_from(session) {
        Ok(session) => json!(session),
        Err(fault) => {
            tracing::warn!(%fault, session = id, "a session of the host cannot be read");
            json!({ "id": id })
        }
    }
}

fn agent_json(agent: &pb::Agent) -> Value {
    json!({
        "agent_id": agent.agent_id,
        "name": agent.name,
        "display_name": agent.display_name,
        "description": agent.description,
        "tags": agent.tags,
        "default_model_id": agent.default_model_id,
        "capabilities": agent.capabilities,
        "status": word(agent.status().as_str_name(), "AGENT_STATUS_"),
        "created_at": moment(agent.created_at),
        "updated_at": moment(agent.updated_at),
    })
}

fn harness_json(harness: &pb::Harness) -> Value {
    json!({
        "harness_id": harness.harness_id,
        "name": harness.name,
        "display_name": harness.display_name,
        "description": harness.description,
        "parent_harness_id": harness.parent_harness_id,
        "tags": harness.tags,
        "default_model_id": harness.default_model_id,
        "capabilities": harness.capabilities,
        "is_built_in": harness.is_built_in,
        "status": word(harness.status().as_str_name(), "HARNESS_STATUS_"),
        "created_at": moment(harness.created_at),
        "updated_at": moment(harness.updated_at),
    })
}
