//! pgbouncer between an adapter and the tests' PostgreSQL server, on a unix socket of its
//! own.

use crate::database::Database;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// A part of the socket's name.
const PORT: u16 = 6432;

const READY_WITHIN: Duration = Duration::from_secs(30);

/// A running pooler. It is killed when it is dropped.
pub struct PgBouncer {
    folder: PathBuf,
    _child: Child,
}

impl PgBouncer {
    /// Starts one with further lines of configuration, and waits until it answers.
    pub async fn start(folder: &Path, lines: &str) -> Self {
        let server = Database::socket();
        let server = server.parent().unwrap().display();
        let shown = folder.display();
        let config = format!(
            "[databases]\n* = host={server} user=mortise\n[pgbouncer]\nauth_type = any\n\
             unix_socket_dir = {shown}\nlisten_port = {PORT}\n{lines}\n"
        );
        let path = folder.join("pgbouncer.ini");
        std::fs::write(&path, config).unwrap();
        let mut command = Command::new("pgbouncer");
        // It refuses to run as root.
        if is_root().await {
            let given = Command::new("chown")
                .args(["-R", "postgres"])
                .arg(folder)
                .status();
            assert!(given.await.unwrap().success());
            command.args(["-u", "postgres"]);
        }
        let log = File::create(folder.join("pgbouncer.log")).unwrap();
        let child = command
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("pgbouncer is missing; run the tests with tests/run, which installs it");
        let socket = folder.join(format!(".s.PGSQL.{PORT}"));
        let began = Instant::now();
        while UnixStream::connect(&socket).await.is_err() {
            assert!(began.elapsed() < READY_WITHIN, "{}", told(folder));
            tokio::task::yield_now().await;
        }
        Self {
            folder: folder.into(),
            _child: child,
        }
    }

    /// The URL through it of the database that belongs to a path.
    pub fn url(&self, path: &Path) -> String {
        let name = Database::name_at(path);
        let folder = self.folder.display();
        format!("postgres://mortise@localhost:{PORT}/{name}?host={folder}")
    }
}

async fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().await.unwrap();
    id.stdout.trim_ascii() == b"0"
}

fn told(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("pgbouncer.log")).unwrap_or_default()
}
