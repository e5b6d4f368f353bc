//! TLS to an adapter. Every new connection reads the files anew, so that
//! certificates are replaced without a restart.

use rustls_native_certs::load_native_certs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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
    /// Connects to the server at an `https://` URI.
    pub(super) async fn connect(&self, uri: &Uri) -> io::Result<Refusable> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let name = self.server_name.as_deref().unwrap_or(host).to_string();
        let name = ServerName::try_from(name.clone())
            .map_err(|_| fault(format!("`{name}` cannot be a name in a certificate")))?;
        let config = self.load().map_err(fault)?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
        stream.set_nodelay(true)?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let connected = connecting.await.map(Refusable);
        connected.map_err(|error| {
            let error = refusal(error);
            if error.kind() == io::ErrorKind::PermissionDenied {
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
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(self.roots()?);
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

/// A connection whose server may refuse this side's certificate. It does so after the
/// connection stands, in place of the first answer.
#[derive(Debug)]
pub(super) struct Refusable(TlsStream<TcpStream>);

impl AsyncRead for Refusable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(context, buffer);
        read.map_err(refusal)
    }
}

impl AsyncWrite for Refusable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.0).poll_write(context, bytes);
        written.map_err(refusal)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// An error that says so where the server refused this side's certificate, or wants one.
/// The kind is all that HTTP/2 passes on beside the text; see `StoreError`.
fn refusal(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let Some(rustls::Error::AlertReceived(alert)) = cause else {
        return error;
    };
    let refused = matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
    );
    if !refused {
        return error;
    }
    let text =
        format!("the server takes no client without a certificate that it trusts ({alert:?})");
    io::Error::new(io::ErrorKind::PermissionDenied, text)
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

fn fault(problem: String) -> io::Error {
    io::Error::other(problem)
}
