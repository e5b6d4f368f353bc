//! Ends of turns that could not be stored when they were reached: tried again, whichever
//! engine had run the turn.

use super::ending::{self, EndEvents};
use crate::journal::{Ending, NextStep, UnfinishedTurn, UnstoredEnds};
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::StoreError;

/// Stores an end that was put off; one that is still not stored is kept again.
/// `has_another`: the session has another turn that has not ended, and its status is that
/// turn's to say.
pub async fn store_end(
    adapter: &GrpcHostAdapter,
    ends: &UnstoredEnds,
    turn: UnfinishedTurn,
    has_another: bool,
) -> Result<(), StoreError> {
    let NextStep::End(ending) = turn.next.clone() else {
        return Ok(());
    };
    let may_be_stored = EndEvents::MaybeStored;
    let stored = ending::store_events(adapter, &turn, &ending, may_be_stored, has_another).await;
    let written = match &stored {
        Ok(()) => {
            let completed = matches!(ending, Ending::Completed);
            ending::fire_turn_end_hooks(adapter, &turn, completed).await;
            ends.remove(&turn).await
        }
        Err(error) if ending::is_gone(error) || ending::is_without_session(&turn, error) => {
            ends.remove(&turn).await
        }
        Err(error) => ends.keep(turn, error).await,
    };
    if let Err(error) = written {
        tracing::error!(%error, "the journal does not know what became of a turn's end");
    }
    stored
}
