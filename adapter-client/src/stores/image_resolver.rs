//! `ImageResolver` over `ImageResolverService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::traits::{ImageResolver, ResolvedImage};
use mortise_proto::convert::ConvertError;
use mortise_proto::convert::image_resolver::join;
use mortise_proto::pb;
use mortise_proto::pb::resolve_image_response::Part;
use mortise_proto::rpc::table::image_resolver_service::RESOLVE_IMAGE;
use uuid::Uuid;

#[async_trait]
impl ImageResolver for Remote {
    async fn resolve_image(&self, image_id: Uuid) -> Result<Option<ResolvedImage>> {
        let request = pb::ResolveImageRequest {
            context: None,
            image_id: image_id.to_string(),
        };
        let answers = self.collect(&RESOLVE_IMAGE, request).await?;
        assemble(answers).map_err(malformed(RESOLVE_IMAGE.method))
    }
}

/// An image from the parts of its stream; none from an empty stream.
fn assemble(
    answers: Vec<pb::ResolveImageResponse>,
) -> std::result::Result<Option<ResolvedImage>, ConvertError> {
    let mut header = None;
    let mut base64 = Vec::new();
    for answer in answers {
        match answer.part {
            Some(Part::Header(first)) => header = Some(first),
            Some(Part::Chunk(chunk)) => base64.extend_from_slice(&chunk),
            None => {}
        }
    }
    header.map(|header| join(header, base64)).transpose()
}
