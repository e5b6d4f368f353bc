//! Request ids: a call that is sent again with the same id happens once, and has the same
//! answer, for a day, also where the host was killed meanwhile.
//!
//! A call is written down before anything of it is done, with the ids of all that it is to
//! make. One that comes again is answered from what is written. Where its answer is not
//! there - the process was killed, or its adapter did not answer - it is done again with
//! the same ids, and storage takes each of them once. Every host derives the same ids, so a
//! turn that is asked for again at another host is found by its message.

use super::{Host, errors};
use crate::journal::RememberedRequest;
use chrono::{DateTime, TimeDelta, Utc};
use everruns_core::typed_id::{MessageId, TurnId};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// The most bytes of a request id.
pub const REQUEST_ID_BYTES_MAX: usize = 255;

/// For how long a call is remembered.
const REMEMBERED_FOR: TimeDelta = TimeDelta::days(1);

/// The namespace of the ids that are derived from request ids (RFC 9562, version 5).
const REQUESTS: Uuid = Uuid::from_u128(0x6f1b_7a0e_0c5d_4a0b_9d1e_3f52_84c7_61aa);

/// How often those that are older are removed.
const REMOVE_EVERY: Duration = Duration::from_secs(60 * 60);

/// For whom a change is made, and the id by which it is known if it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The org; zero stands for the only one.
    pub org_id: i64,
    /// The caller's id of the change.
    pub request_id: Option<String>,
}

/// The calls that are under way, each with what the others with its id wait for.
#[derive(Debug, Default)]
pub(super) struct Requests {
    under_way: Mutex<HashMap<(i64, String), Weak<Semaphore>>>,
}

/// A call with a request id that is under way. Others with the same id wait.
#[derive(Debug)]
pub(super) struct Request {
    host: Host,
    pub(super) record: RememberedRequest,
    /// Whether it came before.
    pub(super) is_repeated: bool,
    _alone: OwnedSemaphorePermit,
}

// === impl Call ===

impl From<i64> for Call {
    /// A change that happens as often as it is sent.
    fn from(org_id: i64) -> Self {
        Self {
            org_id,
            request_id: None,
        }
    }
}

impl Call {
    /// A change with a caller's id, if it gave one. `field` is where it stands.
    pub fn new(org_id: i64, field: &str, request_id: Option<String>) -> Result<Self, HostError> {
        if let Some(id) = &request_id {
            let problem = match id.len() {
                0 => Some("is empty; send an id of the change, such as a UUID, or none".into()),
                1..=REQUEST_ID_BYTES_MAX if id.chars().any(char::is_control) => {
                    Some("holds a control character; send printable text".into())
                }
                1..=REQUEST_ID_BYTES_MAX => None,
                long => Some(format!(
                    "has {long} bytes; send at most {REQUEST_ID_BYTES_MAX}"
                )),
            };
            if let Some(problem) = problem {
                return Err(HostError::invalid_field(field, problem));
            }
        }
        Ok(Self { org_id, request_id })
    }
}

// === impl Requests ===

impl Requests {
    fn lock_of(&self, org_id: i64, request_id: &str) -> Arc<Semaphore> {
        let under_way = &self.under_way;
        let mut under_way = under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (org_id, request_id.to_string());
        if let Some(lock) = under_way.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        under_way.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(Semaphore::new(1));
        under_way.insert(key, Arc::downgrade(&lock));
        lock
    }
}

// === impl Host ===

