//! Images that tools make. Their bytes stand in pieces: neither database handles a
//! value of many MiB well, and a reader takes one piece at a time.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::encoding::{corrupt_row, domain, now, stored_fault, time};
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

/// The images of an org.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl ImageArtifactStore for Images {
    async fn create_image(
        &self,
        image: CreateStoredImage,
    ) -> Result<StoredImageInfo, AgentLoopError> {
        upstream(async {
            let (header, data) = split_new(image);
            if data.len() > MAX_IMAGE_BYTES {
                return Err(too_large(header.size_bytes));
            }
            let info = new_info(header, data.len());
            let create = self.ctx.run_once_alone(async |tx| {
                put(tx, &info, &data).await?;
                Ok(pb::CreateImageResponse { image: Some(info) })
            });
            nested("image", create.await?.image).map_err(stored_fault)
        })
        .await
    }

    async fn get_image(&self, image_id: ImageId) -> Result<Option<StoredImage>, AgentLoopError> {
        upstream(async {
            let mut tx = self.ctx.reader().await?;
            let Some(info) = find(&mut tx, image_id).await? else {
                return Ok(None);
            };
            let mut data = Vec::with_capacity(size(&info)?);
            let take = |piece: &[u8]| data.extend_from_slice(piece);
            each_piece(&mut tx, &info, take).await?;
            Ok(Some(StoredImage { info, data }))
        })
        .await
    }

    async fn get_image_info(
        &self,
        image_id: ImageId,
    ) -> Result<Option<StoredImageInfo>, AgentLoopError> {
        upstream(async { find(&mut self.ctx.reader().await?, image_id).await }).await
    }
}

/// What a new image is.
fn new_info(header: pb::NewImage, bytes: usize) -> pb::StoredImageInfo {
    let pb::NewImage {
        filename,
        content_type,
        metadata_json,
        size_bytes: _,
    } = header;
    pb::StoredImageInfo {
        id: ImageId::new().to_string(),
        filename,
        content_type,
        size_bytes: bytes as i64,
        metadata_json,
        created_at: Some(to_timestamp(time(now()))),
    }
}

async fn put(tx: &mut Tx, info: &pb::StoredImageInfo, data: &[u8]) -> Result<(), StoreError> {
    let create = tx.query(CREATE).bind(info.id.as_str());
    create.bind(info.encode_to_vec()).execute().await?;
    for (piece, content) in (0_i64..).zip(data.chunks(PIECE_BYTES)) {
        let add = tx.query(ADD_PIECE).bind(info.id.as_str());
        add.bind(piece).bind(content).execute().await?;
    }
    Ok(())
}

/// What the image is; `None` if it is not in this org.
pub(crate) async fn find(
    tx: &mut Tx,
    image_id: ImageId,
) -> Result<Option<StoredImageInfo>, StoreError> {
    let row: Option<(Vec<u8>,)> = tx
        .query_as(FIND)
        .bind(image_id.to_string())
        .fetch_optional()
        .await?;
    row.map(|(body,)| domain::<pb::StoredImageInfo, _>(&body))
        .transpose()
}

/// Gives `take` the bytes of an image in order, a piece at a time. One statement per
/// piece: a driver that runs ahead of its reader would hold many.
pub(crate) async fn each_piece(
    tx: &mut Tx,
    info: &StoredImageInfo,
    mut take: impl FnMut(&[u8]) + Send,
) -> Result<(), StoreError> {
    let mut left = size(info)?;
    for number in 0_i64.. {
        if left == 0 {
            break;
        }
        let content = piece(tx, info.id, number, left).await?;
        left -= content.len();
        take(&content);
    }
    Ok(())
}

/// One piece of an image of which so many bytes are left.
pub(crate) async fn piece(
    tx: &mut Tx,
    image_id: ImageId,
    number: i64,
    left: usize,
) -> Result<Vec<u8>, StoreError> {
    let row: Option<(Vec<u8>,)> = tx
        .query_as(PIECE)
        .bind(image_id.to_string())
        .bind(number)
        .fetch_optional()
        .await?;
    row.map(|(content,)| content)
        .filter(|content| !content.is_empty() && content.len() <= left)
        .ok_or_else(|| corrupt_row("the pieces of an image are not what was stored"))
}

/// How many bytes an image has, as it is stored.
pub(crate) fn size(info: &StoredImageInfo) -> Result<usize, StoreError> {
    usize::try_from(info.size_bytes).map_err(|_| corrupt_row("the size of an image"))
}
