//! In place of the client of the Workload API, where the program is built without it.

use crate::socket::WorkloadSocket;
use crate::workload::Watcher;

/// Why the API can no longer be watched.
pub(crate) async fn watch(_socket: &WorkloadSocket, _watcher: &Watcher) -> String {
    "this program is built without SPIFFE; build it with the Cargo feature `spiffe`".into()
}
