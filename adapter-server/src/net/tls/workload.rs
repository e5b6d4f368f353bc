//! TLS with an identity from the SPIFFE Workload API: the certificate of this moment, and
//! clients of the trust domains that the API gives bundles of.

use super::TlsError;
use mortise_spiffe::{Identity, Workload, WorkloadSocket, trust_domain};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, ServerConfig,
    SignatureScheme,
};
use webpki::EndEntityCert;

/// What new connections are agreed on with, made anew for each new identity.
#[derive(Debug)]
pub(super) struct WorkloadTls {
    workload: Workload,
    client_cert_optional: bool,
    made: Mutex<Option<(Arc<Identity>, Arc<ServerConfig>)>>,
}

/// Believes a client whose certificate has one SPIFFE ID and is signed by an authority of the
/// ID's trust domain.
#[derive(Debug)]
struct DomainVerifier {
    provider: Arc<CryptoProvider>,
    by_domain: BTreeMap<String, Arc<dyn ClientCertVerifier>>,
    is_optional: bool,
}

/// Why a client is not believed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

// === impl WorkloadTls ===

impl WorkloadTls {
    pub(super) fn watch(
        socket: WorkloadSocket,
        client_cert_optional: bool,
        runtime: &Handle,
    ) -> Self {
        Self {
            workload: Workload::watch(socket, runtime),
            client_cert_optional,
            made: Mutex::default(),
        }
    }

    pub(super) async fn config(&self, alpn: &[Vec<u8>]) -> io::Result<Arc<ServerConfig>> {
        let identity = self.workload.identity().await.map_err(io::Error::other)?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, config)) = &*made
            && Arc::ptr_eq(of, &identity)
        {
            return Ok(config.clone());
        }
        let config = load(&identity, self.client_cert_optional, alpn);
        let config = Arc::new(config.map_err(io::Error::other)?);
        *made = Some((identity, config.clone()));
        Ok(config)
    }
}

fn load(
    identity: &Identity,
    client_cert_optional: bool,
    alpn: &[Vec<u8>],
) -> Result<ServerConfig, TlsError> {
    let at = |error: &dyn std::fmt::Display| {
        TlsError(format!(
            "the SVID of {} cannot be used: {error}",
            identity.id
        ))
    };
    let provider = Arc::new(ring::default_provider());
    let verifier = DomainVerifier::new(identity, client_cert_optional, &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| at(&error))?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(identity.chain.clone(), identity.key())
        .map_err(|error| at(&error))?;
    config.alpn_protocols = alpn.to_vec();
    // A session that is resumed is not verified again, and these certificates are short-lived.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

// === impl DomainVerifier ===

impl DomainVerifier {
    fn new(
        identity: &Identity,
        is_optional: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let verifiers = identity.bundles().map(|(domain, roots)| {
            let builder =
                WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone());
            let verifier = builder.build().map_err(|error| {
                TlsError(format!("the bundle of {domain} cannot be used: {error}"))
            })?;
            Ok((domain.to_string(), verifier))
        });
        Ok(Self {
            by_domain: verifiers.collect::<Result<_, TlsError>>()?,
            provider: provider.clone(),
            is_optional,
        })
    }

    fn of(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Result<&Arc<dyn ClientCertVerifier>, Refused> {
        let parsed = EndEntityCert::try_from(certificate)
            .map_err(|error| Refused(format!("the certificate is malformed: {error}")))?;
        let uris: Vec<_> = parsed.valid_uri_names().collect();
        let &[id] = uris.as_slice() else {
            let shown = uris.join(", ");
            return Err(Refused(format!(
                "the certificate must have one SPIFFE ID; its URIs are: [{shown}]"
            )));
        };
        let domain = trust_domain(id).map_err(Refused)?;
        self.by_domain.get(domain).ok_or_else(|| {
            let known: Vec<_> = self.by_domain.keys().map(String::as_str).collect();
            let known = known.join(", ");
            Refused(format!(
                "{id} is of another trust domain than [{known}]; federate them"
            ))
        })
    }
}

impl ClientCertVerifier for DomainVerifier {
    fn client_auth_mandatory(&self) -> bool {
        !self.is_optional
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let refused = |problem: Refused| CertificateError::Other(OtherError(Arc::new(problem)));
        let verifier = self.of(end_entity).map_err(refused)?;
        verifier.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
