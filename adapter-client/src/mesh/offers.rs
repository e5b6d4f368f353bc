//! What the mesh's adapters offer to one org, by the routes.

use super::{Mesh, Org};
use mortise_proto::pb::{self, Feature};
use mortise_proto::rpc::{short_service_name, table};
use std::collections::{BTreeMap, BTreeSet};

/// What the mesh's adapters offer to one org, by the routes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    services: BTreeMap<&'static str, Offer>,
    /// What each adapter is, and the most that it takes.
    servers: BTreeMap<String, (BTreeSet<String>, u64)>,
    /// Where the links of the platform store's web console lead.
    platform_base_url: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    adapter: String,
    features: BTreeSet<i32>,
}

/// What an adapter has said of itself to one org.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Described {
    /// Name, version and build; several where servers of different versions stand behind
    /// one address.
    pub(super) servers: BTreeSet<String>,
    /// Service by full name, with its features.
    pub(super) services: BTreeMap<String, BTreeSet<i32>>,
    pub(super) max_message_bytes: u64,
    pub(super) platform_base_url: String,
}

// === impl Described ===

impl Described {
    pub(super) fn of(answer: pb::DescribeResponse) -> Self {
        let server = answer.server.unwrap_or_default();
        let server = format!("{} {} {}", server.name, server.version, server.build);
        let services = answer.services.into_iter();
        Self {
            servers: BTreeSet::from([server.trim_end().to_string()]),
            services: services
                .map(|offer| (offer.name, offer.features.into_iter().collect()))
                .collect(),
            max_message_bytes: answer.limits.map_or(0, |limits| limits.max_message_bytes),
            // Tools put a path behind it.
            platform_base_url: answer.platform_base_url.trim_end_matches('/').into(),
        }
    }

    /// What both offer: a call may reach either.
    pub(super) fn common(mut self, other: &Self) -> Self {
        self.servers.extend(other.servers.iter().cloned());
        self.services.retain(|name, features| {
            let Some(others) = other.services.get(name) else {
                return false;
            };
            features.retain(|feature| others.contains(feature));
            true
        });
        self.max_message_bytes = self.max_message_bytes.min(other.max_message_bytes);
        self
    }
}

// === impl Offers ===

impl Offers {
    /// By the routes of a mesh, of what its adapters have said. One that serves no
    /// required store and has never answered is taken to offer what is routed to it by
    /// name: its stores then fail as they do while it is away, instead of being absent.
    pub(super) fn new(mesh: &Mesh, org: &Org, described: &BTreeMap<String, Described>) -> Self {
        let named = mesh.inner.routes.by_name();
        let offer = |(service, adapter): (&&'static str, &String)| {
            let features = match described.get(adapter) {
                Some(described) => described.services.get(*service)?.clone(),
                None if named.contains(service) => BTreeSet::new(),
                None => return None,
            };
            let adapter = adapter.clone();
            Some((*service, Offer { adapter, features }))
        };
        let platform = mesh.routes(org.id).get(table::platform_store_service::NAME);
        let platform = platform.and_then(|adapter| described.get(adapter));
        let servers = described.iter().map(|(adapter, described)| {
            let is = (described.servers.clone(), described.max_message_bytes);
            (adapter.clone(), is)
        });
        Self {
            services: mesh.routes(org.id).iter().filter_map(offer).collect(),
            servers: servers.collect(),
            platform_base_url: platform
                .map(|described| described.platform_base_url.clone())
                .unwrap_or_default(),
        }
    }

    /// Whether a service, by its full name, is offered.
    #[must_use]
    pub fn has(&self, service: &str) -> bool {
        self.services.contains_key(service)
    }

    /// Whether a service is offered with a feature.
    #[must_use]
    pub fn has_feature(&self, service: &str, feature: Feature) -> bool {
        let offer = self.services.get(service);
        offer.is_some_and(|offer| offer.features.contains(&i32::from(feature)))
    }

    /// Where the links of the web console begin, without a slash at the end; empty
    /// where there is none.
    #[must_use]
    pub fn platform_base_url(&self) -> &str {
        &self.platform_base_url
    }

    /// Every service of the contract with the adapter that serves it, or none.
    pub fn by_service(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        table::SERVICES.iter().map(|service| {
            let offer = self.services.get(service);
            (*service, offer.map(|offer| offer.adapter.as_str()))
        })
    }

    /// How these differ from others, for people: one fact an entry, none where they are
    /// the same.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (service, adapter) in self.by_service() {
            let name = short_service_name(service);
            let (now, then) = (self.services.get(service), before.services.get(service));
            match (now, then) {
                (Some(_), None) => {
                    let adapter = adapter.unwrap_or_default();
                    changes.push(format!("{name} is offered by `{adapter}` now"));
                }
                (None, Some(then)) => {
                    changes.push(format!(
                        "{name} is not offered by `{}` any more",
                        then.adapter
                    ));
                }
                (Some(now), Some(then)) if now.features != then.features => {
                    let named = |features: &BTreeSet<i32>| {
                        let names = features.iter().filter_map(|feature| {
                            Some(Feature::try_from(*feature).ok()?.as_str_name())
                        });
                        names.collect::<Vec<_>>().join(", ")
                    };
                    let (now, then) = (named(&now.features), named(&then.features));
                    changes.push(format!("{name} has the features [{now}], had [{then}]"));
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        for (adapter, is) in &self.servers {
            match before.servers.get(adapter) {
                Some(was) if was == is => {}
                was => {
                    let names = |(servers, bytes): &(BTreeSet<String>, u64)| {
                        let servers = servers.iter().cloned().collect::<Vec<_>>();
                        format!(
                            "{} (at most {bytes} bytes a request)",
                            servers.join(" and ")
                        )
                    };
                    let was = was.map_or_else(|| "unknown".into(), names);
                    changes.push(format!("adapter `{adapter}` is {}, was {was}", names(is)));
                }
            }
        }
        changes
    }
}
