//! The pool's rules, with connections that exist only in memory and a clock that stands
//! still.

use super::dial::{Dial, Place};
use super::fault::{Failed, Reached};
use super::pool::{Lease, Limits, Pool};
use super::purpose::Purpose;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const WINDOW: Duration = Duration::from_secs(10);

/// A server in memory: it may be away, and allows so many streams on a connection.
#[derive(Debug, Clone)]
pub(in crate::mesh) struct Server {
    is_away: Arc<AtomicBool>,
    dials: Arc<AtomicUsize>,
    made: Arc<Mutex<Vec<Made>>>,
    streams_max: usize,
}

#[derive(Debug, Clone)]
pub(in crate::mesh) struct Made {
    streams_max: usize,
    is_closed: Arc<AtomicBool>,
    ended: CancellationToken,
    heard: Instant,
}

impl Server {
    pub(in crate::mesh) fn allowing(streams_max: usize) -> Self {
        Self {
            is_away: Arc::default(),
            dials: Arc::default(),
            made: Arc::default(),
            streams_max,
        }
    }

    fn pool(&self, connections_max: usize) -> Pool<Self> {
        let limits = Limits {
            connections_max,
            streams_max: 200,
            age_max: None,
        };
        Pool::new(self.clone(), limits)
    }

    pub(in crate::mesh) fn dials(&self) -> usize {
        self.dials.load(Ordering::SeqCst)
    }

    pub(in crate::mesh) fn is_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Breaks the connections that there are.
    pub(in crate::mesh) fn break_all(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        made.iter().for_each(Place::close);
    }
}

impl Dial for Server {
    type Made = Made;

    fn dial(&self) -> BoxFuture<'_, Result<Made, StoreError>> {
        self.dials.fetch_add(1, Ordering::SeqCst);
        let refused = StoreError::new(ErrorReason::Unavailable, "Connection refused");
        let made = match self.is_away.load(Ordering::SeqCst) {
            true => Err(refused),
            false => Ok(Made {
                streams_max: self.streams_max,
                is_closed: Arc::default(),
                ended: CancellationToken::new(),
                heard: Instant::now(),
            }),
        };
        if let Ok(made) = &made {
            let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(made.clone());
        }
        std::future::ready(made).boxed()
    }
}

impl Place for Made {
    fn is_usable(&self) -> bool {
        !self.is_closed.load(Ordering::SeqCst)
    }

    fn streams_max(&self) -> usize {
        self.streams_max
    }

    fn heard_since(&self, then: Instant) -> bool {
        self.heard >= then
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.ended.cancel();
    }

    fn closed(&self) -> BoxFuture<'static, ()> {
        let ended = self.ended.clone();
        async move { ended.cancelled().await }.boxed()
    }
}

async fn leases(
    pool: &Pool<Server>,
    purpose: Purpose,
    count: usize,
) -> Result<Vec<Lease<Server>>, Failed> {
    let all = join_all((0..count).map(|_| pool.acquire(purpose, WINDOW)));
    all.await.into_iter().collect()
}

/// Followers fill connections of their own, another one where one is full, and calls and
/// probes still have their places at once.
#[tokio::test(start_paused = true)]
async fn followers_leave_the_calls_their_places() {
    let server = Server::allowing(8);
    let pool = server.pool(64);
    let followers = leases(&pool, Purpose::Stream, 128).await;
    assert_eq!(followers.map(|leases| leases.len()).ok(), Some(128));
    assert_eq!(server.dials(), 16);
    let calls = leases(&pool, Purpose::Call, 7).await;
    assert!(calls.is_ok());
    assert_eq!(server.dials(), 17);
    let probe = pool.acquire(Purpose::Probe, Duration::ZERO).now_or_never();
    assert!(
        probe.is_some_and(|probe| probe.is_ok()),
        "the probe waits for calls"
    );
}

/// Calls wait for an endpoint that is away, all for one dialler, to the end of the
/// window; none fails when it comes back inside it.
#[tokio::test(start_paused = true)]
async fn calls_wait_for_the_one_dialler() {
    let server = Server::allowing(200);
    let pool = server.pool(64);
    server.is_away(true);
    let back = async {
        tokio::time::sleep(Duration::from_millis(2_700)).await;
        server.is_away(false);
    };
    let began = Instant::now();
    let (calls, ()) = tokio::join!(leases(&pool, Purpose::Call, 64), back);
    assert_eq!(calls.map(|leases| leases.len()).ok(), Some(64));
    assert!(
        began.elapsed() < Duration::from_millis(3_300),
        "{:?}",
        began.elapsed()
    );
    assert!(
        server.dials() < 20,
        "{} attempts for 64 calls",
        server.dials()
    );
}

