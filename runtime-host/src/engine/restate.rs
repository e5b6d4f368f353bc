//! The engine `restate`: a Restate server places turns on hosts, and again where a host is
//! lost.
//!
//! A session is a virtual object, and a turn an invocation of its exclusive handler, so a
//! session has one at a time on all hosts together. Each step is an entry of the
//! invocation's journal. The host that takes part in an invocation runs the turn with the
//! local engine, under the lease of the session: the fence of the lease keeps a host that
//! was thought dead from the stores. The turn's own journal stays in the adapter, so every
//! host can read where a turn stands, also while the server is away.
//!
//! ```text
//!   caller ─► host A ── ingress ─► Restate ── HTTP/2 ─► host B: object, local engine
//!                └──── attached to the invocation ◄───────┘
//! ```

mod client;
mod object;
mod registration;
mod serving;
mod waiting;

use super::placed::Caller;
use super::{
    Begin, EngineFactory, EngineParts, LocalEngines, PlacedBegin, PlacedEnd, TurnControl, TurnEnd,
    TurnEngine, TurnError, TurnSite,
};
pub use crate::config::RestateOptions;
use crate::journal::{Ending, UnfinishedTurn};
use async_trait::async_trait;
use client::{CallError, CancelRequest, Client, RunRequest};
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use mortise_adapter_client::BearerToken;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;
use waiting::Waiting;

/// The object's name in the server.
const OBJECT: &str = "MortiseSession";

/// When a caller should come back who found the server away.
const AWAY_FOR: Duration = Duration::from_secs(1);

/// Why the engine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RestateError {
    /// Its token file cannot be used.
    #[error("turns.restate.token_file: {0}")]
    Token(String),
    /// No HTTP client can be made.
    #[error("the client of the Restate server could not be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The address for the server cannot be listened at.
    #[error("turns.restate.listen: cannot listen at {address}: {cause}; name a free address")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
}

/// Makes engines over one Restate server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RestateEngines {
    shared: Arc<Shared>,
}

/// What all orgs' engines share.
#[derive(Debug)]
struct Shared {
    client: Client,
    options: RestateOptions,
    /// The turns that were asked for at this host, by their messages.
    callers: Mutex<HashMap<MessageId, Arc<Caller>>>,
    /// Why the server cannot be used now.
    problem: Mutex<Option<String>>,
}

/// The engine of an org.
struct RestateEngine {
    shared: Arc<Shared>,
    parts: EngineParts,
    /// Does here what needs no other host.
    here: Arc<dyn TurnEngine>,
}

/// A turn that was asked for at this host, until this is dropped.
struct Asked {
    shared: Arc<Shared>,
    message_id: MessageId,
    caller: Arc<Caller>,
}

// === impl RestateEngines ===

impl RestateEngines {
    /// Engines over a server, which need not be there yet.
    pub fn new(options: RestateOptions) -> Result<Self, RestateError> {
        let token = options.token_file.clone().map(BearerToken::open);
        let token = token.transpose().map_err(RestateError::Token)?;
        Ok(Self {
            shared: Arc::new(Shared {
                client: Client::new(&options, token)?,
                options,
                callers: Mutex::default(),
                problem: Mutex::new(Some("the Restate server has not answered yet".into())),
            }),
        })
    }

    /// Runs, at `site`, what the server places on this host, and tells the server where that
    /// is, until the site stops. Turns may take `longest`, and the site runs `most` at once.
    pub async fn serve(
        &self,
        site: Arc<dyn TurnSite>,
        longest: Option<Duration>,
        most: usize,
    ) -> Result<(), RestateError> {
        let listener = serving::bind(self.shared.options.listen).await?;
        let bound = listener.local_addr().unwrap_or(self.shared.options.listen);
        let object = object::SessionObject::new(site.clone(), self.shared.clone());
        let endpoint = serving::endpoint(object, longest);
        tokio::spawn(serving::serve(listener, endpoint, most, site.clone()));
        tokio::spawn(registration::keep(self.shared.clone(), bound, site));
        Ok(())
    }
}

impl EngineFactory for RestateEngines {
    fn engine(&self, parts: EngineParts) -> Arc<dyn TurnEngine> {
        Arc::new(RestateEngine {
            shared: self.shared.clone(),
            here: LocalEngines.engine(parts.clone()),
            parts,
        })
    }

    fn places_turns(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        self.shared.problem().clone()
    }
}

// === impl Shared ===

impl Shared {
    fn problem(&self) -> MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<MessageId, Arc<Caller>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a turn is asked for here.
    fn ask(self: &Arc<Self>, message_id: MessageId, control: &TurnControl) -> Asked {
        let caller = Arc::new(Caller::new(control));
        self.callers().insert(message_id, caller.clone());
        Asked {
            shared: self.clone(),
            message_id,
            caller,
        }
    }

    /// Where a turn was asked for at this host, who asks.
    fn caller(&self, message_id: MessageId) -> Option<Arc<Caller>> {
        self.callers().get(&message_id).cloned()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut callers = self.shared.callers();
        // The same turn may have been asked for again.
        if let Some(caller) = callers.get(&self.message_id)
            && Arc::ptr_eq(caller, &self.caller)
        {
            callers.remove(&self.message_id);
        }
    }
}

// === impl RestateEngine ===

