//! Images that tools make and keep, and the same images as models take them.

mod production;

use super::refusals::{NO_SESSION_IDS, stream_refused_with};
use crate::check::{Outcome, absent, broken, different, present, same, that};
use crate::context::{Cx, fresh_id, fresh_uuid};
use crate::exchange::message;
use crate::fixtures::is_id;
use crate::rule::{Group, Need, Rule};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mortise_proto::pb::{self, ErrorReason, create_image_request, get_image_response};
use mortise_proto::rpc::table::image_artifact_store_service::{
    CREATE_IMAGE, GET_IMAGE, GET_IMAGE_INFO, NAME,
};
use mortise_proto::rpc::table::image_resolver_service::{self as resolver, RESOLVE_IMAGE};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("IMG-01", "A new image has an id, the size of its bytes, and the name, type and metadata that were given.", "T:179-216", img_01_creates)
        .hard("IMG-02", "The bytes come back as they were: all 256 values, none at all, 8 MiB.", "T:212", img_02_bytes_survive)
        .hard("IMG-03", "GetImageInfo, GetImage and CreateImage say the same of an image.", "T:215", img_03_info)
        .hard("IMG-04", "An image that is unknown is absent: an empty stream, no info.", "T:212-215", img_04_unknown)
        .soft("IMG-05", "The same bytes stored twice are two images.", "image_artifact_store.proto", img_05_twins)
        .hard("IMG-06", "ResolveImage gives an image's type and its bytes in padded base64 without a prefix.", "T:1458-1464", img_06_resolves).with(&[resolver::NAME])
        .hard("IMG-07", "ResolveImage of an unknown UUID is an empty stream, not an error.", "T:1514", img_07_resolves_unknown).with(&[resolver::NAME])
        .hard("IMG-08", "Another org sees no image whose id it knows.", "H:106", img_08_other_org).needs(&[Need::OtherOrg])
        .hard("IMG-09", "CreateImage that is sent again under its request_id, all of its stream, is answered as the first time.", "context.proto, request_id", production::img_09_repeats).full()
        .hard("IMG-10", "An upload whose caller went away in the middle is stored whole when it is sent again.", "image_artifact_store.proto, CreateImage", production::img_10_lost_replies).full()
        .hard("IMG-11", "Chunks that do not hold size_bytes bytes are refused as INVALID_FIELD.", "image_artifact_store.proto, CreateImage", production::img_11_wrong_size)
        .hard("IMG-12", "More than 64 MiB are refused with MESSAGE_TOO_LARGE before a chunk is read.", "image_artifact_store.proto, CreateImage", production::img_12_too_large)
        .hard("IMG-13", "An image of exactly 64 MiB is stored and read back.", "image_artifact_store.proto", production::img_13_largest).full()
        .hard("IMG-14", "How bytes are cut into chunks does not matter, up to 256 KiB each.", "image_artifact_store.proto, CreateImage", production::img_14_chunks)
        .hard("IMG-15", "A stream without a header, with a chunk before it, or with two is refused as INVALID_FIELD.", "image_artifact_store.proto, CreateImageRequest", production::img_15_disordered)
        .hard("IMG-16", "Names, types and metadata that stores damage survive; metadata that is no JSON is refused.", "image_artifact_store.proto, NewImage", production::img_16_awkward)
        .hard("IMG-17", "A malformed image id is refused as INVALID_FIELD.", "ID:85-121", img_17_malformed)
        .hard("IMG-18", "ResolveImage refuses an id that is not a UUID as INVALID_FIELD.", "image_resolver.proto", img_18_resolves_no_uuid).with(&[resolver::NAME])
        .hard("IMG-19", "16 uploads at the same time are 16 images, each with its own bytes.", "tool_scheduler.rs:42", production::img_19_concurrent).full()
        .list()
}

/// The largest chunk.
const CHUNK_BYTES: usize = 256 * 1024;

fn header(size_bytes: usize) -> pb::NewImage {
    pb::NewImage {
        filename: "plot.png".into(),
        content_type: "image/png".into(),
        metadata_json: "{\"model\":\"m\"}".into(),
        size_bytes: u64::try_from(size_bytes).unwrap_or(u64::MAX),
    }
}

fn head(header: pb::NewImage) -> pb::CreateImageRequest {
    pb::CreateImageRequest {
        context: None,
        part: Some(create_image_request::Part::Header(header)),
    }
}

fn chunk(bytes: &[u8]) -> pb::CreateImageRequest {
    pb::CreateImageRequest {
        context: None,
        part: Some(create_image_request::Part::Chunk(bytes.to_vec().into())),
    }
}

/// An upload of these bytes, in chunks of so many.
fn upload(header: pb::NewImage, bytes: &[u8], chunk_bytes: usize) -> Vec<pb::CreateImageRequest> {
    let chunks = bytes.chunks(chunk_bytes).map(chunk);
    std::iter::once(head(header)).chain(chunks).collect()
}

