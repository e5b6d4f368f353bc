//! Reads that may be large, a page at a time: what is held of an answer is a page, and a
//! slow reader keeps no connection.
//!
//! A history only grows, and its messages never change. So pages that are read one after
//! another, up to the last message that there was at first, are the history of that
//! moment.

use crate::context::StoreCtx;
use crate::db::Tx;
use crate::encoding::decoded;
use crate::stores::image_artifact_store::{find, piece, size};
use crate::stores::message_retriever::last_known;
use crate::stores::message_retriever::query::Conditions;
use crate::stores::runtime_host::context_without_messages;
use async_trait::async_trait;
use bytes::Bytes;
use everruns_core::message_filter::MessageQuery;
use everruns_core::traits::StoredImageInfo;
use everruns_core::typed_id::{ImageId, SessionId};
use futures::{StreamExt, stream};
use mortise_adapter_server::{
    ByteChunks, KnownMessages, MessageBatches, StreamingReads, TurnContextRead,
};
use mortise_proto::{CHUNK_BYTES, StoreError, pb};

/// How many messages the first page holds, whose size is not known yet.
const FIRST_ROWS: i64 = 32;

/// The most messages of a page.
const ROWS_MAX: i64 = 1024;

/// The messages that are still to be read.
struct Rest {
    conditions: Conditions,
    after: i64,
    last: i64,
    rows: i64,
}

/// A page, and what follows it.
struct Page {
    messages: Vec<pb::Message>,
    rest: Option<Rest>,
}

// === impl Rest ===

impl Rest {
    /// Everything that fulfils the conditions, after a sequence number and up to
    /// another.
    fn new(conditions: Conditions, after: i64, last: i64) -> Self {
        Self {
            conditions,
            after,
            last,
            rows: FIRST_ROWS,
        }
    }

    async fn next(mut self, tx: &mut Tx) -> Result<Page, StoreError> {
        let span = (self.after, self.last);
        let rows = self.conditions.between(tx, span, self.rows).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == self.rows);
        let largest = rows.iter().map(|(_, body)| body.len()).max().unwrap_or(0);
        if let Some((sequence, _)) = rows.last() {
            self.after = *sequence;
        }
        self.rows = rows_of(largest);
        let decode = |(_, body): &(i64, Vec<u8>)| decoded(body);
        Ok(Page {
            messages: rows.iter().map(decode).collect::<Result<_, _>>()?,
            rest: (is_full && self.after < self.last).then_some(self),
        })
    }

    /// Reads the first page in a transaction, and notes there how far the others go.
    async fn begin(self, tx: &mut Tx) -> Result<Page, StoreError> {
        let mut page = self.next(tx).await?;
        if let Some(rest) = &mut page.rest
            && rest.last == i64::MAX
        {
            let newest = rest.conditions.before_newest(tx, 0).await?;
            rest.last = newest.unwrap_or(rest.after);
        }
        Ok(page)
    }
}

/// How many messages make a page, if none is larger than the largest so far.
fn rows_of(largest: usize) -> i64 {
    let rows = CHUNK_BYTES / largest.max(1);
    i64::try_from(rows).map_or(ROWS_MAX, |rows| rows.clamp(1, ROWS_MAX))
}

// === impl Page ===

impl Page {
    /// This page and all that follow.
    fn runs(self, ctx: StoreCtx) -> MessageBatches {
        let Self { messages, rest } = self;
        let others = stream::try_unfold(rest, move |rest| {
            let ctx = ctx.clone();
            async move {
                let Some(rest) = rest else { return Ok(None) };
                let mut tx = ctx.reader().await?;
                let Page { messages, rest } = rest.next(&mut tx).await?;
                Ok(Some((messages, rest)))
            }
        });
        stream::iter([Ok(messages)]).chain(others).boxed()
    }
}

/// Large reads of what an org has.
#[derive(Debug)]
pub(crate) struct LargeReads {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl StreamingReads for LargeReads {
    async fn messages(
        &self,
        session_id: SessionId,
        offset: u64,
        limit: u64,
    ) -> Result<MessageBatches, StoreError> {
        let conditions = Conditions::of(&MessageQuery::new(session_id))?;
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (offset, limit) = (number(offset), number(limit));
        let mut tx = self.ctx.snapshot().await?;
        let (mut after, mut last) = (0, i64::MAX);
        if limit == 0 {
            return Ok(stream::empty().boxed());
        }
        if offset > 0 {
            let found = conditions.last_of_oldest(&mut tx, offset).await?;
            let Some(before) = found else {
                return Ok(stream::empty().boxed());
            };
            after = before;
        }
        if limit < i64::MAX {
            let end = offset.saturating_add(limit);
            let found = conditions.last_of_oldest(&mut tx, end).await?;
            last = found.unwrap_or(i64::MAX);
        }
        let page = Rest::new(conditions, after, last).begin(&mut tx).await?;
        Ok(page.runs(self.ctx.clone()))
    }

    async fn filtered_messages(
        &self,
        query: MessageQuery,
    ) -> Result<(u64, MessageBatches), StoreError> {
        let conditions = Conditions::of(&query)?;
        let mut tx = self.ctx.snapshot().await?;
        let matched = conditions.count(&mut tx).await?;
        // Offset drops the oldest and limit keeps the newest, so that what remains is
        // always the newest so many.
        let left = matched.saturating_sub(query.offset.unwrap_or(0).max(0));
        let window = query.limit.unwrap_or(i64::MAX).max(0).min(left.max(0));
        let matched = u64::try_from(matched).unwrap_or_default();
        if window == 0 {
            return Ok((matched, stream::empty().boxed()));
        }
        let before = conditions.before_newest(&mut tx, window).await?;
        let rest = Rest::new(conditions, before.unwrap_or(0), i64::MAX);
        let page = rest.begin(&mut tx).await?;
        Ok((matched, page.runs(self.ctx.clone())))
    }

    async fn turn_context(
        &self,
        session_id: SessionId,
        known: Option<KnownMessages>,
    ) -> Result<TurnContextRead, StoreError> {
        let conditions = Conditions::of(&MessageQuery::new(session_id))?;
        let mut tx = self.ctx.snapshot().await?;
        let context = context_without_messages(&mut tx, session_id).await?;
        let known = match known {
            Some(known) => last_known(&mut tx, session_id, known).await?,
            None => None,
        };
        let (after, left_out) = known.unwrap_or((0, 0));
        let page = Rest::new(conditions, after, i64::MAX)
            .begin(&mut tx)
            .await?;
        Ok(TurnContextRead {
            context,
            left_out,
            messages: page.runs(self.ctx.clone()),
        })
    }

    async fn image(
        &self,
        image_id: ImageId,
    ) -> Result<Option<(StoredImageInfo, ByteChunks)>, StoreError> {
        let mut tx = self.ctx.reader().await?;
        let Some(info) = find(&mut tx, image_id).await? else {
            return Ok(None);
        };
        let (ctx, left) = (self.ctx.clone(), size(&info)?);
        let pieces = stream::try_unfold((0, left), move |(number, left)| {
            let ctx = ctx.clone();
            async move {
                if left == 0 {
                    return Ok(None);
                }
                let mut tx = ctx.reader().await?;
                let content = piece(&mut tx, image_id, number, left).await?;
                let left = left - content.len();
                Ok(Some((Bytes::from(content), (number + 1, left))))
            }
        });
        Ok(Some((info, pieces.boxed())))
    }
}
