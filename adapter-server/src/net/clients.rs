//! Which orgs a client may act for, by the names in its certificate.

use crate::Peer;
use mortise_proto::StoreError;
use mortise_proto::pb::ErrorReason;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tonic::Extensions;

/// Clients by a DNS name or URI in their certificates, such as
/// `spiffe://example.org/host`, and the orgs that each may act for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientOrgs(Arc<BTreeMap<String, BTreeSet<i64>>>);

/// The orgs that the client of a request may act for.
#[derive(Debug, Clone)]
pub(crate) struct GrantedOrgs(Arc<BTreeSet<i64>>);

// === impl ClientOrgs ===

impl FromIterator<(String, BTreeSet<i64>)> for ClientOrgs {
    /// A name that comes twice has the orgs of both.
    fn from_iter<I: IntoIterator<Item = (String, BTreeSet<i64>)>>(clients: I) -> Self {
        let mut by_name = BTreeMap::<String, BTreeSet<i64>>::new();
        for (name, orgs) in clients {
            by_name.entry(name).or_default().extend(orgs);
        }
        Self(Arc::new(by_name))
    }
}

impl ClientOrgs {
    /// What a client may do: everything that one of its names may.
    pub(crate) fn grant(&self, peer: Option<&Peer>) -> Result<GrantedOrgs, StoreError> {
        let names = peer.map_or(&[][..], |peer| &peer.certificate_names);
        let known: Vec<_> = names.iter().filter_map(|name| self.0.get(name)).collect();
        if known.is_empty() {
            let names = names.join(", ");
            let problem = format!(
                "this server binds clients to orgs and knows none of the names in the client's certificate ({names}); bind one of them"
            );
            return Err(StoreError::unauthenticated(problem));
        }
        let orgs = known.into_iter().flatten().copied().collect();
        Ok(GrantedOrgs(Arc::new(orgs)))
    }
}

// === impl GrantedOrgs ===

impl GrantedOrgs {
    /// Fails where the client of a request is bound to other orgs than this one. Nothing
    /// has been looked at by then.
    pub(crate) fn check(extensions: &Extensions, org_id: i64) -> Result<(), StoreError> {
        match extensions.get::<Self>() {
            Some(Self(orgs)) if !orgs.contains(&org_id) => Err(StoreError::new(
                ErrorReason::NotAllowed,
                format!(
                    "the client may not act for org {org_id}; bind a name of its certificate to the org"
                ),
            )),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client has the orgs of all its names, another's none; one that is not listed has
    /// nothing.
    #[test]
    fn a_client_has_the_orgs_of_its_names() -> Result<(), StoreError> {
        let clients: ClientOrgs = [
            ("spiffe://example.org/a".to_string(), BTreeSet::from([1])),
            ("a.internal".to_string(), BTreeSet::from([2])),
            ("b.internal".to_string(), BTreeSet::from([3])),
        ]
        .into_iter()
        .collect();
        let named = |names: &[&str]| Peer {
            certificate_names: names.iter().map(ToString::to_string).collect(),
            ..Peer::unix()
        };
        let peer = named(&["spiffe://example.org/a", "a.internal", "other"]);
        let mut extensions = Extensions::default();
        GrantedOrgs::check(&extensions, 9)?;
        extensions.insert(clients.grant(Some(&peer))?);
        for (org, is_allowed) in [(1, true), (2, true), (3, false), (9, false)] {
            let checked = GrantedOrgs::check(&extensions, org);
            assert_eq!(checked.is_ok(), is_allowed, "{org}");
        }
        for peer in [Some(&named(&["c.internal"])), Some(&Peer::unix()), None] {
            let error = clients.grant(peer).err();
            assert!(error.is_some_and(|error| error.code == tonic::Code::Unauthenticated));
        }
        Ok(())
    }
}
