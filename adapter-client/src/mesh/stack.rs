//! The stack under every call, read from top to bottom: each layer is one function that
//! calls the next. What a call does to the state behind it (`effect`), how long it may take
//! (`deadline`) and what becomes of it without a server (`on_unavailable`) come from the
//! generated table of methods.
//!
//! ```text
//!   fail open    call.rs       a check that counts as allowed answers whatever happens below
//!   route        call.rs       which adapter: its limit of a message must be known to encode
//!   size         call.rs       refuse what the server would refuse, before anything is sent
//!   ═══ onto the runtime that drives connections: the mesh's own thread, so that a caller that
//!       blocks its own stops none, or the caller's where the configuration says it never does ═══
//!   seen         one call, one count and one span, however many attempts it takes
//!   turn's time  no call outlives its turn, and no attempt begins after it
//!   retry        above all that may differ between attempts: endpoint, connection, token
//!   hedge        below retry: the second attempt of a read is paid from the same budget
//!   limit        below retry: a call that pauses takes no place from others
//!   balance      below limit: the endpoint is chosen when the call can really leave
//!   deadline     below balance: the wait for a connection has the retry window instead
//!   exchange     transport.rs  token, trace headers, compression, HTTP/2: of one attempt
//! ```

use super::Mesh;
use super::balance::{InFlight, Node, Placed};
use super::retry::Retries;
use super::stats::Sample;
use super::trace;
use super::transport::{
    Attempt, Exchange, Failed, Lease, Outgoing, Purpose, Reached, Wanted, too_late,
};
use mortise_proto::StoreError;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::{Effect, Kind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::Code;

/// One call on its way down, with what its attempts have in common.
pub(super) struct Stack<'a, X> {
    mesh: &'a Mesh,
    call: &'a Outgoing,
    exchange: X,
    /// The endpoints of its attempts so far: the next goes to another if there is one.
    tried: Mutex<Vec<u64>>,
}

// === impl Stack ===

impl<'a, X: Exchange> Stack<'a, X> {
    pub(super) fn new(mesh: &'a Mesh, call: &'a Outgoing, exchange: X) -> Self {
        Self {
            mesh,
            call,
            exchange,
            tried: Mutex::default(),
        }
    }

    /// Counts and traces the call as its caller sees it: with all its attempts and waits.
    pub(super) async fn seen(&self) -> Result<X::Out, StoreError> {
        let call = self.call;
        let mut sample = Sample {
            code: Code::Ok,
            retries: 0,
            bytes_sent: call.size_bytes(),
            bytes_received: 0,
            time: Duration::ZERO,
        };
        let started = Instant::now();
        let result = self.within_turn(&mut sample).await;
        trace::ended(&result);
        sample.time = started.elapsed();
        if let Err(error) = &result {
            sample.code = error.code;
        }
        call.target.stats.record(call.method, sample);
        call.tap.show(call.method, &call.target.name, sample);
        result
    }

    /// The turn's time covers attempts and pauses alike: an answer after it has no reader.
    async fn within_turn(&self, sample: &mut Sample) -> Result<X::Out, StoreError> {
        match self.call.until {
            None => self.retried(sample).await,
            Some(until) => match timeout_at(until, self.retried(sample)).await {
                Ok(result) => result,
                Err(_) => Err(no_time_left(self.call)),
            },
        }
    }

    /// Sends the call again where the table or its outcome allows that, within a window and
    /// a budget. The endpoint, the connection and the token are found anew each time.
    async fn retried(&self, sample: &mut Sample) -> Result<X::Out, StoreError> {
        let (target, method) = (&self.call.target, self.call.method);
        let mut retries = target.retries(method);
        let mut by_stranger = false;
        let result = loop {
            let failed = match self.hedged(&retries).await {
                Ok((answer, size)) => {
                    sample.bytes_received = size as u64;
                    break Ok(answer);
                }
                Err(failed) => failed,
            };
            by_stranger = failed.reached == Reached::Stranger;
            let Some(wait) = retries.after(&failed, self.has_other()) else {
                break Err(target.name_in(failed.error));
            };
            sample.retries += 1;
            let error = &failed.error;
            tracing::debug!(method = method.short_name(), adapter = %target.name, %error, ?wait, "retrying");
            tokio::time::sleep(wait).await;
        };
        retries.answered();
        if let Err(error) = &result
            && (error.is_transient() || error.code == Code::Unimplemented)
        {
            target.suspect();
        }
        // One that is never sent again says little about its adapter: the calls after it
        // still wait for one that is coming back. A page in its place says nothing.
        let says = method.may_repeat() && !by_stranger;
        if result.is_ok() || says {
            target.note(&result, retries.left());
        }
        result
    }

