//! What stands between upstream and a model's driver, so that no answer and no history
//! ends a session for good:
//!
//! - what is sent is what providers take ([`history`], [`names`]);
//! - what comes back can be kept and sent again ([`answer`]);
//! - a provider that says nothing is given up after a while, and asked again;
//! - errors quote no key.
//!
//! It stands here and not where messages are loaded, because this is the last place that a
//! history passes: filters, windows and compaction of upstream take messages out after they
//! were loaded. So it does not matter who stored what, and a session whose stored history
//! providers refuse answers again.

pub(super) mod answer;
mod history;
pub(crate) mod names;

pub(crate) use history::CallIds;

use super::notes;
use answer::{Checks, checked, passing, safe, silent};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::llm_driver_registry::{
    DiscoveredModel, LlmCallConfig, LlmDriver, LlmMessage, LlmResponseStream,
};
use everruns_core::{CompactRequest, CompactResponse};
use mortise_proto::KnownSecrets;
use std::time::Duration;
use tokio::time::timeout;

/// How long a driver may wait by itself before it asks a provider again that is busy.
const DRIVER_WAITS: Duration = Duration::from_secs(120);

/// A driver that is guarded.
pub(super) struct Guarded<D> {
    pub(super) driver: D,
    pub(super) secrets: KnownSecrets,
    pub(super) silence_max: Duration,
    pub(super) ids: CallIds,
}

#[async_trait]
impl<D: LlmDriver> LlmDriver for Guarded<D> {
    async fn chat_completion_stream(
        &self,
        messages: Vec<LlmMessage>,
        config: &LlmCallConfig,
    ) -> Result<LlmResponseStream> {
        notes::begin();
        let history = history::sendable(messages, self.ids);
        let config = names::with_valid_tools(config);
        let tools = config.tools.iter().map(|tool| tool.name().to_string());
        let checks = Checks {
            secrets: self.secrets.clone(),
            silence_max: self.silence_max,
            call_ids: history.call_ids,
            tools: tools.collect(),
            // What a model thinks is not part of the answer, and counted with it.
            tokens_max: config
                .max_tokens
                .filter(|_| config.reasoning_effort.is_none()),
        };
        let asked = self
            .driver
            .chat_completion_stream(history.messages, &config);
        match timeout(self.silence_max + DRIVER_WAITS, asked).await {
            Ok(Ok(answer)) => Ok(checked(answer, checks)),
            Ok(Err(error)) => Err(safe(error, &self.secrets)),
            Err(_) => Err(passing(&silent(self.silence_max))),
        }
    }

    async fn list_models(&self) -> Result<Option<Vec<DiscoveredModel>>> {
        let listed = self.driver.list_models().await;
        listed.map_err(|error| safe(error, &self.secrets))
    }

    fn supports_compact(&self) -> bool {
        self.driver.supports_compact()
    }

    async fn compact(&self, request: CompactRequest) -> Result<Option<CompactResponse>> {
        let compacted = self.driver.compact(request).await;
        compacted.map_err(|error| safe(error, &self.secrets))
    }
}
