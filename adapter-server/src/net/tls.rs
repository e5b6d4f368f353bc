//! TLS on accepted connections. Certificates are read again when their files change, or come
//! from the SPIFFE Workload API, so that they are replaced without a restart.

mod workload;

use crate::net::peer::Peer;
use mortise_files::{Reload, Reloaded};
use mortise_spiffe::WorkloadSocket;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;
use workload::WorkloadTls;

/// How long a peer may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What a server proves itself with, and how it verifies its clients. Files are PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    /// The certificate chain, the own certificate first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The certificates that a client's must be signed by. `None` asks for none.
    pub client_ca: Option<PathBuf>,
    /// Whether a client without a certificate may connect; it is then to prove itself
    /// in another way.
    pub client_cert_optional: bool,
}

/// A file of certificates or keys that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

/// Agrees on TLS with clients.
#[derive(Debug)]
pub struct Tls {
    alpn: Vec<Vec<u8>>,
    source: Source,
}

/// Where certificates are from.
#[derive(Debug)]
enum Source {
    Files {
        files: ServerTls,
        current: Reloaded<Arc<ServerConfig>>,
    },
    Workload(WorkloadTls),
}

// === impl Tls ===

impl Tls {
    /// Reads the files. What the connections speak is named as in ALPN, such as `h2`.
    pub fn open(files: ServerTls, alpn: &[&str]) -> Result<Self, TlsError> {
        let alpn = protocols(alpn);
        let current = Reloaded::open(files.paths(), || files.load(&alpn).map(Arc::new))?;
        Ok(Self {
            alpn,
            source: Source::Files { files, current },
        })
    }

    /// Has its certificate from the SPIFFE Workload API, which is watched on a runtime from
    /// now on and may be away. Clients are believed that have a SPIFFE ID of the server's own
    /// trust domain, or of one that it is federated with: bind them to orgs with
    /// [`AdapterServer::clients`](crate::AdapterServer::clients). Where certificates of clients
    /// are optional, a client without one is to prove itself in another way.
    #[must_use]
    pub fn from_workload(
        socket: WorkloadSocket,
        client_cert_optional: bool,
        alpn: &[&str],
        runtime: &Handle,
    ) -> Self {
        Self {
            alpn: protocols(alpn),
            source: Source::Workload(WorkloadTls::watch(socket, client_cert_optional, runtime)),
        }
    }

    /// Agrees on TLS over a connection, and says who the peer has proved to be.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, Peer)> {
        let address = stream.peer_addr()?;
        let accepting = async {
            let config = self.config().await?;
            TlsAcceptor::from(config).accept(stream).await
        };
        let stream = timeout(HANDSHAKE, accepting).await??;
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        let peer = Peer::tcp(address).with_certificate(chain.first());
        Ok((stream, peer))
    }

    /// What new connections are agreed on with. Files that have changed and cannot be
    /// used leave what there was.
    async fn config(&self) -> io::Result<Arc<ServerConfig>> {
        let (files, current) = match &self.source {
            Source::Workload(workload) => return workload.config(&self.alpn).await,
            Source::Files { files, current } => (files, current),
        };
        let (config, reload) = current.current(|| files.load(&self.alpn).map(Arc::new));
        match reload {
            Reload::None => {}
            Reload::Done => {
                tracing::info!(cert = %files.cert.display(), "certificates reloaded");
            }
            Reload::Failed(error) => {
                tracing::error!(%error, "certificates could not be reloaded; keeping the previous ones");
            }
        }
        Ok(config)
    }
}

fn protocols(names: &[&str]) -> Vec<Vec<u8>> {
    let names = names.iter();
    names.map(|name| name.as_bytes().to_vec()).collect()
}

// === impl ServerTls ===

impl ServerTls {
    fn paths(&self) -> Vec<PathBuf> {
        let files = [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()];
        files.into_iter().flatten().cloned().collect()
    }

    fn load(&self, alpn: &[Vec<u8>]) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError(error.to_string()))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => builder.with_client_cert_verifier(self.verifier(path, provider)?),
        };
        let chain = certificates(&self.cert)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| at(&self.key, error))?;
        let pair = format!("{} and {}", self.cert.display(), self.key.display());
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| TlsError(format!("{pair}: {error}")))?;
        config.alpn_protocols = alpn.to_vec();
        Ok(config)
    }

    fn verifier(
        &self,
        path: &Path,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn tokio_rustls::rustls::server::danger::ClientCertVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| at(path, error))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = if self.client_cert_optional {
            builder.allow_unauthenticated()
        } else {
            builder
        };
        builder.build().map_err(|error| at(path, error))
    }
}

/// The certificates of a file; one without any is an error.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| at(path, error))?;
    if found.is_empty() {
        return Err(at(path, "holds no certificate in PEM form"));
    }
    Ok(found)
}

fn at(path: &Path, problem: impl std::fmt::Display) -> TlsError {
    TlsError(format!("{}: {problem}", path.display()))
}
