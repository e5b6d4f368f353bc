//! Schedules.

use everruns_core::session_schedule::{ScheduleType, SessionSchedule};

use super::{
    ConvertError, Result, enumeration, id, optional_nested, optional_timestamp, optional_uuid,
    timestamp, to_timestamp,
};
use crate::pb;

// === ScheduleType ===

impl From<ScheduleType> for pb::ScheduleType {
    fn from(schedule_type: ScheduleType) -> Self {
        match schedule_type {
            ScheduleType::OneShot => Self::OneShot,
            ScheduleType::Recurring => Self::Recurring,
        }
    }
}

impl TryFrom<pb::ScheduleType> for ScheduleType {
    type Error = ConvertError;

    fn try_from(wire: pb::ScheduleType) -> Result<Self> {
        match wire {
            pb::ScheduleType::OneShot => Ok(Self::OneShot),
            pb::ScheduleType::Recurring => Ok(Self::Recurring),
            pb::ScheduleType::Unspecified => Err(ConvertError::unspecified::<pb::ScheduleType>()),
        }
    }
}

// === SessionSchedule ===

impl From<SessionSchedule> for pb::SessionSchedule {
    fn from(schedule: SessionSchedule) -> Self {
        let SessionSchedule {
            id,
            session_id,
            owner_principal_id,
            resolved_owner_user_id,
            owner,
            effective_owner,
            description,
            cron_expression,
            scheduled_at,
            timezone,
            enabled,
            schedule_type,
            next_trigger_at,
            last_triggered_at,
            trigger_count,
            created_at,
            updated_at,
        } = schedule;
        Self {
            id: id.to_string(),
            session_id: session_id.to_string(),
            owner_principal_id: owner_principal_id.to_string(),
            resolved_owner_user_id: resolved_owner_user_id.map(|id| id.to_string()),
            owner: owner.map(Into::into),
            effective_owner: effective_owner.map(Into::into),
            description,
            cron_expression,
            scheduled_at: scheduled_at.map(to_timestamp),
            timezone,
            enabled,
            schedule_type: pb::ScheduleType::from(schedule_type).into(),
            next_trigger_at: next_trigger_at.map(to_timestamp),
            last_triggered_at: last_triggered_at.map(to_timestamp),
            trigger_count,
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::SessionSchedule> for SessionSchedule {
    type Error = ConvertError;

    fn try_from(wire: pb::SessionSchedule) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            session_id: id("session_id", &wire.session_id)?,
            owner_principal_id: id("owner_principal_id", &wire.owner_principal_id)?,
            resolved_owner_user_id: optional_uuid(
                "resolved_owner_user_id",
                wire.resolved_owner_user_id.as_deref(),
            )?,
            owner: optional_nested("owner", wire.owner)?,
            effective_owner: optional_nested("effective_owner", wire.effective_owner)?,
            description: wire.description,
            cron_expression: wire.cron_expression,
            scheduled_at: optional_timestamp("scheduled_at", wire.scheduled_at)?,
            timezone: wire.timezone,
            enabled: wire.enabled,
            schedule_type: enumeration::<pb::ScheduleType, _>("schedule_type", wire.schedule_type)?,
            next_trigger_at: optional_timestamp("next_trigger_at", wire.next_trigger_at)?,
            last_triggered_at: optional_timestamp("last_triggered_at", wire.last_triggered_at)?,
            trigger_count: wire.trigger_count,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}
