//! What an adapter has for a host that leases its sessions.

use super::GrpcHostAdapter;
use crate::{Fence, RemoteSessionLeases, RemoteTurnJournal};
use mortise_proto::pb::Feature;
use mortise_proto::rpc::{Fencing, table};

impl GrpcHostAdapter {
    /// The same adapter, whose changes are made under a lease. Take the phases of the turn
    /// from it.
    #[must_use]
    pub fn fenced(&self, fence: Fence) -> Self {
        Self {
            remote: self.remote.fenced(fence),
            ..self.clone()
        }
    }

    /// The leases of the org's sessions, where they are offered.
    #[must_use]
    pub fn session_leases(&self) -> Option<RemoteSessionLeases> {
        let offered = self.offers().has(table::session_lease_service::NAME);
        offered.then(|| RemoteSessionLeases {
            remote: self.remote.clone(),
        })
    }

    /// The unfinished turns of the org, where they are offered. Its changes need the fence
    /// of [`GrpcHostAdapter::fenced`].
    #[must_use]
    pub fn turn_journal(&self) -> Option<RemoteTurnJournal> {
        let offered = self.offers().has(table::turn_journal_service::NAME);
        offered.then(|| RemoteTurnJournal {
            remote: self.remote.clone(),
        })
    }

    /// The services that take changes of sessions here and check no fence: a host that has
    /// lost a session's lease is not kept from changing it there.
    #[must_use]
    pub fn unfenced_services(&self) -> Vec<&'static str> {
        let is_open = |service: &&str| {
            let mut methods = table::METHODS.iter().filter(|rpc| rpc.service == *service);
            self.offers().has(service)
                && methods.any(|method| method.fencing == Fencing::Session)
                && !self.offers().has_feature(service, Feature::Fenced)
        };
        table::SERVICES.iter().copied().filter(is_open).collect()
    }
}
