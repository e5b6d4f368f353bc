//! A connection on loan, and every statement on it: each has a time limit, and what it
//! says of the connection is noted. A connection in doubt takes no further statement
//! and is thrown away when it is given back; one in the middle of a transaction is
//! rolled back first.

use crate::db::availability::Availability;
use crate::db::group;
use crate::db::pool::{Held, Pool};
use crate::db::sqlstate;
use crate::db::sqlstate::Soundness;
use crate::db::{db_error, unavailable};
use futures::future::{self, BoxFuture};
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, Connection, Describe, Either, Execute, Executor, SqlStr};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// How long a statement waits for the database. PostgreSQL itself stops one before
/// (`statement_timeout`): what waits for longer waits for a network or a disk.
pub(crate) const STATEMENT_WITHIN: Duration = Duration::from_secs(25);

/// How long a transaction may go on taking statements.
const TRANSACTION_WITHIN: Duration = Duration::from_secs(60);

/// A statement that waits for longer is looked at: see [`Availability`].
const SUSPECT_AFTER: Duration = Duration::from_secs(3);

/// How long a connection has to be made ready for its next user.
const TIDY_WITHIN: Duration = Duration::from_secs(5);

/// Begins a part of a transaction in the place of the one before.
const BEGIN_NEXT_PART: &str = "RELEASE part; SAVEPOINT part";

/// Undoes what was done in a part. The part goes on.
const UNDO_PART: &str = "ROLLBACK TO part";

/// A connection to either database, on loan. Statements run on it as on sqlx's
/// connection of this name.
pub(crate) struct AnyConnection {
    /// `None` once it is given back, and while it is lent.
    held: Option<Held>,
    pool: Arc<Pool>,
    condition: Condition,
    /// Where it goes back to, if it is of a transaction that several changes share.
    lender: Option<oneshot::Sender<Returned>>,
}

/// A connection as it comes back from a change that it was lent to.
pub(super) struct Returned {
    held: Held,
    condition: Condition,
    /// Who waits for the commit. `None`: what the change did is to be undone.
    pub(super) committed: Option<Committed>,
}

/// Where a change is told what became of the transaction that it shared.
pub(super) type Committed = oneshot::Sender<Result<(), StoreError>>;

/// What is known of a connection on loan.
#[derive(Debug, Clone)]
struct Condition {
    availability: Arc<Availability>,
    /// A statement waits for the database.
    is_waiting: bool,
    /// Rows of a statement have not been read.
    has_unread: bool,
    is_doubtful: bool,
    /// A caller has gone while its statement waited: the connection is not used again.
    was_left: bool,
    /// A statement has failed: what the transaction holds is not what was meant.
    has_failed: bool,
    /// What failed says that the database takes nothing now.
    takes_nothing: bool,
    transaction_until: Option<Instant>,
}

/// Why a statement ended without an answer.
#[derive(Debug)]
enum Silence {
    /// The time was over.
    TimedOut,
    /// It was found out that no answer will come.
    GivenUp,
}

// === impl AnyConnection ===

impl AnyConnection {
    pub(crate) fn new(held: Held, pool: Arc<Pool>) -> Self {
        let availability = pool.availability().clone();
        Self {
            held: Some(held),
            pool,
            condition: Condition {
                availability,
                is_waiting: false,
                has_unread: false,
                is_doubtful: false,
                was_left: false,
                has_failed: false,
                takes_nothing: false,
                transaction_until: None,
            },
            lender: None,
        }
    }

    /// Whether the database takes many writers.
    pub(crate) fn is_postgres(&self) -> bool {
        self.pool.is_postgres()
    }

    /// Whether the database would take other changes now.
    pub(crate) fn takes_others(&self) -> bool {
        !self.condition.takes_nothing && !self.condition.is_doubtful
    }

    /// Begins a transaction, which is rolled back when this is dropped.
    pub(crate) async fn begin(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        (&mut *self).execute(statement).await?;
        self.condition.transaction_until = Some(Instant::now() + TRANSACTION_WITHIN);
        Ok(())
    }

    /// Makes the change durable. An error leaves it open whether it is; a connection
    /// on which a commit failed is never used again.
    pub(crate) async fn commit(mut self) -> Result<(), CommitError> {
        if self.condition.has_failed {
            return Err(CommitError::NotTried);
        }
        if let Some(lender) = self.lender.take() {
            return self.commit_shared(lender).await;
        }
        let committed = (&mut self).execute("COMMIT").await;
        match committed {
            Ok(_) => {
                self.condition.transaction_until = None;
                Ok(())
            }
            Err(error) => {
                self.condition.is_doubtful = true;
                Err(CommitError::Failed(error))
            }
        }
    }
}