/// Stores an image; what it is.
async fn stored(cx: &Cx, bytes: &[u8]) -> Outcome<pb::StoredImageInfo> {
    let parts = upload(header(bytes.len()), bytes, CHUNK_BYTES);
    let answer = cx.upload(&CREATE_IMAGE, parts).await?;
    present("CreateImage.image", answer.image)
}

fn by_id(image_id: &str) -> pb::GetImageRequest {
    pb::GetImageRequest {
        context: None,
        image_id: image_id.into(),
    }
}

fn info_of(image_id: &str) -> pb::GetImageInfoRequest {
    pb::GetImageInfoRequest {
        context: None,
        image_id: image_id.into(),
    }
}

fn resolve(image_id: &str) -> pb::ResolveImageRequest {
    pb::ResolveImageRequest {
        context: None,
        image_id: image_id.into(),
    }
}

/// The UUID in an image's id.
fn uuid_of(image_id: &str) -> String {
    let digits = image_id.strip_prefix("img_").unwrap_or_default();
    uuid::Uuid::parse_str(digits)
        .unwrap_or_default()
        .hyphenated()
        .to_string()
}

/// An image, whose stream must have its form: what it is, then chunks of at most 256 KiB.
async fn read(cx: &Cx, image_id: &str) -> Outcome<Option<(pb::StoredImageInfo, Vec<u8>)>> {
    use get_image_response::Part;
    let parts = cx.collect(&GET_IMAGE, by_id(image_id)).await?;
    let shape = message(&parts);
    let mut parts = parts.into_iter().map(|answer| answer.part);
    let info = match parts.next() {
        None => return Ok(None),
        Some(Some(Part::Info(info))) => info,
        Some(Some(Part::Chunk(_)) | None) => {
            return broken("the first message of GetImage", "what the image is", shape);
        }
    };
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Some(Part::Chunk(chunk)) if chunk.len() <= CHUNK_BYTES => {
                bytes.extend_from_slice(&chunk);
            }
            Some(Part::Chunk(_) | Part::Info(_)) | None => {
                return broken(
                    "the messages of GetImage after the first",
                    "chunks of at most 256 KiB",
                    shape,
                );
            }
        }
    }
    Ok(Some((info, bytes)))
}

/// The bytes of an image that is there.
async fn bytes_of(cx: &Cx, image_id: &str) -> Outcome<Vec<u8>> {
    let image = read(cx, image_id).await?;
    let (info, bytes) = present("the image that GetImage was asked for", image)?;
    same(
        "StoredImageInfo.size_bytes, against the bytes that were sent",
        &info.size_bytes,
        &i64::try_from(bytes.len()).unwrap_or(i64::MAX),
    )?;
    Ok(bytes)
}

/// Bytes are the same; they are not shown, only where they part.
fn same_bytes(what: &str, got: &[u8], expected: &[u8]) -> Outcome {
    same(&format!("{what}, how many"), &got.len(), &expected.len())?;
    let mut pairs = got.iter().zip(expected);
    match pairs.position(|(got, expected)| got != expected) {
        None => Ok(()),
        Some(at) => broken(
            format!("{what}, number {at} of {}", expected.len()),
            format!("{:#04x}", expected[at]),
            format!("{:#04x}", got[at]),
        ),
    }
}

/// An image as models take it: its type, and the base64 text.
async fn resolved(cx: &Cx, uuid: &str) -> Outcome<Option<(String, Vec<u8>)>> {
    use pb::resolve_image_response::Part;
    let parts = cx.collect(&RESOLVE_IMAGE, resolve(uuid)).await?;
    let shape = message(&parts);
    let mut parts = parts.into_iter().map(|answer| answer.part);
    let media_type = match parts.next() {
        None => return Ok(None),
        Some(Some(Part::Header(header))) => header.media_type,
        Some(Some(Part::Chunk(_)) | None) => {
            return broken("the first message of ResolveImage", "the header", shape);
        }
    };
    let mut text = Vec::new();
    for part in parts {
        match part {
            Some(Part::Chunk(chunk)) if chunk.len() <= CHUNK_BYTES => {
                text.extend_from_slice(&chunk);
            }
            Some(Part::Chunk(_) | Part::Header(_)) | None => {
                return broken(
                    "the messages of ResolveImage after the first",
                    "chunks of at most 256 KiB",
                    shape,
                );
            }
        }
    }
    Ok(Some((media_type, text)))
}

fn all_values() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

