//! TLS to an adapter. Every new connection reads the files anew, so that
//! certificates are replaced without a restart.

mod uri;

use self::uri::UriVerifier;
use rustls_native_certs::load_native_certs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, AlertDescription, ClientConfig, RootCertStore};
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
}

/// A certificate chain and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The chain, the own certificate first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

// === impl ClientTls ===

impl ClientTls {
    /// Agrees on TLS with the server at an `https://` URI.
    pub(super) async fn agree(
        &self,
        uri: &Uri,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let name = self.server_name.as_deref().unwrap_or(host).to_string();
        let name = ServerName::try_from(name.clone())
            .map_err(|_| fault(format!("`{name}` cannot be a name in a certificate")))?;
        let config = self.load().map_err(fault)?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        connecting.await.map_err(|error| {
            if refuses_client(&error) {
                return error;
            }
            let verified_by = match &self.ca {
                Some(path) => format!("the certificates in {}", path.display()),
                None => "the system's certificates (no CA file is configured)".into(),
            };
            fault(format!(
                "TLS handshake failed: {error}; the server is verified with {verified_by}"
            ))
        })
    }

    /// Reads the files; an error names the one that cannot be used.
    pub(super) fn load(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match &self.server_uri {
            None => builder.with_root_certificates(self.roots()?),
            Some(uri) => {
                let verifier = UriVerifier {
                    provider,
                    roots: self.roots()?,
                    uri: uri.clone(),
                    checks_name: self.server_name.is_some(),
                };
                let builder = builder.dangerous();
                builder.with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(TlsIdentity { cert, key }) => {
                let chain = certificates(cert)?;
                let secret = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| format!("key {}: {error}", key.display()))?;
                builder
                    .with_client_auth_cert(chain, secret)
                    .map_err(|error| format!("{} and {}: {error}", cert.display(), key.display()))?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            Some(path) => {
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|error| format!("{}: {error}", path.display()))?;
                }
            }
            None => {
                let found = load_native_certs();
                // Some of a system's certificates may be unreadable; the others hold.
                roots.add_parsable_certificates(found.certs);
                if roots.is_empty() {
                    return Err("the system has no certificates; configure a CA file".into());
                }
            }
        }
        Ok(roots)
    }
}

/// The certificates of a file; one without any is an error.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let at = |problem: String| format!("{}: {problem}", path.display());
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| at(error.to_string()))?;
    if found.is_empty() {
        return Err(at("holds no certificate in PEM form".into()));
    }
    Ok(found)
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
