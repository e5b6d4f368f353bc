//! Claims of tool calls: a call is claimed before its tool runs and settled with its result,
//! so that a host that takes the turn over never runs it again.

use everruns_core::events::ToolCompletedData;
use everruns_core::typed_id::{SessionId, TurnId};
use everruns_core::{ToolCall, ToolDefinition};
use std::fmt;
use uuid::Uuid;

/// The longest id or name of a tool call that can be claimed, in bytes (turn_journal.proto).
const NAME_MAX: usize = 512;

/// The digits of an iteration and the colon, which stand before the id of a claim.
const ITERATION_MAX: usize = 11;

/// A call of a tool that this process is about to run.
#[derive(Debug, Clone, Copy)]
pub struct ToolClaim<'a> {
    /// The call.
    pub call: &'a ToolCall,
    /// Whether the tool may run twice with the same arguments.
    pub may_run_twice: bool,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claimed {
    /// No other host reads the journal: the tool is to run, and nothing is settled.
    Alone,
    /// The tool is to run, and the claim is to be settled with its result.
    Made(MadeClaim),
    /// The tool has run, with this result.
    Settled(Box<ToolCompletedData>),
    /// A host claimed the call and was lost, or stopped the tool before its end. Whether it
    /// has run is not known.
    InDoubt,
}

/// A claim that this host has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeClaim {
    /// The session of the turn.
    pub session_id: SessionId,
    /// The turn that asks for the call.
    pub turn_id: TurnId,
    /// The call, as it was claimed.
    pub claim_id: String,
    /// What the journal wants to see of who settles it.
    pub token: Uuid,
}

/// What is stored of a call whose claim is settled.
#[derive(Clone)]
pub struct Settlement {
    /// Whether the tool was stopped before its end, or never begun.
    pub is_interrupted: bool,
    /// The result, as the turn's event has it.
    pub result: ToolCompletedData,
}

// === impl ToolClaim ===

impl<'a> ToolClaim<'a> {
    /// The claim of a call; `None` if no tool of this process runs for it, or if its names
    /// are longer than the contract allows.
    pub(crate) fn of(call: &'a ToolCall, definitions: &[ToolDefinition]) -> Option<Self> {
        let definition = definitions.iter().find(|found| found.name() == call.name)?;
        let is_own = matches!(definition, ToolDefinition::Builtin(_));
        let fits = |name: &str, max| (1..=max).contains(&name.len()) && !name.contains('\0');
        let hints = definition.hints();
        let may_run_twice = hints.readonly == Some(true) || hints.idempotent == Some(true);
        let can_be_claimed =
            is_own && fits(&call.id, NAME_MAX - ITERATION_MAX) && fits(&call.name, NAME_MAX);
        can_be_claimed.then_some(Self {
            call,
            may_run_twice,
        })
    }
}

/// What a claim of a call is known by. Models may use the id of a call again after they have
/// its result, so the iteration is part of it.
pub(super) fn claim_id(iteration: u32, call: &ToolCall) -> String {
    format!("{iteration}:{}", call.id)
}

/// What tools were asked and answered stays out of logs.
impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settlement")
            .field("tool_call_id", &self.result.tool_call_id)
            .field("is_interrupted", &self.is_interrupted)
            .finish_non_exhaustive()
    }
}
