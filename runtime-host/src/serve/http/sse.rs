//! Server-sent events. A stored event has its sequence number as id, so that a browser
//! that comes back (`Last-Event-ID`) is sent what it missed and nothing twice.

use super::errors::shape;
use super::shapes::{ended, queued, running};
use crate::host::{Events, TurnItem};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{Stream, StreamExt};
use mortise_proto::HostError;
use mortise_proto::convert::event_log::LoggedEvent;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;

/// How often a quiet stream says that it is alive.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Events as they come.
pub(super) fn events(events: Events) -> Response {
    stream(events.map(|event| event.map(|event| happened(&event))))
}

/// A stream of things; an error is the last of them.
pub(super) fn stream(
    items: impl Stream<Item = Result<Sent, HostError>> + Send + 'static,
) -> Response {
    let items = items.map(|item| {
        Ok::<_, Infallible>(item.unwrap_or_else(|error| named("error", &shape(&error))))
    });
    let alive = KeepAlive::new().interval(ALIVE_EVERY);
    // Proxies collect answers, or compress them in large pieces, unless they are told not to.
    let unbuffered = [
        (HeaderName::from_static("x-accel-buffering"), "no"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
    ];
    let mut answer = Sse::new(items).keep_alive(alive).into_response();
    for (name, value) in unbuffered {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// An event of the session.
pub(super) fn happened(event: &LoggedEvent) -> Sent {
    let sent = named(event.event_type(), event);
    match event.sequence() {
        Some(sequence) => sent.id(sequence.to_string()),
        None => sent,
    }
}

/// What happens to a turn.
pub(super) fn turn_item(item: TurnItem) -> Sent {
    match item {
        TurnItem::Queued {
            turn_id,
            input_message_id,
        } => named("queued", &queued(turn_id, input_message_id)),
        TurnItem::Accepted(began) => named("accepted", &running(&began)),
        TurnItem::Event(event) => happened(&event),
        TurnItem::Ended(how) => named("ended", &ended(&how)),
    }
}

/// Something else.
pub(super) fn named(name: &str, data: &impl Serialize) -> Sent {
    // A name has one line.
    let sent = Sent::default().event(name.replace(['\n', '\r'], " "));
    match serde_json::to_string(data) {
        Ok(text) => sent.data(text),
        Err(error) => {
            tracing::error!(%error, name, "an event cannot be written as JSON");
            sent
        }
    }
}
