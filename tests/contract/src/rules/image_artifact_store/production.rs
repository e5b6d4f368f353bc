//! What production asks of images: repeats, limits, disorder, concurrency.

use super::super::common::{AWKWARD_JSON, awkward_texts, same_json};
use super::super::refusals::has_reason;
use super::{CHUNK_BYTES, all_values, bytes_of, chunk, head, header, same_bytes, stored, upload};
use crate::check::{Outcome, broken, different, present, same};
use crate::context::{Cx, described};
use futures::future::try_join_all;
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::image_artifact_store_service::CREATE_IMAGE;
use std::time::Duration;

/// The largest image.
const IMAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An upload that has to be refused; the error.
async fn upload_refused(
    cx: &Cx,
    what: &str,
    parts: Vec<pb::CreateImageRequest>,
) -> Outcome<StoreError> {
    match cx.attempt_upload(&CREATE_IMAGE, parts).await {
        Ok(answer) => broken(what, "an error", format!("{answer:?}")),
        Err(error) => Ok(error),
    }
}

async fn invalid(cx: &Cx, what: &str, parts: Vec<pb::CreateImageRequest>) -> Outcome {
    let error = upload_refused(cx, what, parts).await?;
    has_reason(what, &error, &[ErrorReason::InvalidField])
}

pub(super) async fn img_09_repeats(cx: Cx) -> Outcome {
    let bytes = cx.random_bytes(3 * CHUNK_BYTES + 7);
    let again = cx.repeating();
    let first = stored(&again, &bytes).await?;
    same(
        "the answer to the same request_id sent again",
        &stored(&again, &bytes).await?,
        &first,
    )?;
    let elsewhere = stored(&again.over_new_connection(), &bytes).await?;
    same(
        "the answer to the same request_id over another connection",
        &elsewhere,
        &first,
    )?;
    let other = stored(&cx, &bytes).await?;
    different(
        "the id of the same bytes under another request_id",
        &other.id,
        &first.id,
    )
}

pub(super) async fn img_10_lost_replies(cx: Cx) -> Outcome {
    let bytes = cx.random_bytes(2 * 1024 * 1024);
    let again = cx.repeating();
    for micros in [0, 300, 1_000, 3_000, 10_000] {
        let gone = again.with_patience(Duration::from_micros(micros));
        let parts = upload(header(bytes.len()), &bytes, CHUNK_BYTES);
        drop(gone.attempt_upload(&CREATE_IMAGE, parts).await);
    }
    let image = stored(&again, &bytes).await?;
    let kept = bytes_of(&cx, &image.id).await?;
    same_bytes("the bytes of an upload that was sent again", &kept, &bytes)?;
    same(
        "the answer when it is sent once more",
        &stored(&again, &bytes).await?,
        &image,
    )
}

pub(super) async fn img_11_wrong_size(cx: Cx) -> Outcome {
    let bytes = cx.random_bytes(1_000);
    for size in [0, 999, 1_001, CHUNK_BYTES] {
        let parts = upload(header(size), &bytes, 400);
        let what = format!("CreateImage with 1000 bytes and size_bytes {size}");
        invalid(&cx, &what, parts).await?;
    }
    invalid(
        &cx,
        "CreateImage without bytes and size_bytes 1",
        vec![head(header(1))],
    )
    .await
}

pub(super) async fn img_12_too_large(cx: Cx) -> Outcome {
    for size in [IMAGE_BYTES_MAX + 1, usize::MAX] {
        let what = format!("CreateImage with size_bytes {size}");
        let parts = vec![head(header(size))];
        let error = upload_refused(&cx, &what, parts).await?;
        has_reason(&what, &error, &[ErrorReason::MessageTooLarge])?;
        let is_exhausted = error.code == tonic::Code::ResourceExhausted;
        if !is_exhausted {
            return broken(what, "RESOURCE_EXHAUSTED", described(&error));
        }
    }
    Ok(())
}

pub(super) async fn img_13_largest(cx: Cx) -> Outcome {
    let bytes = cx.random_bytes(IMAGE_BYTES_MAX);
    let image = stored(&cx, &bytes).await?;
    let kept = bytes_of(&cx, &image.id).await?;
    same_bytes("the bytes of 64 MiB", &kept, &bytes)
}

