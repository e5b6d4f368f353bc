//! Apps.

use super::Platform;
use crate::stores::malformed;
use everruns_core::app::App;
use everruns_core::error::Result;
use everruns_core::typed_id::{AgentId, AgentIdentityId, AppId, HarnessId};
use mortise_proto::convert::optional_nested;
use mortise_proto::convert::platform_store::to_identity_change;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_APP, DELETE_APP, DESTROY_APP, GET_APP, LIST_APPS, PUBLISH_APP, UNPUBLISH_APP, UPDATE_APP,
};

pub(super) async fn list_all(
    platform: &Platform,
    search: Option<&str>,
    include_archived: bool,
) -> Result<Vec<App>> {
    let request = pb::ListAppsRequest {
        context: None,
        search: search.map(Into::into),
        include_archived,
    };
    platform
        .listed(&LIST_APPS, request, "apps", |run| run.apps)
        .await
}

pub(super) async fn get(platform: &Platform, id: AppId) -> Result<Option<App>> {
    let request = pb::GetAppRequest {
        context: None,
        app_id: id.to_string(),
    };
    let answer = platform.remote.call(&GET_APP, request).await?;
    optional_nested("app", answer.app).map_err(malformed(GET_APP.method))
}

pub(super) async fn create(platform: &Platform, request: pb::CreateAppRequest) -> Result<App> {
    platform
        .changed(&CREATE_APP, request, "app", |answer| answer.app)
        .await
}

pub(super) async fn update(
    platform: &Platform,
    id: AppId,
    name: Option<&str>,
    description: Option<&str>,
    harness_id: Option<HarnessId>,
    agent_id: Option<AgentId>,
    agent_identity_id: Option<Option<AgentIdentityId>>,
) -> Result<App> {
    let request = pb::UpdateAppRequest {
        context: None,
        app_id: id.to_string(),
        name: name.map(Into::into),
        description: description.map(Into::into),
        harness_id: harness_id.map(|id| id.to_string()),
        agent_id: agent_id.map(|id| id.to_string()),
        agent_identity: to_identity_change(agent_identity_id),
    };
    platform
        .changed(&UPDATE_APP, request, "app", |answer| answer.app)
        .await
}

pub(super) async fn delete(platform: &Platform, id: AppId) -> Result<()> {
    let request = pb::DeleteAppRequest {
        context: None,
        app_id: id.to_string(),
    };
    platform.change(&DELETE_APP, request).await?;
    Ok(())
}

pub(super) async fn destroy(platform: &Platform, id: AppId) -> Result<()> {
    let request = pb::DestroyAppRequest {
        context: None,
        app_id: id.to_string(),
    };
    platform.change(&DESTROY_APP, request).await?;
    Ok(())
}

pub(super) async fn publish(platform: &Platform, id: AppId) -> Result<App> {
    let request = pb::PublishAppRequest {
        context: None,
        app_id: id.to_string(),
    };
    platform
        .changed(&PUBLISH_APP, request, "app", |answer| answer.app)
        .await
}

pub(super) async fn unpublish(platform: &Platform, id: AppId) -> Result<App> {
    let request = pb::UnpublishAppRequest {
        context: None,
        app_id: id.to_string(),
    };
    platform
        .changed(&UNPUBLISH_APP, request, "app", |answer| answer.app)
        .await
}
