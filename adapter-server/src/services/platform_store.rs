//! `PlatformStoreService` over `PlatformStore`, where the adapter has one for the
//! calling session. What each call asks of the store stands in the folder, by what it
//! is about.

mod agents;
mod apps;
mod channels;
mod harnesses;
mod messages;
mod sessions;
mod wait;

pub(super) use agents::{
    create as create_agent, delete as delete_agent, get as get_agent_by_id, list as list_agents,
    update as update_agent,
};
pub(super) use apps::{
    create as create_app, delete as delete_app, destroy as destroy_app, get as get_app,
    list as list_apps, publish as publish_app, unpublish as unpublish_app, update as update_app,
};
pub(super) use channels::{
    add as add_app_channel, delete as delete_app_channel, update as update_app_channel,
};
pub(super) use harnesses::{
    capabilities as list_capabilities, copy as copy_harness, create as create_harness,
    delete as delete_harness, get as get_harness, list as list_harnesses, update as update_harness,
};
pub(super) use messages::{list as get_messages, send as send_message};
pub(super) use sessions::{
    create as create_session, delete as delete_session, get as get_session_by_id,
    list as list_sessions, report as get_session_context_report,
    set_subagent as set_subagent_metadata,
};
pub(super) use wait::statuses as wait_for_idle;

use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::platform_store::PlatformStore;
use mortise_proto::StoreError;
use mortise_proto::rpc::table::platform_store_service::NAME;
use std::sync::Arc;

/// The store of the calling session.
fn store<Req>(call: &Call<Req>) -> HandlerResult<Arc<dyn PlatformStore>> {
    let session_id = call.scope.session_id.ok_or_else(|| {
        StoreError::invalid_field(
            "context.session_id",
            "is empty; send the id of the calling session",
        )
    })?;
    let store = call.adapter.platform_store(call.scope.org_id, session_id);
    store.ok_or_else(|| not_offered(NAME))
}
