//! What is said in sessions.

use crate::db::Tx;
use crate::stores::message_retriever::query::Conditions;
use everruns_core::events::{INPUT_MESSAGE, OUTPUT_MESSAGE_COMPLETED};
use everruns_core::message::{ContentPart, Message, MessageRole};
use everruns_core::message_filter::{MessageFilter, MessageQuery};
use everruns_core::platform_store::PlatformMessage;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;

/// The most messages of a list without a limit.
const LISTED: usize = 10;

/// How many messages are looked through for each that is wanted, at first: many of an
/// agent's hold calls of tools and no text.
const LOOKED_THROUGH: usize = 4;

/// The newest messages of user and agent that have text, oldest first.
pub(super) async fn list(
    tx: &mut Tx,
    session_id: SessionId,
    limit: Option<usize>,
) -> Result<Vec<PlatformMessage>, StoreError> {
    let wanted = limit.unwrap_or(LISTED);
    let spoken = [INPUT_MESSAGE, OUTPUT_MESSAGE_COMPLETED].map(Into::into);
    let query = MessageQuery::new(session_id).with_filter(MessageFilter::EventTypes(spoken.into()));
    let conditions = Conditions::of(&query)?;
    let mut window = wanted.saturating_mul(LOOKED_THROUGH);
    loop {
        let most = i64::try_from(window).unwrap_or(i64::MAX);
        let newest = conditions.newest(tx, most).await?;
        let is_all = newest.len() < window;
        let mut said: Vec<_> = newest.into_iter().filter_map(told).collect();
        if is_all || said.len() >= wanted {
            return Ok(said.split_off(said.len().saturating_sub(wanted)));
        }
        window = window.saturating_mul(LOOKED_THROUGH);
    }
}

/// A message of user or agent, if it has text.
fn told(message: Message) -> Option<PlatformMessage> {
    let role = match message.role {
        MessageRole::User => "user",
        MessageRole::Agent => "agent",
        MessageRole::System | MessageRole::ToolResult => return None,
    };
    let texts = message.content.iter().filter_map(ContentPart::as_text);
    let content = texts.collect::<Vec<_>>().join("\n");
    (!content.is_empty()).then(|| PlatformMessage {
        role: role.into(),
        content,
        created_at: message.created_at,
    })
}
