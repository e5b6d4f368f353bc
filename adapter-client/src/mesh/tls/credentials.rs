//! What one TLS connection is made with: whom to believe, and what this side is.

use super::{ClientTls, TlsIdentity};
use mortise_spiffe::Workload;
use rustls_native_certs::load_native_certs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificates of this moment.
#[derive(Debug)]
pub(super) struct Credentials {
    /// What must have signed the server's certificate.
    pub(super) roots: Arc<RootCertStore>,
    /// This side's chain and key, where it has any.
    pub(super) own: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// Where those are from, for people.
    pub(super) own_from: String,
    /// Where the roots are from, for people.
    pub(super) verified_with: String,
}

// === impl Credentials ===

impl Credentials {
    /// Reads the files; an error names the one that cannot be used.
    pub(super) fn from_files(config: &ClientTls) -> Result<Self, String> {
        let (own, own_from) = match &config.identity {
            None => (None, String::new()),
            Some(TlsIdentity { cert, key }) => {
                let chain = certificates(cert)?;
                let secret = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| format!("key {}: {error}", key.display()))?;
                let from = format!("{} and {}", cert.display(), key.display());
                (Some((chain, secret)), from)
            }
        };
        let verified_with = match &config.ca {
            Some(path) => format!("the certificates in {}", path.display()),
            None => "the system's certificates (no CA file is configured)".into(),
        };
        Ok(Self {
            roots: Arc::new(roots(config.ca.as_deref())?),
            own,
            own_from,
            verified_with,
        })
    }

    /// Asks what this process is, and whom it may believe to be the server.
    pub(super) async fn from_workload(workload: &Workload, config: &ClientTls) -> io::Result<Self> {
        let identity = workload.identity().await.map_err(io::Error::other)?;
        let server = config.server_uri.as_deref().unwrap_or_default();
        let roots = identity.roots_of(server).map_err(io::Error::other)?;
        let from = workload.socket();
        Ok(Self {
            roots: roots.clone(),
            own: Some((identity.chain.clone(), identity.key())),
            own_from: format!("the SVID of {} from {from}", identity.id),
            verified_with: format!("the bundle of its trust domain from {from}"),
        })
    }
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match ca {
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
