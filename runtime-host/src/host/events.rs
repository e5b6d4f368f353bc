//! Events of a session: read, followed without loss or repetition, and those of one turn
//! up to its end.

use super::{Accepted, Ended, Host, TurnHandle, Waited, errors};
use crate::engine::Began;
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use futures::StreamExt;
use futures::stream::BoxStream;
use mortise_adapter_client::RemoteEventLog;
use mortise_proto::HostError;
use mortise_proto::convert::event_log::LoggedEvent;
use mortise_proto::host::ErrorReason;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

/// Events that wait for a slow reader; then the adapter waits.
const CHANNEL_CAPACITY: usize = 64;

/// For how long an adapter may be away before followers are told.
const AWAY_MAX: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Events as they come. It ends with an error, or when the host stops.
pub type Events = BoxStream<'static, Result<LoggedEvent, HostError>>;

/// What happens in a turn.
#[derive(Debug, Clone)]
pub enum TurnItem {
    /// It waits to begin.
    Queued {
        /// The turn.
        turn_id: TurnId,
        /// Its message, which is stored when it begins.
        input_message_id: MessageId,
    },
    /// It has begun.
    Accepted(Began),
    /// An event.
    Event(Box<LoggedEvent>),
    /// Its end; nothing comes after it.
    Ended(Ended),
}

// === impl Host ===

impl Host {
    /// The stored events after a sequence number, at most `limit`.
    pub async fn read_events(
        &self,
        org_id: i64,
        session_id: SessionId,
        after_sequence: i64,
        limit: u64,
    ) -> Result<Vec<LoggedEvent>, HostError> {
        let log = self.log_of(org_id, session_id).await?;
        let events = log.read_logged(session_id, after_sequence, limit).await;
        events.map_err(errors::of_store)
    }

    /// The stored events after a sequence number and every further one, with ephemeral
    /// ones between them.
    pub async fn follow_events(
        &self,
        org_id: i64,
        session_id: SessionId,
        after_sequence: i64,
    ) -> Result<Events, HostError> {
        let log = self.log_of(org_id, session_id).await?;
        Ok(self.follow(log, session_id, after_sequence))
    }

    /// Refuses what could not be told of, before it is begun.
    pub async fn can_follow(&self, org_id: i64, session_id: SessionId) -> Result<(), HostError> {
        self.log_of(org_id, session_id).await.map(drop)
    }

    /// What happens to a turn that was accepted, from now to its end.
    pub fn follow_accepted(
        &self,
        accepted: Accepted,
    ) -> Result<BoxStream<'static, Result<TurnItem, HostError>>, HostError> {
        let queued = match accepted {
            Accepted::Began(turn) => return self.follow_begun(turn),
            Accepted::Queued(queued) => queued,
        };
        let first = TurnItem::Queued {
            turn_id: queued.turn_id,
            input_message_id: queued.input_message_id,
        };
        let host = self.clone();
        let rest = async move {
            let rest = match queued.begun(&host).await {
                Ok(Waited::Began(turn)) => host.follow_begun(turn),
                Ok(Waited::Ended(ended)) => Ok(one(Ok(TurnItem::Ended(ended)))),
                Err(error) => Err(error),
            };
            rest.unwrap_or_else(|error| one(Err(error)))
        };
        let rest = futures::stream::once(rest).flatten();
        Ok(one(Ok(first)).chain(rest).boxed())
    }

    fn follow_begun(
        &self,
        turn: TurnHandle,
    ) -> Result<BoxStream<'static, Result<TurnItem, HostError>>, HostError> {
        let first = one(Ok(TurnItem::Accepted(turn.began)));
        Ok(first.chain(self.follow_turn(turn)?).boxed())
    }

    /// A turn's events from its message on, and its end.
    fn follow_turn(
        &self,
        turn: TurnHandle,
    ) -> Result<BoxStream<'static, Result<TurnItem, HostError>>, HostError> {
        let log = turn.connection.adapter.event_log();
        let log = log.ok_or_else(|| errors::not_offered("event_log"))?;
        let (sender, receiver) = mpsc::channel(CHANNEL_CAPACITY);
        let host = self.clone();
        tokio::spawn(async move {
            if let Err(error) = host.pass_turn_on(log, turn, &sender).await {
                drop(sender.send(Err(error)).await);
            }
        });
        Ok(ReceiverStream::new(receiver).boxed())
    }

    async fn pass_turn_on(
        &self,
        log: RemoteEventLog,
        mut turn: TurnHandle,
        out: &mpsc::Sender<Result<TurnItem, HostError>>,
    ) -> Result<(), HostError> {
        let session_id = turn.key.1;
        let own = turn.began.turn_id;
        let mut after = (turn.began.sequence - 1).max(0);
        let mut events = self.follow(log.clone(), session_id, after);
        let ended = loop {
            let event = tokio::select! {
                biased;
                () = out.closed() => return Ok(()),
                event = events.next() => event,
                ended = turn.ended() => break ended?,
            };
            // Without events the end still comes.
            let Some(event) = event else {
                break turn.ended().await?;
            };
            let event = event?;
            after = event.sequence().unwrap_or(after);
            if !is_of_another(&event, own) && !pass(out, TurnItem::Event(event.into())).await {
                return Ok(());
            }
        };
        // All of them are stored by now, and what comes after the last is not the turn's.
        let rest = log.read_logged(session_id, after, 0).await;
        let mut rest = rest.map_err(errors::of_store)?;
        let is_own = |event: &LoggedEvent| event.turn_id() == Some(own);
        rest.truncate(rest.iter().rposition(is_own).map_or(0, |last| last + 1));
        for event in rest {
            if is_of_another(&event, own) {
                continue;
            }
            if !pass(out, TurnItem::Event(event.into())).await {
                return Ok(());
            }
        }
        pass(out, TurnItem::Ended(ended)).await;
        Ok(())
    }

    fn follow(&self, log: RemoteEventLog, session_id: SessionId, after_sequence: i64) -> Events {
        let (sender, receiver) = mpsc::channel(CHANNEL_CAPACITY);
        let closed = self.inner.closed.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = closed.cancelled() => {}
                () = sender.closed() => {}
                error = follow_on(&log, session_id, after_sequence, &sender) => {
                    if let Some(error) = error {
                        drop(sender.send(Err(error)).await);
                    }
                }
            }
        });
        ReceiverStream::new(receiver).boxed()
    }

    async fn log_of(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<RemoteEventLog, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        self.session(&connection, (org_id, session_id)).await?;
        let log = connection.adapter.event_log();
        log.ok_or_else(|| errors::not_offered("event_log"))
    }
}

