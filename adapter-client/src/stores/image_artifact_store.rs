//! `ImageArtifactStore` over `ImageArtifactStoreService`.

use super::{Remote, malformed};
use crate::call_error::CallError;
use async_trait::async_trait;
use bytes::Bytes;
use everruns_core::error::Result;
use everruns_core::traits::{CreateStoredImage, ImageArtifactStore, StoredImage, StoredImageInfo};
use everruns_core::typed_id::ImageId;
use mortise_proto::convert::image_artifact_store::{MAX_IMAGE_BYTES, join, split_new, too_large};
use mortise_proto::convert::{ConvertError, nested};
use mortise_proto::pb::create_image_request::Part as NewPart;
use mortise_proto::pb::get_image_response::Part;
use mortise_proto::rpc::table::image_artifact_store_service::{
    CREATE_IMAGE, GET_IMAGE, GET_IMAGE_INFO,
};
use mortise_proto::{CHUNK_BYTES, pb};

#[async_trait]
impl ImageArtifactStore for Remote {
    async fn create_image(&self, input: CreateStoredImage) -> Result<StoredImageInfo> {
        let (header, data) = split_new(input);
        if data.len() > MAX_IMAGE_BYTES {
            return Err(CallError(too_large(header.size_bytes)).into());
        }
        let part = |part| pb::CreateImageRequest {
            context: None,
            part: Some(part),
        };
        let mut left = Bytes::from(data);
        let chunks = std::iter::from_fn(move || {
            let chunk = left.split_to(left.len().min(CHUNK_BYTES));
            (!chunk.is_empty()).then(|| part(NewPart::Chunk(chunk)))
        });
        let answer = self
            .upload(&CREATE_IMAGE, part(NewPart::Header(header)), chunks)
            .await?;
        nested("image", answer.image).map_err(malformed(CREATE_IMAGE.method))
    }

    async fn get_image(&self, image_id: ImageId) -> Result<Option<StoredImage>> {
        let request = pb::GetImageRequest {
            context: None,
            image_id: image_id.to_string(),
        };
        let answers = self.collect(&GET_IMAGE, request).await?;
        assemble(answers).map_err(malformed(GET_IMAGE.method))
    }

    async fn get_image_info(&self, image_id: ImageId) -> Result<Option<StoredImageInfo>> {
        let request = pb::GetImageInfoRequest {
            context: None,
            image_id: image_id.to_string(),
        };
        let answer = self.call(&GET_IMAGE_INFO, request).await?;
        let image = answer.image.map(TryInto::try_into).transpose();
        image.map_err(malformed(GET_IMAGE_INFO.method))
    }
}

/// An image from the parts of its stream; none from an empty stream.
fn assemble(
    answers: Vec<pb::GetImageResponse>,
) -> std::result::Result<Option<StoredImage>, ConvertError> {
    let mut info = None;
    let mut data = Vec::new();
    for answer in answers {
        match answer.part {
            Some(Part::Info(first)) => info = Some(first),
            Some(Part::Chunk(chunk)) => data.extend_from_slice(&chunk),
            None => {}
        }
    }
    info.map(|info| join(info, data)).transpose()
}
