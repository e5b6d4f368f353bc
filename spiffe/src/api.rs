//! The client of the Workload API.

use crate::identity::Identity;
use crate::socket::WorkloadSocket;
use crate::workload::Watcher;
use futures::StreamExt;
use spiffe::{WorkloadApiClient, WorkloadApiError, X509Bundle, X509Context};
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::sleep;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_parser::parse_x509_certificate;

/// How long the API may take for its first answer before that is told. It goes on being
/// waited for: it may still be finding out what this process is.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

const START: &str = "start the SPIFFE agent, or correct the address of its socket";
const REGISTER: &str = "register this process: no entry matches its selectors";
const LOOK: &str = "see the log of the SPIFFE agent";

/// Watches the API until it fails, and says why.
pub(crate) async fn watch(socket: &WorkloadSocket, watcher: &Watcher) -> String {
    let opening = async {
        let client = WorkloadApiClient::connect_to(socket.as_str()).await?;
        let mut contexts = Box::pin(client.stream_x509_contexts().await?);
        let first = contexts.next().await;
        Ok::<_, WorkloadApiError>((client, contexts, first))
    };
    let mut opening = pin!(opening);
    let opened = tokio::select! {
        opened = &mut opening => opened,
        () = sleep(ANSWER_WITHIN) => {
            let seconds = ANSWER_WITHIN.as_secs();
            watcher.note(format!("it has not answered within {seconds} s; {LOOK}"));
            opening.await
        }
    };
    // The client holds the connection.
    let (_client, mut contexts, mut next) = match opened {
        Ok(opened) => opened,
        Err(error) => return told(&error),
    };
    while let Some(context) = next {
        match context {
            Ok(context) => match identity(&context) {
                Ok(identity) => watcher.take(identity),
                Err(problem) => return format!("{problem}; {LOOK}"),
            },
            Err(error) => return told(&error),
        }
        next = contexts.next().await;
    }
    format!("it ended the stream; {START}")
}

/// The default SVID, and every bundle.
fn identity(context: &X509Context) -> Result<Identity, String> {
    let svid = context.default_svid().ok_or("it gave no SVID")?;
    let chain = svid.cert_chain().iter();
    let chain = chain.map(|certificate| CertificateDer::from(certificate.as_bytes().to_vec()));
    let key = PrivatePkcs8KeyDer::from(svid.private_key().as_bytes().to_vec());
    let bundles = context.bundle_set().iter();
    let bundles = bundles.map(|(domain, bundle)| (domain.to_string(), roots(bundle)));
    Ok(Identity {
        id: svid.spiffe_id().to_string(),
        expires_at: expiry(svid.leaf().as_bytes())?,
        chain: chain.collect(),
        key: PrivateKeyDer::Pkcs8(key),
        bundles: bundles.collect(),
    })
}

fn roots(bundle: &X509Bundle) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let authorities = bundle.authorities().iter();
    // One that cannot be used verifies nothing; the others hold.
    roots.add_parsable_certificates(
        authorities.map(|authority| CertificateDer::from(authority.as_bytes().to_vec())),
    );
    Arc::new(roots)
}

fn expiry(certificate: &[u8]) -> Result<SystemTime, String> {
    let (_, certificate) = parse_x509_certificate(certificate)
        .map_err(|error| format!("its SVID cannot be read: {error}"))?;
    let seconds = certificate.validity().not_after.timestamp();
    // A time before 1970 is over as well.
    let seconds = u64::try_from(seconds).unwrap_or_default();
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// An error with its causes and what to do: the transport's own text names none of them.
fn told(error: &WorkloadApiError) -> String {
    use WorkloadApiError as E;
    let remedy = if matches!(error, E::NoIdentityIssued | E::PermissionDenied(_)) {
        REGISTER
    } else if matches!(error, E::Transport(_)) {
        START
    } else {
        LOOK
    };
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    format!("{text}; {remedy}")
}
