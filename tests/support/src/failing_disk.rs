//! A disk that fails when it is told to, under processes of their own: a library in C,
//! loaded before libc's, stands between SQLite and its files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/failing_disk.c");

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFault {
    /// No space is left.
    Full,
    /// Writes fail.
    Write,
    /// Syncs fail.
    Sync,
    /// Files cannot be removed.
    Remove,
}

/// The disk under one file and what SQLite keeps beside it.
pub struct FailingDisk {
    library: PathBuf,
    control: PathBuf,
    file: OsString,
}

impl FailingDisk {
    /// Makes one under the files whose path holds this, which fails nothing yet. Needs a C
    /// compiler.
    pub fn under(file: &Path, folder: &Path) -> Self {
        let library = folder.join("failing_disk.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(SOURCE)
            .status();
        assert!(built.expect("a C compiler is there").success());
        Self {
            library,
            control: folder.join("failing_disk"),
            file: file.as_os_str().to_owned(),
        }
    }

    /// Fails from now on.
    pub fn fail(&self, fault: DiskFault) {
        std::fs::write(&self.control, fault.word()).unwrap();
    }

    /// A command that does the same.
    pub fn command(&self, fault: DiskFault) -> String {
        format!("printf {} > {}", fault.word(), self.control.display())
    }

    /// A command that heals it.
    pub fn heal_command(&self) -> String {
        format!(": > {}", self.control.display())
    }

    /// Is well again.
    pub fn heal(&self) {
        std::fs::write(&self.control, "").unwrap();
    }

    /// What a process on it has in its environment.
    pub fn environment(&self) -> Vec<(String, OsString)> {
        vec![
            ("LD_PRELOAD".into(), self.library.clone().into()),
            ("FAILING_DISK_CONTROL".into(), self.control.clone().into()),
            ("FAILING_DISK_FILE".into(), self.file.clone()),
        ]
    }
}

impl DiskFault {
    /// What the library understands.
    fn word(self) -> &'static str {
        match self {
            Self::Full => "write",
            Self::Write => "io",
            Self::Sync => "sync",
            Self::Remove => "remove",
        }
    }
}
