//! The task that writes to a database with one writer. To make a small change durable costs
//! more than all the rest of it, so the task lends its transaction to one change after
//! another and commits for all of them:
//!
//! ```text
//! changes ──► lanes ──► group ───────────────────────────────► commit
//!             org by    a savepoint, the change on its          one for
//!             org       caller's task, the next savepoint ...   all
//! ```
//!
//! It never waits for a group to fill: what has come while one commit was under way goes
//! into the next. A change that fails, or whose caller goes away, is undone alone. Where
//! the transaction itself fails, all of the group hear so, and nothing of it is there.

use crate::db::availability::Availability;
use crate::db::connection::{AnyConnection, CommitError, Committed};
use crate::db::lanes::{Lane, Lanes};
use crate::db::pool::Pool;
use crate::db::{db_error, unavailable};
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

/// How long a change waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(20);

/// For how long a group takes changes in: those in it wait for its end.
const GROUP_WITHIN: Duration = Duration::from_millis(10);

/// Changes that may wait unsorted; further ones wait to be let in.
const ARRIVING_MAX: usize = 1024;

/// The most changes in a group.
const GROUP_MAX: usize = 256;

/// Takes the write lock at once, and begins the first part.
const BEGIN: &str = "BEGIN IMMEDIATE; SAVEPOINT part";

/// The way to the task. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Group {
    arriving: mpsc::Sender<Waiting>,
    availability: Arc<Availability>,
}

/// A change that waits for its turn.
#[derive(Debug)]
struct Waiting {
    lane: Lane,
    turn: oneshot::Sender<Result<AnyConnection, StoreError>>,
}

/// The task.
#[derive(Debug)]
struct Task {
    writers: Arc<Pool>,
    arriving: mpsc::Receiver<Waiting>,
    lanes: Lanes<Waiting>,
}

// === impl Group ===

impl Group {
    /// Starts the task. It ends when every clone of this is dropped and nothing waits.
    pub(super) fn start(writers: Arc<Pool>) -> Self {
        let availability = writers.availability().clone();
        let (sender, arriving) = mpsc::channel(ARRIVING_MAX);
        let task = Task {
            writers,
            arriving,
            lanes: Lanes::default(),
        };
        tokio::spawn(task.run());
        Self {
            arriving: sender,
            availability,
        }
    }

    /// A part of a transaction for a change, when it is its turn.
    pub(super) async fn turn(&self, lane: Lane) -> Result<AnyConnection, StoreError> {
        let turn = async {
            let (turn, is_turn) = oneshot::channel();
            let waiting = Waiting { lane, turn };
            self.arriving.send(waiting).await.map_err(|_| stopped())?;
            is_turn.await.unwrap_or_else(|_| Err(stopped()))
        };
        timeout(TURN_WITHIN, turn).await.unwrap_or_else(|_| {
            self.availability.note(&sqlx::Error::PoolTimedOut);
            Err(db_error(sqlx::Error::PoolTimedOut))
        })
    }
}

/// What a change hears when the task has gone, with the runtime that it ran on.
pub(super) fn stopped() -> StoreError {
    unavailable("the storage has been closed".to_string())
}

// === impl Task ===

impl Task {
    async fn run(mut self) {
        while let Some(first) = self.next().await {
            match self.begin().await {
                Ok(transaction) => self.commit_one(transaction, first).await,
                Err(error) => self.refuse(first, &db_error(error).outcome(Outcome::NotApplied)),
            }
        }
    }

    /// Waits until a change wants its turn.
    async fn next(&mut self) -> Option<Waiting> {
        loop {
            if let Some(next) = self.next_now() {
                return Some(next);
            }
            let waiting = self.arriving.recv().await?;
            self.lanes.push(waiting.lane, waiting);
        }
    }

    /// The change whose turn it is, among all that have come.
    fn next_now(&mut self) -> Option<Waiting> {
        while let Ok(waiting) = self.arriving.try_recv() {
            self.lanes.push(waiting.lane, waiting);
        }
        loop {
            let next = self.lanes.next()?;
            if !next.turn.is_closed() {
                return Some(next);
            }
        }
    }

    async fn begin(&self) -> Result<AnyConnection, sqlx::Error> {
        let mut transaction = self.writers.acquire().await?;
        transaction.begin(BEGIN).await?;
        Ok(transaction)
    }

    /// Tells all that wait now that there is no transaction.
    fn refuse(&mut self, first: Waiting, error: &StoreError) {
        let mut next = Some(first);
        while let Some(waiting) = next {
            // One that has gone does not want to know.
            drop(waiting.turn.send(Err(error.clone())));
            next = self.next_now();
        }
    }

    /// Lends a transaction to those who wait, and commits it.
    async fn commit_one(&mut self, mut transaction: AnyConnection, first: Waiting) {
        let mut members = Vec::new();
        let result = match self
            .lend_to_all(&mut transaction, first, &mut members)
            .await
        {
            Ok(()) if members.is_empty() => return,
            Ok(()) => transaction.commit().await,
            Err(error) => {
                drop(transaction);
                Err(error)
            }
        };
        let result = result.map_err(StoreError::from);
        for member in members {
            drop(member.send(result.clone()));
        }
    }

    /// Lends it to one after another. An error is of the whole: it must not be committed.
    async fn lend_to_all(
        &mut self,
        transaction: &mut AnyConnection,
        first: Waiting,
        members: &mut Vec<Committed>,
    ) -> Result<(), CommitError> {
        let until = Instant::now() + GROUP_WITHIN;
        let mut next = Some(first);
        let mut count = 0;
        while let Some(waiting) = next.take() {
            if count > 0
                && let Err(error) = transaction.begin_part().await
            {
                drop(waiting.turn.send(Err(CommitError::NotTried.into())));
                return Err(undone(error));
            }
            count += 1;
            lend(transaction, waiting, members).await?;
            if count < GROUP_MAX && Instant::now() < until {
                next = self.next_now();
            }
        }
        Ok(())
    }
}

/// Lends a part of the transaction to a change, and waits until it is over.
async fn lend(
    transaction: &mut AnyConnection,
    waiting: Waiting,
    members: &mut Vec<Committed>,
) -> Result<(), CommitError> {
    let Some((lent, returned)) = transaction.lend() else {
        return Err(CommitError::NotTried);
    };
    // To one that has gone it comes back at once.
    drop(waiting.turn.send(Ok(lent)));
    let Ok(returned) = returned.await else {
        return Err(CommitError::NotTried);
    };
    match transaction.take_back(returned) {
        Some(committed) => members.push(committed),
        None => transaction.undo_part().await.map_err(undone)?,
    }
    Ok(())
}

/// Where a part cannot be begun or undone, the transaction has ended by itself, or no one
/// knows how it stands. Its connection says the cause where it is logged.
fn undone(_: sqlx::Error) -> CommitError {
    CommitError::NotTried
}
