//! Why the reference storage could not be opened: one message that names the path
//! and the remedy.

use crate::db::pooler;
use crate::db::sqlstate;
use crate::db::sqlstate::primary_code;
use crate::seal::KeyRing;
use mortise_proto::StoreError;
use sqlx::ConnectOptions;
use sqlx::any::AnyConnectOptions;
use sqlx::migrate::MigrateError;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;

/// Why the reference storage could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot open the database {database}: {problem}; {remedy}")]
pub struct OpenError {
    database: String,
    problem: String,
    remedy: String,
}

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum DatabaseUrl {
    /// Gone with the process.
    Memory,
    /// A file, made if it does not exist.
    File(String),
    /// A database of a PostgreSQL server, by its URL.
    Postgres(String),
}

// === impl DatabaseUrl ===

impl DatabaseUrl {
    /// Reads `sqlite:PATH`, `sqlite::memory:` and `postgres://...`. The path is taken as
    /// it is, not as part of a URL.
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_string()));
        }
        let path = url
            .strip_prefix("sqlite:")
            .ok_or_else(|| OpenError::url(url))?;
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(OpenError::url(url)),
            ":memory:" => Ok(Self::Memory),
            path if path.contains('?') => Err(OpenError::url(url)),
            path => Ok(Self::File(path.to_string())),
        }
    }

    pub(crate) fn options(&self) -> Result<AnyConnectOptions, sqlx::Error> {
        let url = match self {
            Self::Memory => "sqlite::memory:".to_string(),
            Self::File(path) => format!("sqlite:{}?mode=rwc", percent_encoded(path)),
            Self::Postgres(url) => url.clone(),
        };
        Ok(AnyConnectOptions::from_str(&url)?.disable_statement_logging())
    }

    /// The same for a database that has been opened before: a file that has gone must not
    /// come back empty.
    pub(crate) fn existing(&self) -> Result<AnyConnectOptions, sqlx::Error> {
        let Self::File(path) = self else {
            return self.options();
        };
        let url = format!("sqlite:{}?mode=rw", percent_encoded(path));
        Ok(AnyConnectOptions::from_str(&url)?.disable_statement_logging())
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Memory => "in memory".to_string(),
            Self::File(path) => path.clone(),
            Self::Postgres(url) => shown(url),
        }
    }
}

/// Every byte that a URL might read as something else, the slash included: the path
/// then passes through the URL parser untouched.
fn percent_encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

impl DatabaseUrl {
    /// Keeps other processes from opening the database at the same time: two would
    /// make its tables at once. Makes a new file for this user alone. Where the lock
    /// cannot be had, opening goes on, and says what is wrong with the place.
    pub(crate) async fn lock(&self) -> Option<File> {
        let Self::File(path) = self else {
            return None;
        };
        let mut private = OpenOptions::new();
        private.write(true).mode(0o600);
        // Only ever made, never opened again: closing a file drops SQLite's locks on it.
        drop(private.clone().create_new(true).open(path));
        if !Path::new(path).exists() {
            // A link to a file that is not there yet, which is to be made where it leads.
            drop(private.clone().create(true).truncate(false).open(path));
        }
        let lock = private
            .create(true)
            .truncate(false)
            .open(format!("{path}.lock"));
        let file = lock.ok()?;
        let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
        locked.await.ok()?.ok()
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", self.name())
    }
}

// === impl OpenError ===

