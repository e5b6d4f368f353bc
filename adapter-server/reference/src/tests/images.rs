//! Images in pieces.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use everruns_core::traits::{CreateStoredImage, ImageArtifactStore, ImageResolver};
use everruns_core::typed_id::ImageId;
use mortise_proto::convert::image_artifact_store::MAX_IMAGE_BYTES;
use mortise_proto::rpc::table::image_artifact_store_service::CREATE_IMAGE;
use uuid::Uuid;

const PIECE: usize = 768 * 1024;

fn image(bytes: usize) -> CreateStoredImage {
    CreateStoredImage {
        filename: "a\0ü.png".into(),
        content_type: "image/png".into(),
        // A period of 251: no piece looks like another.
        data: (0..bytes).map(|n| (n % 251) as u8).collect(),
        metadata: json!({"prompt": "otter", "n": 9_007_199_254_740_993_u64, "none": null}),
    }
}

/// An image of any size comes back whole, as bytes and in base64, and no row holds
/// more than a piece of it.
#[tokio::test]
async fn images_come_back_whole() {
    let store = Store::new().await;
    let s = store.org1();
    for bytes in [
        0,
        1,
        2,
        PIECE - 1,
        PIECE,
        PIECE + 1,
        3 * PIECE,
        3 * PIECE + 2,
    ] {
        let new = image(bytes);
        let info = s.images().create_image(new.clone()).await.unwrap();
        assert_eq!(info.size_bytes, bytes as i64);
        assert_eq!(info.filename, new.filename);
        assert_eq!(info.metadata, new.metadata);
        let found = s.images().get_image(info.id).await.unwrap().unwrap();
        assert!(found.data == new.data, "{bytes}");
        let told = s.images().get_image_info(info.id).await.unwrap().unwrap();
        assert_eq!(format!("{told:?}"), format!("{:?}", found.info));
        assert_eq!(format!("{told:?}"), format!("{info:?}"));
        let resolved = s
            .images()
            .resolve_image(info.id.uuid())
            .await
            .unwrap()
            .unwrap();
        assert!(resolved.base64 == STANDARD.encode(&new.data), "{bytes}");
        assert_eq!(resolved.media_type, "image/png");
    }
    let mut conn = store.reference.inner.db.read_all_orgs().await.unwrap();
    let (largest,): (i64,) = conn
        .query_as("SELECT CAST(MAX(LENGTH(content)) AS BIGINT) FROM image_pieces")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(largest, PIECE as i64);
}

/// What is not there is absent, also for another org; the same bytes are two images,
/// and one change sent twice is one.
#[tokio::test]
async fn images_are_told_apart() {
    let store = Store::new().await;
    let s = store.org1();
    let first = s.images().create_image(image(3)).await.unwrap().id;
    let second = s.images().create_image(image(3)).await.unwrap().id;
    assert_ne!(first, second);
    let other = adapter(&store.reference, 2);
    for (adapter, id) in [(&s, ImageId::new()), (&other, first)] {
        assert!(adapter.images().get_image(id).await.unwrap().is_none());
        assert!(adapter.images().get_image_info(id).await.unwrap().is_none());
        assert!(
            adapter
                .images()
                .resolve_image(id.uuid())
                .await
                .unwrap()
                .is_none()
        );
    }
    assert!(
        s.images()
            .resolve_image(Uuid::nil())
            .await
            .unwrap()
            .is_none()
    );
    let once = store.call(CREATE_IMAGE.method, "id");
    let first = once.images().create_image(image(2 * PIECE)).await.unwrap();
    let again = once.images().create_image(image(2 * PIECE)).await.unwrap();
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
    let mut conn = store.reference.inner.db.read_all_orgs().await.unwrap();
    let (images,): (i64,) = conn
        .query_as("SELECT COUNT(*) FROM images")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(images, 3);
}

/// One byte too many is refused with the limit, and nothing is stored.
#[tokio::test]
async fn too_large_an_image_is_refused() {
    let store = Store::new().await;
    let new = CreateStoredImage {
        data: vec![0; MAX_IMAGE_BYTES + 1],
        ..image(0)
    };
    let error = store.org1().images().create_image(new).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(
        text.contains("67108865, at most 67108864 (64 MiB)"),
        "{text}"
    );
}

/// An image that lost a piece is not given out short.
#[tokio::test]
async fn a_lost_piece_is_told() {
    for damage in [
        "DELETE FROM image_pieces WHERE piece = 1",
        "UPDATE image_pieces SET content = x'00' WHERE piece = 1",
        "UPDATE image_pieces SET content = x'' WHERE piece = 0",
        "UPDATE image_pieces SET content = (SELECT content FROM image_pieces WHERE piece = 0)",
    ] {
        let store = Store::new().await;
        let s = store.org1();
        let id = s
            .images()
            .create_image(image(2 * PIECE + 1))
            .await
            .unwrap()
            .id;
        let mut tx = store.reference.inner.db.write_all_orgs().await.unwrap();
        tx.query(super::damage(damage)).execute().await.unwrap();
        tx.commit().await.unwrap();
        for text in [
            s.images().get_image(id).await.unwrap_err().to_string(),
            s.images()
                .resolve_image(id.uuid())
                .await
                .unwrap_err()
                .to_string(),
        ] {
            assert!(
                text.contains("unreadable: the pieces of an image"),
                "{text}"
            );
        }
        assert!(s.images().get_image_info(id).await.unwrap().is_some());
    }
}
