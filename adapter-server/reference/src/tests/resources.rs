//! The resource registry, where changes of one entry meet.

use super::*;
use crate::db::{Lane, locks};
use crate::stores::session_resource_registry;
use everruns_core::session_resource::{RegisterSessionResource, SessionResourceStatus};
use everruns_core::traits::SessionResourceRegistry;

fn entry(session_id: SessionId, status: SessionResourceStatus) -> RegisterSessionResource {
    RegisterSessionResource {
        session_id,
        resource_id: "run".into(),
        kind: "subagent".into(),
        display_name: "Run".into(),
        status,
        metadata: json!({}),
    }
}

/// A change of an entry that began before its removal does not bring it back, and a
/// registration that began after another one stands over it.
#[tokio::test]
async fn the_later_change_holds() {
    use SessionResourceStatus::{Active, Completed};
    let store = Store::new().await;
    let session = new_session(&store.org1()).await;
    for is_removed in [true, false] {
        let s = store.org1();
        s.resources()
            .register(entry(session, Active))
            .await
            .unwrap();
        // What `update_status` does, as far as its lock.
        let lane = Lane::of_session(1, session);
        let mut tx = store.reference.inner.db.write(lane).await.unwrap();
        locks::session(&mut tx, session).await.unwrap();
        let later = async {
            if is_removed {
                assert!(s.resources().deregister(session, "run").await.unwrap());
            } else {
                s.resources()
                    .register(entry(session, Completed))
                    .await
                    .unwrap();
            }
        };
        let written = async {
            let first = entry(session, Active).into();
            let put = session_resource_registry::put(&mut tx, session, first);
            put.await.unwrap();
            tx.commit().await.unwrap();
        };
        meanwhile(&store, later, written).await;
        let left = store.org1().resources().get(session, "run").await.unwrap();
        let left = left.map(|entry| entry.status);
        assert_eq!(left, (!is_removed).then_some(Completed));
    }
}
