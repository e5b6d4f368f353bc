//! Capabilities and LLM drivers hold code, so they live in the host. A
//! configuration names the ones that are on.

mod kept;

use crate::simulator::Simulator;
use everruns_anthropic::AnthropicLlmDriver;
use everruns_core::capabilities::CapabilityRegistry;
use everruns_core::llm_driver_registry::{DriverRegistry, ProviderType};
use everruns_openai::{OpenAICompletionsLlmDriver, OpenAILlmDriver};

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
            Driver::Openai => openai(&mut registry),
            Driver::Anthropic => anthropic(&mut registry),
        }
    }
    registry
}

fn openai(registry: &mut DriverRegistry) {
    let responses = |key: &str, url: Option<&str>| match url {
        Some(url) => OpenAILlmDriver::with_base_url(key, url),
        None => OpenAILlmDriver::new(key),
    };
    kept::register(registry, ProviderType::OpenAI, responses);
    kept::register(registry, ProviderType::AzureOpenAI, responses);
    let completions = |key: &str, url: Option<&str>| match url {
        Some(url) => OpenAICompletionsLlmDriver::with_base_url(key, url),
        None => OpenAICompletionsLlmDriver::new(key),
    };
    kept::register(registry, ProviderType::OpenAICompletions, completions);
}

fn anthropic(registry: &mut DriverRegistry) {
    kept::register(registry, ProviderType::Anthropic, |key, url| match url {
        Some(url) => AnthropicLlmDriver::with_base_url(key, url),
        None => AnthropicLlmDriver::new(key),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever upstream's crates register is registered here.
    #[test]
    fn no_provider_of_upstreams_is_missing() {
        let mut upstream = DriverRegistry::new();
        everruns_openai::register_driver(&mut upstream);
        everruns_anthropic::register_driver(&mut upstream);
        let own = drivers(&[Driver::Openai, Driver::Anthropic]);
        for provider in upstream.registered_providers() {
            assert!(own.has_driver(&provider), "{provider:?}");
        }
    }

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
