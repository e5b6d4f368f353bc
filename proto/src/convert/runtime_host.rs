//! What a turn is loaded with. Its messages travel apart from the rest, in chunks.

use everruns_core::harness::Harness;
use everruns_core::message::Message;
use everruns_runtime::RuntimeHostTurnContext;

use super::{Result, list, nested, optional_nested, to_list};
use crate::pb;

/// A turn's context for the wire: the snapshot, and the messages that follow it,
/// which are converted as they are sent.
#[must_use]
pub fn snapshot(
    context: RuntimeHostTurnContext,
    harness_chain: Vec<Harness>,
) -> (pb::TurnSnapshot, Vec<Message>) {
    let RuntimeHostTurnContext {
        agent,
        session,
        messages,
        model,
        mcp_tool_definitions,
    } = context;
    let snapshot = pb::TurnSnapshot {
        session: Some(session.into()),
        agent: agent.map(Into::into),
        model: model.map(Into::into),
        mcp_tools: to_list(mcp_tool_definitions),
        harness_chain: to_list(harness_chain),
        messages_left_out: 0,
    };
    (snapshot, messages)
}

/// The turn's context of a snapshot and the messages that followed it, and the
/// chain of the session's harness.
pub fn turn_context(
    snapshot: pb::TurnSnapshot,
    messages: Vec<Message>,
) -> Result<(RuntimeHostTurnContext, Vec<Harness>)> {
    let pb::TurnSnapshot {
        session,
        agent,
        model,
        mcp_tools,
        harness_chain,
        // Of the stream of messages, not of the context.
        messages_left_out: _,
    } = snapshot;
    let context = RuntimeHostTurnContext {
        agent: optional_nested("agent", agent)?,
        session: nested("session", session)?,
        messages,
        model: optional_nested("model", model)?,
        mcp_tool_definitions: list("mcp_tools", mcp_tools)?,
    };
    Ok((context, list("harness_chain", harness_chain)?))
}
