//! What the system would do to a process that it had better not.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// SIGXFSZ on Linux and on the BSDs.
const FILE_SIZE_LIMIT: i32 = 25;

/// Lets this process live on when a file has reached the largest size that it may have
/// (`ulimit -f`): the write fails instead, and what wrote says so. Call it within the
/// runtime, once. An error: the signal still ends the process.
pub fn outlive_file_size_limit() -> io::Result<()> {
    // That there is a handler is enough, and it stays when its receiver has gone.
    signal(SignalKind::from_raw(FILE_SIZE_LIMIT)).map(drop)
}
