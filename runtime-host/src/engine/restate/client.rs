//! Calls of a Restate server: of its ingress, which takes invocations, and of its admin API,
//! which knows where the handlers are.

use super::{OBJECT, RestateOptions};
use crate::engine::{PlacedBegin, PlacedEnd};
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use mortise_adapter_client::BearerToken;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use url::Url;

/// The server's status for an invocation that has no output yet.
const NOT_OVER: u16 = 470;

/// How much of an answer that is an error is shown.
const SHOWN_MAX: usize = 400;

/// A turn, as the object is asked to run it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunRequest {
    pub(super) org_id: i64,
    pub(super) session_id: SessionId,
    pub(super) begin: PlacedBegin,
}

/// Which turn is to be cancelled, and why.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CancelRequest {
    /// None: whichever runs.
    pub(super) turn_id: Option<TurnId>,
    /// The message of the turn, where its caller cancels it.
    pub(super) message_id: Option<MessageId>,
    pub(super) reason: Option<String>,
    /// The invocation of the turn, where its caller cancels it: it may not have begun.
    pub(super) invocation_id: Option<String>,
}

/// The turn that a session's object runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunningTurn {
    pub(super) turn_id: TurnId,
    pub(super) message_id: MessageId,
    pub(super) invocation_id: String,
}

/// Why a call of the server failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The server was not reached: nothing has happened.
    #[error("the Restate server at {address} does not answer: {problem}")]
    Away { address: String, problem: String },
    /// Whether the call has arrived is not known.
    #[error("the call of the Restate server at {address} broke off: {problem}")]
    Broken { address: String, problem: String },
    /// It answered with an error.
    #[error("the Restate server at {address} answered {status}: {text}")]
    Refused {
        address: String,
        status: StatusCode,
        text: String,
    },
}

/// The two APIs of a server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    ingress: Url,
    admin: Url,
    token: Option<BearerToken>,
    timeout: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submitted {
    invocation_id: String,
}

// === impl CallError ===

impl CallError {
    /// Whether the same call may succeed later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Away { .. } | Self::Broken { .. } => true,
            // 404: no host has registered the object yet.
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || [StatusCode::NOT_FOUND, StatusCode::TOO_MANY_REQUESTS].contains(status)
            }
        }
    }

    /// Whether the server has answered, and will say the same later.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Away { .. } | Self::Broken { .. } => false,
            Self::Refused { status, .. } => {
                !status.is_server_error() && *status != StatusCode::TOO_MANY_REQUESTS
            }
        }
    }

    /// Whether the invocation was cancelled, or an operator of the server killed it.
    pub(super) fn is_cancelled(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::CONFLICT)
    }

    /// Whether nothing has happened.
    pub(super) fn is_not_applied(&self) -> bool {
        match self {
            Self::Away { .. } => true,
            Self::Broken { .. } => false,
            Self::Refused { status, .. } => !status.is_server_error(),
        }
    }
}

// === impl Client ===

