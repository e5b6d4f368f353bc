//! `ImageArtifactStoreService` over `ImageArtifactStore`, where the adapter has one.

use crate::chunks::{one_piece, piece_chunks};
use crate::serve::{Call, HandlerResult, Serving, Upload, not_offered};
use everruns_core::traits::{CreateStoredImage, ImageArtifactStore, StoredImage};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mortise_proto::convert::id;
use mortise_proto::convert::image_artifact_store::{MAX_IMAGE_BYTES, join_new, too_large};
use mortise_proto::pb::create_image_request::Part as NewPart;
use mortise_proto::pb::get_image_response::Part;
use mortise_proto::rpc::table::image_artifact_store_service::{CREATE_IMAGE, NAME};
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

pub(super) async fn create_image(
    serving: &Serving,
    request: Request<Streaming<pb::CreateImageRequest>>,
) -> Result<Response<pb::CreateImageResponse>, Status> {
    serving
        .client_stream::<NewImage, _, _, _>(&CREATE_IMAGE, request, create)
        .await
}

async fn create(call: Call<CreateStoredImage>) -> HandlerResult<pb::CreateImageResponse> {
    let store = offered(call.adapter.image_artifact_store(call.scope.org_id))?;
    let image = store.create_image(call.request).await?;
    Ok(pb::CreateImageResponse {
        image: Some(image.into()),
    })
}

pub(super) async fn get_image(
    call: Call<pb::GetImageRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::GetImageResponse>> + Send + 'static> {
    let image_id = id("image_id", &call.request.image_id)?;
    let store = offered(call.adapter.image_artifact_store(call.scope.org_id))?;
    let image = match call.adapter.streaming_reads(&call.scope) {
        Some(store) => store.image(image_id).await?,
        None => (store.get_image(image_id).await?)
            .map(|StoredImage { info, data }| (info, one_piece(data))),
    };
    let parts = stream::iter(image).flat_map(|(info, pieces)| {
        let info = stream::iter([Ok(Part::Info(info.into()))]);
        info.chain(piece_chunks(pieces).map_ok(Part::Chunk))
    });
    Ok(parts.map_ok(|part| pb::GetImageResponse { part: Some(part) }))
}

pub(super) async fn get_image_info(
    call: Call<pb::GetImageInfoRequest>,
) -> HandlerResult<pb::GetImageInfoResponse> {
    let image_id = id("image_id", &call.request.image_id)?;
    let store = offered(call.adapter.image_artifact_store(call.scope.org_id))?;
    let image = store.get_image_info(image_id).await?;
    Ok(pb::GetImageInfoResponse {
        image: image.map(Into::into),
    })
}

fn offered(
    store: Option<Arc<dyn ImageArtifactStore>>,
) -> HandlerResult<Arc<dyn ImageArtifactStore>> {
    store.ok_or_else(|| not_offered(NAME))
}

/// A new image as it comes in.
struct NewImage {
    header: pb::NewImage,
    size_bytes: usize,
    data: Vec<u8>,
}

impl Upload for NewImage {
    type Part = pb::CreateImageRequest;
    type Whole = CreateStoredImage;

    fn begin(first: pb::CreateImageRequest) -> HandlerResult<Self> {
        let Some(NewPart::Header(header)) = first.part else {
            return Err(StoreError::invalid_field(
                "header",
                "is missing; send it in the first message and the image's bytes in the following ones",
            ));
        };
        let size_bytes = usize::try_from(header.size_bytes).unwrap_or(usize::MAX);
        if size_bytes > MAX_IMAGE_BYTES {
            return Err(too_large(header.size_bytes));
        }
        Ok(Self {
            header,
            size_bytes,
            data: Vec::new(),
        })
    }

    fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    fn add(&mut self, part: pb::CreateImageRequest) -> HandlerResult<()> {
        let Some(NewPart::Chunk(chunk)) = part.part else {
            return Err(StoreError::invalid_field(
                "chunk",
                "is missing; after the first message, send the image's bytes in chunks",
            ));
        };
        if self.data.len() + chunk.len() > self.size_bytes {
            return Err(StoreError::invalid_field(
                "header.size_bytes",
                format!(
                    "is {}, and the chunks hold more bytes; send the number of bytes of all chunks",
                    self.size_bytes
                ),
            ));
        }
        if self.data.is_empty() {
            self.data.reserve_exact(self.size_bytes);
        }
        self.data.extend_from_slice(&chunk);
        Ok(())
    }

    fn end(self) -> HandlerResult<CreateStoredImage> {
        join_new(self.header, self.data).map_err(|error| error.within("header").into())
    }
}
