//! Outbound HTTP: upstream's own client behind a policy on where it may go.
//!
//! A name is looked up once, every address it stands for is checked, and the connection
//! is pinned to those: a second look-up could find others.

mod addresses;

use addresses::is_internal;
use async_trait::async_trait;
use everruns_core::egress::{
    DirectEgressService, EgressError, EgressRequest, EgressResponse, EgressResult, EgressService,
    EgressStreamResponse,
};
use everruns_core::url_validation::{
    UrlValidationError, validate_safe_url, validate_url_dns_pinned,
};
use futures::{StreamExt, TryStreamExt};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Upstream sets no time for a client of another.
const TIMEOUT_MS: u64 = 60_000;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most of an answer that is held at once.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What outbound requests are allowed.
#[derive(Debug, Clone, Default)]
pub struct EgressConfig {
    /// Whether they may reach private, loopback and link-local addresses, where the
    /// platform's own services and the cloud's metadata are. For development, and where a
    /// proxy decides instead: with it, and only with it, requests go through the proxies
    /// that the environment names (`HTTPS_PROXY`).
    pub allow_private: bool,
}

/// The sender of requests.
#[derive(Clone)]
pub(crate) struct Sender(pub(crate) Arc<dyn EgressService>);

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Upstream's client behind the policy.
#[derive(Debug)]
pub(crate) struct Guarded {
    config: EgressConfig,
    /// For what is not checked.
    unchecked: DirectEgressService,
}

/// The addresses that a request may reach, by the name that it has for them; a literal
/// address has none.
type Pins = Option<(String, Vec<SocketAddr>)>;

// === impl Guarded ===

impl Guarded {
    pub(crate) fn new(config: EgressConfig) -> Self {
        Self {
            config,
            unchecked: DirectEgressService::new(),
        }
    }

    /// The request, and a client for it that reaches nothing that was not checked.
    async fn admitted(
        &self,
        mut request: EgressRequest,
    ) -> EgressResult<(DirectEgressService, EgressRequest)> {
        request.timeout_ms.get_or_insert(TIMEOUT_MS);
        if self.config.allow_private {
            return Ok((self.unchecked.clone(), request));
        }
        if request.method.trim().is_empty() {
            return Err(EgressError::InvalidRequest("method is required".into()));
        }
        let url = validate_safe_url(&request.url).map_err(|fault| refusal(&request, fault))?;
        let access = request.network_access.as_ref();
        if access.is_some_and(|access| !access.is_url_allowed(&request.url)) {
            return Err(denied(&request));
        }
        let host = url.host_str().unwrap_or_default();
        let pins = pins(&request, host).await?;
        request.pinned_addrs = None;
        let client = client(pins).map_err(|fault| EgressError::Transport(fault.to_string()))?;
        Ok((DirectEgressService::with_client(client), request))
    }
}

#[async_trait]
impl EgressService for Guarded {
    async fn send(&self, request: EgressRequest) -> EgressResult<EgressResponse> {
        let EgressStreamResponse {
            status,
            headers,
            body: mut pieces,
        } = self.send_stream(request).await?;
        let mut body = Vec::new();
        while let Some(piece) = pieces.try_next().await? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(EgressError::Transport(format!(
                    "the answer is larger than {} MiB; ask for less, or for a stream",
                    ANSWER_BYTES_MAX / (1024 * 1024)
                )));
            }
            body.extend_from_slice(&piece);
        }
        Ok(EgressResponse {
            status,
            headers,
            body,
        })
    }

    async fn send_stream(&self, request: EgressRequest) -> EgressResult<EgressStreamResponse> {
        let url = request.url.clone();
        let sent = async {
            let (direct, request) = self.admitted(request).await?;
            direct.send_stream(request).await
        };
        let answer = sent.await.map_err(|error| without_secrets(error, &url))?;
        let EgressStreamResponse {
            status,
            headers,
            body,
        } = answer;
        let body = body.map_err(move |error| without_secrets(error, &url));
        Ok(EgressStreamResponse {
            status,
            headers,
            body: body.boxed(),
        })
    }

    fn name(&self) -> &'static str {
        "ReferenceEgressService"
    }
}

/// Checks every address that a request may reach.
async fn pins(request: &EgressRequest, host: &str) -> EgressResult<Pins> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(literal) = bare.parse::<IpAddr>() {
        return match is_internal(literal) {
            true => Err(denied(request)),
            false => Ok(None),
        };
    }
    let given = request.pinned_addrs.as_ref();
    let addresses = match given.filter(|(pinned, _)| pinned == host) {
        Some((_, addresses)) => addresses.clone(),
        None => looked_up(request).await?,
    };
    match addresses.iter().any(|address| is_internal(address.ip())) {
        true => Err(denied(request)),
        false => Ok(Some((host.to_string(), addresses))),
    }
}

async fn looked_up(request: &EgressRequest) -> EgressResult<Vec<SocketAddr>> {
    let looked_up = validate_url_dns_pinned(&request.url).await;
    let looked_up = looked_up.map_err(|fault| match fault {
        UrlValidationError::BlockedHost(_) => denied(request),
        fault @ (UrlValidationError::InvalidUrl(_)
        | UrlValidationError::DisallowedScheme(_)
        | UrlValidationError::MissingHostname) => EgressError::Transport(fault.to_string()),
    });
    looked_up.map(|(_, addresses)| addresses)
}

/// A client as upstream makes one, without the proxies of the environment: a proxy looks
/// the name up itself, and may find what was not checked.
fn client(pins: Pins) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none());
    match pins {
        Some((host, addresses)) => builder.resolve_to_addrs(&host, &addresses).build(),
        None => builder.build(),
    }
}

fn refusal(request: &EgressRequest, fault: UrlValidationError) -> EgressError {
    match fault {
        UrlValidationError::BlockedHost(_) => denied(request),
        fault @ (UrlValidationError::InvalidUrl(_)
        | UrlValidationError::DisallowedScheme(_)
        | UrlValidationError::MissingHostname) => EgressError::InvalidRequest(fault.to_string()),
    }
}

/// An error without what a URL may hold of secrets: they stand in its query, its user or
/// its fragment. Clients quote the URL as it was given, or as they read it.
fn without_secrets(error: EgressError, url: &str) -> EgressError {
    let read = Url::parse(url).ok();
    let has_secrets = read.as_ref().is_some_and(|read| {
        let user = !read.username().is_empty() || read.password().is_some();
        user || read.query().is_some() || read.fragment().is_some()
    });
    let shown = match &read {
        // As it was given: the reader knows it so.
        Some(_) if !has_secrets => url.to_string(),
        Some(read) => bare(read),
        None => String::new(),
    };
    let blank = |text: String| {
        let text = text.replace(url, &shown);
        match &read {
            Some(read) => text.replace(read.as_str(), &shown),
            None => text,
        }
    };
    match error {
        EgressError::InvalidRequest(text) => EgressError::InvalidRequest(blank(text)),
        EgressError::NetworkAccessDenied { url } => {
            EgressError::NetworkAccessDenied { url: blank(url) }
        }
        EgressError::Transport(text) => EgressError::Transport(blank(text)),
        EgressError::SigningUnavailable => EgressError::SigningUnavailable,
    }
}

/// Scheme, host, port and path of a URL.
fn bare(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only where there is neither.
    url.set_username("").ok();
    url.set_password(None).ok();
    url.into()
}

fn denied(request: &EgressRequest) -> EgressError {
    EgressError::NetworkAccessDenied {
        url: request.url.clone(),
    }
}