impl Host {
    /// Makes a change once for its request id, whatever becomes of the caller. `work` is
    /// told whether it was begun before.
    pub(super) async fn once<T, W>(
        &self,
        org_id: i64,
        request_id: String,
        (method, asked): (&'static str, Value),
        work: impl FnOnce(Host, RememberedRequest, bool) -> W + Send + 'static,
    ) -> Result<T, HostError>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        W: Future<Output = Result<T, HostError>> + Send,
    {
        let host = self.clone();
        self.run_detached(async move {
            let request = host.request(org_id, request_id, method, &asked).await?;
            if let Some(answer) = &request.record.answer {
                return read(answer);
            }
            let done = work(host, request.record.clone(), request.is_repeated).await;
            request.answered(&done).await;
            done
        })
        .await
    }

    /// Opens a call with a request id: alone, and written down.
    pub(super) async fn request(
        &self,
        org_id: i64,
        request_id: String,
        method: &'static str,
        asked: &Value,
    ) -> Result<Request, HostError> {
        let lock = self.inner.requests.lock_of(org_id, &request_id);
        let alone = lock.acquire_owned().await;
        let alone = alone.map_err(|_| errors::aborted())?;
        let digest = digest(asked);
        let journal = &self.inner.journal;
        let found = journal.request(org_id, &request_id).await;
        let found = found.map_err(|error| errors::of_journal(&error))?;
        let is_used_again = found.is_some();
        let is_new = |record: &RememberedRequest| is_remembered(record.made_at);
        let (record, is_repeated) = match found.filter(is_new) {
            Some(record) if record.method != method || record.digest != digest => {
                return Err(reused(&record, method));
            }
            Some(record) => (record, true),
            None => {
                let names = [request_id.as_str(), digest.as_str()];
                // An id that was used a day ago is of another call now.
                let is_shared = self.shares_sessions(org_id)? && !is_used_again;
                let of = |what| match is_shared {
                    true => derived(what, org_id, method, &names),
                    false => Uuid::new_v4(),
                };
                let (change_id, message_id) = (of("change"), of("message"));
                let record = RememberedRequest {
                    org_id,
                    request_id,
                    method: method.into(),
                    digest,
                    made_at: Utc::now(),
                    change_id,
                    turn_id: TurnId::new(),
                    message_id: MessageId::from_uuid(message_id),
                    is_turn_known: false,
                    answer: None,
                };
                let written = journal.put_request(&record).await;
                written.map_err(|error| errors::of_journal(&error))?;
                (record, false)
            }
        };
        Ok(Request {
            host: self.clone(),
            record,
            is_repeated,
            _alone: alone,
        })
    }

    /// Writes down which turn a call is about.
    pub(super) async fn about_turn(
        &self,
        record: &mut RememberedRequest,
        turn_id: TurnId,
    ) -> Result<(), HostError> {
        record.turn_id = turn_id;
        record.is_turn_known = true;
        let written = self.inner.journal.put_request(record).await;
        written.map_err(|error| errors::of_journal(&error))
    }

    /// Gives the message of a call an id of its own.
    pub(super) async fn about_another_message(
        &self,
        record: &mut RememberedRequest,
    ) -> Result<(), HostError> {
        record.message_id = MessageId::new();
        let written = self.inner.journal.put_request(record).await;
        written.map_err(|error| errors::of_journal(&error))
    }

    /// Whether other hosts may have the sessions of an org.
    pub(super) fn shares_sessions(&self, org_id: i64) -> Result<bool, HostError> {
        Ok(self.org(org_id)?.1.adapter.session_leases().is_some())
    }

    /// Removes what is no longer remembered, now and then until the host is closed.
    pub(super) async fn forget_requests(self) {
        loop {
            let oldest = Utc::now() - REMEMBERED_FOR;
            match self.inner.journal.remove_requests_before(oldest).await {
                Ok(removed) => tracing::debug!(removed, "old requests removed"),
                Err(error) => tracing::error!(%error, "removing old requests failed"),
            }
            tokio::select! {
                () = self.inner.closed.cancelled() => return,
                () = tokio::time::sleep(REMOVE_EVERY) => {}
            }
        }
    }
}

// === impl Request ===

impl Request {
    /// Remembers the answer. A call that certainly did nothing is not remembered: it may be
    /// sent again and do it.
    async fn answered<T: Serialize + Sync>(mut self, done: &Result<T, HostError>) {
        match done {
            Err(error) => self.failed(error).await,
            Ok(answer) => match serde_json::to_value(answer) {
                Ok(answer) => {
                    self.record.answer = Some(answer);
                    if let Err(error) = self.host.inner.journal.put_request(&self.record).await {
                        // It is done again, with the same ids.
                        tracing::error!(%error, "an answer could not be written down");
                    }
                }
                Err(error) => tracing::error!(%error, "an answer cannot be written as JSON"),
            },
        }
    }

