//! How the suite reaches a server: an address, or any service that speaks gRPC.

use hyper_util::rt::TokioIo;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::codegen::{Service, StdError};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};

/// One connection to a server.
pub type Wire = BoxCloneSyncService<Request<Body>, Response<Body>, WireError>;

/// Why nothing came of a call: what the transport says.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct WireError(StdError);

/// A server: makes a new connection whenever it is asked to.
#[derive(Clone)]
pub struct Dial {
    name: String,
    grpcurl: String,
    dial: Arc<dyn Fn() -> Wire + Send + Sync>,
}

/// What a TLS connection is made with.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// PEM certificates of the authorities that the server's is signed by. Without them
    /// the system's are used.
    pub authorities: Option<Vec<u8>>,
    /// PEM certificate and key that the suite shows.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// The name in the server's certificate, where it is not the address.
    pub server_name: Option<String>,
}

// === impl Dial ===

impl Dial {
    /// A server at `unix:PATH`, `http://HOST:PORT` or `https://HOST:PORT`.
    pub fn address(text: &str, tls: Tls) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err("`unix:` lacks a path; write unix:/run/adapter.sock".into());
            }
            return Ok(Self::unix(text, path.into()));
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        let endpoint = match scheme {
            Some("http" | "https") => Endpoint::from_shared(text.to_string()),
            _ => {
                return Err(format!(
                    "`{text}` is neither unix:PATH nor http://HOST:PORT nor https://HOST:PORT"
                ));
            }
        };
        let mut endpoint = endpoint
            .map_err(|fault| format!("`{text}` is no address: {fault}"))?
            .tcp_nodelay(true);
        if scheme == Some("https") {
            endpoint = endpoint
                .tls_config(tls.config())
                .map_err(|fault| format!("the TLS settings cannot be used: {fault}"))?;
        }
        let endpoint = roomy(endpoint);
        Ok(Self::new(text, move || boxed(endpoint.connect_lazy())))
    }

    fn unix(name: &str, path: PathBuf) -> Self {
        Self::connector(name, move |endpoint| {
            let path = path.clone();
            endpoint.connect_with_connector_lazy(service_fn(move |_| {
                let path = path.clone();
                async move {
                    let stream = tokio::net::UnixStream::connect(path).await?;
                    Ok::<_, std::io::Error>(TokioIo::new(stream))
                }
            }))
        })
    }

    /// Any transport: makes a channel of an endpoint whose address is never looked up.
    pub fn connector(
        name: impl Into<String>,
        connect: impl Fn(Endpoint) -> Channel + Send + Sync + 'static,
    ) -> Self {
        let endpoint = roomy(Endpoint::from_static("http://localhost"));
        Self::new(name, move || boxed(connect(endpoint.clone())))
    }

    /// Anything that makes connections.
    pub fn new(name: impl Into<String>, dial: impl Fn() -> Wire + Send + Sync + 'static) -> Self {
        let name = name.into();
        Self {
            grpcurl: target(&name),
            name,
            dial: Arc::new(dial),
        }
    }

    /// Any gRPC service, called without a connection.
    pub fn service<S>(name: impl Into<String>, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        S::Error: Into<StdError>,
        S::Future: Send + 'static,
    {
        let wire = boxed(service);
        Self::new(name, move || wire.clone())
    }

    /// A new connection.
    #[must_use]
    pub fn connect(&self) -> Wire {
        (self.dial)()
    }

    /// The same, where it is another address that a person calls.
    #[must_use]
    pub fn called_at(self, address: &str) -> Self {
        Self {
            grpcurl: target(address),
            ..self
        }
    }

    /// The arguments with which grpcurl reaches it.
    pub(crate) fn grpcurl(&self) -> &str {
        &self.grpcurl
    }

    /// Where it leads, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dial").field(&self.name).finish()
    }
}

// === impl Tls ===

impl Tls {
    fn config(self) -> ClientTlsConfig {
        let mut config = ClientTlsConfig::new();
        config = match self.authorities {
            Some(pem) => config.ca_certificate(Certificate::from_pem(pem)),
            None => config.with_native_roots(),
        };
        if let Some((certificate, key)) = self.identity {
            config = config.identity(Identity::from_pem(certificate, key));
        }
        if let Some(name) = self.server_name {
            config = config.domain_name(name);
        }
        config
    }
}

/// The arguments with which grpcurl reaches an address.
fn target(address: &str) -> String {
    if let Some(path) = address.strip_prefix("unix:") {
        return format!("-plaintext -unix {}", word(path));
    }
    match address.split_once("://") {
        Some(("https", host)) => word(host),
        Some((_, host)) => format!("-plaintext {}", word(host)),
        None => format!("-plaintext {}", word(address)),
    }
}

/// One word of a shell, quoted where it has to be.
fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.:_-$".contains(&byte);
    match text.bytes().all(is_plain) {
        true => text.into(),
        false => crate::shown::quoted(text),
    }
}

/// The longest error that the contract allows has to fit.
fn roomy(endpoint: Endpoint) -> Endpoint {
    endpoint.http2_max_header_list_size(mortise_proto::MAX_HEADER_LIST_BYTES)
}

fn boxed<S>(service: S) -> Wire
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Error: Into<StdError>,
    S::Future: Send + 'static,
{
    BoxCloneSyncService::new(service.map_err(|fault| WireError(fault.into())))
}
