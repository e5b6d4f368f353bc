//! Who is at the other end of a connection, as far as the connection tells. Every
//! request that came over it carries it as an extension.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::CertificateDer;

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address; `None` on a unix socket.
    pub address: Option<SocketAddr>,
    /// The DNS names and URIs in the certificate that it proved to own.
    pub certificate_names: Arc<[String]>,
}

// === impl Peer ===

impl Peer {
    /// On a unix socket.
    #[must_use]
    pub fn unix() -> Self {
        Self {
            address: None,
            certificate_names: Arc::default(),
        }
    }

    /// On a TCP connection.
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Self {
        Self {
            address: Some(address),
            certificate_names: Arc::default(),
        }
    }

    /// Whether it is a process of this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.address
            .is_none_or(|address| address.ip().to_canonical().is_loopback())
    }

    /// The same with the names of a certificate that was verified.
    pub(crate) fn with_certificate(self, certificate: Option<&CertificateDer<'_>>) -> Self {
        let parsed = certificate.map(webpki::EndEntityCert::try_from);
        let Some(Ok(certificate)) = parsed else {
            return self;
        };
        let names = certificate.valid_dns_names();
        let names = names.chain(certificate.valid_uri_names());
        Self {
            certificate_names: names.map(str::to_string).collect(),
            ..self
        }
    }
}
