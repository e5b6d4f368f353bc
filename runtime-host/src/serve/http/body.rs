//! What requests hold: bodies, queries and ids, with errors that say where they are
//! wrong.

use super::State;
use super::asked::ForOrg;
use super::errors::Failure;
use crate::access::{Caller, Denied};
use crate::host::{Call, REQUEST_ID_BYTES_MAX};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use everruns_core::typed_id::{IdMarker, SessionId, TypedId};
use http_body_util::LengthLimitError;
use mortise_proto::HostError;
use mortise_proto::convert::open_value::check_payload;
use mortise_proto::host::ErrorReason;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::sync::Arc;

/// The header with the id of a change.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<State> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let limit = state.max_request_bytes;
        let announced = request.headers().get(CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(too_large(limit));
        }
        let body = read(request.into_body(), limit).await?;
        // Where nothing is required, nothing need be sent.
        let body = if body.is_empty() { b"{}" } else { &body[..] };
        let mut json = serde_json::Deserializer::from_slice(body);
        let read = serde_path_to_error::deserialize(&mut json).map_err(|fault| unread(&fault))?;
        json.end().map_err(|_| {
            HostError::invalid_field("body", "goes on after its end; send one JSON value")
        })?;
        // The parser rounds numbers without a word.
        let checked = check_payload("body", &String::from_utf8_lossy(body));
        checked.map_err(|error| HostError::invalid_field(error.path, error.problem))?;
        Ok(Self(read))
    }
}

async fn read(body: Body, limit: usize) -> Result<axum::body::Bytes, Failure> {
    to_bytes(body, limit).await.map_err(|fault| {
        let mut cause: Option<&dyn std::error::Error> = Some(&fault);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return too_large(limit);
            }
            cause = error.source();
        }
        HostError::invalid_field("body", "ended too early; send the whole body").into()
    })
}

/// What cannot be read, by the name of its field.
fn unread(fault: &serde_path_to_error::Error<serde_json::Error>) -> HostError {
    let cause = fault.inner();
    if cause.is_syntax() || cause.is_eof() {
        return HostError::invalid_field("body", format!("is no JSON: {cause}"));
    }
    // The field says where it is; the line tells nothing to a program that wrote the text.
    let at = format!(" at line {} column {}", cause.line(), cause.column());
    let problem = cause.to_string().replace(&at, "");
    let path = fault.path().to_string();
    let unknown = problem.strip_prefix("unknown field `");
    let unknown = unknown.and_then(|rest| rest.split('`').next());
    let field = match (path.as_str(), unknown) {
        (".", Some(name)) => name.to_string(),
        (".", None) => "body".to_string(),
        (path, Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => {
            format!("{path}.{name}")
        }
        (path, _) => path.to_string(),
    };
    HostError::invalid_field(field, format!("cannot be read: {problem}"))
}

fn too_large(limit: usize) -> Failure {
    let text = format!("the request is larger than the limit of {limit} bytes");
    HostError::new(ErrorReason::RequestTooLarge, text).into()
}

/// What stands behind the question mark. The caller may act for its org.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned + ForOrg> FromRequestParts<State> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Arc<Caller>>();
        let caller = caller.ok_or_else(|| HostError::from(Denied::NoProof))?;
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(mut asked)) => {
                let org = asked.org();
                *org = caller.org("org", *org)?;
                Ok(Self(asked))
            }
            Err(fault) => {
                let problem = format!("cannot be read: {}", fault.body_text());
                Err(HostError::invalid_field("query", problem).into())
            }
        }
    }
}

/// The id of a change, in the header `Idempotency-Key`, if there is one.
pub(super) struct RequestId(Option<String>);

impl RequestId {
    /// A change for an org, with this id.
    pub(super) fn of(self, org_id: i64) -> Result<Call, HostError> {
        Call::new(org_id, IDEMPOTENCY_KEY, self.0)
    }
}

impl FromRequestParts<State> for RequestId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Failure> {
        let mut given = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(first) = given.next() else {
            return Ok(Self(None));
        };
        if given.next().is_some() {
            let problem = "is there more than once; send it once";
            return Err(HostError::invalid_field(IDEMPOTENCY_KEY, problem).into());
        }
        let text = first.to_str().map_err(|_| {
            HostError::invalid_field(IDEMPOTENCY_KEY, "is not ASCII; send an id such as a UUID")
        })?;
        let text = text.trim();
        if text.len() > REQUEST_ID_BYTES_MAX {
            let long = text.len();
            let problem = format!("has {long} bytes; send at most {REQUEST_ID_BYTES_MAX}");
            return Err(HostError::invalid_field(IDEMPOTENCY_KEY, problem).into());
        }
        // The standard writes it as a quoted string.
        let quoted = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        Ok(Self(Some(quoted.unwrap_or(text).to_string())))
    }
}

/// The session of a path.
pub(super) struct InSession(pub(super) SessionId);

impl FromRequestParts<State> for InSession {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Failure> {
        let PathIds(ids) = PathIds::from_request_parts(parts, state).await?;
        Ok(Self(ids.id("session_id")?))
    }
}

/// The ids of a path, by their names.
pub(super) struct PathIds(pub(super) Ids);

/// The same.
pub(super) struct Ids(HashMap<String, String>);

impl Ids {
    /// The one with this name.
    pub(super) fn id<M: IdMarker>(&self, name: &str) -> Result<TypedId<M>, HostError> {
        let text = self.0.get(name).map_or("", String::as_str);
        id(name, text)
    }
}

impl FromRequestParts<State> for PathIds {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Failure> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(ids) = path.map_err(|fault| {
            HostError::invalid_field("path", format!("cannot be read: {}", fault.body_text()))
        })?;
        Ok(Self(Ids(ids)))
    }
}

/// An id of a body or path.
pub(in crate::serve) fn id<M: IdMarker>(field: &str, text: &str) -> Result<TypedId<M>, HostError> {
    mortise_proto::convert::id(field, text)
        .map_err(|error| HostError::invalid_field(error.path, error.problem))
}