/// Passes events on, over any number of streams; says why it stops, unless no one
/// listens any more.
async fn follow_on(
    log: &RemoteEventLog,
    session_id: SessionId,
    mut after: i64,
    out: &mpsc::Sender<Result<LoggedEvent, HostError>>,
) -> Option<HostError> {
    let mut outage = Outage::default();
    loop {
        let mut stood = Duration::ZERO;
        let broken = match log.follow_logged(session_id, after).await {
            Err(error) => errors::of_store(error),
            Ok(mut events) => {
                let opened = Instant::now();
                let broken = loop {
                    match events.next().await {
                        Some(Ok(event)) => {
                            outage = Outage::default();
                            let sequence = event.sequence();
                            if sequence.is_some_and(|sequence| sequence <= after) {
                                continue;
                            }
                            after = sequence.unwrap_or(after);
                            out.send(Ok(event)).await.ok()?;
                        }
                        Some(Err(error)) => break errors::of_store(error),
                        None => break ended(),
                    }
                };
                stood = opened.elapsed();
                broken
            }
        };
        let passes = broken.reason == ErrorReason::AdapterUnavailable;
        let pause = outage.again(stood, Instant::now());
        let Some(pause) = pause.filter(|_| passes) else {
            return Some(broken);
        };
        tracing::debug!(session = %session_id, error = %broken, "event stream interrupted; following again");
        tokio::time::sleep(pause).await;
    }
}

/// For how long an adapter has been away.
#[derive(Debug, Default)]
struct Outage {
    since: Option<Instant>,
    pause: Option<Duration>,
}

impl Outage {
    /// The pause after a try that failed now; `None` when there were enough. A stream
    /// that had stood for a while was no part of the outage, whether or not an event
    /// came.
    fn again(&mut self, stood: Duration, now: Instant) -> Option<Duration> {
        if stood > LONGEST_PAUSE {
            *self = Self::default();
        }
        let since = *self.since.get_or_insert(now);
        let pause = self.pause.unwrap_or(FIRST_PAUSE);
        self.pause = Some((pause * 2).min(LONGEST_PAUSE));
        (now.duration_since(since) <= AWAY_MAX).then_some(pause)
    }
}

/// An adapter that stops ends its streams.
fn ended() -> HostError {
    HostError::new(
        ErrorReason::AdapterUnavailable,
        "the adapter ended the event stream; follow again from the last sequence number seen",
    )
}

fn one(item: Result<TurnItem, HostError>) -> BoxStream<'static, Result<TurnItem, HostError>> {
    futures::stream::iter([item]).boxed()
}

async fn pass(out: &mpsc::Sender<Result<TurnItem, HostError>>, item: TurnItem) -> bool {
    out.send(Ok(item)).await.is_ok()
}

fn is_of_another(event: &LoggedEvent, own: TurnId) -> bool {
    event.turn_id().is_some_and(|turn_id| turn_id != own)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A follower bears every restart of its adapter, however quiet its session is, and
    /// one outage as long as may be.
    #[test]
    fn outages_are_measured_one_by_one() {
        let mut outage = Outage::default();
        let mut now = Instant::now();
        let quiet = Duration::from_secs(3600);
        for _ in 0..3 {
            now += quiet;
            assert_eq!(outage.again(quiet, now), Some(FIRST_PAUSE));
            assert!(outage.again(Duration::ZERO, now) > Some(FIRST_PAUSE));
        }
        let began = now;
        while let Some(pause) = outage.again(Duration::ZERO, now) {
            now += pause;
            assert!(now - began < AWAY_MAX * 2, "an outage has an end");
        }
        assert!(now - began >= AWAY_MAX);
    }
}
