//! Values that are read from files and read again when the files change: tokens and
//! certificates, on both sides of a call.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// By what a file is known to have changed: device, inode, size, and the time of the last
/// change to the nanosecond. A file that is replaced by one of the same size within the
/// clock's step has another inode. `None`: there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(Option<(u64, u64, u64, i64, i64)>);

/// A value, and the files that it was read from.
#[derive(Debug)]
pub struct Reloaded<T> {
    files: Vec<PathBuf>,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    value: T,
    seen: Vec<Option<Stamp>>,
    /// The change that could not be read and was reported.
    reported: Option<Vec<Option<Stamp>>>,
}

/// What became of a value since it was asked for last.
#[derive(Debug, PartialEq, Eq)]
pub enum Reload<E> {
    /// The files are the same, or a change that could not be read was reported before.
    None,
    /// The files have changed, and the value is new.
    Done,
    /// The files have changed and cannot be used: the value is the one before. They are
    /// read again at each call, since the cause may be this process's own, such as too
    /// many open files.
    Failed(E),
}

// === impl Stamp ===

impl Stamp {
    /// The stamp of a file as it is now.
    pub fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) => Ok(Self(Some((
                found.dev(),
                found.ino(),
                found.size(),
                found.ctime(),
                found.ctime_nsec(),
            )))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// Whether there is a file.
    #[must_use]
    pub fn exists(self) -> bool {
        self.0.is_some()
    }
}

// === impl Reloaded ===

impl<T: Clone> Reloaded<T> {
    /// Reads the value.
    pub fn open<E>(files: Vec<PathBuf>, load: impl FnOnce() -> Result<T, E>) -> Result<Self, E> {
        // Taken before: a change while the files are read is seen by the next call.
        let seen = stamps(&files);
        let state = State {
            value: load()?,
            seen,
            reported: None,
        };
        Ok(Self {
            files,
            state: Mutex::new(state),
        })
    }

    /// The value, read again where a file has changed.
    pub fn current<E>(&self, load: impl FnOnce() -> Result<T, E>) -> (T, Reload<E>) {
        let now = stamps(&self.files);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.seen == now {
            return (state.value.clone(), Reload::None);
        }
        let reload = match load() {
            Ok(value) => {
                *state = State {
                    value,
                    seen: now,
                    reported: None,
                };
                Reload::Done
            }
            Err(_) if state.reported.as_ref() == Some(&now) => Reload::None,
            Err(error) => {
                state.reported = Some(now);
                Reload::Failed(error)
            }
        };
        (state.value.clone(), reload)
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|path| Stamp::of(path).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Result<String, String> {
        match fs::read_to_string(path) {
            Ok(text) if text != "bad" => Ok(text),
            Ok(_) => Err("it is bad".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A file of the same length in the place of another, however soon, is another value; one
    /// that cannot be used is reported once and leaves the value; a good one heals it.
    #[test]
    fn a_change_is_seen_and_a_bad_one_is_reported_once() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("token");
        let put = |text: &str| {
            let new = folder.path().join("new");
            fs::write(&new, text).and_then(|()| fs::rename(&new, &path))
        };
        put("one")?;
        let reloaded = Reloaded::open(vec![path.clone()], || read(&path))?;
        let current = || reloaded.current(|| read(&path));
        assert_eq!(current(), ("one".to_string(), Reload::None));
        for text in ["two", "six", "ten"] {
            put(text)?;
            assert_eq!(current(), (text.to_string(), Reload::Done));
        }
        put("bad")?;
        let problem = "it is bad".to_string();
        assert_eq!(current(), ("ten".to_string(), Reload::Failed(problem)));
        assert_eq!(current(), ("ten".to_string(), Reload::None));
        put("one")?;
        assert_eq!(current(), ("one".to_string(), Reload::Done));
        Ok(())
    }
}
