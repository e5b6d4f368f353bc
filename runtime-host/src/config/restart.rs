//! What of a configuration can be changed while the host runs.

use super::diagnostics::Diagnostics;
use super::{Diagnostic, HostConfig, TelemetryConfig};

impl HostConfig {
    /// What differs in another configuration and cannot be changed while the host runs. The
    /// adapters, their routes, the limits of calls and the level of the log can.
    pub fn needs_restart(&self, other: &Self) -> Result<(), Diagnostics> {
        let Self {
            listen,
            data,
            adapters: _,
            routes: _,
            calls: _,
            orgs,
            capabilities,
            drivers,
            silence_max,
            turns,
            leases,
            access,
            telemetry,
            warnings: _,
        } = self;
        let TelemetryConfig {
            log_level: _,
            log_format,
            otlp,
            metrics,
        } = telemetry;
        let theirs = &other.telemetry;
        let is_same_telemetry =
            (log_format, otlp, metrics) == (&theirs.log_format, &theirs.otlp, &theirs.metrics);
        let sections = [
            ("listen", *listen == other.listen),
            ("data", *data == other.data),
            ("orgs", *orgs == other.orgs),
            ("capabilities", *capabilities == other.capabilities),
            (
                "drivers",
                (drivers, silence_max) == (&other.drivers, &other.silence_max),
            ),
            ("turns", *turns == other.turns),
            ("leases", *leases == other.leases),
            ("access", *access == other.access),
            ("telemetry", is_same_telemetry),
            // The storage of the host's own begins and ends with it.
            ("adapters", self.is_embedded() == other.is_embedded()),
        ];
        let changed = sections.into_iter().filter(|(_, is_same)| !is_same);
        let faults: Vec<Diagnostic> = changed
            .map(|(section, _)| Diagnostic {
                path: section.into(),
                variable: None,
                value: None,
                reason: "it has changed and is read at the start alone".into(),
                remedy: "restart the host, or undo the change".into(),
            })
            .collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Diagnostics(faults))
        }
    }

    /// What a change to another configuration does, for the log.
    #[must_use]
    pub fn changes_to(&self, other: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, adapter) in &other.adapters {
            match self.adapters.get(name) {
                None => changes.push(format!("adapter `{name}` is new")),
                Some(before) if before != adapter => {
                    changes.push(format!("adapter `{name}` has changed"));
                }
                Some(_) => {}
            }
        }
        let gone = self.adapters.keys();
        let gone = gone.filter(|name| !other.adapters.contains_key(*name));
        changes.extend(gone.map(|name| format!("adapter `{name}` is gone")));
        if self.routes != other.routes {
            changes.push("the routes have changed".into());
        }
        if self.calls != other.calls {
            changes.push("the limits of calls have changed".into());
        }
        if self.telemetry.log_level != other.telemetry.log_level {
            changes.push(format!("the log level is {}", other.telemetry.log_level));
        }
        changes
    }
}
