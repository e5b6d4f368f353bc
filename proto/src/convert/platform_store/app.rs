//! Apps and their channels.

use everruns_core::app::{AgentVersionPolicy, App, AppChannel, AppStatus, ChannelType};
use uuid::Uuid;

use crate::convert::{
    ConvertError, Result, enumeration, id, json_text, list, optional_id, optional_nested,
    optional_timestamp, optional_uuid, secret_json, timestamp, to_list, to_timestamp,
};
use crate::pb;

// === AppStatus ===

impl From<AppStatus> for pb::AppStatus {
    fn from(status: AppStatus) -> Self {
        match status {
            AppStatus::Draft => Self::Draft,
            AppStatus::Published => Self::Published,
            AppStatus::Archived => Self::Archived,
            AppStatus::Deleted => Self::Deleted,
        }
    }
}

impl TryFrom<pb::AppStatus> for AppStatus {
    type Error = ConvertError;

    fn try_from(wire: pb::AppStatus) -> Result<Self> {
        match wire {
            pb::AppStatus::Draft => Ok(Self::Draft),
            pb::AppStatus::Published => Ok(Self::Published),
            pb::AppStatus::Archived => Ok(Self::Archived),
            pb::AppStatus::Deleted => Ok(Self::Deleted),
            pb::AppStatus::Unspecified => Err(ConvertError::unspecified::<pb::AppStatus>()),
        }
    }
}

// === AgentVersionPolicy ===

impl From<AgentVersionPolicy> for pb::AgentVersionPolicy {
    fn from(policy: AgentVersionPolicy) -> Self {
        match policy {
            AgentVersionPolicy::Default => Self::Default,
            AgentVersionPolicy::Latest => Self::Latest,
            AgentVersionPolicy::Pinned => Self::Pinned,
        }
    }
}

impl TryFrom<pb::AgentVersionPolicy> for AgentVersionPolicy {
    type Error = ConvertError;

    fn try_from(wire: pb::AgentVersionPolicy) -> Result<Self> {
        match wire {
            pb::AgentVersionPolicy::Default => Ok(Self::Default),
            pb::AgentVersionPolicy::Latest => Ok(Self::Latest),
            pb::AgentVersionPolicy::Pinned => Ok(Self::Pinned),
            pb::AgentVersionPolicy::Unspecified => {
                Err(ConvertError::unspecified::<pb::AgentVersionPolicy>())
            }
        }
    }
}

// === ChannelType ===

impl From<ChannelType> for pb::ChannelType {
    fn from(channel_type: ChannelType) -> Self {
        match channel_type {
            ChannelType::Slack => Self::Slack,
            ChannelType::AgUi => Self::AgUi,
            ChannelType::Schedule => Self::Schedule,
            ChannelType::Webhook => Self::Webhook,
            ChannelType::A2a => Self::A2a,
            ChannelType::Fcp => Self::Fcp,
        }
    }
}

impl TryFrom<pb::ChannelType> for ChannelType {
    type Error = ConvertError;

    fn try_from(wire: pb::ChannelType) -> Result<Self> {
        match wire {
            pb::ChannelType::Slack => Ok(Self::Slack),
            pb::ChannelType::AgUi => Ok(Self::AgUi),
            pb::ChannelType::Schedule => Ok(Self::Schedule),
            pb::ChannelType::Webhook => Ok(Self::Webhook),
            pb::ChannelType::A2a => Ok(Self::A2a),
            pb::ChannelType::Fcp => Ok(Self::Fcp),
            pb::ChannelType::Unspecified => Err(ConvertError::unspecified::<pb::ChannelType>()),
        }
    }
}

// === AppChannel ===