pub(super) async fn img_14_chunks(cx: Cx) -> Outcome {
    let bytes = cx.random_bytes(CHUNK_BYTES);
    for size in [CHUNK_BYTES, CHUNK_BYTES - 1, 4_093] {
        let parts = upload(header(bytes.len()), &bytes, size);
        let answer = cx.upload(&CREATE_IMAGE, parts).await?;
        let image = present("CreateImage.image", answer.image)?;
        let kept = bytes_of(&cx, &image.id).await?;
        same_bytes(&format!("the bytes of chunks of {size}"), &kept, &bytes)?;
    }
    let bytes = all_values();
    let parts = upload(header(bytes.len()), &bytes, 1);
    let answer = cx.upload(&CREATE_IMAGE, parts).await?;
    let image = present("CreateImage.image", answer.image)?;
    let kept = bytes_of(&cx, &image.id).await?;
    same_bytes("the bytes of chunks of 1", &kept, &bytes)
}

pub(super) async fn img_15_disordered(cx: Cx) -> Outcome {
    let empty = pb::CreateImageRequest {
        context: None,
        part: None,
    };
    let cases = [
        ("a chunk and no header", vec![chunk(b"x")]),
        (
            "a chunk before the header",
            vec![chunk(b"x"), head(header(1))],
        ),
        (
            "two headers",
            vec![head(header(1)), head(header(1)), chunk(b"x")],
        ),
        ("a message that carries nothing", vec![empty.clone()]),
        (
            "a message that carries nothing among the chunks",
            vec![head(header(1)), empty, chunk(b"x")],
        ),
    ];
    for (what, parts) in cases {
        invalid(&cx, &format!("CreateImage with {what}"), parts).await?;
    }
    // Nothing at all names no caller either: any refusal will do.
    let nothing = upload_refused(&cx, "CreateImage without a message", Vec::new()).await?;
    let is_answer = nothing.code != tonic::Code::DeadlineExceeded;
    match is_answer {
        true => Ok(()),
        false => broken(
            "CreateImage without a message",
            "an error at once",
            described(&nothing),
        ),
    }
}

pub(super) async fn img_16_awkward(cx: Cx) -> Outcome {
    for text in awkward_texts() {
        let image = pb::NewImage {
            filename: text.clone(),
            content_type: text.clone(),
            metadata_json: AWKWARD_JSON.into(),
            size_bytes: 1,
        };
        let answer = cx.upload(&CREATE_IMAGE, upload(image, b"x", 1)).await?;
        let id = present("CreateImage.image", answer.image)?.id;
        let read = super::read(&cx, &id).await?;
        let (info, _) = present("the image that GetImage was asked for", read)?;
        same("StoredImageInfo.filename", &info.filename, &text)?;
        same("StoredImageInfo.content_type", &info.content_type, &text)?;
        same_json(
            "StoredImageInfo.metadata_json",
            &info.metadata_json,
            AWKWARD_JSON,
        )?;
    }
    for json in ["", "{", "nul", "{} {}"] {
        let image = pb::NewImage {
            metadata_json: json.into(),
            ..header(1)
        };
        let what = format!("CreateImage with metadata_json `{json}`");
        invalid(&cx, &what, upload(image, b"x", 1)).await?;
    }
    Ok(())
}

pub(super) async fn img_19_concurrent(cx: Cx) -> Outcome {
    let other = cx.over_new_connection();
    let all: Vec<Vec<u8>> = (0..16).map(|_| cx.random_bytes(300_000)).collect();
    let uploads = all.iter().enumerate().map(|(index, bytes)| {
        let cx = [&cx, &other][index % 2];
        stored(cx, bytes)
    });
    let images = try_join_all(uploads).await?;
    for (image, bytes) in images.iter().zip(&all) {
        let kept = bytes_of(&cx, &image.id).await?;
        same_bytes(
            "the bytes of one of 16 uploads at the same time",
            &kept,
            bytes,
        )?;
    }
    Ok(())
}
