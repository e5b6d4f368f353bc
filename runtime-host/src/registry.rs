//! Capabilities and LLM drivers hold code, so they live in the host. A
//! configuration names the ones that are on.

use crate::simulator::Simulator;
use everruns_core::capabilities::CapabilityRegistry;
use everruns_core::llm_driver_registry::{DriverRegistry, ProviderType};

/// An LLM driver that this build has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// The scripted simulator.
    Simulator,
    /// OpenAI, its Responses and Chat Completions APIs, and what is compatible.
    Openai,
    /// Anthropic.
    Anthropic,
}

/// Capabilities that this build does not have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no capability {}; this build has: {}", .unknown.join(", "), .known.join(", "))]
pub struct UnknownCapabilities {
    unknown: Vec<String>,
    known: Vec<String>,
}

/// The named capabilities, or all that are unknown at once.
pub fn capabilities(names: &[&str]) -> Result<CapabilityRegistry, UnknownCapabilities> {
    let built_in = CapabilityRegistry::with_builtins();
    let mut chosen = CapabilityRegistry::new();
    let mut unknown = Vec::new();
    for name in names {
        match built_in.get(name) {
            Some(capability) => chosen.register_arc(capability.clone()),
            None => unknown.push((*name).to_string()),
        }
    }
    if unknown.is_empty() {
        return Ok(chosen);
    }
    let mut known: Vec<_> = built_in
        .list()
        .iter()
        .map(|found| found.id().to_string())
        .collect();
    known.sort();
    Err(UnknownCapabilities { unknown, known })
}

/// The named drivers.
#[must_use]
pub fn drivers(names: &[Driver]) -> DriverRegistry {
    let mut registry = DriverRegistry::new();
    for name in names {
        match name {
            Driver::Simulator => {
                registry.register(ProviderType::LlmSim, |_key, _url| Box::new(Simulator));
            }
            Driver::Openai => everruns_openai::register_driver(&mut registry),
            Driver::Anthropic => everruns_anthropic::register_driver(&mut registry),
        }
    }
    registry
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An unknown name is an error that lists what there is.
    #[test]
    fn unknown_capabilities_are_named_with_what_there_is() {
        let error = capabilities(&["session_file_system", "telepathy"]).err();
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(
            text.starts_with("there is no capability telepathy; this build has: "),
            "{text}"
        );
        assert!(text.contains("session_file_system"), "{text}");
    }
}
