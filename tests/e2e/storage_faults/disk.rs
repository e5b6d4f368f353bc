//! Disks under SQLite.

use super::{Scene, ServingStatus};
use mortise_test_support::failing_disk::{DiskFault, FailingDisk};
use std::time::Duration;
use tokio::process::Command;

/// A full disk, a failed write and a failed sync refuse changes as passing, the first and
/// the last leave reads alone, and all are over when they are over.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_heals() {
    for (fault, code) in [
        (DiskFault::Full, "SQLite code 13"),
        (DiskFault::Write, "SQLite code 778"),
        (DiskFault::Sync, "SQLite code 1034"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("p.db");
        let url = format!("sqlite:{}", database.display());
        let disk = FailingDisk::under(&database, folder.path());
        let mut scene = Scene::set(&url, folder.path(), &disk.environment()).await;
        for _round in 0..2 {
            disk.fail(fault);
            let refused = scene.until_refused().await;
            assert!(
                refused.contains("cannot answer now"),
                "{fault:?}: {refused}"
            );
            assert!(refused.contains(code), "{fault:?}: {refused}");
            scene.until_status(ServingStatus::NotServing).await;
            // A connection that is opened meanwhile may meet the fault elsewhere.
            let told = match fault {
                DiskFault::Write => "disk I/O error",
                DiskFault::Full | DiskFault::Sync | DiskFault::Remove => code,
            };
            scene.until_told(false, told).await;
            let log = scene.adapter.event_log().unwrap();
            let read = log.read(scene.session_id, 0).await;
            // Where nothing can be written SQLite cannot open a connection either, and those
            // that saw the fault are closed.
            match fault {
                DiskFault::Write => drop(read),
                DiskFault::Full | DiskFault::Sync | DiskFault::Remove => drop(read.unwrap()),
            }
            disk.heal();
            let took = scene.until_changed().await;
            eprintln!("{fault:?}: {took:?}");
            assert!(took < Duration::from_secs(5), "{fault:?}: {took:?}");
            scene.until_status(ServingStatus::Serving).await;
            scene.until_ready(true).await;
            scene.changes(20).await;
        }
        assert_eq!(scene.logged("the database failed"), 2, "{fault:?}");
        assert_eq!(scene.logged("changes can be made again"), 2, "{fault:?}");
        scene.check_all_is_there(&url, folder.path()).await;
    }
}

/// A limit on the size of files ends no process.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_size_limit_heals() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("p.db").display());
    let mut scene = Scene::set(&url, folder.path(), &[]).await;
    limit_files(scene.process.id(), "262144").await;
    let refused = scene.until_refused().await;
    assert!(refused.contains("cannot answer now"), "{refused}");
    scene.until_status(ServingStatus::NotServing).await;
    limit_files(scene.process.id(), "unlimited").await;
    let took = scene.until_changed().await;
    eprintln!("file size limit: {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    scene.until_status(ServingStatus::Serving).await;
    scene.check_all_is_there(&url, folder.path()).await;
}

async fn limit_files(process: u32, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &process.to_string()]);
    command.arg(format!("--fsize={bytes}:unlimited"));
    assert!(command.status().await.unwrap().success());
}
