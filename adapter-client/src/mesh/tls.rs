//! TLS to an adapter. Every new connection takes the certificates of that moment, from files
//! or from the SPIFFE Workload API, so that they are replaced without a restart.

mod credentials;
mod uri;

use self::credentials::Credentials;
use self::uri::UriVerifier;
use mortise_spiffe::{Workload, WorkloadSocket, trust_domain};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, AlertDescription, ClientConfig};
use tonic::transport::Uri;

/// How an adapter at `https://` is verified, and how this side proves who it is.
/// Files are PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientTls {
    /// The certificates that the server's must be signed by; `None` takes the system's.
    pub ca: Option<PathBuf>,
    /// This side's certificate chain and its key, for a server that asks for one.
    pub identity: Option<TlsIdentity>,
    /// The name in the server's certificate, where it is not the endpoint's host.
    pub server_name: Option<String>,
    /// The URI that the server's certificate must have, such as
    /// `spiffe://example.org/adapter`. It takes the place of the endpoint's host: a
    /// certificate without names is enough. With `server_name`, it must have both.
    pub server_uri: Option<String>,
    /// Where the SPIFFE Workload API listens that gives this side's certificate and key, and
    /// what the server's certificate must be signed by. It takes the place of `ca` and
    /// `identity`. `server_uri` must then be the SPIFFE ID of the server.
    pub spiffe: Option<WorkloadSocket>,
}

/// A certificate chain and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The chain, the own certificate first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Agrees on TLS with the servers of one adapter.
#[derive(Debug)]
pub(super) struct Tls {
    config: ClientTls,
    /// In place of files.
    workload: Option<Workload>,
}

// === impl Tls ===

impl Tls {
    /// The Workload API is watched from now on, where it is asked for.
    pub(super) fn open(config: &ClientTls, runtime: &Handle) -> Self {
        let socket = config.spiffe.clone();
        Self {
            config: config.clone(),
            workload: socket.map(|socket| Workload::watch(socket, runtime)),
        }
    }

    /// Agrees on TLS with the server at an `https://` URI.
    pub(super) async fn agree(
        &self,
        uri: &Uri,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let name = self.config.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_string())
            .map_err(|_| fault(format!("`{name}` cannot be a name in a certificate")))?;
        let credentials = match &self.workload {
            None => Credentials::from_files(&self.config).map_err(fault)?,
            Some(workload) => Credentials::from_workload(workload, &self.config).await?,
        };
        let verified_with = credentials.verified_with.clone();
        let config = self.config.with(credentials).map_err(fault)?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        connecting.await.map_err(|error| {
            if refuses_client(&error) {
                return error;
            }
            fault(format!(
                "TLS handshake failed: {error}; the server is verified with {verified_with}"
            ))
        })
    }
}

// === impl ClientTls ===

impl ClientTls {
    /// Says what is wrong with it: a file that cannot be used, or what does not fit together.
    pub(super) fn check(&self) -> Result<(), String> {
        match (&self.spiffe, &self.server_uri) {
            (None, _) => self.with(Credentials::from_files(self)?).map(drop),
            (Some(_), _) if self.ca.is_some() || self.identity.is_some() => Err(
                "SPIFFE gives this side's certificate and whom to believe; leave out ca, cert and key".into(),
            ),
            (Some(_), None) => Err(
                "with SPIFFE the server is known by its ID; give server_uri, such as spiffe://example.org/storage".into(),
            ),
            (Some(_), Some(id)) => trust_domain(id).map(drop),
        }
    }

    fn with(&self, credentials: Credentials) -> Result<ClientConfig, String> {
        let Credentials {
            roots,
            own,
            own_from,
            verified_with: _,
        } = credentials;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match &self.server_uri {
            None => builder.with_root_certificates(roots),
            Some(uri) => {
                let verifier = UriVerifier {
                    provider,
                    roots,
                    uri: uri.clone(),
                    checks_name: self.server_name.is_some(),
                };
                let builder = builder.dangerous();
                builder.with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| format!("{own_from}: {error}"))?,
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

/// Whether the server ended TLS because of this side's certificate, or for want of one.
pub(super) fn refuses_client(error: &io::Error) -> bool {
    let source = error.get_ref();
    match source.and_then(|source| source.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => {
            use AlertDescription as A;
            [
                A::NoCertificate,
                A::CertificateRequired,
                A::UnknownCA,
                A::BadCertificate,
                A::UnsupportedCertificate,
                A::CertificateRevoked,
                A::CertificateExpired,
                A::CertificateUnknown,
                A::AccessDenied,
            ]
            .contains(alert)
        }
        Some(_) | None => false,
    }
}

fn fault(problem: String) -> io::Error {
    io::Error::other(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With SPIFFE the server's ID is asked for, and nothing that SPIFFE gives itself.
    #[test]
    fn spiffe_asks_for_an_id_and_for_no_file() {
        let spiffe = ClientTls {
            spiffe: "unix:/run/spire/agent.sock".parse().ok(),
            server_uri: Some("spiffe://example.org/storage".into()),
            ..ClientTls::default()
        };
        assert_eq!(spiffe.check(), Ok(()));
        let without = |change: fn(&mut ClientTls)| {
            let mut changed = spiffe.clone();
            change(&mut changed);
            changed.check().err().unwrap_or_default()
        };
        let found = without(|tls| tls.server_uri = None);
        assert!(found.contains("server_uri"), "{found}");
        let found = without(|tls| tls.server_uri = Some("https://storage".into()));
        assert!(found.contains("spiffe://"), "{found}");
        let found = without(|tls| tls.ca = Some("/etc/ca.pem".into()));
        assert!(found.contains("leave out ca"), "{found}");
    }
}
