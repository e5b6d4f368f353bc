//! The history of a session: the messages that events have left behind.

pub(crate) mod of_event;
pub(crate) mod query;

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::encoding::{domain, domains};
use crate::stores::message_retriever::query::Conditions;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::message::Message;
use everruns_core::message_filter::MessageQuery;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::typed_id::{MessageId, SessionId};
use mortise_adapter_server::KnownMessages;
use mortise_proto::{StoreError, pb};

const GET: &str = "SELECT body FROM messages \
                   WHERE org_id = $1 AND session_id = $2 AND message_id = $3";

const PAGE: &str = "SELECT body FROM messages WHERE org_id = $1 AND session_id = $2 \
                    ORDER BY sequence LIMIT $3 OFFSET $4";

const AFTER: &str = "SELECT body FROM messages WHERE org_id = $1 AND session_id = $2 \
                     AND sequence > $3 ORDER BY sequence";

/// A message, and how many there are up to it.
const UP_TO: &str = "SELECT m.sequence, \
                     (SELECT count(*) FROM messages c WHERE c.org_id = $1 \
                      AND c.session_id = $2 AND c.sequence <= m.sequence) \
                     FROM messages m WHERE m.org_id = $1 AND m.session_id = $2 \
                     AND m.message_id = $3";

const COUNT: &str = "SELECT count(*) FROM messages WHERE org_id = $1 AND session_id = $2";

/// The histories of the sessions of an org.
#[derive(Debug)]
pub(crate) struct Messages {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl MessageRetriever for Messages {
    async fn get(
        &self,
        session_id: SessionId,
        message_id: MessageId,
    ) -> Result<Option<Message>, AgentLoopError> {
        upstream(async {
            let mut tx = self.ctx.reader().await?;
            let get = tx.query_as(GET).bind(session_id.to_string());
            let get = get.bind(message_id.to_string());
            let row: Option<(Vec<u8>,)> = get.fetch_optional().await?;
            row.map(|(body,)| domain::<pb::Message, _>(&body))
                .transpose()
        })
        .await
    }

    async fn load(&self, session_id: SessionId) -> Result<Vec<Message>, AgentLoopError> {
        upstream(async { load_all(&mut self.ctx.reader().await?, session_id).await }).await
    }

    /// Upstream's order: filters, window, notice, injections.
    async fn load_filtered(&self, query: MessageQuery) -> Result<Vec<Message>, AgentLoopError> {
        upstream(async {
            let conditions = Conditions::of(&query)?;
            let mut tx = self.ctx.snapshot().await?;
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
        })
        .await
    }

    async fn load_page(
        &self,
        session_id: SessionId,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Message>, AgentLoopError> {
        upstream(async {
            let mut tx = self.ctx.reader().await?;
            load_page(&mut tx, session_id, offset, limit).await
        })
        .await
    }

    async fn count(&self, session_id: SessionId) -> Result<usize, AgentLoopError> {
        upstream(async {
            let mut tx = self.ctx.reader().await?;
            let count = tx.query_as(COUNT).bind(session_id.to_string());
            let (count,): (i64,) = count.fetch_one().await?;
            Ok(usize::try_from(count).unwrap_or_default())
        })
        .await
    }
}

/// All messages of a session, oldest first.
pub(crate) async fn load_all(
    tx: &mut Tx,
    session_id: SessionId,
) -> Result<Vec<Message>, StoreError> {
    load_page(tx, session_id, 0, usize::MAX).await
}

/// The messages of a session that events after a sequence number left behind.
pub(crate) async fn load_after(
    tx: &mut Tx,
    session_id: SessionId,
    sequence: i64,
) -> Result<Vec<Message>, StoreError> {
    let after = tx.query_as(AFTER).bind(session_id.to_string());
    domains::<pb::Message, _>(&after.bind(sequence).fetch_all().await?)
}

/// The sequence number of the last of the messages that a caller knows, and how many they
/// are, where the session begins with them.
pub(crate) async fn last_known(
    tx: &mut Tx,
    session_id: SessionId,
    known: KnownMessages,
) -> Result<Option<(i64, u64)>, StoreError> {
    let up_to = tx.query_as(UP_TO).bind(session_id.to_string());
    let up_to = up_to.bind(known.last.to_string());
    let found: Option<(i64, i64)> = up_to.fetch_optional().await?;
    let begins = found.filter(|(_, count)| u64::try_from(*count) == Ok(known.count.get()));
    Ok(begins.map(|(sequence, _)| (sequence, known.count.get())))
}

async fn load_page(
    tx: &mut Tx,
    session_id: SessionId,
    offset: usize,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let rows = tx
        .query_as(PAGE)
        .bind(session_id.to_string())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(i64::try_from(offset).unwrap_or(i64::MAX))
        .fetch_all()
        .await?;
    domains::<pb::Message, _>(&rows)
}
