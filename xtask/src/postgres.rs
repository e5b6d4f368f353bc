//! A PostgreSQL cluster of the tests' own: made from the installed packages in a
//! temporary folder, on a unix socket alone, and gone afterwards.

use crate::shell;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, process};

/// Where the tests find it; a server named here already is used as it is.
pub(crate) const VARIABLE: &str = "MORTISE_POSTGRES";

/// `on` lets the cluster sync its disk, for measurements. Otherwise it does not: what the
/// tests kill is processes, never the machine.
pub(crate) const FSYNC_VARIABLE: &str = "MORTISE_POSTGRES_FSYNC";

/// The server refuses to run as root.
const UNPRIVILEGED: &str = "postgres";

const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running cluster. It is stopped and removed when it is dropped.
pub(crate) struct Cluster {
    folder: PathBuf,
    server: Child,
}

/// A cluster, unless the environment names a server already.
pub(crate) fn unless_given() -> Result<Option<Cluster>> {
    match env::var(VARIABLE) {
        Ok(_) => Ok(None),
        Err(_) => Cluster::start().map(Some),
    }
}

/// Runs a command with a cluster in its environment.
pub(crate) fn run_with(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("name a command after `--`")?;
    let cluster = Cluster::start()?;
    let status = crate::shell::command(program)
        .args(arguments)
        .env(VARIABLE, cluster.url())
        .status()
        .with_context(|| format!("could not start `{program}`"))?;
    ensure!(status.success(), "`{program}` failed ({status})");
    Ok(())
}

// === impl Cluster ===

impl Cluster {
    /// Makes a cluster and waits until it answers.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = env::temp_dir().join(format!("mortise-postgres-{}", process::id()));
        // Left over from a process of the same number that was killed.
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder)?;
        if is_root()? {
            shell::run("chown", &[UNPRIVILEGED, path(&folder)?])?;
        }
        let data = folder.join("data");
        let log = File::create(folder.join("log"))?;
        // A locale whose order is not that of bytes: what must be ordered by bytes says so.
        let made = as_unprivileged(&programs.join("initdb"))?
            .args(["--auth=trust", "--username=mortise", "--no-sync"])
            .args([
                "--encoding=UTF8",
                "--locale-provider=icu",
                "--icu-locale=und",
            ])
            .args(["--locale=C.UTF-8", "--pgdata"])
            .arg(&data)
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .status()?;
        if !made.success() {
            bail!("initdb failed: {}", told(&folder));
        }
        let fsync = format!("fsync={}", fsync()?);
        let server = as_unprivileged(&programs.join("postgres"))?
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-c", "listen_addresses=", "-c", "max_connections=400"])
            .args(["-c", &fsync])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("could not start postgres")?;
        let mut cluster = Self { folder, server };
        cluster.wait(&programs)?;
        Ok(cluster)
    }

    /// How to reach it.
    pub(crate) fn url(&self) -> String {
        let folder = self.folder.display();
        format!("postgres://mortise@localhost/postgres?host={folder}")
    }

    fn wait(&mut self, programs: &Path) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < READY_WITHIN {
            let ready = Command::new(programs.join("pg_isready"))
                .args(["--quiet", "--host"])
                .arg(&self.folder)
                .status()?;
            if ready.success() {
                return Ok(());
            }
            if let Some(status) = self.server.try_wait()? {
                bail!("postgres ended ({status}): {}", told(&self.folder));
            }
            sleep(Duration::from_millis(50));
        }
        bail!("postgres did not come up: {}", told(&self.folder));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its children notice that it is gone and end; nothing in it is kept.
        if let Err(error) = self.server.kill().and_then(|()| self.server.wait()) {
            eprintln!("xtask: postgres could not be stopped: {error}");
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("xtask: {} is left over: {error}", self.folder.display());
        }
    }
}

/// What the cluster is told about syncing.
fn fsync() -> Result<&'static str> {
    match env::var(FSYNC_VARIABLE).as_deref() {
        Err(_) | Ok("" | "off") => Ok("off"),
        Ok("on") => Ok("on"),
        Ok(other) => bail!("{FSYNC_VARIABLE} is {other:?}; set it to on or off"),
    }
}

/// The folder of the newest server that is installed. Debian keeps it out of the path.
fn programs() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    found.sort();
    if let Some((_, folder)) = found.pop() {
        return Ok(folder);
    }
    let folder = env::var_os("PATH")
        .iter()
        .flat_map(env::split_paths)
        .find(|folder| folder.join("initdb").exists());
    folder.context("PostgreSQL's server is not installed (Debian: postgresql)")
}

/// A command that does not run as root, and that ends with this process.
fn as_unprivileged(program: &Path) -> Result<Command> {
    let mut command = Command::new("setpriv");
    if is_root()? {
        let user = format!("--reuid={UNPRIVILEGED}");
        command.args([&user, "--regid", UNPRIVILEGED, "--init-groups"]);
    }
    command.args(["--pdeathsig", "INT", "--"]).arg(program);
    // Every user can enter it.
    command.current_dir("/");
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(shell::output("id", &["-u"])?.trim() == "0")
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("the temporary folder is not UTF-8")
}

/// What the server wrote.
fn told(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}
