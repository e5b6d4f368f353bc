//! Memories.

use everruns_core::memory_store::{
    Memory, MemoryContentPart, MemoryImagePart, MemoryKind, MemoryQuery, MemoryStoreEntity,
    MemoryTextPart,
};

use super::{
    ConvertError, Result, count, enumeration, id, list, optional_id, required, timestamp, to_list,
    to_timestamp,
};
use crate::pb;

// === MemoryKind ===

impl From<MemoryKind> for pb::MemoryKind {
    fn from(kind: MemoryKind) -> Self {
        match kind {
            MemoryKind::Fact => Self::Fact,
            MemoryKind::Preference => Self::Preference,
            MemoryKind::Correction => Self::Correction,
            MemoryKind::Procedure => Self::Procedure,
            MemoryKind::Context => Self::Context,
        }
    }
}

impl TryFrom<pb::MemoryKind> for MemoryKind {
    type Error = ConvertError;

    fn try_from(wire: pb::MemoryKind) -> Result<Self> {
        match wire {
            pb::MemoryKind::Fact => Ok(Self::Fact),
            pb::MemoryKind::Preference => Ok(Self::Preference),
            pb::MemoryKind::Correction => Ok(Self::Correction),
            pb::MemoryKind::Procedure => Ok(Self::Procedure),
            pb::MemoryKind::Context => Ok(Self::Context),
            pb::MemoryKind::Unspecified => Err(ConvertError::unspecified::<pb::MemoryKind>()),
        }
    }
}

// === MemoryContentPart ===

impl From<MemoryContentPart> for pb::MemoryContentPart {
    fn from(part: MemoryContentPart) -> Self {
        use pb::memory_content_part::Part;
        let part = match part {
            MemoryContentPart::Text(MemoryTextPart { text }) => {
                Part::Text(pb::MemoryTextPart { text })
            }
            MemoryContentPart::Image(MemoryImagePart { base64, media_type }) => {
                Part::Image(pb::MemoryImagePart { base64, media_type })
            }
        };
        Self { part: Some(part) }
    }
}

impl TryFrom<pb::MemoryContentPart> for MemoryContentPart {
    type Error = ConvertError;

    fn try_from(wire: pb::MemoryContentPart) -> Result<Self> {
        use pb::memory_content_part::Part;
        Ok(match required("part", wire.part)? {
            Part::Text(pb::MemoryTextPart { text }) => Self::Text(MemoryTextPart { text }),
            Part::Image(pb::MemoryImagePart { base64, media_type }) => {
                Self::Image(MemoryImagePart { base64, media_type })
            }
        })
    }
}

// === Memory ===

impl From<Memory> for pb::Memory {
    fn from(memory: Memory) -> Self {
        let Memory {
            id,
            store_id,
            content,
            content_parts,
            kind,
            importance,
            tags,
            active,
            created_at,
            updated_at,
        } = memory;
        Self {
            id: id.to_string(),
            store_id: store_id.to_string(),
            content,
            content_parts: to_list(content_parts),
            kind: pb::MemoryKind::from(kind).into(),
            importance: importance.into(),
            tags,
            active,
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::Memory> for Memory {
    type Error = ConvertError;

    fn try_from(wire: pb::Memory) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            store_id: id("store_id", &wire.store_id)?,
            content: wire.content,
            content_parts: list("content_parts", wire.content_parts)?,
            kind: enumeration::<pb::MemoryKind, _>("kind", wire.kind)?,
            importance: importance("importance", wire.importance)?,
            tags: wire.tags,
            active: wire.active,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

// === MemoryStoreEntity ===

impl From<MemoryStoreEntity> for pb::MemoryStore {
    fn from(store: MemoryStoreEntity) -> Self {
        let MemoryStoreEntity {
            id,
            org_id,
            name,
            is_default,
            created_at,
        } = store;
        Self {
            id: id.to_string(),
            org_id: org_id.to_string(),
            name,
            is_default,
            created_at: Some(to_timestamp(created_at)),
        }
    }
}

impl TryFrom<pb::MemoryStore> for MemoryStoreEntity {
    type Error = ConvertError;

    fn try_from(wire: pb::MemoryStore) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            org_id: id("org_id", &wire.org_id)?,
            name: wire.name,
            is_default: wire.is_default,
            created_at: timestamp("created_at", wire.created_at)?,
        })
    }
}

// === MemoryQuery ===

impl From<MemoryQuery> for pb::RecallRequest {
    fn from(query: MemoryQuery) -> Self {
        let MemoryQuery {
            store_id,
            query,
            tags,
            kind,
            limit,
        } = query;
        let kind = kind.map_or(pb::MemoryKind::Unspecified, Into::into);
        Self {
            context: None,
            store_id: store_id.map(|id| id.to_string()),
            query,
            tags: tags.map(|tags| pb::MemoryTags { tags }),
            kind: kind.into(),
            limit: limit as u64,
        }
    }
}

impl TryFrom<pb::RecallRequest> for MemoryQuery {
    type Error = ConvertError;

    fn try_from(wire: pb::RecallRequest) -> Result<Self> {
        let kind = match wire.kind {
            0 => None,
            kind => Some(enumeration::<pb::MemoryKind, _>("kind", kind)?),
        };
        Ok(Self {
            store_id: optional_id("store_id", wire.store_id.as_deref())?,
            query: wire.query,
            tags: wire.tags.map(|tags| tags.tags),
            kind,
            limit: count("limit", wire.limit)?,
        })
    }
}

/// Importance, which upstream keeps in 8 bits.
pub fn importance(field: &str, number: u32) -> Result<u8> {
    u8::try_from(number)
        .map_err(|_| ConvertError::new(field, format!("is {number}; send at most 255")))
}
