//! What an adapter is built of.

use super::{EventTap, GrpcHostAdapter, Shared};
use crate::mesh::handshake::ConnectError;
use crate::mesh::offers::Offers;
use crate::mesh::{Mesh, Org};
use crate::stores::{McpTools, Remote};
use everruns_core::{CapabilityRegistry, DriverRegistry};
use mortise_proto::rpc::table::{egress_service, mcp_service};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Upstream's own limit, 30 s for each server in turn, is longer than people wait.
const MCP_DISCOVERY_WAIT: Duration = Duration::from_secs(10);

/// Builds the adapter of one org.
#[derive(Clone)]
pub struct AdapterBuilder {
    mesh: Mesh,
    org: Org,
    capabilities: CapabilityRegistry,
    drivers: DriverRegistry,
    tap: Option<EventTap>,
    mcp_discovery_wait: Duration,
}

impl Mesh {
    /// Starts to build the adapter of an org.
    #[must_use]
    pub fn adapter(&self, org_id: i64) -> AdapterBuilder {
        AdapterBuilder::new(self.clone(), Org::new(org_id))
    }
}

// === impl AdapterBuilder ===

impl AdapterBuilder {
    pub(crate) fn new(mesh: Mesh, org: Org) -> Self {
        Self {
            mesh,
            org,
            capabilities: CapabilityRegistry::new(),
            drivers: DriverRegistry::new(),
            tap: None,
            mcp_discovery_wait: MCP_DISCOVERY_WAIT,
        }
    }

    /// The capabilities that are on. They are code and stay on this side.
    #[must_use]
    pub fn capability_registry(mut self, capabilities: CapabilityRegistry) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// The LLM drivers that are on. They are code and stay on this side.
    #[must_use]
    pub fn driver_registry(mut self, drivers: DriverRegistry) -> Self {
        self.drivers = drivers;
        self
    }

    /// Shows every emitted event to `tap`.
    #[must_use]
    pub fn event_tap(mut self, tap: EventTap) -> Self {
        self.tap = Some(tap);
        self
    }

    /// How long a turn waits for the tools of its MCP servers, all of them asked at once;
    /// 10 s unless given. A server that takes longer offers none for now.
    #[must_use]
    pub fn mcp_discovery_wait(mut self, wait: Duration) -> Self {
        self.mcp_discovery_wait = wait;
        self
    }

    /// Greets the mesh's adapters. The getters of the trait can neither wait nor
    /// fail, so what each adapter offers to this org is learnt here.
    pub async fn build(self) -> std::result::Result<GrpcHostAdapter, ConnectError> {
        let offers = self.mesh.handshake_all(&self.org).await?;
        Ok(self.build_with(offers))
    }

    /// The same without a handshake, of what a look has found to be offered to this org.
    #[must_use]
    pub fn build_with(self, offers: Offers) -> GrpcHostAdapter {
        let mcp = offers.has(mcp_service::NAME) && offers.has(egress_service::NAME);
        GrpcHostAdapter {
            shared: Arc::new(Shared {
                mcp_tools: mcp.then(|| McpTools::new(self.mcp_discovery_wait)),
                offers,
                capabilities: self.capabilities,
                drivers: self.drivers,
            }),
            remote: Remote::new(self.mesh, self.org),
            phase: None,
            taps: self.tap.into_iter().collect(),
            edit: None,
        }
    }
}

impl fmt::Debug for AdapterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdapterBuilder")
            .field("org", &self.org)
            .finish_non_exhaustive()
    }
}