impl RestateEngine {
    /// Hands a turn over, again where it is not known whether that has succeeded: then it is
    /// the same invocation.
    async fn submit(
        &self,
        request: &RunRequest,
        control: &TurnControl,
    ) -> Result<String, TurnError> {
        let key = idempotency_key(&request.begin);
        let until = Instant::now() + self.parts.options.insist_for;
        let mut backoff = self.parts.options.backoff();
        let mut may_have_begun = false;
        loop {
            let error = match self.shared.client.submit(request, &key).await {
                Ok(invocation_id) => return Ok(invocation_id),
                Err(error) => error,
            };
            let session = request.session_id;
            may_have_begun |= !error.is_not_applied();
            if !may_have_begun || !error.may_pass() || Instant::now() >= until {
                return Err(away(&error));
            }
            tracing::warn!(%session, %error, "handing a turn over to the engine failed; trying again");
            if !control.pause(&mut backoff, Duration::ZERO).await {
                return Err(TurnError::Parked);
            }
        }
    }

    /// What is said of a message that is stored: a turn of this message is one invocation,
    /// whichever host hands it over.
    async fn claimed(
        begin: Begin,
    ) -> Result<(PlacedBegin, Option<Box<dyn super::Claim>>), TurnError> {
        match begin {
            Begin::Message { message, turn_id } => {
                Ok((PlacedBegin::Message { message, turn_id }, None))
            }
            Begin::Stored {
                message_id,
                turn_id,
                claim,
            } => {
                if let Some(claim) = &claim
                    && claim.is_answered().await?
                {
                    claim.take().await?;
                    return Err(TurnError::NotClaimed);
                }
                let placed = PlacedBegin::Stored {
                    message_id,
                    turn_id,
                };
                Ok((placed, claim))
            }
            Begin::Resume(turn) => Ok((PlacedBegin::Resume { turn }, None)),
        }
    }
}

#[async_trait]
impl TurnEngine for RestateEngine {
    async fn run(
        &self,
        session_id: SessionId,
        begin: Begin,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        let (begin, claim) = Self::claimed(begin).await?;
        let request = RunRequest {
            org_id: self.parts.adapter.org_id(),
            session_id,
            begin,
        };
        let asked = self.shared.ask(request.begin.message_id(), control);
        let invocation_id = self.submit(&request, control).await?;
        if let Some(claim) = claim
            && let Err(error) = claim.take().await
        {
            // It is asked for again, and is the same invocation then.
            tracing::warn!(session = %session_id, %error, "a turn request is not removed from the storage");
        }
        let waiting = Waiting {
            client: &self.shared.client,
            journal: &self.parts.journal,
            backoff: self.parts.options.backoff(),
            request: &request,
            invocation_id,
            caller: &asked.caller,
            control,
        };
        waiting.run().await
    }

    async fn end(
        &self,
        turn: UnfinishedTurn,
        ending: Ending,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        self.here.end(turn, ending, control).await
    }

    async fn reconcile(
        &self,
        turn: UnfinishedTurn,
        control: &TurnControl,
    ) -> Result<UnfinishedTurn, TurnError> {
        self.here.reconcile(turn, control).await
    }

    async fn abandon(&self, turn: UnfinishedTurn, ending: Ending) -> Result<(), TurnError> {
        self.here.abandon(turn, ending).await
    }

    async fn cancel(
        &self,
        session_id: SessionId,
        turn_id: Option<TurnId>,
        reason: Option<String>,
    ) -> Result<Option<(TurnId, TurnEnd)>, TurnError> {
        let client = &self.shared.client;
        let request = CancelRequest {
            turn_id,
            message_id: None,
            reason,
            invocation_id: None,
        };
        let org_id = self.parts.adapter.org_id();
        let found = client.cancel(org_id, session_id, &request).await;
        let Some(found) = found.map_err(|error| away(&error))? else {
            return Ok(None);
        };
        match client.attach(&found.invocation_id).await {
            Ok(PlacedEnd::Ended { began, end }) => Ok(Some((began.turn_id, end))),
            Ok(PlacedEnd::NotBegun { .. }) => Ok(None),
            // An operator of the server has removed its invocation.
            Err(error) if error.is_final() => Ok(None),
            Err(error) => Err(away(&error)),
        }
    }

    async fn runs(&self, session_id: SessionId) -> Result<bool, TurnError> {
        let org_id = self.parts.adapter.org_id();
        let running = self.shared.client.running(org_id, session_id).await;
        let running = running.map_err(|error| away(&error))?;
        Ok(running.is_some())
    }

    async fn has(&self, session_id: SessionId, message_id: MessageId) -> Result<bool, TurnError> {
        let (org_id, key) = (self.parts.adapter.org_id(), message_id.to_string());
        let submitted = self.shared.client.is_submitted(org_id, session_id, &key);
        submitted.await.map_err(|error| away(&error))
    }
}

/// The adapter's `Debug` says enough of the parts.
impl fmt::Debug for RestateEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestateEngine")
            .field("org_id", &self.parts.adapter.org_id())
            .finish_non_exhaustive()
    }
}

/// By what an invocation is the same: its message. A turn that goes on is another invocation
/// each time, which finds in the journal what is left to do: the answer of an earlier one,
/// which the server remembers for a day, would be no answer.
fn idempotency_key(begin: &PlacedBegin) -> String {
    match begin {
        PlacedBegin::Message { .. } | PlacedBegin::Stored { .. } => begin.message_id().to_string(),
        PlacedBegin::Resume { turn } => format!("{}-{}", turn.turn_id(), Uuid::new_v4().simple()),
    }
}

/// What a caller is told whose turn the server does not take.
fn away(error: &CallError) -> TurnError {
    let text = format!("{error}; start the server, or correct turns.restate");
    let error = HostError::new(ErrorReason::AdapterUnavailable, text);
    TurnError::Refused(error.retry_after(AWAY_FOR))
}
