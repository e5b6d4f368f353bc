//! The file of a unix socket: who may take its path, and who removes it.

use super::socket_access::SocketAccess;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// A unix socket's file. It is removed when this is dropped, if it is still the one that
/// was bound: a successor may have put its own there.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    id: (u64, u64),
}

// === impl SocketFile ===

impl SocketFile {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Listens at a path where no server listens. The socket takes the place of one that
    /// is left over in one step, so that clients always find a file, and one that they may
    /// open: its mode and group are set before.
    pub(super) async fn bind(
        path: &Path,
        access: &SocketAccess,
    ) -> io::Result<(UnixListener, Self)> {
        check_free(path).await?;
        let beside = beside(path);
        let listener = match mortise_proto::address::check_socket_path(&beside.to_string_lossy()) {
            Ok(()) => {
                let listener = UnixListener::bind(&beside)?;
                let placed = access
                    .apply(&beside)
                    .and_then(|()| fs::rename(&beside, path));
                if let Err(error) = placed {
                    // What is left of it belongs to no server.
                    drop(fs::remove_file(&beside));
                    return Err(error);
                }
                listener
            }
            // No room for the longer name.
            Err(_) => match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {
                    let listener = UnixListener::bind(path)?;
                    access.apply(path)?;
                    listener
                }
            },
        };
        let file = Self {
            id: id(path)?,
            path: path.into(),
        };
        Ok((listener, file))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let path = self.path.display();
        match id(&self.path) {
            Ok(found) if found == self.id => {
                if let Err(error) = fs::remove_file(&self.path) {
                    tracing::debug!(%path, %error, "socket file was not removed");
                }
            }
            Ok(_) => tracing::debug!(%path, "the socket file is another server's and stays"),
            Err(error) => tracing::debug!(%path, %error, "socket file is gone"),
        }
    }
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// A name in the same folder that is free.
fn beside(path: &Path) -> PathBuf {
    let random = RandomState::new().hash_one(std::process::id());
    path.with_file_name(format!(".{:08x}", random & 0xffff_ffff))
}

/// A socket file without a listener is left over from a server that was killed; one
/// that answers is in use. Anything else that is there stays: connecting to a plain file
/// is refused as well.
async fn check_free(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something that is not a socket is there; give another path",
            ));
        }
        Ok(_) => {}
        Err(_) => return Ok(()),
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another server listens there",
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        // Gone in the meantime.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that stops leaves its successor's socket alone, and removes its own.
    #[tokio::test]
    async fn a_successor_keeps_its_socket() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.sock");
        let (listener, file) = SocketFile::bind(&path, &SocketAccess::default()).await?;
        drop(listener);
        let (_next, successor) = SocketFile::bind(&path, &SocketAccess::default()).await?;
        drop(file);
        assert!(UnixStream::connect(&path).await.is_ok(), "it is gone");
        drop(successor);
        assert!(!path.exists(), "its own stays");
        let left: Vec<_> = fs::read_dir(folder.path())?.collect();
        assert!(left.is_empty(), "{left:?}");
        Ok(())
    }

    /// A socket has the mode and group that it is to have, and a group that cannot be given
    /// leaves no socket behind.
    #[tokio::test]
    async fn mode_and_group_are_set() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.sock");
        let own = fs::metadata(folder.path())?.gid();
        let access = SocketAccess {
            mode: Some("0620".parse()?),
            group: Some(own.to_string().parse()?),
        };
        let _bound = SocketFile::bind(&path, &access).await?;
        let found = fs::metadata(&path)?;
        assert_eq!((found.mode() & 0o777, found.gid()), (0o620, own));
        let access = SocketAccess {
            mode: None,
            group: Some("no-such-group".parse()?),
        };
        let other = folder.path().join("b.sock");
        assert!(SocketFile::bind(&other, &access).await.is_err());
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    /// A path that is in use, or no socket, is not taken.
    #[tokio::test]
    async fn what_is_in_use_is_not_taken() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.sock");
        let _bound = SocketFile::bind(&path, &SocketAccess::default()).await?;
        let error = SocketFile::bind(&path, &SocketAccess::default())
            .await
            .err();
        assert_eq!(
            error.map(|error| error.kind()),
            Some(io::ErrorKind::AddrInUse)
        );
        let plain = folder.path().join("plain");
        fs::write(&plain, "mine")?;
        let error = SocketFile::bind(&plain, &SocketAccess::default())
            .await
            .err();
        assert_eq!(
            error.map(|error| error.kind()),
            Some(io::ErrorKind::AlreadyExists)
        );
        Ok(())
    }
}