/// Why a transaction is not committed.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// A statement of it had failed.
    NotTried,
    /// The commit failed. What was written may be durable all the same.
    Failed(sqlx::Error),
    /// So it was for all that shared the transaction.
    Shared(StoreError),
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::NotTried => unavailable("the change was undone; send it again".into())
                .outcome(Outcome::NotApplied),
            CommitError::Failed(error) => db_error(error),
            CommitError::Shared(error) => error,
        }
    }
}

// === a transaction that changes share ===

/// One change after another has a part of the transaction, which can be undone alone.
impl AnyConnection {
    /// Gives the connection back, and waits until the transaction is durable.
    async fn commit_shared(mut self, lender: oneshot::Sender<Returned>) -> Result<(), CommitError> {
        let Some(held) = self.held.take() else {
            return Err(CommitError::NotTried);
        };
        let (committed, is_committed) = oneshot::channel();
        let returned = Returned {
            held,
            condition: self.condition.clone(),
            committed: Some(committed),
        };
        // Without the one that lent it the transaction ends with this value.
        drop(lender.send(returned));
        let result = is_committed.await.unwrap_or_else(|_| Err(group::stopped()));
        result.map_err(CommitError::Shared)
    }

    /// Begins the next part.
    pub(super) async fn begin_part(&mut self) -> Result<(), sqlx::Error> {
        self.execute(BEGIN_NEXT_PART).await.map(drop)
    }

    /// Undoes the part that was begun last, whatever state its change has left it in: a
    /// statement that still runs is over before the next one begins.
    pub(super) async fn undo_part(&mut self) -> Result<(), sqlx::Error> {
        let condition = &mut self.condition;
        condition.was_left |= condition.is_waiting;
        condition.is_waiting = false;
        condition.has_unread = false;
        (&mut *self).execute(UNDO_PART).await?;
        self.condition.has_failed = false;
        self.condition.takes_nothing = false;
        Ok(())
    }

    /// Lends the connection to a change, unless it is lent.
    pub(super) fn lend(&mut self) -> Option<(Self, oneshot::Receiver<Returned>)> {
        let held = self.held.take()?;
        let (lender, returned) = oneshot::channel();
        let lent = Self {
            held: Some(held),
            pool: self.pool.clone(),
            condition: self.condition.clone(),
            lender: Some(lender),
        };
        Some((lent, returned))
    }

    /// Takes it back. Says who waits for the commit; `None` if the part is to be undone.
    pub(super) fn take_back(&mut self, returned: Returned) -> Option<Committed> {
        self.held = Some(returned.held);
        self.condition = returned.condition;
        returned.committed
    }
}

impl fmt::Debug for AnyConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyConnection")
            .field("condition", &self.condition)
            .finish_non_exhaustive()
    }
}

impl Drop for AnyConnection {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else {
            return;
        };
        if let Some(lender) = self.lender.take() {
            let returned = Returned {
                held,
                condition: self.condition.clone(),
                committed: None,
            };
            match lender.send(returned) {
                Ok(()) => return,
                // No other call shares the transaction any more.
                Err(returned) => held = returned.held,
            }
        }
        let Condition {
            is_waiting,
            has_unread,
            is_doubtful,
            was_left,
            transaction_until,
            ..
        } = self.condition;
        let is_open = transaction_until.is_some();
        let is_the_database = self.pool.is_the_database();
        if (is_waiting || is_doubtful || was_left) && !is_the_database {
            self.pool.throw_away(held);
        } else if is_open || has_unread || is_waiting {
            spawn_tidy(self.pool.clone(), held, is_open);
        } else {
            self.pool.take_back(held);
        }
    }
}

/// Makes a connection ready for its next user, who waits for it meanwhile.
fn spawn_tidy(pool: Arc<Pool>, mut held: Held, is_open: bool) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        // No user of it is left.
        return;
    };
    runtime.spawn(async move {
        if pool.is_the_database() {
            // SQLite may have rolled back by itself: then this fails, and rightly.
            drop(held.connection().execute("ROLLBACK").await);
            pool.take_back(held);
            return;
        }
        let connection = held.connection();
        let tidied = async {
            if is_open {
                connection.execute("ROLLBACK").await.map(drop)
            } else {
                connection.ping().await
            }
        };
        match timeout(TIDY_WITHIN, tidied).await {
            Ok(Ok(())) => pool.take_back(held),
            Ok(Err(_)) | Err(_) => pool.throw_away(held),
        }
    });
}

