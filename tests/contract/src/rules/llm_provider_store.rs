//! Models.

use super::common::refused_as_invalid;
use super::records::malformed_ids;
use crate::check::{Outcome, absent, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb;
use mortise_proto::rpc::table::llm_provider_store_service::{
    GET_DEFAULT_MODEL, GET_MODEL_WITH_PROVIDER, NAME,
};
use mortise_proto::rpc::table::test_seed_service::PUT_MODEL;

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "LLM-01",
            "A model that does not exist is absent, not an error.",
            "RC:348-352",
            llm_01_unknown,
        )
        .hard(
            "LLM-02",
            "A model comes with the provider's name of it, its type, key and address.",
            "T:124-135",
            llm_02_complete,
        )
        .needs(&[Need::Seed])
        .hard(
            "LLM-03",
            "The default model is absent or complete.",
            "RC:354",
            llm_03_default,
        )
        .hard(
            "LLM-04",
            "A key or address that is absent stays absent, an empty one empty.",
            "LR:984-1000",
            llm_04_absent_key,
        )
        .needs(&[Need::Seed])
        .hard(
            "LLM-05",
            "All six types of provider come back.",
            "llm_models.rs:19",
            llm_05_types,
        )
        .needs(&[Need::Seed])
        .soft(
            "LLM-06",
            "Two calls give the same answer.",
            "RE:813",
            llm_06_stable,
        )
        .needs(&[Need::Seed])
        .hard(
            "LLM-07",
            "A model that is stored again is changed in the next answer.",
            "test_seed.proto",
            llm_07_replaced,
        )
        .needs(&[Need::Seed])
        .hard(
            "LLM-08",
            "Another org sees no model whose id it knows, nor its key.",
            "context.proto",
            llm_08_other_org,
        )
        .needs(&[Need::Seed, Need::OtherOrg])
        .hard(
            "LLM-09",
            "A malformed id is refused as INVALID_FIELD.",
            "ID:85-121",
            llm_09_malformed,
        )
        .list()
}

fn model(provider_type: pb::LlmProviderType) -> pb::ModelWithProvider {
    pb::ModelWithProvider {
        model: "gpt-5.2-müller".into(),
        provider_type: provider_type.into(),
        api_key: Some("sk-contract-7f3a".into()),
        base_url: Some("https://llm.example.com/v1".into()),
    }
}

async fn put(cx: &Cx, id: &str, model: &pb::ModelWithProvider) -> Outcome {
    let request = pb::PutModelRequest {
        context: None,
        model_id: id.into(),
        model: Some(model.clone()),
        is_default: false,
    };
    cx.call(&PUT_MODEL, request).await.map(drop)
}

fn asking(id: &str) -> pb::GetModelWithProviderRequest {
    pb::GetModelWithProviderRequest {
        context: None,
        model_id: id.into(),
    }
}

async fn get(cx: &Cx, id: &str) -> Outcome<Option<pb::ModelWithProvider>> {
    Ok(cx.call(&GET_MODEL_WITH_PROVIDER, asking(id)).await?.model)
}

/// A model that is put comes back as it is.
async fn survives(cx: &Cx, model: &pb::ModelWithProvider) -> Outcome<String> {
    let id = fresh_id("model");
    put(cx, &id, model).await?;
    let found = present("GetModelWithProvider.model", get(cx, &id).await?)?;
    // Field by field: the key is not shown.
    same("model.model", &found.model, &model.model)?;
    same(
        "model.provider_type",
        &found.provider_type,
        &model.provider_type,
    )?;
    same("model.base_url", &found.base_url, &model.base_url)?;
    same(
        "whether model.api_key is there",
        &found.api_key.is_some(),
        &model.api_key.is_some(),
    )?;
    that(
        "model.api_key",
        "the key that was put",
        found.api_key == model.api_key,
        "another",
    )?;
    Ok(id)
}

async fn llm_01_unknown(cx: Cx) -> Outcome {
    absent(
        "GetModelWithProvider of no model",
        get(&cx, &fresh_id("model")).await?,
    )
}

async fn llm_02_complete(cx: Cx) -> Outcome {
    survives(&cx, &model(pb::LlmProviderType::Anthropic))
        .await
        .map(drop)
}

async fn llm_03_default(cx: Cx) -> Outcome {
    let request = pb::GetDefaultModelRequest { context: None };
    let Some(model) = cx.call(&GET_DEFAULT_MODEL, request).await?.model else {
        return Ok(());
    };
    that(
        "model.model of the default",
        "a name",
        !model.model.is_empty(),
        &model.model,
    )?;
    let provider = model.provider_type();
    that(
        "model.provider_type of the default",
        "one of the contract",
        provider != pb::LlmProviderType::Unspecified,
        &model.provider_type,
    )
}

async fn llm_04_absent_key(cx: Cx) -> Outcome {
    for text in [None, Some(String::new())] {
        let model = pb::ModelWithProvider {
            api_key: text.clone(),
            base_url: text,
            ..model(pb::LlmProviderType::Llmsim)
        };
        survives(&cx, &model).await?;
    }
    Ok(())
}

async fn llm_05_types(cx: Cx) -> Outcome {
    use pb::LlmProviderType as Type;
    for provider_type in [
        Type::Openai,
        Type::AzureOpenai,
        Type::OpenaiCompletions,
        Type::Anthropic,
        Type::Gemini,
        Type::Llmsim,
    ] {
        survives(&cx, &model(provider_type)).await?;
    }
    Ok(())
}

async fn llm_06_stable(cx: Cx) -> Outcome {
    let id = survives(&cx, &model(pb::LlmProviderType::Openai)).await?;
    let (one, other) = (
        get(&cx, &id).await?,
        get(&cx.over_new_connection(), &id).await?,
    );
    that(
        "two answers about one model",
        "the same",
        one == other,
        "different",
    )
}

async fn llm_07_replaced(cx: Cx) -> Outcome {
    let id = survives(&cx, &model(pb::LlmProviderType::Openai)).await?;
    let other = pb::ModelWithProvider {
        model: "other".into(),
        api_key: Some("sk-rotated".into()),
        ..model(pb::LlmProviderType::Gemini)
    };
    put(&cx, &id, &other).await?;
    let found = present("GetModelWithProvider.model", get(&cx, &id).await?)?;
    that(
        "the model after it was put again",
        "the second one",
        found == other,
        &found.model,
    )
}

async fn llm_08_other_org(cx: Cx) -> Outcome {
    let id = survives(&cx, &model(pb::LlmProviderType::Openai)).await?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = cx
        .in_other_org()?
        .attempt(&GET_MODEL_WITH_PROVIDER, asking(&id))
        .await
    {
        same(
            "whether GetModelWithProvider in another org has a model",
            &answer.model.is_some(),
            &false,
        )?;
    }
    Ok(())
}

async fn llm_09_malformed(cx: Cx) -> Outcome {
    for id in malformed_ids("model") {
        refused_as_invalid(&cx, &GET_MODEL_WITH_PROVIDER, asking(&id)).await?;
    }
    Ok(())
}
