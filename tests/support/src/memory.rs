//! What a process takes of memory and processors, as its kernel counts it, and tests in processes of
//! their own, whose memory is theirs alone.

use std::env;
use std::fs;
use std::process::{self, Command};
use std::time::Duration;

/// Set in the process that a test has to itself.
const ALONE: &str = "MORTISE_ALONE";

const KIB: usize = 1024;

/// How long a tick of `/proc/PID/stat` is: USER_HZ is 100 wherever Linux runs Rust.
const TICK: Duration = Duration::from_millis(10);

/// The memory of a process from one moment on.
#[derive(Debug)]
pub struct Memory {
    pid: u32,
    at_first: usize,
}

// === impl Memory ===

impl Memory {
    /// Of a process, from now on.
    pub fn of(pid: u32) -> Self {
        // Sets the peak back to what there is now.
        fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        Self {
            pid,
            at_first: status_bytes(pid, "VmRSS:"),
        }
    }

    /// Of this process, from now on.
    pub fn own() -> Self {
        Self::of(process::id())
    }

    /// How long it has kept processors busy since it began.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        // The name in parentheses may hold spaces; times in user and kernel are the 12th and
        // 13th after it.
        let (_, after) = stat.rsplit_once(") ").unwrap();
        let ticks = after.split(' ').skip(11).take(2);
        ticks.map(|ticks| TICK * ticks.parse().unwrap()).sum()
    }

    /// How many bytes there were then.
    pub fn at_first(&self) -> usize {
        self.at_first
    }

    /// The most bytes that there have been since then.
    pub fn peak(&self) -> usize {
        status_bytes(self.pid, "VmHWM:")
    }

    /// By how many bytes the peak since then lies above what there was then.
    pub fn grown(&self) -> usize {
        self.peak().saturating_sub(self.at_first)
    }
}

fn status_bytes(pid: u32, name: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.unwrap().trim().parse::<usize>().unwrap() * KIB
}

/// Whether this is the process that the named test has to itself. If not, it is run in
/// one, and must pass there.
pub fn is_alone(test: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let (out, err) = (&output.stdout, &output.stderr);
    let text = String::from_utf8_lossy(out) + String::from_utf8_lossy(err);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "there is no test {test}: {text}");
    println!("{text}");
    false
}
