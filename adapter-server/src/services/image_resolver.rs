//! `ImageResolverService` over `ImageResolver`, where the adapter has one.

use crate::ByteChunks;
use crate::chunks::{one_piece, piece_chunks};
use crate::serve::{Call, HandlerResult, not_offered};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use everruns_core::traits::{ImageResolver, ResolvedImage, StoredImageInfo};
use everruns_core::typed_id::ImageId;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mortise_proto::convert::image_resolver::split;
use mortise_proto::convert::uuid;
use mortise_proto::pb;
use mortise_proto::pb::resolve_image_response::Part;
use mortise_proto::rpc::table::image_resolver_service::NAME;
use std::sync::Arc;

pub(super) async fn resolve_image(
    call: Call<pb::ResolveImageRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ResolveImageResponse>> + Send + 'static> {
    let image_id = uuid("image_id", &call.request.image_id)?;
    let resolver = offered(call.adapter.image_resolver(call.scope.org_id))?;
    let image = match call.adapter.streaming_reads(&call.scope) {
        Some(store) => (store.image(ImageId::from_uuid(image_id)).await?).map(in_base64),
        None => (resolver.resolve_image(image_id).await?)
            .map(split)
            .map(|(header, base64)| (header, one_piece(base64))),
    };
    let parts = stream::iter(image).flat_map(|(header, pieces)| {
        let header = stream::iter([Ok(Part::Header(header))]);
        header.chain(piece_chunks(pieces).map_ok(Part::Chunk))
    });
    Ok(parts.map_ok(|part| pb::ResolveImageResponse { part: Some(part) }))
}

/// A stored image as models take it.
fn in_base64(
    (info, pieces): (StoredImageInfo, ByteChunks),
) -> (pb::ResolvedImageHeader, ByteChunks) {
    let (header, _no_bytes) = split(ResolvedImage {
        base64: String::new(),
        media_type: info.content_type,
    });
    // What is made of a piece can be put behind what was made of the one before.
    let base64 = pieces.map_ok(|piece| Bytes::from(STANDARD.encode(piece)));
    (header, base64.boxed())
}

fn offered(resolver: Option<Arc<dyn ImageResolver>>) -> HandlerResult<Arc<dyn ImageResolver>> {
    resolver.ok_or_else(|| not_offered(NAME))
}
