//! An org's way to its adapters: looked for until it is found, and watched from then on.

use super::{Host, Registries, errors};
use crate::engine::LocalEngine;
use mortise_adapter_client::{GrpcHostAdapter, Mesh};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How often an adapter that is away is looked for, and one that is there is asked
/// whether it still is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long an adapter may take to say so.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// An org that the host serves.
#[derive(Debug)]
pub(super) struct Org {
    pub(super) id: i64,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone)]
struct State {
    /// Once its adapters have answered.
    link: Option<Link>,
    /// Why they do not answer now.
    problem: Option<String>,
}

/// What an org's turns run over.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) adapter: GrpcHostAdapter,
    pub(super) engine: Arc<LocalEngine>,
    /// Cancelled when another takes its place, or the host closes.
    pub(super) over: CancellationToken,
}

/// Whether an org can be served now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgReadiness {
    /// The org.
    pub org_id: i64,
    /// What stands in the way, naming the adapter. None: it can.
    pub problem: Option<String>,
}

// === impl Org ===

impl Org {
    pub(super) fn new(id: i64) -> Self {
        let state = State {
            link: None,
            problem: Some("its adapters have not been reached yet".into()),
        };
        Self {
            id,
            state: watch::Sender::new(state),
        }
    }

    fn link(&self) -> Result<Link, HostError> {
        let state = self.state.borrow();
        state.link.clone().ok_or_else(|| {
            let problem = state.problem.clone().unwrap_or_default();
            HostError::new(ErrorReason::AdapterUnavailable, problem).retry_after(LOOK_EVERY)
        })
    }

    /// Resolves when the org's adapters have answered.
    pub(super) async fn reached(&self) -> Link {
        let mut state = self.state.subscribe();
        let reached = state.wait_for(|state| state.link.is_some()).await;
        let link = reached.ok().and_then(|state| state.link.clone());
        match link {
            Some(link) => link,
            // The sender is this value's own.
            None => std::future::pending().await,
        }
    }

    fn trouble(&self, problem: String) {
        self.state.send_if_modified(|state| {
            let changed = state.problem.as_ref() != Some(&problem);
            if changed {
                tracing::warn!(org = self.id, problem, "an adapter is missing");
                state.problem = Some(problem);
            }
            changed
        });
    }
}

impl Host {
    /// The org of a call; zero stands for the only one.
    pub(super) fn org(&self, org_id: i64) -> Result<(i64, Link), HostError> {
        let orgs = &self.inner.orgs;
        let org = match (org_id, orgs.len()) {
            (0, 1) => orgs.values().next(),
            (0, many) => {
                let text = format!("is missing, and this host serves {many} orgs; name one");
                return Err(HostError::invalid_field("org_id", text));
            }
            (org_id, _) => orgs.get(&org_id),
        };
        let org = org.ok_or_else(|| {
            let text = format!("org {org_id} is not served by this host");
            HostError::new(ErrorReason::OrgNotServed, text)
        })?;
        if self.is_draining() && org.link().is_err() {
            return Err(errors::draining());
        }
        Ok((org.id, org.link()?))
    }

    /// Whether each org can be served now.
    #[must_use]
    pub fn readiness(&self) -> Vec<OrgReadiness> {
        let orgs = self.inner.orgs.values();
        orgs.map(|org| OrgReadiness {
            org_id: org.id,
            problem: org.state.borrow().problem.clone(),
        })
        .collect()
    }

    /// Looks for an org's adapters until the host is closed.
    pub(super) async fn keep_org(self, org: Arc<Org>, mesh: Mesh, registries: Registries) {
        let closed = self.inner.closed.clone();
        let watch = async {
            loop {
                self.look_for(&org, &mesh, &registries).await;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = watch => {}
            () = closed.cancelled() => {}
        }
    }

    async fn look_for(&self, org: &Arc<Org>, mesh: &Mesh, registries: &Registries) {
        let was_well = org.state.borrow().problem.is_none();
        // Asked once: the mesh's own calls would wait for whoever is away.
        if let Err(error) = mesh.probe(org.id, ANSWER_WITHIN).await {
            return org.trouble(error.to_string());
        }
        if was_well {
            return;
        }
        // It may have come back as another version that offers more, or less.
        let adapter = mesh
            .adapter(org.id)
            .capability_registry(registries.capabilities.clone())
            .driver_registry(registries.drivers.clone())
            .build();
        match timeout(ANSWER_WITHIN, adapter).await {
            Ok(Ok(adapter)) => self.reached(org, adapter),
            Ok(Err(error)) => org.trouble(error.to_string()),
            Err(_) => org.trouble(slow()),
        }
    }

    fn reached(&self, org: &Arc<Org>, adapter: GrpcHostAdapter) {
        let engine = LocalEngine::new(adapter.clone())
            .with_journal(self.inner.journal.clone())
            .with_options(self.inner.options.engine.clone());
        let link = Link {
            adapter,
            engine: Arc::new(engine),
            over: self.inner.closing.child_token(),
        };
        let before = org.state.send_replace(State {
            link: Some(link.clone()),
            problem: None,
        });
        tracing::info!(org = org.id, "every adapter answers");
        if let Some(before) = before.link {
            before.over.cancel();
        }
        self.serve_queue(org.id, &link);
    }
}

fn slow() -> String {
    let seconds = ANSWER_WITHIN.as_secs();
    format!("an adapter did not answer within {seconds} s; the next look says which")
}
