//! The history of a session: the messages that events have left behind.

pub(crate) mod of_event;
pub(crate) mod query;

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::encoding::domain;
use crate::db::errors::into_upstream;
use crate::reference::ScopedReference;
use crate::stores::message_retriever::query::Conditions;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::message::Message;
use everruns_core::message_filter::MessageQuery;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::typed_id::{MessageId, SessionId};
use mortise_proto::{StoreError, pb};

const GET: &str = "SELECT body FROM messages \
                   WHERE org_id = $1 AND session_id = $2 AND message_id = $3";

const PAGE: &str = "SELECT body FROM messages WHERE org_id = $1 AND session_id = $2 \
                    ORDER BY sequence LIMIT $3 OFFSET $4";

const AFTER: &str = "SELECT body FROM messages WHERE org_id = $1 AND session_id = $2 \
                     AND sequence > $3 ORDER BY sequence";

const COUNT: &str = "SELECT count(*) FROM messages WHERE org_id = $1 AND session_id = $2";

type Body = (Vec<u8>,);

#[async_trait]
impl MessageRetriever for ScopedReference {
    async fn get(
        &self,
        session_id: SessionId,
        message_id: MessageId,
    ) -> Result<Option<Message>, AgentLoopError> {
        self.message(session_id, message_id)
            .await
            .map_err(into_upstream)
    }

    async fn load(&self, session_id: SessionId) -> Result<Vec<Message>, AgentLoopError> {
        self.messages(session_id, 0, usize::MAX)
            .await
            .map_err(into_upstream)
    }

    async fn load_filtered(&self, query: MessageQuery) -> Result<Vec<Message>, AgentLoopError> {
        self.filtered(&query).await.map_err(into_upstream)
    }

    async fn load_page(
        &self,
        session_id: SessionId,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Message>, AgentLoopError> {
        self.messages(session_id, offset, limit)
            .await
            .map_err(into_upstream)
    }

    async fn count(&self, session_id: SessionId) -> Result<usize, AgentLoopError> {
        self.message_count(session_id).await.map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn message(
        &self,
        session_id: SessionId,
        message_id: MessageId,
    ) -> Result<Option<Message>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let row: Option<Body> = sqlx::query_as(GET)
            .bind(self.scope.org_id)
            .bind(session_id.to_string())
            .bind(message_id.to_string())
            .fetch_optional(&mut *conn)
            .await
            .map_err(db_error)?;
        row.map(|(body,)| domain::<pb::Message, _>(&body))
            .transpose()
    }

    async fn messages(
        &self,
        session_id: SessionId,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        load(&mut conn, self.scope.org_id, session_id, offset, limit).await
    }

    async fn message_count(&self, session_id: SessionId) -> Result<usize, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let (count,): (i64,) = sqlx::query_as(COUNT)
            .bind(self.scope.org_id)
            .bind(session_id.to_string())
            .fetch_one(&mut *conn)
            .await
            .map_err(db_error)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Upstream's order: filters, window, notice, injections.
    async fn filtered(&self, query: &MessageQuery) -> Result<Vec<Message>, StoreError> {
        let conditions = Conditions::of(self.scope.org_id, query)?;
        let mut tx = self.inner.db.snapshot().await?;
        let mut messages;
        if query.has_custom_filters() {
            // The window counts what the closures let through, so it cannot be cut before.
            messages = conditions.newest(&mut tx, i64::MAX).await?;
            messages.retain(|message| conditions.customs.iter().all(|custom| custom(message)));
            query.apply_windowing(&mut messages);
        } else {
            let matched = conditions.count(&mut tx).await?;
            // Offset drops the oldest and limit keeps the newest, so that what remains
            // is always the newest so many.
            let left = matched.saturating_sub(query.offset.unwrap_or(0).max(0));
            let window = query.limit.unwrap_or(i64::MAX).max(0).min(left.max(0));
            messages = conditions.newest(&mut tx, window).await?;
            let matched = usize::try_from(matched).unwrap_or_default();
            query.prepend_excluded_notice(&mut messages, matched);
        }
        query.apply_injections(&mut messages);
        Ok(messages)
    }
}

/// All messages of a session, oldest first.
pub(crate) async fn load_all(
    conn: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<Vec<Message>, StoreError> {
    load(conn, org_id, session_id, 0, usize::MAX).await
}

/// The messages of a session that events after a sequence number left behind.
pub(crate) async fn load_after(
    conn: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
    sequence: i64,
) -> Result<Vec<Message>, StoreError> {
    let rows: Vec<Body> = sqlx::query_as(AFTER)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(sequence)
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    rows.iter()
        .map(|(body,)| domain::<pb::Message, _>(body))
        .collect()
}

async fn load(
    conn: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
    offset: usize,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let rows: Vec<Body> = sqlx::query_as(PAGE)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(i64::try_from(offset).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    rows.iter()
        .map(|(body,)| domain::<pb::Message, _>(body))
        .collect()
}
