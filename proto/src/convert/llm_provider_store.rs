//! Language models with what is needed to call them.

use everruns_core::llm_models::LlmProviderType;
use everruns_core::traits::ModelWithProvider;

use super::{ConvertError, Result, enumeration};
use crate::pb;

// === LlmProviderType ===

impl From<LlmProviderType> for pb::LlmProviderType {
    fn from(provider: LlmProviderType) -> Self {
        match provider {
            LlmProviderType::Openai => Self::Openai,
            LlmProviderType::AzureOpenai => Self::AzureOpenai,
            LlmProviderType::OpenaiCompletions => Self::OpenaiCompletions,
            LlmProviderType::Anthropic => Self::Anthropic,
            LlmProviderType::Gemini => Self::Gemini,
            LlmProviderType::LlmSim => Self::Llmsim,
        }
    }
}

impl TryFrom<pb::LlmProviderType> for LlmProviderType {
    type Error = ConvertError;

    fn try_from(wire: pb::LlmProviderType) -> Result<Self> {
        match wire {
            pb::LlmProviderType::Openai => Ok(Self::Openai),
            pb::LlmProviderType::AzureOpenai => Ok(Self::AzureOpenai),
            pb::LlmProviderType::OpenaiCompletions => Ok(Self::OpenaiCompletions),
            pb::LlmProviderType::Anthropic => Ok(Self::Anthropic),
            pb::LlmProviderType::Gemini => Ok(Self::Gemini),
            pb::LlmProviderType::Llmsim => Ok(Self::LlmSim),
            pb::LlmProviderType::Unspecified => {
                Err(ConvertError::unspecified::<pb::LlmProviderType>())
            }
        }
    }
}

// === ModelWithProvider ===

impl From<ModelWithProvider> for pb::ModelWithProvider {
    fn from(model: ModelWithProvider) -> Self {
        let ModelWithProvider {
            model,
            provider_type,
            api_key,
            base_url,
        } = model;
        Self {
            model,
            provider_type: pb::LlmProviderType::from(provider_type).into(),
            api_key,
            base_url,
        }
    }
}

impl TryFrom<pb::ModelWithProvider> for ModelWithProvider {
    type Error = ConvertError;

    fn try_from(wire: pb::ModelWithProvider) -> Result<Self> {
        Ok(Self {
            model: wire.model,
            provider_type: enumeration::<pb::LlmProviderType, _>(
                "provider_type",
                wire.provider_type,
            )?,
            api_key: wire.api_key,
            base_url: wire.base_url,
        })
    }
}
