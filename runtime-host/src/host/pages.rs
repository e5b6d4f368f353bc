//! Pages of lists, and the tokens that say where the next one begins.

use chrono::{DateTime, Utc};
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_proto::HostError;
use std::fmt;
use uuid::Uuid;

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<PageToken>,
}

/// Where a page begins. Each list has a form of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageToken {
    /// After a turn, by its start.
    Turn(i64, TurnId),
    /// After the event with this sequence number.
    Event(i64),
    /// After a session, by its creation, before which so many were listed.
    Session(usize, i64, SessionId),
    /// After a record with this name or id.
    Name(String),
}

// === impl Page ===

impl<T> Page<T> {
    /// The first `limit` of what is left of a list that is at hand as a whole.
    pub(super) fn of(mut rest: Vec<T>, limit: usize, token: impl Fn(&T) -> PageToken) -> Self {
        let has_more = rest.len() > limit;
        rest.truncate(limit);
        let next = rest.last().filter(|_| has_more).map(token);
        Self { items: rest, next }
    }
}

/// What the token of each list looks like, without anchors. A number has no sign that says
/// nothing and no leading zeros: a token is read only as it is written.
pub const TURN_TOKEN: &str = r"t\.(0|-?[1-9][0-9]{0,17})\.[0-9a-f]{32}";
/// The same of events.
pub const EVENT_TOKEN: &str = r"e\.(0|[1-9][0-9]{0,17})";
/// The same of sessions.
pub const SESSION_TOKEN: &str = r"s\.(0|[1-9][0-9]{0,17})\.(0|-?[1-9][0-9]{0,17})\.[0-9a-f]{32}";
/// The same of records with names.
pub const NAME_TOKEN: &str = r"n\.[\s\S]*";

// === impl PageToken ===

impl PageToken {
    /// Reads a token; `None` where there is none. `field` is where it stands.
    pub fn parse(field: &str, text: &str) -> Result<Option<Self>, HostError> {
        if text.is_empty() {
            return Ok(None);
        }
        let token = read(text).filter(|token| token.to_string() == text);
        let token = token.ok_or_else(|| {
            let problem = "is not a token of this host; send `next_page_token` of the page before";
            HostError::invalid_field(field, problem)
        })?;
        Ok(Some(token))
    }

    /// A token of another list.
    pub(super) fn misplaced() -> HostError {
        let problem = "belongs to another list; send `next_page_token` of the page before";
        HostError::invalid_field("page_token", problem)
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn(at, id) => write!(f, "t.{at}.{}", id.uuid().simple()),
            Self::Event(sequence) => write!(f, "e.{sequence}"),
            Self::Session(seen, at, id) => write!(f, "s.{seen}.{at}.{}", id.uuid().simple()),
            Self::Name(name) => write!(f, "n.{name}"),
        }
    }
}

/// A time as tokens have it.
pub(super) fn nanos(time: DateTime<Utc>) -> i64 {
    time.timestamp_nanos_opt().unwrap_or_default()
}

fn read(text: &str) -> Option<PageToken> {
    let (kind, rest) = text.split_once('.')?;
    if kind == "n" {
        return Some(PageToken::Name(rest.to_string()));
    }
    let mut parts = rest.split('.');
    let token = match kind {
        "e" => PageToken::Event(parts.next()?.parse().ok().filter(|after| *after >= 0)?),
        "t" => PageToken::Turn(
            parts.next()?.parse().ok()?,
            TurnId::from_uuid(Uuid::try_parse(parts.next()?).ok()?),
        ),
        "s" => PageToken::Session(
            parts.next()?.parse().ok()?,
            parts.next()?.parse().ok()?,
            SessionId::from_uuid(Uuid::try_parse(parts.next()?).ok()?),
        ),
        _ => return None,
    };
    parts.next().is_none().then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token is read as it was written, and anything else is refused by name.
    #[test]
    fn tokens_come_back() {
        for token in [
            PageToken::Turn(-5, TurnId::from_seed(1)),
            PageToken::Event(7),
            PageToken::Session(3, 9, SessionId::from_seed(2)),
            PageToken::Name("a.b-c".into()),
        ] {
            let read = PageToken::parse("page_token", &token.to_string());
            assert_eq!(read.ok().flatten(), Some(token));
        }
        for bad in [
            "x", "e.", "e.-1", "e.+1", "e.01", "e.1.2", "t.1", "s.1.2.zz", "q.1",
        ] {
            let error = PageToken::parse("page_token", bad).err();
            let field = error.and_then(|error| error.field);
            assert_eq!(field.as_deref(), Some("page_token"), "{bad}");
        }
    }
}
