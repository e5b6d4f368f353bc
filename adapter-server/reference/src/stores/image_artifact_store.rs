//! Images that tools make. Their bytes stand in pieces: neither database handles a
//! value of many MiB well, and a reader takes one piece at a time.

use crate::db::AnyConnection;
use crate::db::encoding::{domain, now, stored_fault, time};
use crate::db::errors::into_upstream;
use crate::db::{corrupt_row, db_error};
use crate::reference::ScopedReference;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::traits::{CreateStoredImage, ImageArtifactStore, StoredImage, StoredImageInfo};
use everruns_core::typed_id::ImageId;
use mortise_proto::convert::image_artifact_store::{MAX_IMAGE_BYTES, split_new, too_large};
use mortise_proto::convert::{nested, to_timestamp};
use mortise_proto::{StoreError, pb};
use prost::Message;

/// The size of every piece but the last. A multiple of three: what is made of a piece
/// in base64 can be put behind what was made of the piece before.
const PIECE_BYTES: usize = 768 * 1024;

const _: () = assert!(PIECE_BYTES.is_multiple_of(3));

const CREATE: &str = "INSERT INTO images (org_id, id, body) VALUES ($1, $2, $3)";

const ADD_PIECE: &str = "INSERT INTO image_pieces (org_id, image_id, piece, content) \
                         VALUES ($1, $2, $3, $4)";

const FIND: &str = "SELECT body FROM images WHERE org_id = $1 AND id = $2";

const PIECE: &str = "SELECT content FROM image_pieces \
                     WHERE org_id = $1 AND image_id = $2 AND piece = $3";

#[async_trait]
impl ImageArtifactStore for ScopedReference {
    async fn create_image(
        &self,
        image: CreateStoredImage,
    ) -> Result<StoredImageInfo, AgentLoopError> {
        self.create_stored_image(image).await.map_err(into_upstream)
    }

    async fn get_image(&self, image_id: ImageId) -> Result<Option<StoredImage>, AgentLoopError> {
        self.stored_image(image_id).await.map_err(into_upstream)
    }

    async fn get_image_info(
        &self,
        image_id: ImageId,
    ) -> Result<Option<StoredImageInfo>, AgentLoopError> {
        self.stored_image_info(image_id)
            .await
            .map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn create_stored_image(
        &self,
        image: CreateStoredImage,
    ) -> Result<StoredImageInfo, StoreError> {
        let org_id = self.scope.org_id;
        let (header, data) = split_new(image);
        if data.len() > MAX_IMAGE_BYTES {
            return Err(too_large(header.size_bytes));
        }
        let id = ImageId::new().to_string();
        let pb::NewImage {
            filename,
            content_type,
            metadata_json,
            size_bytes: _,
        } = header;
        let info = pb::StoredImageInfo {
            id: id.clone(),
            filename,
            content_type,
            size_bytes: data.len() as i64,
            metadata_json,
            created_at: Some(to_timestamp(time(now()))),
        };
        let answer = self
            .run_once(async |tx| {
                sqlx::query(CREATE)
                    .bind(org_id)
                    .bind(id.as_str())
                    .bind(info.encode_to_vec())
                    .execute(&mut *tx)
                    .await
                    .map_err(db_error)?;
                for (piece, content) in (0_i64..).zip(data.chunks(PIECE_BYTES)) {
                    sqlx::query(ADD_PIECE)
                        .bind(org_id)
                        .bind(id.as_str())
                        .bind(piece)
                        .bind(content)
                        .execute(&mut *tx)
                        .await
                        .map_err(db_error)?;
                }
                Ok(pb::CreateImageResponse { image: Some(info) })
            })
            .await?;
        nested("image", answer.image).map_err(stored_fault)
    }

    async fn stored_image(&self, image_id: ImageId) -> Result<Option<StoredImage>, StoreError> {
        let org_id = self.scope.org_id;
        let mut conn = self.inner.db.reader().await?;
        let Some(info) = find(&mut conn, org_id, image_id).await? else {
            return Ok(None);
        };
        let mut data = Vec::with_capacity(size(&info)?);
        each_piece(&mut conn, org_id, &info, |piece| {
            data.extend_from_slice(piece);
        })
        .await?;
        Ok(Some(StoredImage { info, data }))
    }

    async fn stored_image_info(
        &self,
        image_id: ImageId,
    ) -> Result<Option<StoredImageInfo>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        find(&mut conn, self.scope.org_id, image_id).await
    }
}

/// What the image is; `None` if it is not in this org.
pub(crate) async fn find(
    conn: &mut AnyConnection,
    org_id: i64,
    image_id: ImageId,
) -> Result<Option<StoredImageInfo>, StoreError> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as(FIND)
        .bind(org_id)
        .bind(image_id.to_string())
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    row.map(|(body,)| domain::<pb::StoredImageInfo, _>(&body))
        .transpose()
}

/// Gives `take` the bytes of an image in order, a piece at a time. One statement per
/// piece: a driver that runs ahead of its reader would hold many.
pub(crate) async fn each_piece(
    conn: &mut AnyConnection,
    org_id: i64,
    info: &StoredImageInfo,
    mut take: impl FnMut(&[u8]) + Send,
) -> Result<(), StoreError> {
    let mut left = size(info)?;
    for number in 0_i64.. {
        if left == 0 {
            break;
        }
        let content = piece(conn, org_id, info.id, number, left).await?;
        left -= content.len();
        take(&content);
    }
    Ok(())
}

/// One piece of an image of which so many bytes are left.
pub(crate) async fn piece(
    conn: &mut AnyConnection,
    org_id: i64,
    image_id: ImageId,
    number: i64,
    left: usize,
) -> Result<Vec<u8>, StoreError> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as(PIECE)
        .bind(org_id)
        .bind(image_id.to_string())
        .bind(number)
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    row.map(|(content,)| content)
        .filter(|content| !content.is_empty() && content.len() <= left)
        .ok_or_else(|| corrupt_row("the pieces of an image are not what was stored"))
}

/// How many bytes an image has, as it is stored.
pub(crate) fn size(info: &StoredImageInfo) -> Result<usize, StoreError> {
    usize::try_from(info.size_bytes).map_err(|_| corrupt_row("the size of an image"))
}
