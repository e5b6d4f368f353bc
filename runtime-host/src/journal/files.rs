//! One small file per unfinished turn. A file appears whole or not at all: it is
//! written beside its place, synced, put in its place, and the folder is synced. A turn
//! that is over and whose end is not stored has a file of its own, by its id, and so has
//! one that has not begun. What is remembered of requests is in a folder below.

use super::{
    JournalError, QueuedTurn, RememberedRequest, TurnJournal, UnfinishedTurn, request_files,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::typed_id::{SessionId, TurnId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use uuid::Uuid;

/// The form of the files. One of another form is set aside.
const VERSION: u32 = 1;

const ENDING: &str = "json";

/// The same of one whose end is not stored.
const UNSTORED_ENDING: &str = "end";

/// The file with the name of the host whose folder it is.
const HOST_NAME: &str = "host-name";

/// The same of one that has not begun.
const QUEUED_ENDING: &str = "queued";

/// How the name of a file begins that is being written.
const HALF_WRITTEN: &str = ".tmp";

/// What a file that cannot be read is renamed to.
const SET_ASIDE: &str = "unreadable";

/// A journal in a folder. One process at a time uses it.
#[derive(Debug, Clone)]
pub struct FileJournal {
    folder: Arc<PathBuf>,
    /// Locked as long as the journal is in use.
    _lock: Arc<File>,
}

#[derive(Serialize, Deserialize)]
struct Record<T> {
    version: u32,
    turn: T,
}

// === impl FileJournal ===

impl FileJournal {
    /// Opens the journal of a folder, which is made if it is new, for this user alone.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let at = |cause| JournalError::File {
            path: folder.to_path_buf(),
            cause,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder.join(request_files::FOLDER))
            .map_err(at)?;
        // It is never written to, and a link in its place is not followed: what that leads
        // to is not this host's.
        let lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(folder.join("lock"))
            .map_err(at)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => at(io::Error::new(
                io::ErrorKind::WouldBlock,
                "another host uses it; give each host its own folder with --data",
            )),
            TryLockError::Error(cause) => at(cause),
        })?;
        clear(folder).map_err(at)?;
        clear(&folder.join(request_files::FOLDER)).map_err(at)?;
        Ok(Self {
            folder: Arc::new(folder.to_path_buf()),
            _lock: Arc::new(lock),
        })
    }

    /// The name of the host whose folder this is: made up once, and the same after every
    /// start. No other process has it, as long as the folder is not copied.
    pub async fn host_name(&self) -> Result<String, JournalError> {
        let path = self.folder.join(HOST_NAME);
        self.blocking(path, |_, path| {
            let known = match fs::read_to_string(path) {
                Ok(known) => known.trim().to_string(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                Err(error) => return Err(error),
            };
            if !known.is_empty() {
                return Ok(known);
            }
            let new = format!("mortise-host-{}", Uuid::new_v4().simple());
            write(path, new.as_bytes())?;
            Ok(new)
        })
        .await
    }

    fn path(&self, org_id: i64, session_id: SessionId) -> PathBuf {
        self.folder.join(format!("{org_id}-{session_id}.{ENDING}"))
    }

    fn path_of_end(&self, org_id: i64, turn_id: TurnId) -> PathBuf {
        self.folder
            .join(format!("{org_id}-{turn_id}.{UNSTORED_ENDING}"))
    }

    fn path_of_queued(&self, org_id: i64, turn_id: TurnId) -> PathBuf {
        self.folder
            .join(format!("{org_id}-{turn_id}.{QUEUED_ENDING}"))
    }

    async fn put_at<T: Serialize>(&self, path: PathBuf, turn: &T) -> Result<(), JournalError> {
        let record = Record {
            version: VERSION,
            turn,
        };
        let text = serde_json::to_vec(&record).map_err(|fault| JournalError::File {
            path: path.clone(),
            cause: fault.into(),
        })?;
        self.blocking(path, move |_, path| write(path, &text)).await
    }

    async fn remove_at(&self, path: PathBuf) -> Result<(), JournalError> {
        self.blocking(path, |_, path| match fs::remove_file(path) {
            Ok(()) => File::open(folder_of(path)?)?.sync_all(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        })
        .await
    }

    /// Every turn in a file with this ending.
    async fn all_with<T: DeserializeOwned + Send + 'static>(
        &self,
        ending: &'static str,
    ) -> Result<Vec<T>, JournalError> {
        let folder = self.folder.as_ref().clone();
        self.blocking(folder, move |folder, _| {
            let mut turns = Vec::new();
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_none_or(|found| found != ending) {
                    continue;
                }
                let text = match fs::read(&path) {
                    Ok(text) => text,
                    // It has ended meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                };
                match read(&text) {
                    Ok(turn) => turns.push(turn),
                    Err(error) => set_aside(&path, &error),
                }
            }
            Ok(turns)
        })
        .await
    }

    /// Does file work on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        path: PathBuf,
        work: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (folder, place) = (self.folder.clone(), path.clone());
        let done = spawn_blocking(move || work(&folder, &place)).await;
        done.unwrap_or_else(|fault| Err(io::Error::other(fault)))
            .map_err(|cause| JournalError::File { path, cause })
    }
}