    /// Remembers a call that failed only where it may have done something.
    pub(super) async fn failed(&self, error: &HostError) {
        let may_be_done = matches!(
            error.reason,
            ErrorReason::AdapterUnavailable
                | ErrorReason::Adapter
                | ErrorReason::Draining
                | ErrorReason::Internal
        );
        // What was begun before stays as it is.
        if may_be_done || self.is_repeated {
            return;
        }
        let (org_id, id) = (self.record.org_id, &self.record.request_id);
        if let Err(error) = self.host.inner.journal.remove_request(org_id, id).await {
            tracing::error!(%error, "removing a request that failed from the journal failed");
        }
    }
}

/// Whether a call of that time is still remembered.
pub(super) fn is_remembered(made_at: DateTime<Utc>) -> bool {
    Utc::now() - made_at < REMEMBERED_FOR
}

fn read<T: DeserializeOwned>(answer: &Value) -> Result<T, HostError> {
    T::deserialize(answer).map_err(|error| {
        tracing::error!(%error, "a remembered answer is of another version");
        HostError::new(
            ErrorReason::Internal,
            "the answer was remembered by another version of the host; send the call with a new request id",
        )
    })
}

fn reused(record: &RememberedRequest, method: &str) -> HostError {
    let (id, before) = (&record.request_id, &record.method);
    let what = if before == method {
        format!("another {before}")
    } else {
        format!("{before}, and this is {method}")
    };
    let text = format!(
        "the request id {id:?} was used for {what}; send the call again as it was, or with a new id"
    );
    let mut error = HostError::new(ErrorReason::RequestIdReused, text);
    error.field = Some("request_id".into());
    error
}

/// An id that every host makes for a call: where the caller asks another host, it stores the
/// same message and makes the same change, and an adapter takes each once. What was asked is
/// part of it, since another host does not know what the id was used for.
fn derived(what: &str, org_id: i64, method: &str, names: &[&str]) -> Uuid {
    let name = json!([what, org_id, method, names]).to_string();
    Uuid::new_v5(&REQUESTS, name.as_bytes())
}

/// The SHA-256 of a value, whatever the order of its keys.
fn digest(value: &Value) -> String {
    let mut hasher = Sha256::new();
    hash(value, &mut hasher);
    let digest = hasher.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            hasher.update(format!("{{{}", fields.len()));
            for (name, value) in fields {
                hasher.update(Value::from(name.as_str()).to_string());
                hash(value, hasher);
            }
        }
        Value::Array(items) => {
            hasher.update(format!("[{}", items.len()));
            items.iter().for_each(|item| hash(item, hasher));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            hasher.update(value.to_string());
            hasher.update(",");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of keys makes no difference; everything else does.
    #[test]
    fn what_differs_has_another_digest() {
        let one = digest(&json!({ "a": 1, "b": [1, 2] }));
        assert_eq!(one, digest(&json!({ "b": [1, 2], "a": 1 })));
        for other in [
            json!({ "a": 1, "b": [12] }),
            json!({ "a": 1, "b": [2, 1] }),
            json!({ "a": "1", "b": [1, 2] }),
            json!({ "a": 1, "b": [1, 2], "c": null }),
            json!([{ "a": 1, "b": [1, 2] }]),
        ] {
            assert_ne!(one, digest(&other), "{other}");
        }
    }

    /// Every host derives the same ids for a call, and others for what differs in anything.
    #[test]
    fn ids_are_those_of_every_host() {
        let one = derived("message", 1, "RunTurn", &["key", "digest"]);
        assert_eq!(one, derived("message", 1, "RunTurn", &["key", "digest"]));
        for other in [
            derived("change", 1, "RunTurn", &["key", "digest"]),
            derived("message", 2, "RunTurn", &["key", "digest"]),
            derived("message", 1, "SendMessage", &["key", "digest"]),
            derived("message", 1, "RunTurn", &["key2", "digest"]),
            derived("message", 1, "RunTurn", &["key", "2digest"]),
        ] {
            assert_ne!(one, other);
        }
    }

    /// An id that no file or header could be trusted with is refused by name.
    #[test]
    fn ids_have_bounds() {
        let with = |id: &str| Call::new(1, "request_id", Some(id.into()));
        assert!(with("3f2c").is_ok());
        assert!(with(&"x".repeat(255)).is_ok());
        for bad in ["", "a\nb", &"x".repeat(256)] {
            let error = with(bad).err().and_then(|error| error.field);
            assert_eq!(error.as_deref(), Some("request_id"), "{bad:?}");
        }
    }
}
