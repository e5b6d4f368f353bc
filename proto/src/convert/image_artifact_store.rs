//! Images in the store. An image's bytes travel apart from what describes it, in
//! chunks.

use everruns_core::traits::{CreateStoredImage, StoredImage, StoredImageInfo};

use super::{ConvertError, Result, id, json, json_text, timestamp, to_timestamp};
use crate::pb;
use crate::pb::ErrorReason;
use crate::{StoreError, error::Outcome};

/// The most bytes that an image may have.
pub const MAX_IMAGE_BYTES: usize = 64 * 1024 * 1024;

/// The error of an image that has more.
#[must_use]
pub fn too_large(size_bytes: u64) -> StoreError {
    let field = "header.size_bytes";
    let text = format!(
        "{field}: is {size_bytes}, at most {MAX_IMAGE_BYTES} (64 MiB) are stored; \
         make the image smaller"
    );
    let mut error = StoreError::new(ErrorReason::MessageTooLarge, text)
        .with("size_bytes", size_bytes)
        .with("limit_bytes", MAX_IMAGE_BYTES)
        .outcome(Outcome::NotApplied);
    error.field = Some(field.into());
    error
}

// === CreateStoredImage ===

/// A new image for the wire: its header, and its bytes for the chunks that follow.
#[must_use]
pub fn split_new(image: CreateStoredImage) -> (pb::NewImage, Vec<u8>) {
    let CreateStoredImage {
        filename,
        content_type,
        data,
        metadata,
    } = image;
    let header = pb::NewImage {
        filename,
        content_type,
        metadata_json: json_text(&metadata),
        size_bytes: data.len() as u64,
    };
    (header, data)
}

/// The new image of a header and the bytes that followed it.
pub fn join_new(header: pb::NewImage, data: Vec<u8>) -> Result<CreateStoredImage> {
    let pb::NewImage {
        filename,
        content_type,
        metadata_json,
        size_bytes,
    } = header;
    holds(data.len(), i128::from(size_bytes))?;
    Ok(CreateStoredImage {
        filename,
        content_type,
        data,
        metadata: json("metadata_json", &metadata_json)?,
    })
}

// === StoredImage ===

/// The image of its description and the bytes that followed it.
pub fn join(info: pb::StoredImageInfo, data: Vec<u8>) -> Result<StoredImage> {
    let info = StoredImageInfo::try_from(info)?;
    holds(data.len(), i128::from(info.size_bytes))?;
    Ok(StoredImage { info, data })
}

/// A stream that lost a chunk is told from an image that is small.
fn holds(bytes: usize, announced: i128) -> Result<()> {
    if bytes as i128 == announced {
        return Ok(());
    }
    Err(ConvertError::new(
        "size_bytes",
        format!(
            "is {announced}, and the chunks hold {bytes} bytes; send the number that they hold"
        ),
    ))
}

// === StoredImageInfo ===

impl From<StoredImageInfo> for pb::StoredImageInfo {
    fn from(info: StoredImageInfo) -> Self {
        let StoredImageInfo {
            id,
            filename,
            content_type,
            size_bytes,
            metadata,
            created_at,
        } = info;
        Self {
            id: id.to_string(),
            filename,
            content_type,
            size_bytes,
            metadata_json: json_text(&metadata),
            created_at: Some(to_timestamp(created_at)),
        }
    }
}

impl TryFrom<pb::StoredImageInfo> for StoredImageInfo {
    type Error = ConvertError;

    fn try_from(wire: pb::StoredImageInfo) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            filename: wire.filename,
            content_type: wire.content_type,
            size_bytes: wire.size_bytes,
            metadata: json("metadata_json", &wire.metadata_json)?,
            created_at: timestamp("created_at", wire.created_at)?,
        })
    }
}
