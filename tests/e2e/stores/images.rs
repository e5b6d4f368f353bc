//! Images over a socket: whole in both directions, and each org's its own.

mod uploads;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use everruns_core::AgentLoopError;
use everruns_core::traits::{CreateStoredImage, StoredImageInfo};
use everruns_core::typed_id::ImageId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::CHUNK_BYTES;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use serde_json::json;

const MIB: usize = 1024 * 1024;

fn image(bytes: usize) -> CreateStoredImage {
    CreateStoredImage {
        filename: "otter \0ü.png".into(),
        content_type: "image/png".into(),
        // Every value of a byte, in an order that no chunk or piece repeats.
        data: (0..bytes).map(|n| (n % 256 + n / 65_521) as u8).collect(),
        metadata: json!({"prompt": "an otter", "n": 9_007_199_254_740_993_u64, "none": null}),
    }
}

#[track_caller]
fn same(one: &StoredImageInfo, other: &StoredImageInfo) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

/// An image of 32 MiB and small ones come back byte for byte and in base64, with what
/// was said of them.
#[tokio::test]
async fn images_come_back_whole() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = stage.adapter.image_artifact_store(1).unwrap();
        let resolver = stage.adapter.image_resolver(1).unwrap();
        for bytes in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 32 * MIB] {
            let new = image(bytes);
            let info = store.create_image(new.clone()).await.unwrap();
            assert_eq!(info.size_bytes, bytes as i64);
            assert_eq!(
                (&info.filename, &info.content_type, &info.metadata),
                (&new.filename, &new.content_type, &new.metadata)
            );
            let found = store.get_image(info.id).await.unwrap().unwrap();
            assert!(found.data == new.data, "{bytes} bytes on {database:?}");
            same(&found.info, &info);
            same(
                &store.get_image_info(info.id).await.unwrap().unwrap(),
                &info,
            );
            let resolved = resolver.resolve_image(info.id.uuid()).await;
            let resolved = resolved.unwrap().unwrap();
            assert_eq!(resolved.media_type, "image/png");
            assert!(STANDARD.decode(resolved.base64).unwrap() == new.data);
        }
    }
}

/// What is not there is absent, another org's images among it; the same bytes stored
/// twice are two images, also at the same time.
#[tokio::test]
async fn images_are_told_apart() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let other = stage.mesh.adapter(2).build().await.unwrap();
        let store = stage.adapter.image_artifact_store(1).unwrap();
        let created = (0..8).map(|_| store.create_image(image(2 * MIB)));
        let created = futures::future::try_join_all(created).await.unwrap();
        let mut ids: Vec<_> = created.iter().map(|info| info.id).collect();
        ids.sort_by_key(ImageId::uuid);
        ids.dedup();
        assert_eq!(ids.len(), 8);
        for (org, adapter, id) in [(1, &stage.adapter, ImageId::new()), (2, &other, ids[0])] {
            let store = adapter.image_artifact_store(org).unwrap();
            assert!(store.get_image(id).await.unwrap().is_none());
            assert!(store.get_image_info(id).await.unwrap().is_none());
            let resolver = adapter.image_resolver(org).unwrap();
            assert!(resolver.resolve_image(id.uuid()).await.unwrap().is_none());
        }
        let foreign = stage.adapter.image_artifact_store(2).unwrap();
        let error = foreign.create_image(image(1)).await.unwrap_err();
        assert!(matches!(error, AgentLoopError::Configuration(_)), "{error}");
    }
}
