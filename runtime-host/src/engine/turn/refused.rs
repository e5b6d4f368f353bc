//! Calls of tools that do not run, and the model reads why: those whose arguments were not
//! understood, and those that another host may have run.

use super::{Step, Stop, Turn, finished};
use crate::journal::{JournalError, ToolClaim};
use everruns_core::atoms::ActInput;
use everruns_core::error;
use everruns_core::events::{EventContext, EventRequest, ToolCompletedData};
use everruns_core::tool_fingerprint::{tool_call_fingerprint, tool_error_fingerprint};
use everruns_core::traits::EventEmitter;
use everruns_core::{AgentLoopError, ToolCall};
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::convert::error::into_host_error;
use serde_json::Value;

/// Why a call does not run that a lost host had claimed.
const IN_DOUBT: &str = "the host that ran this tool was lost, and whether the tool has run is not known; check what it has done before you call it again";

/// How much of the arguments the model reads again, in characters.
const SHOWN_MAX: usize = 200;

// === impl Turn ===

impl Turn<'_> {
    /// Takes out the calls whose arguments are no object, and answers each with an error.
    /// A tool would take what it does not find in its arguments as left to it.
    pub(super) async fn refuse_unclear(&self, calls: &mut Vec<ToolCall>) -> Step<()> {
        let (clear, unclear): (Vec<_>, Vec<_>) = std::mem::take(calls)
            .into_iter()
            .partition(|call| call.arguments.is_object());
        *calls = clear;
        if unclear.is_empty() {
            return Ok(());
        }
        let refused = unclear.into_iter().map(|call| {
            let why = not_understood(&call);
            (call, why)
        });
        self.refuse(&refused.collect::<Vec<_>>()).await
    }

    /// Claims the calls in the journal, where hosts share it, and takes out those that a lost
    /// host had claimed: whether their tools have run is not known. One whose tool may run
    /// twice stays.
    pub(super) async fn refuse_doubtful(&self, input: &mut ActInput) -> Step<()> {
        let claims: Vec<_> = input
            .tool_calls
            .iter()
            .filter_map(|call| ToolClaim::of(call, &input.tool_definitions))
            .collect();
        let claimed = self.engine.journal.claim(&self.turn, &claims).await;
        let doubtful = claimed.map_err(|error| match error {
            JournalError::Adapter(error) => Stop::Broken(into_host_error(error)),
            error @ JournalError::File { .. } => {
                Stop::Broken(AgentLoopError::Internal(error.into()))
            }
        })?;
        if doubtful.is_empty() {
            return Ok(());
        }
        let (doubtful, clear): (Vec<_>, Vec<_>) = std::mem::take(&mut input.tool_calls)
            .into_iter()
            .partition(|call| doubtful.contains(&call.id));
        input.tool_calls = clear;
        for call in &doubtful {
            tracing::warn!(session = %self.turn.session_id(), tool = call.name, call = call.id, "a tool call is in doubt; it does not run again");
        }
        let refused = doubtful
            .into_iter()
            .map(|call| (call, IN_DOUBT.to_string()));
        self.refuse(&refused.collect::<Vec<_>>()).await
    }

    /// Answers calls with errors.
    async fn refuse(&self, refused: &[(ToolCall, String)]) -> Step<()> {
        let phase = self.unseen_phase();
        let stored = self.store_refusals(&phase, refused).await;
        finished(&phase, stored).await.map_err(Stop::Broken)
    }

    async fn store_refusals(
        &self,
        phase: &GrpcHostAdapter,
        refused: &[(ToolCall, String)],
    ) -> error::Result<()> {
        let context = EventContext::turn(self.turn.turn_id(), self.turn.state.input_message_id);
        for (call, why) in refused {
            let refusal = refusal(call, why);
            let refused = EventRequest::new(self.turn.session_id(), context.clone(), refusal);
            phase.event_emitter().emit(refused).await?;
        }
        Ok(())
    }
}

/// Why a call does not run whose arguments are no object.
fn not_understood(call: &ToolCall) -> String {
    let written = match &call.arguments {
        Value::String(text) => text.clone(),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => other.to_string(),
    };
    let shown: String = written.chars().take(SHOWN_MAX).collect();
    format!(
        "the tool was not run: its arguments are no JSON object: {shown:?}; send the call again with an object"
    )
}

/// The event as upstream writes it of a tool that failed.
fn refusal(call: &ToolCall, error: &str) -> ToolCompletedData {
    let result = tool_error_fingerprint(&call.name, "error", error);
    ToolCompletedData::failure(
        call.id.clone(),
        call.name.clone(),
        "error".into(),
        error.to_string(),
        None,
    )
    .with_fingerprints(tool_call_fingerprint(call), result)
}