impl From<AppChannel> for pb::AppChannel {
    fn from(channel: AppChannel) -> Self {
        let AppChannel {
            public_id,
            internal_id,
            channel_type,
            channel_config,
            enabled,
            created_at,
            updated_at,
        } = channel;
        Self {
            id: public_id.to_string(),
            internal_id: (!internal_id.is_nil()).then(|| internal_id.to_string()),
            channel_type: pb::ChannelType::from(channel_type).into(),
            channel_config_json: json_text(&channel_config),
            enabled,
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::AppChannel> for AppChannel {
    type Error = ConvertError;

    fn try_from(wire: pb::AppChannel) -> Result<Self> {
        let internal_id = optional_uuid("internal_id", wire.internal_id.as_deref())?;
        Ok(Self {
            public_id: id("id", &wire.id)?,
            // A server that does not know it says nothing.
            internal_id: internal_id.unwrap_or(Uuid::nil()),
            channel_type: enumeration::<pb::ChannelType, _>("channel_type", wire.channel_type)?,
            channel_config: secret_json("channel_config_json", &wire.channel_config_json)?,
            enabled: wire.enabled,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

// === App ===

impl From<App> for pb::App {
    fn from(app: App) -> Self {
        let App {
            public_id,
            internal_id,
            org_id,
            name,
            description,
            harness_id,
            agent_id,
            agent_version_policy,
            agent_version_id,
            agent_identity_id,
            owner_principal_id,
            resolved_owner_user_id,
            owner,
            effective_owner,
            channels,
            status,
            published_at,
            created_at,
            updated_at,
            archived_at,
            deleted_at,
        } = app;
        Self {
            id: public_id.to_string(),
            internal_id: (!internal_id.is_nil()).then(|| internal_id.to_string()),
            org_id,
            name,
            description,
            harness_id: harness_id.to_string(),
            agent_id: agent_id.map(|id| id.to_string()),
            agent_version_policy: pb::AgentVersionPolicy::from(agent_version_policy).into(),
            agent_version_id: agent_version_id.map(|id| id.to_string()),
            agent_identity_id: agent_identity_id.map(|id| id.to_string()),
            owner_principal_id: owner_principal_id.to_string(),
            resolved_owner_user_id: resolved_owner_user_id.map(|id| id.to_string()),
            owner: owner.map(Into::into),
            effective_owner: effective_owner.map(Into::into),
            channels: to_list(channels),
            status: pb::AppStatus::from(status).into(),
            published_at: published_at.map(to_timestamp),
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
            archived_at: archived_at.map(to_timestamp),
            deleted_at: deleted_at.map(to_timestamp),
        }
    }
}

impl TryFrom<pb::App> for App {
    type Error = ConvertError;

    fn try_from(wire: pb::App) -> Result<Self> {
        let internal_id = optional_uuid("internal_id", wire.internal_id.as_deref())?;
        Ok(Self {
            public_id: id("id", &wire.id)?,
            // A server that does not know it says nothing.
            internal_id: internal_id.unwrap_or(Uuid::nil()),
            org_id: wire.org_id,
            name: wire.name,
            description: wire.description,
            harness_id: id("harness_id", &wire.harness_id)?,
            agent_id: optional_id("agent_id", wire.agent_id.as_deref())?,
            agent_version_policy: enumeration::<pb::AgentVersionPolicy, _>(
                "agent_version_policy",
                wire.agent_version_policy,
            )?,
            agent_version_id: optional_id("agent_version_id", wire.agent_version_id.as_deref())?,
            agent_identity_id: optional_id("agent_identity_id", wire.agent_identity_id.as_deref())?,
            owner_principal_id: id("owner_principal_id", &wire.owner_principal_id)?,
            resolved_owner_user_id: optional_uuid(
                "resolved_owner_user_id",
                wire.resolved_owner_user_id.as_deref(),
            )?,
            owner: optional_nested("owner", wire.owner)?,
            effective_owner: optional_nested("effective_owner", wire.effective_owner)?,
            channels: list("channels", wire.channels)?,
            status: enumeration::<pb::AppStatus, _>("status", wire.status)?,
            published_at: optional_timestamp("published_at", wire.published_at)?,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
            archived_at: optional_timestamp("archived_at", wire.archived_at)?,
            deleted_at: optional_timestamp("deleted_at", wire.deleted_at)?,
        })
    }
}
