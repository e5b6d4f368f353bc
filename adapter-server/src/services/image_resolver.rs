//! `ImageResolverService` over `ImageResolver`, where the adapter has one.

use crate::AdapterSource;
use crate::chunks::byte_chunks;
use crate::serve::{Answers, Outcome, Serving, not_offered};
use everruns_core::traits::ImageResolver;
use everruns_runtime::RuntimeHostAdapter;
use futures::{StreamExt, stream};
use mortise_proto::convert::image_resolver::split;
use mortise_proto::convert::uuid;
use mortise_proto::pb;
use mortise_proto::pb::image_resolver_service_server::ImageResolverService;
use mortise_proto::pb::resolve_image_response::Part;
use mortise_proto::rpc::table::image_resolver_service::{NAME, RESOLVE_IMAGE};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> ImageResolverService for Serving<S> {
    type ResolveImageStream = Answers<pb::ResolveImageResponse>;

    async fn resolve_image(
        &self,
        request: Request<pb::ResolveImageRequest>,
    ) -> Result<Response<Self::ResolveImageStream>, Status> {
        self.stream(&RESOLVE_IMAGE, request, |call| async move {
            let image_id = uuid("image_id", &call.request.image_id)?;
            let resolver = offered(call.adapter.image_resolver(call.scope.org_id))?;
            let image = resolver.resolve_image(image_id).await?;
            let parts = stream::iter(image.map(split)).flat_map(|(header, base64)| {
                let chunks = byte_chunks(base64.into()).map(Part::Chunk);
                stream::iter([Part::Header(header)]).chain(chunks)
            });
            Ok(parts.map(|part| Ok(pb::ResolveImageResponse { part: Some(part) })))
        })
        .await
    }
}

fn offered(resolver: Option<Arc<dyn ImageResolver>>) -> Outcome<Arc<dyn ImageResolver>> {
    resolver.ok_or_else(|| not_offered(NAME))
}