impl OpenError {
    fn new(
        database: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            database: database.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn url(url: &str) -> Self {
        Self::new(
            shown(url),
            "this build does not support it",
            "give sqlite:PATH, without parameters, sqlite::memory: or \
             postgres://USER@HOST/DATABASE",
        )
    }

    pub(crate) fn connect(place: &DatabaseUrl, error: &sqlx::Error) -> Self {
        match place {
            DatabaseUrl::Memory => Self::new(place.name(), error.to_string(), "report this"),
            DatabaseUrl::File(path) => Self::file(path, error),
            DatabaseUrl::Postgres(_) => Self::postgres(place.name(), error),
        }
    }

    fn postgres(name: String, error: &sqlx::Error) -> Self {
        let said = error.as_database_error().map_or_else(
            || error.to_string(),
            |error| sqlstate::bounded(error.message()),
        );
        let code = sqlstate::sqlstate(error);
        let remedy = match code.as_deref() {
            Some("3D000") => "create the database (createdb), or name another one",
            Some("28P01" | "28000") => "check user and password, and the server's pg_hba.conf",
            Some("42501") => "let this user create tables: GRANT CREATE, USAGE ON SCHEMA public",
            Some("08P01") => pooler::remedy(&said),
            Some("53300") => "raise the server's max_connections, or give fewer here",
            Some("57P03") => "the server is starting or stopping; try again",
            Some("42P07" | "42710") => {
                "the database holds other tables of these names; name another database"
            }
            _ => "is the server running, and are host, port and user right?",
        };
        Self::new(name, said, remedy)
    }

    pub(crate) fn shared_sessions(place: &DatabaseUrl) -> Self {
        Self::new(
            place.name(),
            "a pooler in front of it gives one session to several connections in turn",
            "set pool_mode = session for this database in pgbouncer.ini, or give the address \
             of the server itself",
        )
    }

    pub(crate) fn one_session(place: &DatabaseUrl) -> Self {
        Self::new(
            place.name(),
            "it gives out one session at a time, or takes long to open a second",
            "behind pgbouncer, set default_pool_size to --max-connections and one more; \
             otherwise look at the server's load",
        )
    }

    fn file(path: &str, error: &sqlx::Error) -> Self {
        let name = path.to_string();
        let path = Path::new(path);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder_name = folder.display();
        match primary_code(error) {
            _ if path.is_dir() => Self::new(
                name,
                "it is a directory",
                "give the path of a file; it is created if it does not exist",
            ),
            _ if !folder.exists() => Self::new(
                name,
                format!("the folder {folder_name} does not exist"),
                "create the folder or give another path",
            ),
            _ if !folder.is_dir() => Self::new(
                name,
                format!("{folder_name} is not a folder"),
                "give a path within a folder",
            ),
            Some(sqlstate::NOT_A_DATABASE) => Self::new(
                name,
                "the file is not an SQLite database",
                "give another path or move the file away",
            ),
            Some(sqlstate::CANNOT_OPEN | sqlstate::READ_ONLY) => Self::new(
                name,
                "the file or its folder is not writable by this user",
                format!("give this user write access to {folder_name} and the files in it"),
            ),
            Some(sqlstate::BUSY | sqlstate::LOCKED) => Self::new(
                name,
                "another process has locked it",
                "stop that process or give another path",
            ),
            _ => Self::new(name, error.to_string(), "check the disk and the file"),
        }
    }

    pub(crate) fn no_current_key(place: &DatabaseUrl) -> Self {
        Self::new(
            place.name(),
            "only old keys were given, and no current key",
            "give the current key as --key-file",
        )
    }

    pub(crate) fn missing_keys(
        place: &DatabaseUrl,
        missing: &[String],
        keys: Option<&KeyRing>,
    ) -> Self {
        let given = match keys {
            Some(keys) => format!("the given keys are {}", keys.names()),
            None => "no key was given".to_string(),
        };
        Self::new(
            place.name(),
            format!(
                "its secrets are sealed with key {}, and {given}",
                missing.join(" and ")
            ),
            "give the file of that key: mortise-adapter takes it as --key-file, or as \
             --old-key-file beside a new one; mortise-host keeps its own, secret.key, beside \
             the database",
        )
    }

    pub(crate) fn use_of(place: &DatabaseUrl, error: &StoreError) -> Self {
        Self::new(
            place.name(),
            error.to_string(),
            "check the disk and the file",
        )
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the migrator's enum is open, and all the rest is one thing here"
    )]
    pub(crate) fn migrate(place: &DatabaseUrl, error: &MigrateError) -> Self {
        let name = place.name();
        match error {
            MigrateError::VersionMissing(version) => Self::new(
                name,
                format!("its schema (version {version}) is newer than this build"),
                "run the newer build, or give another path",
            ),
            MigrateError::VersionMismatch(version) => Self::new(
                name,
                format!("its schema (version {version}) was made by a different build"),
                "run the build that made it, or give another path",
            ),
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => {
                Self::connect(place, cause)
            }
            _ => Self::new(name, error.to_string(), "restore it from a backup"),
        }
    }
}

/// A URL without what may be a password: it comes before an `@`, or as a parameter.
pub(crate) fn shown(url: &str) -> String {
    let url = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://***@{rest}"),
        _ => url.to_string(),
    };
    match url.split_once('?') {
        Some((before, parameters)) if parameters.contains("password") => {
            format!("{before}?***")
        }
        _ => url,
    }
}
