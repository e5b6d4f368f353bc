//! One small file per remembered request, in a folder of their own: there may be many, and
//! all of them are looked through only for those that are too old.

use super::RememberedRequest;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder, in that of the journal.
pub(super) const FOLDER: &str = "requests";

const ENDING: &str = "request";

/// The file of a request. Its name says nothing of the id, which may be any text.
pub(super) fn path(folder: &Path, org_id: i64, request_id: &str) -> PathBuf {
    let digest = Sha256::digest(format!("{org_id} {request_id}"));
    let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(FOLDER).join(format!("{name}.{ENDING}"))
}

/// Removes the files that were last written before a time, and says how many.
pub(super) fn remove_before(folder: &Path, time: DateTime<Utc>) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder.join(FOLDER))? {
        let path = entry?.path();
        // It may have been removed or replaced meanwhile.
        let Ok(written) = fs::metadata(&path).and_then(|found| found.modified()) else {
            continue;
        };
        if written < SystemTime::from(time) && fs::remove_file(&path).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

/// A damaged file is none: its call is done again, with other ids.
pub(super) fn whole(read: io::Result<RememberedRequest>) -> Option<RememberedRequest> {
    read.inspect_err(|error| tracing::error!(%error, "a remembered request is unreadable"))
        .ok()
}
