//! The virtual object of a session: its exclusive handler is one turn, a step after the
//! other; beside it runs the handler that cancels the turn.

use super::Shared;
use super::client::{CancelRequest, RunRequest, RunningTurn};
use crate::engine::placed::{Attempt, Stepped};
use crate::engine::{PlacedEnd, PlacedTurn, TurnSite};
use crate::journal::UnfinishedTurn;
use restate_sdk::context::{RunFuture, SharedObjectContext};
use restate_sdk::errors::{HandlerError, HandlerResult, TerminalError};
use restate_sdk::prelude::{
    ContextClient, ContextReadState, ContextSideEffects, ContextSignals, ContextWriteState, Json,
    ObjectContext,
};
use serde::{Deserialize, Serialize};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The key of the object's state that says which turn runs.
const RUNNING: &str = "turn";

/// The signal that cancels the turn, with the reason.
const CANCEL: &str = "cancel";

/// The sessions of all orgs.
#[derive(Debug)]
pub(super) struct SessionObject {
    site: Arc<dyn TurnSite>,
    shared: Arc<Shared>,
}

/// What a step of a turn came to: an entry of the invocation's journal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// The turn goes on from here.
    At { turn: Box<UnfinishedTurn> },
    /// It is over.
    Over { end: PlacedEnd },
}

/// Why an invocation is to be tried again.
#[derive(Debug, thiserror::Error)]
#[error("the turn was interrupted on this host; it goes on at its last finished step")]
struct Interrupted;

/// This attempt at an invocation. It runs nothing before a step of it is to be taken that
/// no earlier attempt has finished.
struct Live {
    site: Arc<dyn TurnSite>,
    shared: Arc<Shared>,
    request: RunRequest,
    run: Mutex<Option<Run>>,
    attempt: Mutex<Option<Arc<Attempt>>>,
    /// Set where the turn is cancelled before this attempt runs it.
    cancelled: Mutex<Option<Option<String>>>,
    over: CancellationToken,
    /// Parks the turn when the server has given this attempt up.
    _over: DropGuard,
}

/// The turn, as it runs at the site.
struct Run {
    steps: mpsc::Receiver<Stepped>,
    ended: oneshot::Receiver<Option<PlacedEnd>>,
    /// Has the turn take its next step.
    go_on: Option<oneshot::Sender<()>>,
}

// === impl SessionObject ===

#[restate_sdk::object(name = "MortiseSession", client_visibility = "pub(super)")]
impl SessionObject {
    /// Runs a turn to its end, or until it waits for tool results.
    #[handler]
    async fn run(
        &self,
        ctx: ObjectContext<'_>,
        request: Json<RunRequest>,
    ) -> Result<Json<PlacedEnd>, HandlerError> {
        let Json(request) = request;
        let running = RunningTurn {
            turn_id: request.begin.turn_id(),
            message_id: request.begin.message_id(),
            invocation_id: ctx.invocation_id().into(),
        };
        ctx.set(RUNNING, Json(running));
        let live = Arc::new(Live::new(self, request));
        let mut stands = None;
        for number in 1_u64.. {
            match live.clone().record(&ctx, number, stands.clone()).await {
                Ok(Json(Step::At { turn })) => stands = Some(*turn),
                Ok(Json(Step::Over { end })) => {
                    ctx.clear(RUNNING);
                    return Ok(Json(end));
                }
                // Cancelled by an operator of the server: the turn ends in its own way.
                Err(_) => live.cancel(None),
            }
        }
        Err(Interrupted.into())
    }

    /// Cancels the turn that runs, or the invocation of one that has not begun; which turn
    /// runs, if it is meant.
    #[handler]
    async fn cancel(
        &self,
        ctx: SharedObjectContext<'_>,
        request: Json<CancelRequest>,
    ) -> Result<Json<Option<RunningTurn>>, HandlerError> {
        let running: Option<Json<RunningTurn>> = ctx.get(RUNNING).await?;
        let CancelRequest {
            turn_id,
            message_id,
            reason,
            invocation_id,
        } = request.into_inner();
        let is_meant = |running: &RunningTurn| match message_id {
            Some(message_id) => running.message_id == message_id,
            None => turn_id.is_none_or(|meant| running.turn_id == meant),
        };
        let found = running.map(|Json(running)| running).filter(is_meant);
        if let Some(running) = &found {
            let handle = ctx.invocation_handle(running.invocation_id.clone());
            handle.signal(CANCEL).resolve(Json(reason));
        } else if let Some(invocation_id) = invocation_id {
            ctx.invocation_handle(invocation_id).cancel();
        }
        Ok(Json(found))
    }

