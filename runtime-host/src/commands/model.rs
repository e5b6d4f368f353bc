//! The model of a platform that this process makes itself.

use super::quoted;
use clap::ValueEnum;
use everruns_core::ModelWithProvider;
use everruns_core::llm_models::LlmProviderType;

/// Which model.
#[derive(clap::Args)]
pub(crate) struct ModelArgs {
    /// The LLM driver. Default: by --base-url and the keys in the environment.
    #[arg(long)]
    provider: Option<Provider>,
    /// The provider's name of the model.
    #[arg(long)]
    model: Option<String>,
    /// An OpenAI-compatible server (Chat Completions), such as
    /// http://127.0.0.1:11434/v1.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    base_url: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Provider {
    /// OpenAI, Responses API.
    Openai,
    /// OpenAI and compatible servers, Chat Completions API.
    OpenaiCompletions,
    /// Anthropic.
    Anthropic,
    /// The built-in simulator.
    Simulator,
}

/// Keys of providers. From the environment alone: arguments are seen by every
/// process of the machine.
struct Keys {
    openai: Option<String>,
    anthropic: Option<String>,
}

// === impl Keys ===

impl Keys {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line reads the environment"
    )]
    fn from_environment() -> Self {
        let key = |name| std::env::var(name).ok().filter(|key| !key.is_empty());
        Self {
            openai: key("OPENAI_API_KEY"),
            anthropic: key("ANTHROPIC_API_KEY"),
        }
    }
}

// === impl ModelArgs ===

impl ModelArgs {
    /// The model, with the key that the environment holds for it.
    pub(crate) fn model(&self) -> Result<ModelWithProvider, String> {
        let keys = Keys::from_environment();
        let provider = self.provider.unwrap_or_else(|| self.likely_provider(&keys));
        let missing = match provider {
            Provider::Openai if keys.openai.is_none() => Some("OPENAI_API_KEY"),
            Provider::OpenaiCompletions if keys.openai.is_none() && self.base_url.is_none() => {
                Some("OPENAI_API_KEY")
            }
            Provider::Anthropic if keys.anthropic.is_none() => Some("ANTHROPIC_API_KEY"),
            Provider::Openai
            | Provider::OpenaiCompletions
            | Provider::Anthropic
            | Provider::Simulator => None,
        };
        if let Some(variable) = missing {
            let name = name_of(provider);
            return Err(format!(
                "--provider {name}: the environment has no {variable}; set it, or use --provider simulator"
            ));
        }
        let (provider_type, default_model, api_key) = match provider {
            Provider::Openai => (LlmProviderType::Openai, "gpt-5.4-mini", keys.openai),
            Provider::OpenaiCompletions => (
                LlmProviderType::OpenaiCompletions,
                "gpt-5.4-mini",
                // Compatible servers often want none, but the driver wants one.
                Some(keys.openai.unwrap_or_else(|| "none".into())),
            ),
            Provider::Anthropic => (
                LlmProviderType::Anthropic,
                "claude-sonnet-4-6",
                keys.anthropic,
            ),
            Provider::Simulator => (LlmProviderType::LlmSim, "llmsim-model", None),
        };
        Ok(ModelWithProvider {
            model: self.model.clone().unwrap_or_else(|| default_model.into()),
            provider_type,
            api_key,
            base_url: self.base_url.clone(),
        })
    }

    /// The same arguments, as a shell reads them.
    pub(crate) fn again(&self) -> Vec<String> {
        let provider = self.provider.map(name_of);
        let given = [
            ("--provider", provider),
            ("--model", self.model.clone()),
            ("--base-url", self.base_url.clone()),
        ];
        let given = given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        given
            .flat_map(|(name, value)| [name.to_string(), quoted(&value)])
            .collect()
    }

    fn likely_provider(&self, keys: &Keys) -> Provider {
        if self.base_url.is_some() {
            Provider::OpenaiCompletions
        } else if keys.openai.is_some() {
            Provider::Openai
        } else if keys.anthropic.is_some() {
            Provider::Anthropic
        } else {
            Provider::Simulator
        }
    }
}

/// The provider as the command line names it.
fn name_of(provider: Provider) -> String {
    let value = provider.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().into())
}

fn base_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(host) if !host.is_empty() => Ok(text.to_string()),
        Some(_) | None => Err("write http://HOST:PORT/PATH or https://HOST/PATH".into()),
    }
}
