//! The reference server inside this process, on a private unix socket: what runs
//! when no adapter is named.

use mortise_adapter_client::Endpoint;
use mortise_adapter_server::{AdapterServer, ListenAddress};
pub use mortise_reference::{SqlWorker, run_sql_worker};

use mortise_reference::{EncryptionKey, Reference, ReferenceConfig};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running reference server; it stops when it is told to or dropped.
#[derive(Debug)]
pub struct Embedded {
    endpoint: Endpoint,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    /// Holds the socket. Of this user alone.
    _folder: TempDir,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// A folder or file that cannot be used.
    #[error("{path}: {cause}; name another folder with --data")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] mortise_reference::OpenError),
    /// The key file holds something else.
    #[error("{0}: is not a key of 32 bytes; restore it, or secrets sealed with it are lost")]
    Key(PathBuf),
    /// The private socket.
    #[error("the private socket could not be opened: {0}")]
    Socket(io::Error),
}

impl Embedded {
    /// Opens the database in `folder`, makes both if they are new, and serves. SQL
    /// statements of sessions run in processes that `sql_worker` starts.
    pub async fn start(
        folder: &Path,
        sql_worker: Option<SqlWorker>,
    ) -> Result<Self, EmbeddedError> {
        let at = |path: &Path| {
            let path = path.to_path_buf();
            move |cause| EmbeddedError::File { path, cause }
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(at(folder))?;
        let mut config =
            ReferenceConfig::new(format!("sqlite:{}", folder.join("mortise.db").display()));
        config.encryption_key = Some(own_key(&folder.join("secret.key"))?);
        config.allow_test_seed = true;
        config.sql_worker = sql_worker;
        let reference = Reference::open(config).await?;

        let socket_folder = tempfile::Builder::new()
            .prefix("mortise-")
            .tempdir()
            .map_err(EmbeddedError::Socket)?;
        let socket = socket_folder.path().join("adapter.sock");
        let listener = ListenAddress::Unix(socket.clone()).bind().await;
        let listener = listener.map_err(EmbeddedError::Socket)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = AdapterServer::builder(reference);
        let served = tokio::spawn(async move {
            let stopped = async {
                // Dropped or sent: either way the server is to stop.
                drop(stopped.await);
            };
            if let Err(error) = server.serve(listener, stopped).await {
                tracing::error!(%error, "the embedded server stopped");
            }
        });
        Ok(Self {
            endpoint: Endpoint::Unix(socket),
            stop: Some(stop),
            served,
            _folder: socket_folder,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Stops it and waits until it has.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Err(error) = self.served.await {
            tracing::error!(%error, "embedded server panicked");
        }
    }
}

/// The key that secrets are sealed with, made on first use. It appears whole or not
/// at all, and is on disk before anything is sealed with it.
fn own_key(path: &Path) -> Result<EncryptionKey, EmbeddedError> {
    let at = |cause| EmbeddedError::File {
        path: path.to_path_buf(),
        cause,
    };
    if !path.exists() {
        let folder = path.parent().unwrap_or(Path::new("."));
        // Of this user alone.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(at)?;
        for _ in 0..2 {
            let random = uuid::Uuid::new_v4();
            file.write_all(random.as_bytes()).map_err(at)?;
        }
        file.as_file().sync_all().map_err(at)?;
        match file.persist_noclobber(path) {
            Ok(_) => fs::File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(at)?,
            // Another process was first; its key holds.
            Err(error) if path.exists() => tracing::debug!(%error, "the key exists already"),
            Err(error) => return Err(at(error.error)),
        }
    }
    let key = fs::read(path).map_err(at)?;
    let key: [u8; 32] = key
        .try_into()
        .map_err(|_| EmbeddedError::Key(path.to_path_buf()))?;
    Ok(EncryptionKey::from_bytes(key))
}
