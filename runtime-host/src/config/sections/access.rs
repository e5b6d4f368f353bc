//! The section `[access]`.

use crate::config::diagnostics::Bad;
use crate::config::reader::Section;
use crate::config::values::{flag, orgs, path, sha256, text};
use crate::config::{AccessConfig, CertificateAccess, Listen, ListenTls, TokenAccess, TokenSource};
use mortise_adapter_server::TokenDigest;
use std::collections::BTreeSet;

pub(super) fn access(
    mut section: Section<'_>,
    listen: &Listen,
    served: &BTreeSet<i64>,
) -> AccessConfig {
    let mut tokens = section.section("tokens");
    let named_tokens = tokens.named_sections();
    let mut no_callers = named_tokens.is_empty();
    let token = |(name, section)| Some((name, token(section, served)?));
    let token_access = named_tokens.into_iter().filter_map(token).collect();
    tokens.finish();
    let mut certificates = section.section("certificates");
    let named = certificates.named_sections();
    no_callers &= named.is_empty();
    let verifies = listen.tls.as_ref().is_some_and(|tls| match tls {
        ListenTls::Files(files) => files.client_ca.is_some(),
        ListenTls::Workload(_) => true,
    });
    if !named.is_empty() && !verifies {
        let remedy =
            "configure listen.tls.client_ca or listen.tls.spiffe, which clients are verified with";
        certificates.fault(
            "",
            Bad::new("no client certificate can be verified", remedy),
        );
    }
    let certificate = |(name, section)| Some((name, certificate(section, served)?));
    let certificate_access = named.into_iter().filter_map(certificate).collect();
    certificates.finish();
    let anonymous = section.read("anonymous", flag).unwrap_or(true);
    let public = listen.public();
    match public {
        Some(address) if no_callers => section.fault(
            "",
            Bad::new(
                format!("no caller can reach {address}: callers from other machines need a token or a certificate"),
                "configure [access.tokens.NAME], or listen at unix: or 127.0.0.1",
            ),
        ),
        None if no_callers && !anonymous => section.fault(
            "anonymous",
            Bad::new("no caller is allowed", "configure [access.tokens.NAME], or remove it"),
        ),
        Some(_) | None => {}
    }
    section.finish();
    AccessConfig {
        tokens: token_access,
        certificates: certificate_access,
        anonymous,
    }
}

fn token(mut section: Section<'_>, served: &BTreeSet<i64>) -> Option<TokenAccess> {
    let file = section.read("token_file", path);
    let digest = section.read("sha256", sha256);
    let orgs = org_list(&mut section, served);
    if section.has("token_file") == section.has("sha256") {
        let remedy = "give either token_file or sha256";
        section.fault("", Bad::new("the token is not given", remedy));
    }
    section.finish();
    let digest = digest.map(|digest| TokenSource::Digest(TokenDigest::from_bytes(digest)));
    Some(TokenAccess {
        token: file.map(TokenSource::File).or(digest)?,
        orgs,
    })
}

fn certificate(mut section: Section<'_>, served: &BTreeSet<i64>) -> Option<CertificateAccess> {
    let remedy = "give a DNS name or a URI as it is in the certificate";
    let subject = section.require("subject", remedy, text);
    let orgs = org_list(&mut section, served);
    section.finish();
    Some(CertificateAccess {
        subject: subject?,
        orgs,
    })
}

/// The orgs of a caller, which must be served; `None` for all of them.
fn org_list(section: &mut Section<'_>, served: &BTreeSet<i64>) -> Option<BTreeSet<i64>> {
    section.read("orgs", |value| {
        let given = orgs(value)?;
        match given.iter().find(|org| !served.contains(org)) {
            None => Ok(given),
            Some(org) => Err(Bad::new(
                format!("org {org} is not served"),
                "add it to orgs.serve or remove it",
            )),
        }
    })
}
