//! Images as models take them: those that tools made, in base64.

use crate::db::errors::into_upstream;
use crate::reference::ScopedReference;
use crate::stores::image_artifact_store::{each_piece, find, size};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use everruns_core::AgentLoopError;
use everruns_core::traits::{ImageResolver, ResolvedImage};
use everruns_core::typed_id::ImageId;
use mortise_proto::StoreError;
use uuid::Uuid;

#[async_trait]
impl ImageResolver for ScopedReference {
    async fn resolve_image(&self, image_id: Uuid) -> Result<Option<ResolvedImage>, AgentLoopError> {
        self.resolved_image(ImageId::from_uuid(image_id))
            .await
            .map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn resolved_image(&self, image_id: ImageId) -> Result<Option<ResolvedImage>, StoreError> {
        let org_id = self.scope.org_id;
        let mut conn = self.inner.db.reader().await?;
        let Some(info) = find(&mut conn, org_id, image_id).await? else {
            return Ok(None);
        };
        let mut base64 = String::with_capacity(size(&info)?.div_ceil(3) * 4);
        each_piece(&mut conn, org_id, &info, |piece| {
            STANDARD.encode_string(piece, &mut base64);
        })
        .await?;
        Ok(Some(ResolvedImage {
            base64,
            media_type: info.content_type,
        }))
    }
}
