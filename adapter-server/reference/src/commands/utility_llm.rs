//! The platform's own model, as the command line describes it.

use super::{Failure, SECRET_BYTES, read_text};
use everruns_core::{
    LlmDriver, OpenAIProtocolLlmDriver, OpenResponsesProtocolLlmDriver, UtilityLlmService,
};
use mortise_proto::KnownSecrets;
use mortise_reference::UtilityLlm;
use std::path::PathBuf;
use std::sync::Arc;

/// The model of the platform itself, for the insides of capabilities.
#[derive(clap::Args)]
// A group's name is its type's, and the command's own is `Args` as well.
#[group(skip)]
pub(crate) struct Args {
    /// A file that holds the API key of the platform's own model. Without it the server
    /// offers no such model.
    #[arg(long, value_name = "FILE")]
    utility_llm_key_file: Option<PathBuf>,
    /// The provider's name of the platform's own model.
    #[arg(
        long,
        value_name = "MODEL",
        default_value = everruns_core::utility_llm::UTILITY_LLM_MODEL,
        requires = "utility_llm_key_file"
    )]
    utility_llm_model: String,
    /// The whole URL for completions, for another provider than OpenAI.
    #[arg(long, value_name = "URL", requires = "utility_llm_key_file")]
    utility_llm_url: Option<String>,
    /// The API at that URL.
    #[arg(
        long,
        value_name = "API",
        default_value = "responses",
        requires = "utility_llm_key_file"
    )]
    utility_llm_api: Api,
}

/// What OpenAI and those that are compatible with it speak.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Api {
    /// The Responses API.
    Responses,
    /// The Chat Completions API.
    ChatCompletions,
}

// === impl Args ===

impl Args {
    /// The model, if there is one. Reads the key file.
    pub(crate) fn service(self) -> Result<Option<Arc<dyn UtilityLlmService>>, Failure> {
        let Some(path) = self.utility_llm_key_file else {
            return Ok(None);
        };
        let flag = "--utility-llm-key-file";
        let key = match read_text(&path, SECRET_BYTES) {
            Ok(text) => text.trim().to_string(),
            Err(cause) => return Err(Failure::KeyFile { flag, path, cause }),
        };
        if key.is_empty() {
            return Err(Failure::EmptyKey { flag, path });
        }
        let url = self.utility_llm_url.clone().unwrap_or_default();
        let secrets = KnownSecrets::new([key.clone()]).and_of_url(&url);
        let driver = self.utility_llm_api.driver(key, self.utility_llm_url);
        let model = UtilityLlm::new(driver, self.utility_llm_model).hiding(secrets);
        Ok(Some(Arc::new(model)))
    }
}

// === impl Api ===

impl Api {
    fn driver(self, key: String, url: Option<String>) -> Arc<dyn LlmDriver> {
        match (self, url) {
            (Self::Responses, None) => Arc::new(OpenResponsesProtocolLlmDriver::new(key)),
            (Self::Responses, Some(url)) => {
                Arc::new(OpenResponsesProtocolLlmDriver::with_base_url(key, url))
            }
            (Self::ChatCompletions, None) => Arc::new(OpenAIProtocolLlmDriver::new(key)),
            (Self::ChatCompletions, Some(url)) => {
                Arc::new(OpenAIProtocolLlmDriver::with_base_url(key, url))
            }
        }
    }
}
