//! Images as models take them: those that tools made, in base64.

use crate::context::upstream;
use crate::stores::image_artifact_store::{Images, each_piece, find, size};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use everruns_core::AgentLoopError;
use everruns_core::traits::{ImageResolver, ResolvedImage};
use everruns_core::typed_id::ImageId;
use uuid::Uuid;

#[async_trait]
impl ImageResolver for Images {
    async fn resolve_image(&self, image_id: Uuid) -> Result<Option<ResolvedImage>, AgentLoopError> {
        upstream(async {
            let mut tx = self.ctx.reader().await?;
            let Some(info) = find(&mut tx, ImageId::from_uuid(image_id)).await? else {
                return Ok(None);
            };
            let mut base64 = String::with_capacity(size(&info)?.div_ceil(3) * 4);
            let take = |piece: &[u8]| STANDARD.encode_string(piece, &mut base64);
            each_piece(&mut tx, &info, take).await?;
            Ok(Some(ResolvedImage {
                base64,
                media_type: info.content_type,
            }))
        })
        .await
    }
}
