//! What the platform store is asked and answers. Harnesses, agents and sessions are
//! converted with their own stores.

mod app;
mod capability;
mod new_session;
mod report;

pub use new_session::{NewSession, SessionSettings};

use everruns_core::app::ChannelType;
use everruns_core::platform_store::PlatformMessage;
use everruns_core::typed_id::{AgentIdentityId, HarnessId};
use serde_json::Value;

use super::{
    ConvertError, Result, enumeration, id, json_text, secret_json, timestamp, to_timestamp,
};
use crate::pb;
use crate::pb::update_app_request::AgentIdentity;
use crate::pb::update_harness_request::ParentHarness;

/// For how many seconds to wait for a session to settle where the caller does not say.
pub const WAIT_SECONDS_DEFAULT: u64 = 120;

/// The most seconds to wait for a session to settle.
pub const WAIT_SECONDS_MAX: u64 = 3600;

// === PlatformMessage ===

impl From<PlatformMessage> for pb::PlatformMessage {
    fn from(message: PlatformMessage) -> Self {
        let PlatformMessage {
            role,
            content,
            created_at,
        } = message;
        Self {
            role,
            content,
            created_at: Some(to_timestamp(created_at)),
        }
    }
}

impl TryFrom<pb::PlatformMessage> for PlatformMessage {
    type Error = ConvertError;

    fn try_from(wire: pb::PlatformMessage) -> Result<Self> {
        Ok(Self {
            role: wire.role,
            content: wire.content,
            created_at: timestamp("created_at", wire.created_at)?,
        })
    }
}

// === changes with three states ===

/// What becomes of a harness's parent: stays (outer `None`), goes (inner `None`), or
/// is another.
#[must_use]
pub fn to_parent_change(change: Option<Option<HarnessId>>) -> Option<ParentHarness> {
    change.map(|parent| match parent {
        None => ParentHarness::ClearParentHarness(()),
        Some(id) => ParentHarness::ParentHarnessId(id.to_string()),
    })
}

/// The same from the wire.
pub fn parent_change(wire: Option<ParentHarness>) -> Result<Option<Option<HarnessId>>> {
    wire.map(|change| match change {
        ParentHarness::ClearParentHarness(()) => Ok(None),
        ParentHarness::ParentHarnessId(text) => id("parent_harness_id", &text).map(Some),
    })
    .transpose()
}

/// What becomes of an app's identity: stays (outer `None`), goes (inner `None`), or
/// is another.
#[must_use]
pub fn to_identity_change(change: Option<Option<AgentIdentityId>>) -> Option<AgentIdentity> {
    change.map(|identity| match identity {
        None => AgentIdentity::ClearAgentIdentity(()),
        Some(id) => AgentIdentity::AgentIdentityId(id.to_string()),
    })
}

/// The same from the wire.
pub fn identity_change(wire: Option<AgentIdentity>) -> Result<Option<Option<AgentIdentityId>>> {
    wire.map(|change| match change {
        AgentIdentity::ClearAgentIdentity(()) => Ok(None),
        AgentIdentity::AgentIdentityId(text) => id("agent_identity_id", &text).map(Some),
    })
    .transpose()
}

// === arguments ===

/// A kind of channel that may be absent.
pub fn optional_channel_type(field: &str, wire: Option<i32>) -> Result<Option<ChannelType>> {
    wire.map(|number| enumeration::<pb::ChannelType, _>(field, number))
        .transpose()
}

/// The same for the wire.
#[must_use]
pub fn to_optional_channel_type(channel_type: Option<ChannelType>) -> Option<i32> {
    channel_type.map(|channel_type| pb::ChannelType::from(channel_type).into())
}

/// A channel's configuration, which holds secrets and may be absent; `null` is not
/// absent.
pub fn optional_channel_config(wire: Option<&str>) -> Result<Option<Value>> {
    wire.map(|text| secret_json("channel_config_json", text))
        .transpose()
}

/// The same for the wire.
#[must_use]
pub fn to_optional_channel_config(config: Option<&Value>) -> Option<String> {
    config.map(json_text)
}
