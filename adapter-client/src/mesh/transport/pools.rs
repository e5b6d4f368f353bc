//! The connections to one endpoint by what drives them.
//!
//! A connection is driven by the runtime that it was made on, and works only as long as
//! that one does. Calls that cross no thread therefore have connections of their own.

use super::dial::{Dial, Dialler};
use super::pool::{Limits, Pool};
use super::purpose::Purpose;
use crate::mesh::io_runtime::Driver;
use tokio::time::Instant;

/// The pools of one endpoint.
#[derive(Debug)]
pub(in crate::mesh) struct Pools<D: Dial = Dialler> {
    mesh: Pool<D>,
    /// Where the configuration names the callers' runtime.
    callers: Option<Pool<D>>,
}

/// Which place a call needs.
#[derive(Debug, Clone, Copy)]
pub(in crate::mesh) struct Wanted {
    pub(in crate::mesh) purpose: Purpose,
    pub(in crate::mesh) driver: Driver,
}

// === impl Pools ===

impl<D: Dial> Pools<D> {
    pub(in crate::mesh) fn new(dialler: D, limits: Limits, has_callers: bool) -> Self {
        Self {
            callers: has_callers.then(|| Pool::new(dialler.clone(), limits)),
            mesh: Pool::new(dialler, limits),
        }
    }

    pub(in crate::mesh) fn of(&self, driver: Driver) -> &Pool<D> {
        match (driver, &self.callers) {
            (Driver::Caller, Some(callers)) => callers,
            (Driver::Caller, None) | (Driver::Mesh, _) => &self.mesh,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Pool<D>> {
        std::iter::once(&self.mesh).chain(&self.callers)
    }

    /// Whether there is a connection for calls: the server was reached.
    pub(in crate::mesh) fn is_connected(&self) -> bool {
        self.all().any(Pool::is_connected)
    }

    /// How many connections are open.
    pub(in crate::mesh) fn connections(&self) -> usize {
        self.all().map(Pool::connections).sum()
    }

    /// How many places are taken for a purpose.
    pub(in crate::mesh) fn in_use(&self, purpose: Purpose) -> usize {
        self.all().map(|pool| pool.in_use(purpose)).sum()
    }

    /// What makes the connections.
    pub(in crate::mesh) fn dialler(&self) -> &D {
        self.mesh.dialler()
    }

    /// Ends the connections on which nothing has come since then: a question that was
    /// sent on one of them was not answered in time.
    pub(in crate::mesh) fn end_silent(&self, since: Instant) {
        self.all().for_each(|pool| pool.end_silent(since));
    }
}

// === impl Wanted ===

impl From<Purpose> for Wanted {
    /// A place that the mesh's own thread drives.
    fn from(purpose: Purpose) -> Self {
        Self {
            purpose,
            driver: Driver::Mesh,
        }
    }
}
