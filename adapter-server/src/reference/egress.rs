//! Outbound HTTP: upstream's own client behind a policy on where it may go.
//!
//! A name is looked up once, every address it stands for is checked, and the connection
//! is pinned to those: a second look-up could find others.

use async_trait::async_trait;
use everruns_core::egress::{
    DirectEgressService, EgressError, EgressRequest, EgressResponse, EgressResult, EgressService,
    EgressStreamResponse,
};
use everruns_core::url_validation::{
    UrlValidationError, is_blocked_ip, validate_safe_url, validate_url_dns_pinned,
};
use std::fmt;
use std::sync::Arc;

/// Upstream sets no time for a pinned connection.
const TIMEOUT_MS: u64 = 60_000;

/// What outbound requests are allowed.
#[derive(Debug, Clone, Default)]
pub struct EgressConfig {
    /// Whether they may reach private, loopback and link-local addresses, where the
    /// platform's own services and the cloud's metadata are. For development.
    pub allow_private: bool,
}

/// Whoever sends.
#[derive(Clone)]
pub(super) struct Sender(pub(super) Arc<dyn EgressService>);

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Upstream's client behind the policy.
#[derive(Debug)]
pub(super) struct Guarded {
    config: EgressConfig,
    direct: DirectEgressService,
}

// === impl Guarded ===

impl Guarded {
    pub(super) fn new(config: EgressConfig) -> Self {
        Self {
            config,
            direct: DirectEgressService::new(),
        }
    }

    /// The request, pinned to addresses that it may reach.
    async fn admitted(&self, mut request: EgressRequest) -> EgressResult<EgressRequest> {
        request.timeout_ms.get_or_insert(TIMEOUT_MS);
        if self.config.allow_private {
            return Ok(request);
        }
        if request.method.trim().is_empty() {
            return Err(EgressError::InvalidRequest("method is required".into()));
        }
        let url = validate_safe_url(&request.url).map_err(|fault| refusal(&request, fault))?;
        let access = request.network_access.as_ref();
        if access.is_some_and(|access| !access.is_url_allowed(&request.url)) {
            return Err(denied(&request));
        }
        let host = url.host_str().unwrap_or_default().to_string();
        if let Some((pinned, addresses)) = &request.pinned_addrs
            && *pinned == host
        {
            return match addresses.iter().any(|address| is_blocked_ip(address.ip())) {
                true => Err(denied(&request)),
                false => Ok(request),
            };
        }
        let looked_up = validate_url_dns_pinned(&request.url).await;
        let (_, addresses) = looked_up.map_err(|fault| match fault {
            UrlValidationError::BlockedHost(_) => denied(&request),
            fault @ (UrlValidationError::InvalidUrl(_)
            | UrlValidationError::DisallowedScheme(_)
            | UrlValidationError::MissingHostname) => EgressError::Transport(fault.to_string()),
        })?;
        // A literal address has no name to be pinned.
        request.pinned_addrs = (!addresses.is_empty()).then_some((host, addresses));
        Ok(request)
    }
}

#[async_trait]
impl EgressService for Guarded {
    async fn send(&self, request: EgressRequest) -> EgressResult<EgressResponse> {
        self.direct.send(self.admitted(request).await?).await
    }

    async fn send_stream(&self, request: EgressRequest) -> EgressResult<EgressStreamResponse> {
        self.direct.send_stream(self.admitted(request).await?).await
    }

    fn name(&self) -> &'static str {
        "ReferenceEgressService"
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

fn denied(request: &EgressRequest) -> EgressError {
    EgressError::NetworkAccessDenied {
        url: request.url.clone(),
    }
}
