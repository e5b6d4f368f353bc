//! Harnesses, and the capabilities that they and agents can be given.

use super::Platform;
use crate::stores::malformed;
use everruns_core::Harness;
use everruns_core::capability_dto::CapabilityInfo;
use everruns_core::error::Result;
use everruns_core::typed_id::HarnessId;
use mortise_proto::convert::optional_nested;
use mortise_proto::convert::platform_store::to_parent_change;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    COPY_HARNESS, CREATE_HARNESS, DELETE_HARNESS, GET_HARNESS, LIST_CAPABILITIES, LIST_HARNESSES,
    UPDATE_HARNESS,
};

pub(super) async fn list_all(platform: &Platform) -> Result<Vec<Harness>> {
    let request = pb::ListHarnessesRequest { context: None };
    platform
        .listed(&LIST_HARNESSES, request, "harnesses", |run| run.harnesses)
        .await
}

pub(super) async fn get(platform: &Platform, id: HarnessId) -> Result<Option<Harness>> {
    let request = pb::PlatformStoreServiceGetHarnessRequest {
        context: None,
        harness_id: id.to_string(),
    };
    let answer = platform.remote.call(&GET_HARNESS, request).await?;
    optional_nested("harness", answer.harness).map_err(malformed(GET_HARNESS.method))
}

pub(super) async fn create(
    platform: &Platform,
    name: &str,
    display_name: Option<&str>,
    description: Option<&str>,
    system_prompt: &str,
    parent_harness_id: Option<HarnessId>,
    capabilities: &[String],
) -> Result<Harness> {
    let request = pb::CreateHarnessRequest {
        context: None,
        name: name.into(),
        display_name: display_name.map(Into::into),
        description: description.map(Into::into),
        system_prompt: system_prompt.into(),
        parent_harness_id: parent_harness_id.map(|id| id.to_string()),
        capabilities: capabilities.to_vec(),
    };
    platform
        .changed(&CREATE_HARNESS, request, "harness", |answer| answer.harness)
        .await
}

pub(super) async fn update(
    platform: &Platform,
    id: HarnessId,
    name: Option<&str>,
    display_name: Option<&str>,
    description: Option<&str>,
    system_prompt: Option<&str>,
    parent_harness_id: Option<Option<HarnessId>>,
) -> Result<Harness> {
    let request = pb::UpdateHarnessRequest {
        context: None,
        harness_id: id.to_string(),
        name: name.map(Into::into),
        display_name: display_name.map(Into::into),
        description: description.map(Into::into),
        system_prompt: system_prompt.map(Into::into),
        parent_harness: to_parent_change(parent_harness_id),
    };
    platform
        .changed(&UPDATE_HARNESS, request, "harness", |answer| answer.harness)
        .await
}

pub(super) async fn delete(platform: &Platform, id: HarnessId) -> Result<()> {
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: id.to_string(),
    };
    platform.change(&DELETE_HARNESS, request).await?;
    Ok(())
}

pub(super) async fn copy(
    platform: &Platform,
    id: HarnessId,
    new_name: Option<&str>,
) -> Result<Harness> {
    let request = pb::CopyHarnessRequest {
        context: None,
        harness_id: id.to_string(),
        new_name: new_name.map(Into::into),
    };
    platform
        .changed(&COPY_HARNESS, request, "harness", |answer| answer.harness)
        .await
}

pub(super) async fn capabilities(
    platform: &Platform,
    search: Option<&str>,
) -> Result<Vec<CapabilityInfo>> {
    let request = pb::ListCapabilitiesRequest {
        context: None,
        search: search.map(Into::into),
    };
    platform
        .listed(&LIST_CAPABILITIES, request, "capabilities", |run| {
            run.capabilities
        })
        .await
}
