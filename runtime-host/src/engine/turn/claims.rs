//! Calls of tools are claimed before they run and settled with their results, where hosts
//! share the journal: one that takes the turn over uses the results there are, and tells the
//! model of the calls that may have run.

use super::refused::refusal;
use super::{Step, Stop, Turn};
use crate::journal::{Claimed, JournalError, MadeClaim, Settlement, ToolClaim, TurnJournal};
use everruns_core::atoms::ActInput;
use everruns_core::events::{EventData, ToolCompletedData};
use everruns_core::{AgentLoopError, ToolCall};
use futures::future::join_all;
use mortise_adapter_client::EventTap;
use mortise_proto::convert::error::into_host_error;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// Why a call does not run that a lost host had claimed.
const IN_DOUBT: &str = "the host that ran this tool was lost, and whether the tool has run is not known; check what it has done before you call it again";

/// Why a call did not run whose claim was made and could not be used.
const NOT_RUN: &str = "the tool was not run: the host could not claim all calls of this step in the turn journal; call it again";

/// The claims of a step, by the ids of their calls, and their results on the way into the
/// journal.
#[derive(Debug)]
pub(super) struct Claims {
    journal: Arc<dyn TurnJournal>,
    made: HashMap<String, MadeClaim>,
    settling: Mutex<JoinSet<()>>,
}

// === impl Turn ===

impl Turn<'_> {
    /// Claims the calls in the journal. Those that have run elsewhere are taken out and get
    /// the results that are kept of them; so are those of which it is not known, and the
    /// model reads why. One whose tool may run twice stays.
    pub(super) async fn claim_calls(&self, input: &mut ActInput) -> Step<Arc<Claims>> {
        let calls = std::mem::take(&mut input.tool_calls);
        let claimed = join_all(calls.iter().map(async |call| {
            match ToolClaim::of(call, &input.tool_definitions) {
                Some(claim) => self.engine.journal.claim(&self.turn, &claim).await,
                None => Ok(Claimed::Alone),
            }
        }))
        .await;
        let claimed = self.all_or_none(&calls, claimed).await?;
        let (mut made, mut results) = (HashMap::new(), Vec::new());
        for (call, claimed) in calls.into_iter().zip(claimed) {
            match claimed {
                Claimed::Alone => input.tool_calls.push(call),
                Claimed::Made(claim) => {
                    made.insert(call.id.clone(), claim);
                    input.tool_calls.push(call);
                }
                Claimed::Settled(result) => results.push(*result),
                Claimed::InDoubt => {
                    tracing::warn!(session = %self.turn.session_id(), tool = call.name, call = call.id, "a tool call is in doubt; it does not run again");
                    results.push(refusal(&call, IN_DOUBT));
                }
            }
        }
        if !results.is_empty() {
            self.tell_results(results).await?;
        }
        Ok(Arc::new(Claims {
            journal: self.engine.journal.clone(),
            made,
            settling: Mutex::default(),
        }))
    }

    /// The claims of a step. Where one could not be made, the step ends, and the others are
    /// settled: their tools have not run, which who goes on with the turn cannot know.
    async fn all_or_none(
        &self,
        calls: &[ToolCall],
        claimed: Vec<Result<Claimed, JournalError>>,
    ) -> Step<Vec<Claimed>> {
        let (mut done, mut fault) = (Vec::new(), None);
        for (call, claimed) in calls.iter().zip(claimed) {
            match claimed {
                Ok(claimed) => done.push((call, claimed)),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        let Some(fault) = fault else {
            return Ok(done.into_iter().map(|(_, claimed)| claimed).collect());
        };
        let given_up = done.iter().filter_map(|(call, claimed)| match claimed {
            Claimed::Made(claim) => Some((claim, refusal(call, NOT_RUN))),
            Claimed::Alone | Claimed::Settled(_) | Claimed::InDoubt => None,
        });
        join_all(given_up.map(async |(claim, result)| {
            let settlement = Settlement {
                is_interrupted: true,
                result,
            };
            settle(self.engine.journal.as_ref(), claim, &settlement).await;
        }))
        .await;
        Err(Stop::Broken(match fault {
            JournalError::Adapter(error) => into_host_error(error),
            error @ JournalError::File { .. } => AgentLoopError::Internal(error.into()),
        }))
    }
}

// === impl Claims ===

impl Claims {
    /// Settles the claim of each call whose result an adapter emits.
    pub(super) fn tap(self: &Arc<Self>) -> EventTap {
        let claims = self.clone();
        Arc::new(move |event| {
            if let EventData::ToolCompleted(result) = &event.data {
                claims.completed(result);
            }
        })
    }

    /// The result is stored beside the turn's event, which may be lost with this host.
    fn completed(&self, result: &ToolCompletedData) {
        let Some(claim) = self.made.get(&result.tool_call_id).cloned() else {
            return;
        };
        let (journal, settlement) = (
            self.journal.clone(),
            Settlement {
                is_interrupted: false,
                result: result.clone(),
            },
        );
        let mut settling = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        settling.spawn(async move { settle(journal.as_ref(), &claim, &settlement).await });
    }

    /// Resolves when every result so far is in the journal.
    pub(super) async fn settled(&self) {
        let mut settling =
            std::mem::take(&mut *self.settling.lock().unwrap_or_else(PoisonError::into_inner));
        while settling.join_next().await.is_some() {}
    }
}

/// A result that is not kept is no fault of the turn: its event is stored, or the call is in
/// doubt for who takes the turn over.
async fn settle(journal: &dyn TurnJournal, claim: &MadeClaim, settlement: &Settlement) {
    if let Err(error) = journal.settle(claim, settlement).await {
        tracing::warn!(session = %claim.session_id, turn = %claim.turn_id, %error, "the result of a tool call could not be kept in the turn journal");
    }
}