    /// A read that has had no answer for a while goes to a second endpoint as well. The
    /// first answer counts, and the other attempt is dropped, which cancels it.
    async fn hedged(&self, retries: &Retries<'_>) -> Attempt<X::Out> {
        let first = self.limited(retries.left());
        let Some(after) = self.hedge_after() else {
            return first.await;
        };
        tokio::pin!(first);
        if let Ok(done) = timeout(after, &mut first).await {
            return done;
        }
        if !retries.may_hedge() {
            return first.await;
        }
        let second = self.limited(retries.left());
        tokio::pin!(second);
        tokio::select! {
            done = &mut first => match done {
                Err(failed) if failed.is_of_endpoint() => second.await,
                done => done,
            },
            done = &mut second => match done {
                Err(_) => first.await,
                done => done,
            },
        }
    }

    /// Only what changes nothing may be under way twice, and only where there are two
    /// endpoints.
    fn hedge_after(&self) -> Option<Duration> {
        let (target, method) = (&self.call.target, self.call.method);
        let is_read = method.effect == Effect::Read && method.kind == Kind::Unary;
        let after = target.config.calls.hedge_after.filter(|_| is_read)?;
        (target.balance.nodes().len() > 1).then_some(after)
    }

    /// At most so many attempts are under way at one adapter, and at most so many wait.
    async fn limited(&self, wait: Duration) -> Attempt<X::Out> {
        let target = &self.call.target;
        let _permit = target.limit.enter(target.times.deadline).await?;
        self.balanced(wait).await
    }

    /// A place at the least loaded of two endpoints, or the wait for one that is connected.
    /// How the attempt ends speaks for its endpoint or against it.
    async fn balanced(&self, wait: Duration) -> Attempt<X::Out> {
        let (lease, in_flight) = self.placed(wait).await?;
        let result = self.timed(lease, &in_flight.node).await;
        in_flight.ended(self.call.method, &result);
        result
    }

    async fn placed(&self, wait: Duration) -> Result<(Lease, InFlight), Failed> {
        let began = Instant::now();
        let tried = self.tried().clone();
        let balance = &self.call.target.balance;
        let wanted = Wanted {
            purpose: X::PURPOSE,
            driver: self.call.driver,
        };
        let placed = balance.acquire(wanted, wait, &tried).await?;
        let Placed { lease, in_flight } = placed;
        in_flight.node.note_wait(began.elapsed());
        self.tried().push(in_flight.node.id);
        Ok((lease, in_flight))
    }

    /// Whether there is an endpoint that no attempt went to.
    fn has_other(&self) -> bool {
        let (nodes, tried) = (self.call.target.balance.nodes(), self.tried());
        nodes.iter().any(|node| !tried.contains(&node.id))
    }

    fn tried(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The deadline of the method's class, for one attempt that has its place. One that is
    /// late on a connection that has been silent all the while ends that connection: the
    /// other end may be gone without a word.
    async fn timed(&self, lease: Lease, node: &Node) -> Attempt<X::Out> {
        let call = self.call;
        let exchange = self.exchange.exchange(self.mesh, call, lease, node);
        let Some(deadline) = self.exchange.deadline(call) else {
            return exchange.await;
        };
        let began = Instant::now();
        match timeout(deadline, exchange).await {
            Ok(done) => done,
            Err(_) => {
                node.pools.end_silent(began);
                Err(too_late(call.method, deadline).into())
            }
        }
    }
}

impl<X: Exchange> Stack<'_, X> {
    /// The same for a stream without an end, from balance on. It is not sent again here:
    /// only its reader knows how far it has come. It is not limited either: the connections
    /// have limits of their own for streams.
    pub(super) async fn opened(&self) -> Result<X::Out, StoreError> {
        debug_assert!(X::PURPOSE == Purpose::Stream);
        let target = &self.call.target;
        let opened = self.balanced(target.patience()).await;
        let opened = opened.map_err(|failed| failed.error);
        trace::ended(&opened);
        Ok(opened?.0)
    }

    /// The same to one endpoint, from deadline on: a question about that endpoint alone.
    pub(super) async fn asked(&self, node: &Node) -> Result<X::Out, StoreError> {
        let pool = node.pools.of(self.call.driver);
        let lease = pool.acquire(X::PURPOSE, Duration::ZERO).await;
        let answer = self.timed(lease.map_err(Failed::into_error)?, node).await;
        Ok(answer.map_err(Failed::into_error)?.0)
    }
}

fn no_time_left(call: &Outgoing) -> StoreError {
    StoreError::new(
        ErrorReason::DeadlineExceeded,
        format!(
            "{} did not answer before the end of its turn's time",
            call.method.short_name()
        ),
    )
}
