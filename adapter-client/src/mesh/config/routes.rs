//! Which adapter serves which store of which org.

use super::{AdapterConfig, ConfigError};
use mortise_proto::rpc::{Store, table};
use std::collections::{BTreeMap, BTreeSet};

/// Which adapter serves which store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    /// The adapter that serves every store not named below.
    pub default: String,
    /// Adapter by store, such as `session_file_system`.
    pub stores: BTreeMap<String, String>,
    /// What is different for single orgs, by their internal ids.
    pub orgs: BTreeMap<i64, OrgRoutes>,
}

/// Which adapters serve one org, where they are not those of all orgs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrgRoutes {
    /// The adapter of every store that is named neither here nor for all orgs; `None`
    /// takes that of all orgs. A store that is named for all orgs stays with its adapter
    /// unless it is named here, too.
    pub default: Option<String>,
    /// Adapter by store.
    pub stores: BTreeMap<String, String>,
}

/// Routes that lead somewhere: service by full name to the adapter that serves it.
#[derive(Debug)]
pub(in crate::mesh) struct RouteTable {
    all: Services,
    orgs: BTreeMap<i64, Services>,
    /// Services whose stores are routed by name, not by default.
    by_name: BTreeSet<&'static str>,
}

type Services = BTreeMap<&'static str, String>;

// === impl Routes ===

impl Routes {
    /// Every routable service with its adapter, or every fault at once.
    pub(in crate::mesh) fn resolve(
        &self,
        adapters: &BTreeMap<String, AdapterConfig>,
    ) -> Result<RouteTable, ConfigError> {
        let mut faults = Vec::new();
        let mut check = Check {
            adapters,
            known: stores(),
            faults: &mut faults,
        };
        check.adapter("routes.default", &self.default);
        check.stores("routes", &self.stores);
        for (org, routes) in &self.orgs {
            let path = format!("routes.orgs.{org}");
            if let Some(default) = &routes.default {
                check.adapter(&format!("{path}.default"), default);
            }
            check.stores(&path, &routes.stores);
        }
        if !faults.is_empty() {
            return Err(ConfigError::Routes(faults));
        }
        let orgs = self.orgs.iter();
        Ok(RouteTable {
            all: self.services(&OrgRoutes::default()),
            orgs: orgs.map(|(org, own)| (*org, self.services(own))).collect(),
            by_name: self.named(),
        })
    }

    fn services(&self, own: &OrgRoutes) -> Services {
        let default = own.default.as_ref().unwrap_or(&self.default);
        let route = |service: &&'static str| {
            let name = store_name(service);
            let adapter = own.stores.get(&name).or_else(|| self.stores.get(&name));
            (*service, adapter.unwrap_or(default).clone())
        };
        table::SERVICES.iter().map(route).collect()
    }

    /// The services whose stores are routed by name.
    fn named(&self) -> BTreeSet<&'static str> {
        let services = table::SERVICES.iter().copied();
        services
            .filter(|service| self.stores.contains_key(&store_name(service)))
            .collect()
    }
}

/// Notes what leads nowhere.
struct Check<'a> {
    adapters: &'a BTreeMap<String, AdapterConfig>,
    known: BTreeSet<String>,
    faults: &'a mut Vec<String>,
}

impl Check<'_> {
    fn adapter(&mut self, path: &str, adapter: &str) {
        if !self.adapters.contains_key(adapter) {
            let named: Vec<_> = self.adapters.keys().map(String::as_str).collect();
            self.faults.push(format!(
                "{path}: there is no adapter `{adapter}`; configured are: {}",
                named.join(", ")
            ));
        }
    }

    fn stores(&mut self, path: &str, stores: &BTreeMap<String, String>) {
        for (store, adapter) in stores {
            let path = format!("{path}.{store}");
            if !self.known.contains(store) {
                let all: Vec<_> = self.known.iter().map(String::as_str).collect();
                self.faults.push(format!(
                    "{path}: there is no such store; stores are: {}",
                    all.join(", ")
                ));
            }
            self.adapter(&path, adapter);
        }
    }
}

// === impl RouteTable ===

impl RouteTable {
    /// The services of one org.
    pub(in crate::mesh) fn of(&self, org_id: i64) -> &Services {
        self.orgs.get(&org_id).unwrap_or(&self.all)
    }

    /// The services of every org that are routed to an adapter.
    pub(in crate::mesh) fn to(&self, adapter: &str) -> BTreeSet<&'static str> {
        let tables = std::iter::once(&self.all).chain(self.orgs.values());
        let services = tables.flatten();
        services
            .filter(|(_, name)| *name == adapter)
            .map(|(service, _)| *service)
            .collect()
    }

    pub(in crate::mesh) fn by_name(&self) -> &BTreeSet<&'static str> {
        &self.by_name
    }
}

/// The names of all stores, as routes have them: `agent_store` and so on.
#[must_use]
pub fn stores() -> BTreeSet<String> {
    table::STORES
        .iter()
        .map(|store| store.name.to_string())
        .collect()
}

/// `agent_store` for `mortise.adapter.v1.AgentStoreService`.
pub(in crate::mesh) fn store_name(service: &str) -> String {
    Store::of_service(service).map_or_else(|| service.to_string(), |store| store.name.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::MeshConfig;
    use super::*;
    use crate::mesh::endpoint::Endpoint;
    use mortise_proto::rpc::table::{agent_store_service, session_store_service};

    /// Every fault of the routes is named at once.
    #[test]
    fn routes_name_every_fault() {
        let mut config =
            MeshConfig::single("unix:/x".parse().unwrap_or(Endpoint::Unix("/".into())));
        config
            .routes
            .stores
            .insert("agnet_store".into(), "default".into());
        config
            .routes
            .stores
            .insert("agent_store".into(), "b".into());
        let Err(ConfigError::Routes(faults)) = config.routes.resolve(&config.adapters) else {
            unreachable!("the routes are wrong");
        };
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("there is no adapter `b`"), "{faults:?}");
        assert!(faults[1].contains("agnet_store"), "{faults:?}");
    }

    /// An org's own routes go before those of all orgs, store by store.
    #[test]
    fn an_org_has_routes_of_its_own() {
        let mut config = MeshConfig::single(Endpoint::Unix("/a".into()));
        for name in ["b", "c"] {
            let adapter = AdapterConfig::new(Endpoint::Unix("/b".into()));
            config.adapters.insert(name.into(), adapter);
        }
        let own = OrgRoutes {
            default: Some("b".into()),
            stores: BTreeMap::from([("agent_store".into(), "c".into())]),
        };
        config.routes.orgs.insert(7, own);
        let Ok(table) = config.routes.resolve(&config.adapters) else {
            unreachable!("the routes are right");
        };
        let of = |org, service| table.of(org).get(service).map(String::as_str);
        assert_eq!(of(7, agent_store_service::NAME), Some("c"));
        assert_eq!(of(7, session_store_service::NAME), Some("b"));
        assert_eq!(of(1, agent_store_service::NAME), Some("default"));
        assert_eq!(table.to("c").len(), 1);
        config.routes.orgs.insert(
            8,
            OrgRoutes {
                default: Some("d".into()),
                ..OrgRoutes::default()
            },
        );
        let faults = config.routes.resolve(&config.adapters).err();
        let text = faults.map(|faults| faults.to_string()).unwrap_or_default();
        assert!(
            text.contains("routes.orgs.8.default: there is no adapter `d`"),
            "{text}"
        );
    }
}
