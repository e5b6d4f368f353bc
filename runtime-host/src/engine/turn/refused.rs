//! Calls of tools that do not run, and the model reads why.

use super::{Step, Stop, Turn, finished};
use everruns_core::ToolCall;
use everruns_core::error;
use everruns_core::events::{EventContext, EventRequest, ToolCompletedData};
use everruns_core::tool_fingerprint::{tool_call_fingerprint, tool_error_fingerprint};
use everruns_core::traits::EventEmitter;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use serde_json::Value;

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
        let refused = unclear
            .iter()
            .map(|call| refusal(call, &not_understood(call)));
        self.tell_results(refused.collect()).await
    }

    /// Stores the results of calls whose tools do not run now.
    pub(super) async fn tell_results(&self, results: Vec<ToolCompletedData>) -> Step<()> {
        let phase = self.unseen_phase();
        let stored = self.store_results(&phase, results).await;
        finished(&phase, stored).await.map_err(Stop::Broken)
    }

    async fn store_results(
        &self,
        phase: &GrpcHostAdapter,
        results: Vec<ToolCompletedData>,
    ) -> error::Result<()> {
        let context = EventContext::turn(self.turn.turn_id(), self.turn.state.input_message_id);
        for result in results {
            let told = EventRequest::new(self.turn.session_id(), context.clone(), result);
            phase.event_emitter().emit(told).await?;
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

/// The result as upstream writes it of a tool that failed.
pub(super) fn refusal(call: &ToolCall, error: &str) -> ToolCompletedData {
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