impl Client {
    pub(super) fn new(
        options: &RestateOptions,
        token: Option<BearerToken>,
    ) -> Result<Self, reqwest::Error> {
        // A turn is waited for over a connection that is quiet for its whole time.
        let http = reqwest::Client::builder()
            .connect_timeout(options.timeout)
            .tcp_keepalive(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            http,
            ingress: options.ingress.clone(),
            admin: options.admin.clone(),
            token,
            timeout: options.timeout,
        })
    }

    /// Hands a turn over. The same key again: the same invocation, running or over.
    pub(super) async fn submit(
        &self,
        request: &RunRequest,
        idempotency_key: &str,
    ) -> Result<String, CallError> {
        let key = object_key(request.org_id, request.session_id);
        let path = ["restate", "send", OBJECT, &key, "run"];
        let call = self.request(Method::POST, &self.ingress, &path);
        let call = call
            .header("idempotency-key", idempotency_key)
            .timeout(self.timeout)
            .json(request);
        let submitted: Submitted = self.answer(&self.ingress, call).await?;
        Ok(submitted.invocation_id)
    }

    /// Waits for what becomes of an invocation, however long that takes.
    pub(super) async fn attach(&self, invocation_id: &str) -> Result<PlacedEnd, CallError> {
        let path = ["restate", "attach", invocation_id];
        let call = self.request(Method::GET, &self.ingress, &path);
        self.answer(&self.ingress, call).await
    }

    /// Whether a turn was handed over with a key, and is running or over.
    pub(super) async fn is_submitted(
        &self,
        org_id: i64,
        session_id: SessionId,
        idempotency_key: &str,
    ) -> Result<bool, CallError> {
        let key = object_key(org_id, session_id);
        let target = ["restate", "invocation", OBJECT, &key, "run"];
        let path = [&target[..], &[idempotency_key, "output"]].concat();
        let call = self.request(Method::GET, &self.ingress, &path);
        match self.send(&self.ingress, call.timeout(self.timeout)).await {
            Ok(_) => Ok(true),
            Err(CallError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(false),
            Err(CallError::Refused { status, .. }) if status.as_u16() == NOT_OVER => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Cancels a turn; which one that was, if one runs that is meant.
    pub(super) async fn cancel(
        &self,
        org_id: i64,
        session_id: SessionId,
        request: &CancelRequest,
    ) -> Result<Option<RunningTurn>, CallError> {
        let key = object_key(org_id, session_id);
        let path = ["restate", "call", OBJECT, &key, "cancel"];
        let call = self.request(Method::POST, &self.ingress, &path);
        let call = call.timeout(self.timeout).json(request);
        self.answer(&self.ingress, call).await
    }

    /// The turn that a session's object runs.
    pub(super) async fn running(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<Option<RunningTurn>, CallError> {
        let key = object_key(org_id, session_id);
        let path = ["restate", "call", OBJECT, &key, "running"];
        let call = self.request(Method::POST, &self.ingress, &path);
        self.answer(&self.ingress, call.timeout(self.timeout)).await
    }

    /// Whether both APIs answer.
    pub(super) async fn check(&self) -> Result<(), CallError> {
        for (base, path) in [
            (&self.ingress, &["restate", "health"][..]),
            (&self.admin, &["health"][..]),
        ] {
            let call = self.request(Method::GET, base, path).timeout(self.timeout);
            self.send(base, call).await?;
        }
        Ok(())
    }

    /// Whether the server knows the object's handlers.
    pub(super) async fn is_registered(&self) -> Result<bool, CallError> {
        let call = self.request(Method::GET, &self.admin, &["services", OBJECT]);
        match self.send(&self.admin, call.timeout(self.timeout)).await {
            Ok(_) => Ok(true),
            Err(CallError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Tells the server where the handlers are. It asks there which they are.
    pub(super) async fn register(&self, address: &str, force: bool) -> Result<(), CallError> {
        let deployment = json!({ "uri": address, "force": force });
        let call = self.request(Method::POST, &self.admin, &["deployments"]);
        let call = call.timeout(self.timeout).json(&deployment);
        self.send(&self.admin, call).await.map(drop)
    }

    fn request(&self, method: Method, base: &Url, path: &[&str]) -> RequestBuilder {
        let mut url = base.clone();
        // The addresses are http: or https:, which have segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self.http.request(method, url);
        let token = self.token.as_ref().map(BearerToken::header);
        // What is a value of gRPC's metadata is one of a header.
        let header = token.and_then(|token| HeaderValue::from_bytes(token.as_encoded_bytes()).ok());
        match header {
            Some(mut header) => {
                header.set_sensitive(true);
                request.header(AUTHORIZATION, header)
            }
            None => request,
        }
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        base: &Url,
        call: RequestBuilder,
    ) -> Result<T, CallError> {
        let answer = self.send(base, call).await?;
        let read = answer.json().await;
        read.map_err(|error| CallError::Broken {
            address: base.to_string(),
            problem: error.without_url().to_string(),
        })
    }

    async fn send(&self, base: &Url, call: RequestBuilder) -> Result<Response, CallError> {
        let address = base.to_string();
        let answer = call.send().await.map_err(|error| {
            let is_away = error.is_connect();
            let problem = causes(&error.without_url());
            match is_away {
                true => CallError::Away {
                    address: address.clone(),
                    problem,
                },
                false => CallError::Broken {
                    address: address.clone(),
                    problem,
                },
            }
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer.text().await.unwrap_or_default();
        Err(CallError::Refused {
            address,
            status,
            text: text.chars().take(SHOWN_MAX).collect(),
        })
    }
}

/// The object of a session.
pub(super) fn object_key(org_id: i64, session_id: SessionId) -> String {
    format!("{org_id}:{session_id}")
}

/// An error with what caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