    /// The turn that runs.
    #[handler]
    async fn running(
        &self,
        ctx: SharedObjectContext<'_>,
    ) -> Result<Json<Option<RunningTurn>>, HandlerError> {
        let running: Option<Json<RunningTurn>> = ctx.get(RUNNING).await?;
        Ok(Json(running.map(Json::into_inner)))
    }
}

impl SessionObject {
    pub(super) fn new(site: Arc<dyn TurnSite>, shared: Arc<Shared>) -> Self {
        Self { site, shared }
    }
}

// === impl Live ===

impl Live {
    fn new(object: &SessionObject, request: RunRequest) -> Self {
        let over = CancellationToken::new();
        Self {
            site: object.site.clone(),
            shared: object.shared.clone(),
            request,
            run: Mutex::default(),
            attempt: Mutex::default(),
            cancelled: Mutex::default(),
            _over: over.clone().drop_guard(),
            over,
        }
    }

    /// Takes a step, unless an earlier attempt has, and records it in the invocation's
    /// journal. A signal to cancel is heard meanwhile.
    async fn record(
        self: Arc<Self>,
        ctx: &ObjectContext<'_>,
        number: u64,
        stands: Option<UnfinishedTurn>,
    ) -> Result<Json<Step>, TerminalError> {
        let has_stepped = Arc::new(AtomicBool::new(false));
        let (live, stepped) = (self.clone(), has_stepped.clone());
        let step = ctx.run(move || async move {
            let step = live.step(stands).await;
            stepped.store(true, Ordering::Release);
            step
        });
        let mut step = pin!(step.name(format!("step {number}")));
        // Of every step: another await may have taken in what this one waits for.
        let mut signal = pin!(ctx.signal::<Json<Option<String>>>(CANCEL));
        let mut is_heard = false;
        poll_fn(|cx| {
            if let Poll::Ready(step) = step.as_mut().poll(cx) {
                return Poll::Ready(step);
            }
            // From then on the step's own future reads what the server sends.
            if is_heard || has_stepped.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            if let Poll::Ready(reason) = signal.as_mut().poll(cx) {
                is_heard = true;
                // An error: cancelled by an operator of the server.
                self.cancel(reason.ok().and_then(|Json(reason)| reason));
            }
            Poll::Pending
        })
        .await
    }

    /// Has the turn take its next step, and says what that came to.
    async fn step(self: Arc<Self>, stands: Option<UnfinishedTurn>) -> HandlerResult<Json<Step>> {
        let run = lock(&self.run).take();
        let mut run = run.unwrap_or_else(|| self.start(stands));
        if let Some(go_on) = run.go_on.take() {
            // A turn that was aborted says so below.
            go_on.send(()).unwrap_or_default();
        }
        let stepped = tokio::select! {
            biased;
            Some(stepped) = run.steps.recv() => Ok(stepped),
            ended = &mut run.ended => Err(ended),
        };
        match stepped {
            Ok(Stepped { turn, recorded }) => {
                run.go_on = Some(recorded);
                *lock(&self.run) = Some(run);
                let turn = Box::new(turn);
                Ok(Json(Step::At { turn }))
            }
            Err(Ok(Some(end))) => Ok(Json(Step::Over { end })),
            Err(Ok(None) | Err(_)) => Err(Interrupted.into()),
        }
    }

    /// Begins to run the turn here.
    fn start(&self, stands: Option<UnfinishedTurn>) -> Run {
        let (sender, steps) = mpsc::channel(1);
        let caller = self.shared.caller(self.request.begin.message_id());
        let attempt = Arc::new(Attempt::new(sender, self.over.clone(), caller));
        if let Some(reason) = lock(&self.cancelled).clone() {
            attempt.cancel(reason);
        }
        *lock(&self.attempt) = Some(attempt.clone());
        let turn = PlacedTurn {
            org_id: self.request.org_id,
            session_id: self.request.session_id,
            begin: self.request.begin.clone(),
            stands,
            attempt,
        };
        let (tell, ended) = oneshot::channel();
        let site = self.site.clone();
        tokio::spawn(async move {
            // Where no one waits any more, another attempt tells.
            drop(tell.send(site.run_placed(turn).await));
        });
        Run {
            steps,
            ended,
            go_on: None,
        }
    }

    fn cancel(&self, reason: Option<String>) {
        lock(&self.cancelled).get_or_insert(reason.clone());
        if let Some(attempt) = &*lock(&self.attempt) {
            attempt.cancel(reason);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