// === impl Condition ===

impl Condition {
    /// Whether another statement may run.
    fn check(&self) -> Result<(), sqlx::Error> {
        if self.is_doubtful {
            return Err(sqlx::Error::WorkerCrashed);
        }
        Ok(())
    }

    fn limit(&self) -> Duration {
        let left = self
            .transaction_until
            .map(|until| until.saturating_duration_since(Instant::now()));
        left.map_or(STATEMENT_WITHIN, |left| left.min(STATEMENT_WITHIN))
    }

    /// Waits for the database, and notes what it says.
    async fn answer<T>(
        &mut self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        self.check()?;
        self.is_waiting = true;
        let limit = self.limit();
        let answer = match waited(&self.availability, limit, work).await {
            Ok(answer) => answer,
            Err(silence) => {
                self.is_doubtful = true;
                Err(silence.error(limit))
            }
        };
        self.is_waiting = false;
        if let Err(error) = &answer {
            self.note(error);
        }
        answer
    }

    fn note(&mut self, error: &sqlx::Error) {
        self.has_failed = true;
        self.takes_nothing |= !sqlstate::is_of_one_change(error);
        let soundness = sqlstate::soundness(error);
        self.is_doubtful |= soundness != Soundness::Sound;
        if soundness == Soundness::Stale {
            self.availability.outdate();
        }
        if sqlstate::is_fault(error) {
            self.availability.note(error);
        }
    }
}

/// Waits for an answer for so long; one that takes long is looked at.
async fn waited<T>(
    availability: &Availability,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Silence> {
    let mut work = std::pin::pin!(work);
    let began = Instant::now();
    if let Ok(answer) = timeout(SUSPECT_AFTER.min(limit), &mut work).await {
        return Ok(answer);
    }
    let left = limit.saturating_sub(began.elapsed());
    let suspicion = availability.suspect();
    tokio::select! {
        answer = timeout(left, &mut work) => answer.map_err(|_| Silence::TimedOut),
        () = suspicion.confirmed(began) => Err(Silence::GivenUp),
    }
}

// === impl Silence ===

impl Silence {
    fn error(self, limit: Duration) -> sqlx::Error {
        let text = match self {
            Self::TimedOut => format!("no answer came within {} s", limit.as_secs()),
            Self::GivenUp => "the connection had fallen silent".to_string(),
        };
        sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, text))
    }
}

// === statements ===

impl<'c> Executor<'c> for &'c mut AnyConnection {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let AnyConnection {
            held, condition, ..
        } = self;
        let Some(held) = held else {
            return stream::once(future::ready(Err(sqlx::Error::PoolClosed))).boxed();
        };
        if let Err(error) = condition.check() {
            return stream::once(future::ready(Err(error))).boxed();
        }
        let rows = held.connection().fetch_many(query);
        stream::unfold(Some((rows, condition)), |reading| async move {
            let (mut rows, condition) = reading?;
            condition.has_unread = true;
            match condition.answer(rows.next().map(Option::transpose)).await {
                Ok(Some(step)) => Some((Ok(step), Some((rows, condition)))),
                Ok(None) => {
                    condition.has_unread = false;
                    None
                }
                Err(error) => {
                    condition.has_unread = false;
                    Some((Err(error), None))
                }
            }
        })
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<AnyRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let AnyConnection {
            held, condition, ..
        } = self;
        let Some(held) = held else {
            return future::ready(Err(sqlx::Error::PoolClosed)).boxed();
        };
        let row = held.connection().fetch_optional(query);
        async move { condition.answer(row).await }.boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        let AnyConnection {
            held, condition, ..
        } = self;
        let Some(held) = held else {
            return future::ready(Err(sqlx::Error::PoolClosed)).boxed();
        };
        let statement = held.connection().prepare_with(sql, parameters);
        async move { condition.answer(statement).await }.boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Any>, sqlx::Error>>
    where
        'c: 'e,
    {
        let AnyConnection {
            held, condition, ..
        } = self;
        let Some(held) = held else {
            return future::ready(Err(sqlx::Error::PoolClosed)).boxed();
        };
        let described = held.connection().describe(sql);
        async move { condition.answer(described).await }.boxed()
    }
}
