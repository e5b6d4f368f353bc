//! Images: what describes them, and the bytes that travel apart from it.

use everruns_core::traits::{CreateStoredImage, ResolvedImage, StoredImageInfo};
use mortise_proto::convert::image_artifact_store::{
    MAX_IMAGE_BYTES, join, join_new, split_new, too_large,
};
use mortise_proto::convert::image_resolver;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{StoreError, pb};
use proptest::prelude::*;
use tonic::Status;

use crate::properties::{crosses, debug_form, through_bytes};
use crate::tape::{Arb, Tape, arb_struct, tape};
use crate::walk::refuses;

arb_struct! {
    StoredImageInfo { id, filename, content_type, size_bytes, metadata, created_at }
    ResolvedImage { base64, media_type }
}

impl Arb for CreateStoredImage {
    fn arb(tape: &mut Tape<'_>) -> Self {
        Self {
            filename: tape.make(),
            content_type: tape.make(),
            data: tape.make::<String>().into_bytes(),
            metadata: tape.make(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// An image keeps every field, and its bytes find it again.
    #[test]
    fn images(words in tape()) {
        let mut tape = Tape::new(&words);
        let info: StoredImageInfo = tape.make();
        crosses::<StoredImageInfo, pb::StoredImageInfo>(info, debug_form);

        let new: CreateStoredImage = tape.make();
        let (header, data) = split_new(new.clone());
        prop_assert_eq!(header.size_bytes, data.len() as u64);
        let back = join_new(through_bytes(&header), data).unwrap();
        prop_assert_eq!(debug_form(&back), debug_form(&new));
    }

    /// A resolved image keeps its text as it is, base64 or not.
    #[test]
    fn resolved_images(words in tape()) {
        let image: ResolvedImage = Tape::new(&words).make();
        let (header, base64) = image_resolver::split(image.clone());
        let back = image_resolver::join(through_bytes(&header), base64.into_bytes()).unwrap();
        prop_assert_eq!(debug_form(&back), debug_form(&image));
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_images(words in tape()) {
        let mut tape = Tape::full(&words);
        let info = pb::StoredImageInfo::from(tape.make::<StoredImageInfo>());
        refuses("StoredImageInfo", &info, StoredImageInfo::try_from);
        let (header, data) = split_new(tape.make());
        refuses("NewImage", &header, |header| join_new(header, data.clone()));
    }
}

/// Bytes that were lost on the way, or are too many, are told with both numbers.
#[test]
fn the_size_must_be_that_of_the_bytes() {
    let info: StoredImageInfo = Tape::new(&[]).make();
    for (announced, bytes) in [(3, 2), (0, 1), (-1, 0), (i64::MAX, 1)] {
        let wire = pb::StoredImageInfo {
            size_bytes: announced,
            ..info.clone().into()
        };
        let error = join(wire, vec![0; bytes]).unwrap_err();
        assert_eq!(error.path, "size_bytes");
        let told = format!("is {announced}, and the chunks hold {bytes} bytes; send ");
        assert!(error.problem.starts_with(&told), "{error}");
    }
    let text = image_resolver::join(pb::ResolvedImageHeader::default(), vec![b'a', 0xff]);
    let error = text.unwrap_err();
    assert_eq!(error.path, "chunk");
    assert!(error.problem.contains("from byte 1 on"), "{error}");
}

/// An image that is too large is refused with field, size, limit and remedy.
#[test]
fn too_large_is_told() {
    let error = StoreError::from(Status::from(too_large(MAX_IMAGE_BYTES as u64 + 1)));
    assert_eq!(error.reason, Some(ErrorReason::MessageTooLarge));
    assert_eq!(error.field.as_deref(), Some("header.size_bytes"));
    assert_eq!(
        error.message,
        "header.size_bytes: is 67108865, at most 67108864 (64 MiB) are stored; make the image smaller"
    );
    assert_eq!(error.metadata["size_bytes"], "67108865");
    assert_eq!(error.metadata["limit_bytes"], "67108864");
}
