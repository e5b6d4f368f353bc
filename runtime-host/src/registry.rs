//! Capabilities and LLM drivers hold code, so they live in the host. A
//! configuration names the ones that are on.

mod completions;
mod guard;
mod kept;
mod notes;

pub use notes::FINISH_REASON;
pub(crate) use notes::Notes;

use crate::local::simulator::Simulator;
use completions::Completions;
use everruns_anthropic::AnthropicLlmDriver;
use everruns_core::capabilities::CapabilityRegistry;
use everruns_core::llm_driver_registry::{DriverRegistry, ProviderType};
use everruns_core::openai_protocol::{is_azure_openai_api_url, is_openai_api_url};
use everruns_openai::OpenAILlmDriver;
use guard::CallIds;
use std::time::Duration;

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

/// How drivers ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DriverOptions {
    /// How long a provider may say nothing, before its answer and between two pieces of
    /// it. Then the model is asked again.
    pub silence_max: Duration,
}

impl Default for DriverOptions {
    /// Two minutes.
    fn default() -> Self {
        Self {
            silence_max: Duration::from_secs(120),
        }
    }
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
pub fn drivers(names: &[Driver], options: DriverOptions) -> DriverRegistry {
    let mut registry = DriverRegistry::new();
    for name in names {
        match name {
            Driver::Simulator => {
                registry.register(ProviderType::LlmSim, |_key, _url| Box::new(Simulator));
            }
            Driver::Openai => openai(&mut registry, options),
            Driver::Anthropic => anthropic(&mut registry, options),
        }
    }
    registry
}

fn openai(registry: &mut DriverRegistry, options: DriverOptions) {
    let responses = |key: &str, url: Option<&str>| match url {
        Some(url) => OpenAILlmDriver::with_base_url(key, url),
        None => OpenAILlmDriver::new(key),
    };
    for provider in [ProviderType::OpenAI, ProviderType::AzureOpenAI] {
        kept::register(registry, provider, options, ids_of_openai, responses);
    }
    let provider = ProviderType::OpenAICompletions;
    kept::register(
        registry,
        provider,
        options,
        ids_of_openai,
        move |key, url| Completions::new(key, url, options.silence_max),
    );
}

fn anthropic(registry: &mut DriverRegistry, options: DriverOptions) {
    let ids = |_url: Option<&str>| CallIds {
        bytes_max: 64,
        plain: true,
    };
    let provider = ProviderType::Anthropic;
    kept::register(registry, provider, options, ids, |key, url| match url {
        Some(url) => AnthropicLlmDriver::with_base_url(key, url),
        None => AnthropicLlmDriver::new(key),
    });
}

/// OpenAI bounds ids. Others that speak its protocol may hide in an id what they want to
/// have back.
fn ids_of_openai(url: Option<&str>) -> CallIds {
    let own = url.is_none_or(|url| is_openai_api_url(url) || is_azure_openai_api_url(url));
    if own {
        CallIds {
            bytes_max: 40,
            plain: false,
        }
    } else {
        CallIds::ANY
    }
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
        let own = drivers(
            &[Driver::Openai, Driver::Anthropic],
            DriverOptions::default(),
        );
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