#[async_trait]
impl TurnJournal for FileJournal {
    async fn put(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        let path = self.path(turn.state.org_id, turn.session_id());
        self.put_at(path, turn).await
    }

    async fn get(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<Option<UnfinishedTurn>, JournalError> {
        let path = self.path(org_id, session_id);
        self.blocking(path, |_, path| match fs::read(path) {
            Ok(text) => read(&text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn remove(&self, org_id: i64, session_id: SessionId) -> Result<(), JournalError> {
        self.remove_at(self.path(org_id, session_id)).await
    }

    async fn all(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        self.all_with(ENDING).await
    }

    async fn put_end(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        let path = self.path_of_end(turn.state.org_id, turn.turn_id());
        self.put_at(path, turn).await
    }

    async fn remove_end(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        self.remove_at(self.path_of_end(org_id, turn_id)).await
    }

    async fn ends(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        self.all_with(UNSTORED_ENDING).await
    }

    async fn put_queued(&self, turn: &QueuedTurn) -> Result<(), JournalError> {
        let path = self.path_of_queued(turn.org_id, turn.turn_id);
        self.put_at(path, turn).await
    }

    async fn remove_queued(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        self.remove_at(self.path_of_queued(org_id, turn_id)).await
    }

    async fn queued(&self) -> Result<Vec<QueuedTurn>, JournalError> {
        let mut turns: Vec<QueuedTurn> = self.all_with(QUEUED_ENDING).await?;
        turns.sort_by_key(|turn| turn.place);
        Ok(turns)
    }

    async fn put_request(&self, request: &RememberedRequest) -> Result<(), JournalError> {
        let path = request_files::path(&self.folder, request.org_id, &request.request_id);
        self.put_at(path, request).await
    }

    async fn request(
        &self,
        org_id: i64,
        request_id: &str,
    ) -> Result<Option<RememberedRequest>, JournalError> {
        let path = request_files::path(&self.folder, org_id, request_id);
        self.blocking(path, |_, path| match fs::read(path) {
            Ok(text) => Ok(request_files::whole(read(&text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn remove_request(&self, org_id: i64, request_id: &str) -> Result<(), JournalError> {
        self.remove_at(request_files::path(&self.folder, org_id, request_id))
            .await
    }

    async fn remove_requests_before(&self, time: DateTime<Utc>) -> Result<usize, JournalError> {
        let folder = self.folder.as_ref().clone();
        let work = move |folder: &Path, _: &Path| request_files::remove_before(folder, time);
        self.blocking(folder, work).await
    }
}

/// Removes what a process that was killed has half written.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(HALF_WRITTEN.as_bytes()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    // Of this user alone.
    let mut file = tempfile::Builder::new()
        .prefix(HALF_WRITTEN)
        .tempfile_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    let missing = || io::Error::new(io::ErrorKind::InvalidInput, "it is in no folder");
    path.parent().ok_or_else(missing)
}

fn read<T: DeserializeOwned>(text: &[u8]) -> io::Result<T> {
    let Record { version, turn } = serde_json::from_slice::<Record<serde_json::Value>>(text)?;
    if version != VERSION {
        let text = format!("it has version {version}, this build reads version {VERSION}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(serde_json::from_value(turn)?)
}

fn set_aside(path: &Path, fault: &io::Error) {
    let aside = path.with_extension(SET_ASIDE);
    tracing::error!(
        path = %path.display(), set_aside = %aside.display(), %fault,
        "reading an unfinished turn failed; its session may stay active"
    );
    if let Err(error) = fs::rename(path, &aside) {
        tracing::error!(path = %path.display(), %error, "the unreadable file could not be moved aside");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::NextStep;
    use everruns_core::typed_id::{HarnessId, MessageId};
    use everruns_runtime::RuntimeTurnState;

    fn turn() -> UnfinishedTurn {
        let state = serde_json::json!({
            "org_id": 1,
            "session_id": SessionId::new(),
            "harness_id": HarnessId::new(),
            "input_message_id": MessageId::new(),
            "turn_id": TurnId::new(),
        });
        let state: RuntimeTurnState = serde_json::from_value(state).unwrap_or_else(|fault| {
            unreachable!("a state as upstream writes it: {fault}");
        });
        UnfinishedTurn {
            state,
            next: NextStep::Reason,
            since_sequence: 3,
            unstored: None,
        }
    }

    /// What is put is there for the next process, until it is removed; what was damaged
    /// is set aside, and two processes never use one folder.
    #[tokio::test]
    async fn turns_survive_and_damage_is_set_aside() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let (kept, removed, damaged) = (turn(), turn(), turn());
        {
            let journal = FileJournal::open(folder.path())?;
            for turn in [&kept, &removed, &damaged] {
                journal.put(turn).await?;
            }
            journal.remove(1, removed.session_id()).await?;
            journal.remove(1, removed.session_id()).await?;
            fs::write(journal.path(1, damaged.session_id()), b"{\"version\":1,")?;
            let error = FileJournal::open(folder.path()).err();
            let text = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(text.contains("another host uses it"), "{text}");
        }
        let journal = FileJournal::open(folder.path())?;
        let found = journal.all().await?;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].turn_id(), kept.turn_id());
        assert_eq!(found[0].since_sequence, 3);
        let names = fs::read_dir(folder.path())?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()?;
        let aside = names
            .iter()
            .filter(|path| path.extension().is_some_and(|found| found == SET_ASIDE));
        assert_eq!(aside.count(), 1, "{names:?}");
        let again = journal.get(1, kept.session_id()).await?;
        assert_eq!(again.map(|turn| turn.turn_id()), Some(kept.turn_id()));
        assert!(journal.get(1, damaged.session_id()).await?.is_none());
        Ok(())
    }

    /// What a killed process has half written goes at the next start. The lock is neither
    /// emptied nor opened through a link.
    #[tokio::test]
    async fn starts_over_what_others_left() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let (half, lock) = (folder.path().join(".tmpA1b2C3"), folder.path().join("lock"));
        fs::write(&half, "{\"version\":1,")?;
        fs::write(&lock, "another's")?;
        drop(FileJournal::open(folder.path())?);
        assert!(!half.exists());
        assert_eq!(fs::read_to_string(&lock)?, "another's");
        let target = folder.path().join("target");
        fs::write(&target, "precious")?;
        fs::remove_file(&lock)?;
        std::os::unix::fs::symlink(&target, &lock)?;
        assert!(FileJournal::open(folder.path()).is_err());
        assert_eq!(fs::read_to_string(&target)?, "precious");
        Ok(())
    }

    /// Only what is damaged is set aside: a turn that ends while the folder is read is
    /// no fault, and what the system cannot read now is an error of the system.
    #[tokio::test]
    async fn what_cannot_be_read_now_stays() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let journal = FileJournal::open(folder.path())?;
        let (kept, ended, unread) = (turn(), turn(), turn());
        journal.put(&kept).await?;
        let ended = journal.path(1, ended.session_id());
        std::os::unix::fs::symlink(folder.path().join("nothing"), &ended)?;
        assert_eq!(journal.all().await?.len(), 1);
        assert!(ended.is_symlink(), "it stays where it is");
        let unread = journal.path(1, unread.session_id());
        fs::create_dir(&unread)?;
        assert!(journal.all().await.is_err());
        assert!(unread.is_dir(), "it stays where it is");
        Ok(())
    }
}