/// An endpoint that stays away fails its calls at the end of the window, with the cause,
/// as calls that never left.
#[tokio::test(start_paused = true)]
async fn the_window_ends() {
    let server = Server::allowing(200);
    let pool = server.pool(64);
    server.is_away(true);
    let began = Instant::now();
    let failed = pool.acquire(Purpose::Call, WINDOW).await.err();
    assert_eq!(began.elapsed(), WINDOW);
    let found = failed.map(|failed| (failed.reached, failed.error.outcome, failed.error.message));
    let expected = (
        Reached::NoServer,
        Outcome::NotApplied,
        "Connection refused".to_string(),
    );
    assert_eq!(found, Some(expected));
}

/// Who has no time to wait gets the end of one attempt, and finds a server that is back.
#[tokio::test(start_paused = true)]
async fn one_attempt_for_who_does_not_wait() {
    let server = Server::allowing(200);
    let pool = server.pool(64);
    server.is_away(true);
    let began = Instant::now();
    for _ in 0..10 {
        let calls = (0..100).map(|_| pool.acquire(Purpose::Call, Duration::ZERO));
        assert!(join_all(calls).await.iter().all(Result::is_err));
    }
    assert!(server.dials() < 25, "{} attempts", server.dials());
    assert!(
        began.elapsed() < Duration::from_millis(250),
        "{:?}",
        began.elapsed()
    );
    server.is_away(false);
    assert!(pool.acquire(Purpose::Call, Duration::ZERO).await.is_ok());
}

/// Where every connection is full, a call waits for a place that is freed; the error
/// names the limit and where it can be raised.
#[tokio::test(start_paused = true)]
async fn a_full_pool_names_the_limit() {
    let server = Server::allowing(4);
    let pool = server.pool(2);
    let Ok(mut streams) = leases(&pool, Purpose::Stream, 8).await else {
        unreachable!("there are places for them");
    };
    let failed = pool.acquire(Purpose::Stream, WINDOW).await.err();
    let text = failed
        .map(|failed| failed.error.message)
        .unwrap_or_default();
    for part in [
        "2 connections",
        "4 streams",
        "SETTINGS_MAX_CONCURRENT_STREAMS",
        "connections_max",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let waiting = pool.acquire(Purpose::Stream, WINDOW);
    let freed = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        streams.pop();
    };
    let (waited, ()) = tokio::join!(waiting, freed);
    assert!(waited.is_ok(), "a freed place is not taken");
    assert!(
        pool.acquire(Purpose::Call, WINDOW).await.is_ok(),
        "calls have a connection in any case"
    );
}

/// A connection with calls on which nothing has come since a question was sent is ended,
/// and the next call has another; one that has been heard stays.
#[tokio::test(start_paused = true)]
async fn silent_connections_are_ended() {
    let server = Server::allowing(100);
    let pool = server.pool(8);
    let Ok(call) = pool.acquire(Purpose::Call, WINDOW).await else {
        unreachable!("the server is there");
    };
    pool.end_silent(Instant::now());
    assert!(call.made().is_usable(), "it has been heard just now");
    tokio::time::sleep(Duration::from_secs(5)).await;
    pool.end_silent(Instant::now());
    assert!(!call.made().is_usable(), "it has been silent");
    assert!(pool.acquire(Purpose::Call, WINDOW).await.is_ok());
    assert_eq!(server.dials(), 2);
}

/// A connection that has reached its age gets no new calls. Those under way stay on it, and
/// the next one has another.
#[tokio::test(start_paused = true)]
async fn old_connections_get_no_new_calls() {
    let server = Server::allowing(100);
    let age = Duration::from_secs(100);
    let limits = Limits {
        connections_max: 8,
        streams_max: 100,
        age_max: Some(age),
    };
    let pool = Pool::new(server.clone(), limits);
    let Ok(call) = pool.acquire(Purpose::Call, WINDOW).await else {
        unreachable!("the server is there");
    };
    tokio::time::sleep(age * 8 / 10).await;
    assert!(pool.acquire(Purpose::Call, WINDOW).await.is_ok());
    assert_eq!(server.dials(), 1, "it is young");
    tokio::time::sleep(age * 4 / 10).await;
    assert!(pool.acquire(Purpose::Call, WINDOW).await.is_ok());
    assert_eq!(server.dials(), 2, "it is old");
    assert!(call.made().is_usable(), "the call under way has it");
}
