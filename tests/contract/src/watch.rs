//! Waits until a file changes.

use notify::{Event, RecursiveMode, Watcher, recommended_watcher};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long nothing may have changed before a run begins: a build writes many files.
const QUIET: Duration = Duration::from_millis(300);

/// Watches files and folders, also those that a build replaces.
pub(crate) struct Changes {
    changed: mpsc::Receiver<()>,
    _watcher: Box<dyn Watcher + Send>,
}

// === impl Changes ===

impl Changes {
    /// Watches these paths, and the program where its name is that of a file.
    pub(crate) fn of(paths: &[PathBuf], program: &str) -> Result<Self, notify::Error> {
        let (tell, changed) = mpsc::channel(1);
        let program = PathBuf::from(program);
        let mut watched: Vec<_> = paths.to_vec();
        if program.is_file() {
            watched.push(program);
        }
        let files: Vec<_> = watched
            .iter()
            .map(|path| absolute(path))
            .collect::<Result<_, _>>()?;
        let mut watcher = recommended_watcher(move |event: notify::Result<Event>| {
            let is_ours = event.is_ok_and(|event| {
                let mut changed = event.paths.iter();
                !event.kind.is_access()
                    && changed.any(|path| files.iter().any(|file| path.starts_with(file)))
            });
            if is_ours {
                // One that is not taken yet says the same.
                tell.try_send(()).ok();
            }
        })?;
        for path in watched {
            let path = absolute(&path)?;
            // A file that is replaced is another file: its folder tells.
            match path.is_dir() {
                true => watcher.watch(&path, RecursiveMode::Recursive)?,
                false => {
                    watcher.watch(path.parent().unwrap_or(&path), RecursiveMode::NonRecursive)?
                }
            }
        }
        Ok(Self {
            changed,
            _watcher: Box::new(watcher),
        })
    }

    /// Waits until something has changed, and nothing more changes.
    pub(crate) async fn next(&mut self) {
        self.changed.recv().await;
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.changed.recv()).await {}
    }
}

fn absolute(path: &Path) -> Result<PathBuf, notify::Error> {
    path.canonicalize()
        .map_err(|cause| notify::Error::io(cause).add_path(path.into()))
}
