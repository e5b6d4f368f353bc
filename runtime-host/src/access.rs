//! Who calls the host, and for which orgs.
//!
//! A caller proves itself with a bearer token or a client certificate. One that does
//! neither is let in only from this machine, and only where the configuration says so.
//! What is refused is refused with the same words whatever exists: no caller learns of
//! orgs that are not their own.

mod layer;

pub use layer::{AccessLayer, AccessService, Until};

use crate::config::{HostConfig, TokenSource};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, header};
use mortise_adapter_server::{Peer, TokenDigest, TokenFile, TokenFileError, bearer};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// Decides who may call.
#[derive(Debug)]
pub struct Access {
    tokens: Vec<(Arc<Caller>, Known)>,
    /// By a name in the certificate.
    certificates: Vec<(String, Arc<Caller>)>,
    /// The caller from this machine who proves nothing, if that is allowed.
    anonymous: Option<Arc<Caller>>,
}

/// Resolves when a caller may call no longer.
pub type Revoked = BoxFuture<'static, ()>;

/// How a token is known.
#[derive(Debug)]
enum Known {
    File(TokenFile),
    Digest(TokenDigest),
}

/// A caller who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its name in the configuration, for logs.
    pub name: String,
    /// The orgs it may act for.
    pub orgs: BTreeSet<i64>,
}

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nothing was proved.
    #[error("the call needs a bearer token or a client certificate")]
    NoProof,
    /// An unknown token.
    #[error("the bearer token is unknown")]
    UnknownToken,
    /// An unknown certificate.
    #[error("the client certificate is unknown; its names are: {}", .0.join(", "))]
    UnknownCertificate(Vec<String>),
    /// A web page in a browser of this machine.
    #[error("calls from web pages need a bearer token")]
    Browser,
    /// The same, that had its own name lead to this machine.
    #[error(
        "calls from this machine to the host name {0:?} need a bearer token; call the host by address or as localhost"
    )]
    ForeignName(String),
    /// An org that is not the caller's.
    #[error("this caller may not act for org {0}")]
    Org(i64),
}

// === impl Access ===

impl Access {
    /// Reads the files of tokens that the configuration names.
    pub fn open(config: &HostConfig) -> Result<Self, TokenFileError> {
        let caller = |name: &str, orgs: Option<&BTreeSet<i64>>| {
            Arc::new(Caller {
                name: name.into(),
                orgs: orgs.unwrap_or(&config.orgs).clone(),
            })
        };
        let tokens = config.access.tokens.iter().map(|(name, access)| {
            let known = match &access.token {
                TokenSource::File(path) => Known::File(TokenFile::open(path)?),
                TokenSource::Digest(digest) => Known::Digest(*digest),
            };
            Ok((caller(name, access.orgs.as_ref()), known))
        });
        let certificates = config.access.certificates.iter();
        let certificates = certificates.map(|(name, access)| {
            let caller = caller(name, access.orgs.as_ref());
            (access.subject.clone(), caller)
        });
        let anonymous = config.access.anonymous.then(|| caller("anonymous", None));
        Ok(Self {
            tokens: tokens.collect::<Result<_, _>>()?,
            certificates: certificates.collect(),
            anonymous,
        })
    }

    /// Who sends a request: by its headers, and by the connection it came over. What
    /// is given as proof must be one: a wrong token does not count as none. Without a
    /// peer the caller counts as far away.
    pub fn check(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Arc<Caller>, Denied> {
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            let token = authorization.to_str().ok().and_then(bearer);
            return token
                .and_then(|token| self.by_token(token))
                .ok_or(Denied::UnknownToken);
        }
        let names = peer.map_or(&[][..], |peer| &peer.certificate_names);
        if !names.is_empty() {
            let known = self.certificates.iter();
            let mut known = known.filter(|(subject, _)| names.contains(subject));
            return match known.next() {
                Some((_, caller)) => Ok(caller.clone()),
                None => Err(Denied::UnknownCertificate(names.to_vec())),
            };
        }
        match &self.anonymous {
            Some(_) if headers.contains_key(header::ORIGIN) => Err(Denied::Browser),
            Some(caller) if peer.is_some_and(Peer::is_local) => {
                under_own_name(headers)?;
                Ok(caller.clone())
            }
            Some(_) | None => Err(Denied::NoProof),
        }
    }

