//! Watches the Workload API, and has what it said last.

use crate::api;
use crate::identity::Identity;
use crate::socket::WorkloadSocket;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// How soon the API is asked again after it has failed. It is on this machine: the pause
/// grows only as far as spares its log.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What this process is, kept up to date. Dropping it ends the watch.
#[derive(Debug)]
pub struct Workload {
    socket: WorkloadSocket,
    state: watch::Receiver<State>,
    _watching: AbortOnDropHandle<()>,
}

/// Why there is no identity to use.
#[derive(Debug, thiserror::Error)]
pub enum NoIdentity {
    /// The API gives none, and gave none before.
    #[error("the SPIFFE Workload API at {socket} gives this process no identity: {problem}")]
    NotGiven {
        /// Where it was asked.
        socket: WorkloadSocket,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The last one has expired, and no other came.
    #[error(
        "the SVID of {id} expired, and the SPIFFE Workload API at {socket} gives no other: {problem}"
    )]
    Expired {
        /// Whose it was.
        id: String,
        /// Where it came from.
        socket: WorkloadSocket,
        /// What is wrong, and what to do.
        problem: String,
    },
}

/// What is known.
#[derive(Debug, Default)]
struct State {
    identity: Option<Arc<Identity>>,
    /// Why the API is not being watched at present.
    problem: Option<String>,
}

/// Takes in what the API says.
#[derive(Debug)]
pub(crate) struct Watcher {
    socket: WorkloadSocket,
    state: watch::Sender<State>,
}

// === impl Workload ===

impl Workload {
    /// Watches the API from now on, on a runtime. The API may be away, come and go.
    #[must_use]
    pub fn watch(socket: WorkloadSocket, runtime: &Handle) -> Self {
        let (sender, state) = watch::channel(State::default());
        let watcher = Watcher {
            socket: socket.clone(),
            state: sender,
        };
        let watching = runtime.spawn(async move { watcher.watch().await });
        Self {
            socket,
            state,
            _watching: AbortOnDropHandle::new(watching),
        }
    }

    /// What this process is now. It waits for the first answer of the API alone: where that
    /// fails, it is told at once, until the API answers.
    pub async fn identity(&self) -> Result<Arc<Identity>, NoIdentity> {
        let mut state = self.state.clone();
        let is_answered = |state: &State| state.identity.is_some() || state.problem.is_some();
        let (identity, problem) = match state.wait_for(is_answered).await {
            Ok(state) => (state.identity.clone(), state.problem.clone()),
            Err(_) => (None, Some("it is no longer watched".into())),
        };
        let socket = self.socket.clone();
        let problem = problem.unwrap_or_else(|| "it has not renewed it; see its log".into());
        match identity {
            None => Err(NoIdentity::NotGiven { socket, problem }),
            Some(identity) if identity.expires_at <= SystemTime::now() => {
                let id = identity.id.clone();
                Err(NoIdentity::Expired {
                    id,
                    socket,
                    problem,
                })
            }
            Some(identity) => Ok(identity),
        }
    }

    /// Where the API listens.
    #[must_use]
    pub fn socket(&self) -> &WorkloadSocket {
        &self.socket
    }
}

// === impl Watcher ===

impl Watcher {
    async fn watch(self) {
        let mut pause = PAUSE_MIN;
        loop {
            let problem = api::watch(&self.socket, &self).await;
            // An API that was there for a while is asked again at once.
            if self.state.borrow().problem.is_none() {
                pause = PAUSE_MIN;
            }
            self.note(problem);
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// From now on this process is that.
    #[cfg(feature = "workload-api")]
    pub(crate) fn take(&self, identity: Identity) {
        let lifetime = identity.expires_at.duration_since(SystemTime::now());
        tracing::info!(
            id = identity.id,
            expires_in_s = lifetime.unwrap_or_default().as_secs(),
            trust_domains = ?identity.bundles.keys(),
            socket = %self.socket,
            "SPIFFE identity received"
        );
        self.state.send_replace(State {
            identity: Some(Arc::new(identity)),
            problem: None,
        });
    }

    /// The API cannot be used at present. The identity that there is stays.
    pub(crate) fn note(&self, problem: String) {
        let is_new = self.state.borrow().problem.as_ref() != Some(&problem);
        if is_new {
            tracing::warn!(socket = %self.socket, problem, "the SPIFFE Workload API cannot be used");
            let problem = Some(problem);
            self.state.send_modify(|state| state.problem = problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::future::pending;
    use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    fn socket() -> WorkloadSocket {
        let socket = "unix:/nonexistent/agent.sock".parse();
        socket.unwrap_or_else(|problem| unreachable!("{problem}"))
    }

    /// A workload whose identity ends then, while the API is away.
    fn until(expires_at: SystemTime) -> Workload {
        let identity = Identity {
            id: "spiffe://example.org/host".into(),
            chain: Vec::new(),
            expires_at,
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(Vec::new())),
            bundles: BTreeMap::new(),
        };
        let state = State {
            identity: Some(Arc::new(identity)),
            problem: Some("it is away".into()),
        };
        Workload {
            socket: socket(),
            state: watch::channel(state).1,
            _watching: AbortOnDropHandle::new(tokio::spawn(pending())),
        }
    }

    /// An agent that is not there is named at once, with what to do.
    #[tokio::test]
    async fn an_absent_agent_is_named() {
        let workload = Workload::watch(socket(), &Handle::current());
        let error = workload.identity().await.err();
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("unix:/nonexistent/agent.sock"), "{text}");
        let remedy = match cfg!(feature = "workload-api") {
            true => "start the SPIFFE agent",
            false => "Cargo feature `spiffe`",
        };
        assert!(text.contains(remedy), "{text}");
    }

    /// An identity holds while the API is away, until it expires; then both are told.
    #[tokio::test]
    async fn an_identity_holds_until_it_expires() {
        let now = SystemTime::now();
        let identity = until(now + Duration::from_secs(60)).identity().await;
        assert!(identity.is_ok_and(|identity| identity.id.ends_with("/host")));
        let error = until(now).identity().await.err();
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        for word in ["spiffe://example.org/host", "it is away", "agent.sock"] {
            assert!(text.contains(word), "{text}");
        }
    }
}