async fn img_01_creates(cx: Cx) -> Outcome {
    let bytes = all_values();
    let image = stored(&cx, &bytes).await?;
    that(
        "StoredImageInfo.id",
        "`img_` and 32 hex digits",
        is_id(&image.id, "img"),
        &image.id,
    )?;
    same("StoredImageInfo.size_bytes", &image.size_bytes, &256)?;
    same(
        "StoredImageInfo.filename",
        &image.filename.as_str(),
        &"plot.png",
    )?;
    same(
        "StoredImageInfo.content_type",
        &image.content_type.as_str(),
        &"image/png",
    )?;
    super::common::same_json("metadata_json", &image.metadata_json, "{\"model\":\"m\"}")?;
    present("StoredImageInfo.created_at", image.created_at)?;
    Ok(())
}

async fn img_02_bytes_survive(cx: Cx) -> Outcome {
    for bytes in [all_values(), Vec::new(), cx.random_bytes(8 * 1024 * 1024)] {
        let image = stored(&cx, &bytes).await?;
        let kept = bytes_of(&cx, &image.id).await?;
        same_bytes("the bytes of GetImage", &kept, &bytes)?;
    }
    Ok(())
}

async fn img_03_info(cx: Cx) -> Outcome {
    let image = stored(&cx, b"bytes").await?;
    let answer = cx.call(&GET_IMAGE_INFO, info_of(&image.id)).await?;
    same(
        "GetImageInfo.image, against what CreateImage said",
        &answer.image.as_ref(),
        &Some(&image),
    )?;
    let read = read(&cx, &image.id).await?;
    same(
        "the info of GetImage, against what CreateImage said",
        &read.map(|(info, _)| info),
        &Some(image),
    )
}

async fn img_04_unknown(cx: Cx) -> Outcome {
    let id = fresh_id("img");
    let read = read(&cx, &id).await?;
    absent(
        "GetImage of an image that is unknown",
        read.map(|(info, _)| info),
    )?;
    let answer = cx.call(&GET_IMAGE_INFO, info_of(&id)).await?;
    absent("GetImageInfo.image of one that is unknown", answer.image)
}

async fn img_05_twins(cx: Cx) -> Outcome {
    let one = stored(&cx, b"the same").await?;
    let other = stored(&cx, b"the same").await?;
    different("the id of the second image", &other.id, &one.id)
}

async fn img_06_resolves(cx: Cx) -> Outcome {
    // Lengths that need no, one and two characters of padding, and more than one chunk.
    let sizes = [0, 255, 256, 257, 700_000];
    for size in sizes {
        let bytes = cx.random_bytes(size);
        let image = stored(&cx, &bytes).await?;
        let image = resolved(&cx, &uuid_of(&image.id)).await?;
        let (media_type, text) = present("the image that ResolveImage was asked for", image)?;
        same(
            "ResolvedImageHeader.media_type",
            &media_type.as_str(),
            &"image/png",
        )?;
        let expected = STANDARD.encode(&bytes);
        same_bytes(
            "the base64 text of ResolveImage",
            &text,
            expected.as_bytes(),
        )?;
    }
    Ok(())
}

async fn img_07_resolves_unknown(cx: Cx) -> Outcome {
    absent(
        "ResolveImage of an unknown UUID",
        resolved(&cx, &fresh_uuid()).await?,
    )
}

async fn img_08_other_org(cx: Cx) -> Outcome {
    let image = stored(&cx, b"ours").await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    bytes_of(&cx, &image.id).await?;
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(parts) = other.attempt_collect(&GET_IMAGE, by_id(&image.id)).await {
        same("GetImage in another org", &parts, &vec![])?;
    }
    if let Ok(answer) = other.attempt(&GET_IMAGE_INFO, info_of(&image.id)).await {
        absent("GetImageInfo.image in another org", answer.image)?;
    }
    if cx.offers(resolver::NAME) {
        let request = resolve(&uuid_of(&image.id));
        if let Ok(parts) = other.attempt_collect(&RESOLVE_IMAGE, request).await {
            same("ResolveImage in another org", &parts, &vec![])?;
        }
    }
    let kept = bytes_of(&cx, &image.id).await?;
    same_bytes("the bytes in their own org", &kept, b"ours")
}

async fn img_17_malformed(cx: Cx) -> Outcome {
    let reasons = [ErrorReason::InvalidField];
    let more = ["img_1", "img_0000000000000000000000000000000A"];
    for id in NO_SESSION_IDS.into_iter().chain(more) {
        stream_refused_with(&cx, &GET_IMAGE, by_id(id), &reasons).await?;
        super::common::refused_as_invalid(&cx, &GET_IMAGE_INFO, info_of(id)).await?;
    }
    Ok(())
}

async fn img_18_resolves_no_uuid(cx: Cx) -> Outcome {
    let reasons = [ErrorReason::InvalidField];
    for id in ["", "1", "img_1", "00000000-0000-0000-0000-00000000000g"] {
        stream_refused_with(&cx, &RESOLVE_IMAGE, resolve(id), &reasons).await?;
    }
    Ok(())
}
