//! What the command line asks of a running host, over its gRPC API.

mod follow;
mod lists;
mod output;

pub use follow::{follow_session, follow_turn};
pub use lists::{Listing, SessionQuery, TurnQuery};
pub use output::Output;

use mortise_adapter_client::Endpoint;
use mortise_proto::host::host_service_client::HostServiceClient;
use mortise_proto::host::{self as pb};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A running host, and how to call it.
#[derive(Debug, Clone)]
pub struct RemoteOptions {
    /// Where it serves gRPC.
    pub host: Endpoint,
    /// The org, by the host's internal id; zero: the caller's only one.
    pub org_id: i64,
    /// The file with the caller's bearer token.
    pub token_file: Option<PathBuf>,
    /// The CA of the host's certificate; `None`: those of the system.
    pub ca: Option<PathBuf>,
    /// The caller's certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether the token may cross a network in clear.
    pub insecure: bool,
    /// Whether records and events go out as JSON lines.
    pub json: bool,
}

/// Calls of a running host.
pub type Client = HostServiceClient<InterceptedService<Channel, Bearer>>;

/// Adds the caller's token to every call.
#[derive(Debug, Clone)]
pub struct Bearer(Option<AsciiMetadataValue>);

/// A host that can be called.
#[derive(Debug)]
pub struct Remote {
    pub(crate) client: Client,
    pub(crate) org_id: i64,
    pub(crate) json: bool,
    address: String,
}

/// Why a command did nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// A file cannot be used.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The address cannot be used as it is given.
    #[error("--host {address}: {problem}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it, and the remedy.
        problem: String,
    },
    /// Nothing answers there.
    #[error(
        "the host at {address} cannot be reached: {cause}; is it running, and is this the address of `listen.grpc`?"
    )]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
        cause: String,
    },
    /// The host refused the call.
    #[error("{reason}: {message}")]
    Refused {
        /// The reason, such as `SESSION_NOT_FOUND`.
        reason: String,
        /// What the host said.
        message: String,
    },
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
    /// Some of the output could not be written.
    #[error("the output cannot be written")]
    Written,
}

// === impl Bearer ===

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        Ok(request)
    }
}

// === impl Remote ===

impl Remote {
    /// Connects to a host.
    pub async fn connect(options: &RemoteOptions) -> Result<Self, RemoteError> {
        let address = options.host.to_string();
        let wrong = |problem: String| RemoteError::Address {
            address: address.clone(),
            problem,
        };
        let token = options.token_file.as_deref().map(token).transpose()?;
        if token.is_some() && options.host.is_exposed() && !options.insecure {
            let problem = "the token would cross a network in clear; use https://, or allow it with --insecure";
            return Err(wrong(problem.into()));
        }
        let endpoint = match &options.host {
            Endpoint::Unix(path) => format!("unix:{}", path.display()),
            Endpoint::Http(_) | Endpoint::Https(_) => address.clone(),
            Endpoint::Abstract(_) | Endpoint::Dns(_) => {
                return Err(wrong(
                    "write http://HOST:PORT, https://HOST:PORT or unix:PATH".into(),
                ));
            }
        };
        let mut endpoint = tonic::transport::Endpoint::from_shared(endpoint)
            .map_err(|error| wrong(error.to_string()))?
            .connect_timeout(CONNECT_WITHIN)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(20));
        if let Endpoint::Unix(_) = options.host {
            // A host refuses names that are not of this machine.
            endpoint = endpoint.origin(http::Uri::from_static("http://localhost"));
        }
        if let Endpoint::Https(_) = options.host {
            let tls = tls(options)?;
            endpoint = endpoint
                .tls_config(tls)
                .map_err(|error| wrong(causes(&error)))?;
        }
        let channel = endpoint.connect().await;
        let channel = channel.map_err(|error| RemoteError::Unreachable {
            address: address.clone(),
            cause: causes(&error),
        })?;
        let client = HostServiceClient::with_interceptor(channel, Bearer(token));
        Ok(Self {
            client: client.max_decoding_message_size(usize::MAX),
            org_id: options.org_id,
            json: options.json,
            address,
        })
    }

    /// What a status of the host means for the command.
    pub(crate) fn refused(&self, status: &Status) -> RemoteError {
        match status.get_details_error_info() {
            Some(info) => RemoteError::Refused {
                reason: info.reason,
                message: status.message().to_string(),
            },
            None if matches!(status.code(), Code::Unavailable | Code::Unknown) => {
                RemoteError::Unreachable {
                    address: self.address.clone(),
                    cause: status.message().to_string(),
                }
            }
            None => RemoteError::Refused {
                reason: crate::serve::code_name(status.code()),
                message: status.message().to_string(),
            },
        }
    }

    /// Cancels a turn of a session, or the one that it has.
    pub async fn cancel_turn(
        &mut self,
        session_id: String,
        turn_id: Option<String>,
        reason: String,
    ) -> Result<pb::CancelTurnResponse, RemoteError> {
        let request = pb::CancelTurnRequest {
            org_id: self.org_id,
            session_id,
            turn_id,
            reason,
            request_id: None,
        };
        let answer = self.client.cancel_turn(request).await;
        match answer {
            Ok(answer) => Ok(answer.into_inner()),
            Err(status) => Err(self.refused(&status)),
        }
    }
}

/// The first line of a file that says something.
fn token(path: &Path) -> Result<AsciiMetadataValue, RemoteError> {
    let failed = |cause: String| RemoteError::File {
        path: path.to_path_buf(),
        cause,
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let mut lines = text.lines().map(str::trim);
    let token = lines.find(|line| !line.is_empty());
    let token =
        token.ok_or_else(|| failed("holds no token; write one into its first line".into()))?;
    let mut value: AsciiMetadataValue = format!("Bearer {token}")
        .parse()
        .map_err(|_| failed("holds a token that is not printable ASCII".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn tls(options: &RemoteOptions) -> Result<ClientTlsConfig, RemoteError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| RemoteError::File {
            path: path.to_path_buf(),
            cause: error.to_string(),
        })
    };
    let tls = match &options.ca {
        Some(path) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(path)?)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    Ok(match &options.identity {
        Some((certificate, key)) => {
            tls.identity(Identity::from_pem(read(certificate)?, read(key)?))
        }
        None => tls,
    })
}

/// An error with what is behind it: the first of them says only that it failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}
