//! Takes in a changed configuration while the host runs.
//!
//! On SIGHUP, and when the file has changed, the whole configuration is read and checked as
//! at the start. It is applied as a whole, or refused with every reason, and then the host
//! goes on with what it has. New turns run over the new mesh once its adapters have
//! answered; a turn under way ends on what it began with.

use crate::config::{Adapter, Diagnostic, Diagnostics, HostConfig};
use crate::host::Host;
use crate::supervise::{Supervised, Supervision};
use crate::telemetry::Telemetry;
use mortise_adapter_client::{Endpoint, Mesh};
use mortise_files::Stamp;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

/// How often it is looked whether the file has changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A file that has not changed for so long is written.
const SETTLED_AFTER: Duration = Duration::from_millis(200);

/// How often it is looked whether a mesh is still in use that another has replaced.
const UNUSED_EVERY: Duration = Duration::from_secs(1);

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub struct ConfigSource {
    /// The file.
    pub file: PathBuf,
    /// The variables that go before it.
    pub environment: Vec<(String, String)>,
}

/// What a change is applied to.
pub(super) struct Reload {
    pub(super) source: ConfigSource,
    pub(super) config: watch::Sender<Arc<HostConfig>>,
    pub(super) host: Host,
    pub(super) telemetry: Option<Telemetry>,
    pub(super) supervision: Supervision,
    /// The adapters that the host has started.
    pub(super) supervised: Supervised,
    /// Where the storage of the host's own listens.
    pub(super) embedded: BTreeMap<String, Endpoint>,
}

// === impl ConfigSource ===

impl ConfigSource {
    fn load(&self) -> Result<HostConfig, Diagnostics> {
        let config = HostConfig::load(&self.file, self.environment.iter().cloned())?;
        config.check_files()?;
        Ok(config)
    }

    /// The file as it is now, if it is there.
    fn stamp(&self) -> Option<Stamp> {
        let stamp = Stamp::of(&self.file).ok()?;
        stamp.exists().then_some(stamp)
    }
}

// === impl Reload ===

impl Reload {
    /// Looks for changes until the host is closed, and gives back the adapters that run
    /// then.
    pub(super) async fn run(mut self) -> Supervised {
        let mut hangups = signal(SignalKind::hangup()).ok();
        let mut seen = self.source.stamp();
        let host = self.host.clone();
        loop {
            let is_asked = tokio::select! {
                () = next(&mut hangups) => true,
                () = sleep(LOOK_EVERY) => false,
                () = host.closed() => return self.supervised,
            };
            let now = self.source.stamp();
            // One that is gone for a moment is being replaced.
            if !is_asked && (now == seen || now.is_none()) {
                continue;
            }
            seen = self.written().await;
            if let Err(faults) = self.apply() {
                for fault in &faults.0 {
                    tracing::error!(%fault, "the changed configuration is refused");
                }
            }
        }
    }

    /// Waits until the file is written in whole: half a file may be a configuration.
    async fn written(&self) -> Option<Stamp> {
        let mut before = self.source.stamp();
        loop {
            sleep(SETTLED_AFTER).await;
            let now = self.source.stamp();
            if now == before {
                return now;
            }
            before = now;
        }
    }

    /// Applies the configuration as a whole, or not at all.
    fn apply(&mut self) -> Result<(), Diagnostics> {
        let before = self.config.borrow().clone();
        let config = self.source.load()?;
        before.needs_restart(&config)?;
        let changes = before.changes_to(&config);
        if changes.is_empty() {
            tracing::info!("the configuration was read again; nothing has changed");
            return Ok(());
        }
        let refused = |path: &str, problem: String| {
            Diagnostics(vec![Diagnostic {
                path: path.into(),
                variable: None,
                value: None,
                reason: problem,
                remedy: "correct it".into(),
            }])
        };
        let supervised = self.supervised.with(commands(&config), &self.supervision);
        let supervised = supervised.map_err(|error| refused("adapters", error.to_string()))?;
        let mut started = supervised.endpoints();
        started.extend(self.embedded.clone());
        let mesh = self.host.mesh().reloaded(config.mesh(&started));
        let mesh = mesh.map_err(|error| {
            stop_unused(supervised.without(&self.supervised), None);
            refused("adapters", error.to_string())
        })?;
        // From here on nothing fails.
        if let Some(telemetry) = &self.telemetry
            && let Err(error) = telemetry.set_log_level(&config.telemetry.log_level)
        {
            tracing::error!(%error, "the level of the log stays as it is");
        }
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let before = self.host.use_mesh(mesh);
        let superseded = self.supervised.without(&supervised);
        self.supervised = supervised;
        self.config.send_replace(Arc::new(config));
        tracing::info!(?changes, "the configuration was reloaded");
        stop_unused(superseded, Some(before));
        Ok(())
    }
}

/// The commands of a configuration's adapters.
pub(super) fn commands(
    config: &HostConfig,
) -> impl Iterator<Item = (&String, &crate::config::AdapterCommand)> {
    let adapters = config.adapters.iter();
    adapters.filter_map(|(name, Adapter { command, .. })| Some((name, command.as_ref()?)))
}

/// Stops adapters that are not asked for any more once no turn runs over them.
fn stop_unused(superseded: crate::supervise::Superseded, users: Option<Mesh>) {
    if superseded.is_empty() {
        return;
    }
    tokio::spawn(async move {
        if let Some(mesh) = users {
            mesh.unused(UNUSED_EVERY).await;
        }
        superseded.stop().await;
    });
}

async fn next(hangups: &mut Option<Signal>) {
    let heard = match hangups {
        Some(hangups) => hangups.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending().await
    }
}
