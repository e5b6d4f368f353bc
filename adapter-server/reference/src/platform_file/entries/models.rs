//! Models, and credentials of model providers.

use crate::platform_file::diagnostics::{OfValue, instead, join};
use crate::platform_file::entries::{Entry, Reading};
use crate::platform_file::schema;
use crate::platform_file::secrets::Writer;
use crate::platform_file::state::Names;
use crate::stores::names::Kind;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::traits::{ModelWithProvider, ProviderCredentials};
use everruns_core::typed_id::ModelId;
use mortise_adapter_server::Diagnostic;
use mortise_proto::pb;

/// Upstream's words for them.
const TYPES: [&str; 6] = [
    "openai",
    "azure_openai",
    "openai_completions",
    "anthropic",
    "gemini",
    "llmsim",
];

/// The record of an entry.
pub(in crate::platform_file) fn record(
    reading: &mut Reading<'_>,
    entry: &Entry<schema::Model>,
) -> Option<ModelWithProvider> {
    let Entry { path, written } = entry;
    let schema::Model {
        name: _,
        id: _,
        model,
        provider,
        base_url,
        default: _,
        api_key,
    } = written;
    reading.required(path, "model", model);
    reading.required(path, "provider", provider);
    let provider_type = provider.parse::<LlmProviderType>();
    if provider_type.is_err() {
        let otherwise = format!("write one of {}", TYPES.join(", "));
        let remedy = instead(provider, TYPES, &otherwise);
        let reason = "is not a provider type";
        let fault = Diagnostic::new(join(path, "provider"), reason, remedy).of(provider);
        reading.faults.add(fault);
    }
    let at = join(path, "api_key");
    let api_key = api_key.as_ref();
    let api_key = api_key.map(|key| reading.secrets.sealed(key, &at, &mut reading.faults));
    Some(ModelWithProvider {
        model: model.clone(),
        provider_type: provider_type.ok()?,
        api_key: api_key.flatten(),
        base_url: base_url.clone(),
    })
}

pub(in crate::platform_file) fn write(
    writer: &mut Writer,
    names: &Names,
    id: ModelId,
    model: ModelWithProvider,
    is_default: bool,
) -> schema::Model {
    let ModelWithProvider {
        model,
        provider_type,
        api_key,
        base_url,
    } = model;
    let id = id.to_string();
    let name = names.name_of(Kind::Model, &id).map(str::to_string);
    let called = name.as_deref().unwrap_or(&model);
    let words = ["model", called, "api_key"];
    let api_key = api_key.map(|key| writer.secret(&words, &key));
    schema::Model {
        name,
        id: Some(id),
        model,
        provider: provider_type.to_string(),
        base_url,
        default: is_default,
        api_key,
    }
}

pub(in crate::platform_file) fn is_same(
    one: &ModelWithProvider,
    other: &ModelWithProvider,
) -> bool {
    pb::ModelWithProvider::from(one.clone()) == pb::ModelWithProvider::from(other.clone())
}

// === providers ===

/// The record of an entry.
pub(in crate::platform_file) fn credentials(
    reading: &mut Reading<'_>,
    entry: &Entry<schema::Provider>,
) -> Option<ProviderCredentials> {
    let Entry { path, written } = entry;
    let schema::Provider {
        provider_type,
        base_url,
        api_key,
    } = written;
    reading.required(path, "type", provider_type);
    let at = join(path, "api_key");
    let Some(api_key) = api_key else {
        reading.missing(&at, "write {env: NAME} or {file: PATH}");
        return None;
    };
    let api_key = reading.secrets.sealed(api_key, &at, &mut reading.faults)?;
    Some(ProviderCredentials {
        api_key,
        base_url: base_url.clone(),
    })
}

pub(in crate::platform_file) fn write_credentials(
    writer: &mut Writer,
    provider_type: String,
    credentials: ProviderCredentials,
) -> schema::Provider {
    let ProviderCredentials { api_key, base_url } = credentials;
    let words = ["provider", &provider_type, "api_key"];
    schema::Provider {
        api_key: Some(writer.secret(&words, &api_key)),
        provider_type,
        base_url,
    }
}

pub(in crate::platform_file) fn are_same(
    one: &ProviderCredentials,
    other: &ProviderCredentials,
) -> bool {
    pb::ProviderCredentials::from(one.clone()) == pb::ProviderCredentials::from(other.clone())
}
