//! What this process is at a moment, and whom it may believe.

use crate::id::trust_domain;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An X.509-SVID, and the bundles that came with it.
#[derive(Debug)]
pub struct Identity {
    /// The SPIFFE ID of this process.
    pub id: String,
    /// Its certificate chain, the own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// When its certificate ends.
    pub expires_at: SystemTime,
    pub(crate) key: PrivateKeyDer<'static>,
    /// The authorities of each trust domain: of its own, and of those it is federated with.
    pub(crate) bundles: BTreeMap<String, Arc<RootCertStore>>,
}

/// Nothing is known of a trust domain, or a name is no SPIFFE ID.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoBundle(String);

// === impl Identity ===

impl Identity {
    /// The private key of its certificate.
    #[must_use]
    pub fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    /// What must have signed the certificate of the workload with this SPIFFE ID.
    pub fn roots_of(&self, id: &str) -> Result<&Arc<RootCertStore>, NoBundle> {
        let domain = trust_domain(id).map_err(NoBundle)?;
        self.bundles.get(domain).ok_or_else(|| {
            let known: Vec<_> = self.bundles.keys().map(String::as_str).collect();
            NoBundle(format!(
                "{} may not believe the trust domain of {id}: it has bundles of [{}]; federate it with the other",
                self.id,
                known.join(", ")
            ))
        })
    }

    /// The trust domains whose workloads it may believe, with what must have signed their
    /// certificates.
    pub fn bundles(&self) -> impl Iterator<Item = (&str, &Arc<RootCertStore>)> {
        let bundles = self.bundles.iter();
        bundles.map(|(domain, roots)| (domain.as_str(), roots))
    }
}
