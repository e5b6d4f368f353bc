//! `MessageRetriever` over `MessageRetrieverService`.
//!
//! Parts of a query are code and cannot cross: custom filters, the notice about
//! what was left out, injections. They are applied here, on what the server sends.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::error::Result;
use everruns_core::message::Message;
use everruns_core::message_filter::{MessageFilter, MessageQuery};
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::typed_id::{MessageId, SessionId};
use mortise_proto::convert::message_retriever::to_filter;
use mortise_proto::convert::{ConvertError, list};
use mortise_proto::pb;
use mortise_proto::pb::load_filtered_messages_response::Part;
use mortise_proto::rpc::table::message_retriever_service::{
    COUNT_MESSAGES, GET_MESSAGE, LOAD_FILTERED_MESSAGES, LOAD_MESSAGE_PAGE, LOAD_MESSAGES,
};

#[async_trait]
impl MessageRetriever for Remote {
    async fn get(&self, session_id: SessionId, message_id: MessageId) -> Result<Option<Message>> {
        let request = pb::GetMessageRequest {
            context: None,
            session_id: session_id.to_string(),
            message_id: message_id.to_string(),
        };
        let answer = self.call(&GET_MESSAGE, request).await?;
        let message = answer.message.map(TryInto::try_into).transpose();
        message.map_err(malformed(GET_MESSAGE.method))
    }

    async fn load(&self, session_id: SessionId) -> Result<Vec<Message>> {
        let request = pb::LoadMessagesRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answers = self.collect(&LOAD_MESSAGES, request).await?;
        join(answers.into_iter().filter_map(|answer| answer.chunk))
            .map_err(malformed(LOAD_MESSAGES.method))
    }

    async fn load_filtered(&self, query: MessageQuery) -> Result<Vec<Message>> {
        // A limit holds after every filter, so with a filter that stays here the
        // window is cut here too.
        let window_here = query.has_custom_filters();
        let request = pb::LoadFilteredMessagesRequest {
            context: None,
            session_id: query.session_id.to_string(),
            filters: query
                .filters
                .iter()
                .cloned()
                .filter_map(to_filter)
                .collect(),
            limit: query.limit.filter(|_| !window_here),
            offset: query.offset.filter(|_| !window_here),
        };
        let answers = self.collect(&LOAD_FILTERED_MESSAGES, request).await?;
        let mut matched = None;
        let mut chunks = Vec::new();
        for answer in answers {
            match answer.part {
                Some(Part::Matched(count)) => matched = Some(count),
                Some(Part::Chunk(chunk)) => chunks.push(chunk),
                None => {}
            }
        }
        let malformed = malformed(LOAD_FILTERED_MESSAGES.method);
        let messages = join(chunks).map_err(&malformed)?;
        let matched = matched.ok_or_else(|| {
            malformed(ConvertError::new(
                "matched",
                "is missing; it must come first",
            ))
        })?;
        Ok(finish_query(&query, messages, matched))
    }

    async fn load_page(
        &self,
        session_id: SessionId,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Message>> {
        let request = pb::LoadMessagePageRequest {
            context: None,
            session_id: session_id.to_string(),
            offset: offset as u64,
            limit: limit as u64,
        };
        let answers = self.collect(&LOAD_MESSAGE_PAGE, request).await?;
        join(answers.into_iter().filter_map(|answer| answer.chunk))
            .map_err(malformed(LOAD_MESSAGE_PAGE.method))
    }

    async fn count(&self, session_id: SessionId) -> Result<usize> {
        let request = pb::CountMessagesRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answer = self.call(&COUNT_MESSAGES, request).await?;
        usize::try_from(answer.count).map_err(|_| {
            AgentLoopError::store(format!(
                "{} messages are more than this host can count",
                answer.count
            ))
        })
    }
}

/// Does to a query's messages what could not cross: `messages` passed the filters
/// that could, `matched` is how many did before the window was cut.
pub(crate) fn finish_query(
    query: &MessageQuery,
    mut messages: Vec<Message>,
    matched: u64,
) -> Vec<Message> {
    if query.has_custom_filters() {
        for filter in &query.filters {
            if let MessageFilter::Custom(keep) = filter {
                messages.retain(|message| keep(message));
            }
        }
        query.apply_windowing(&mut messages);
    } else {
        let matched = usize::try_from(matched).unwrap_or(usize::MAX);
        query.prepend_excluded_notice(&mut messages, matched);
    }
    query.apply_injections(&mut messages);
    messages
}

pub(super) fn join(
    chunks: impl IntoIterator<Item = pb::MessageChunk>,
) -> std::result::Result<Vec<Message>, ConvertError> {
    let messages: Vec<_> = chunks
        .into_iter()
        .flat_map(|chunk| chunk.messages)
        .collect();
    list("messages", messages)
}
