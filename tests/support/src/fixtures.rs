//! Things to store.

use chrono::{DateTime, Utc};
use everruns_core::ModelWithProvider;
use everruns_core::events::{EventContext, EventData, EventRequest, InputMessageData};
use everruns_core::llm_models::LlmProviderType;
use everruns_core::message::Message;
use everruns_core::typed_id::SessionId;

/// The simulator as a model.
pub fn simulator() -> ModelWithProvider {
    ModelWithProvider {
        model: "llmsim-model".into(),
        provider_type: LlmProviderType::LlmSim,
        api_key: None,
        base_url: None,
    }
}

/// A moment with nanoseconds.
pub fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap()
}

/// An `input.message` event with a text.
pub fn said(session_id: SessionId, text: &str) -> EventRequest {
    let message = InputMessageData::new(Message::user(text));
    EventRequest::new(session_id, EventContext::empty(), message)
}

/// An event of an unknown type.
pub fn unheard_of(session_id: SessionId, data: serde_json::Value) -> EventRequest {
    let event_type = "acme.thing.happened".to_string();
    EventRequest {
        event_type: event_type.clone(),
        ts: moment(),
        session_id,
        context: EventContext::empty(),
        data: EventData::unsupported(event_type, data),
        metadata: None,
        tags: None,
    }
}