    /// Resolves once the token that a request was let in by is revoked; `None` where it was
    /// let in by something that stays, as long as the host runs.
    #[must_use]
    pub fn revoked(&self, headers: &HeaderMap) -> Option<Revoked> {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok();
        let token = token.and_then(bearer)?;
        let admitted = self.tokens.iter().find_map(|(_, known)| match known {
            Known::File(file) => file.admitted(token),
            Known::Digest(_) => None,
        })?;
        Some(admitted.revoked().boxed())
    }

    /// Compares with every token there is, so that the time tells nothing.
    fn by_token(&self, token: &str) -> Option<Arc<Caller>> {
        let given = TokenDigest::of(token);
        let mut found = None;
        for (caller, known) in &self.tokens {
            let matches = match known {
                Known::File(file) => file.holds(token),
                Known::Digest(digest) => digest.matches(&given).into(),
            };
            if matches {
                found = Some(caller.clone());
            }
        }
        found
    }
}

// === impl Caller ===

impl Caller {
    /// The org that a call is for; zero stands for the caller's only one. A refusal
    /// names `field`, which the call gives it in.
    pub fn org(&self, field: &str, asked: i64) -> Result<i64, HostError> {
        if asked != 0 {
            self.may_act_for(asked)?;
            return Ok(asked);
        }
        let mut own = self.orgs.iter();
        match (own.next(), own.next()) {
            (Some(only), None) => Ok(*only),
            (Some(_) | None, _) => {
                let several = self.orgs.len();
                let text =
                    format!("is missing, and this caller may act for {several} orgs; name one");
                Err(HostError::invalid_field(field, text))
            }
        }
    }

    /// Whether it may act for an org.
    pub fn may_act_for(&self, org_id: i64) -> Result<(), Denied> {
        if self.orgs.contains(&org_id) {
            Ok(())
        } else {
            Err(Denied::Org(org_id))
        }
    }
}

// === impl Denied ===

impl Denied {
    fn reason(&self) -> ErrorReason {
        match self {
            Self::NoProof | Self::UnknownToken | Self::UnknownCertificate(_) => {
                ErrorReason::Unauthenticated
            }
            Self::Browser | Self::ForeignName(_) => ErrorReason::NotAllowed,
            Self::Org(_) => ErrorReason::OrgNotServed,
        }
    }
}

/// Refuses a web page whose name leads to this machine: its browser takes this host for
/// the page's own server, and says so. Addresses and `localhost` cannot be pointed elsewhere.
pub(crate) fn under_own_name(headers: &HeaderMap) -> Result<(), Denied> {
    let Some(host) = headers.get(header::HOST) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(host.as_bytes());
    let authority = text.parse::<http::uri::Authority>();
    let is_own = authority.is_ok_and(|authority| {
        let name = authority.host();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
    });
    if is_own {
        return Ok(());
    }
    Err(Denied::ForeignName(text.into_owned()))
}

/// Refuses a web page of elsewhere; one that this host served itself is none.
pub(crate) fn from_own_page(headers: &HeaderMap) -> Result<(), Denied> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let from = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let from = from.map(|(_, authority)| authority.as_bytes());
    let own = headers.get(header::HOST).map(|host| host.as_bytes());
    if from.is_some() && from == own {
        return Ok(());
    }
    Err(Denied::Browser)
}

impl From<Denied> for HostError {
    fn from(denied: Denied) -> Self {
        Self::new(denied.reason(), denied.to_string())
    }
}

#[cfg(test)]
mod tests;
