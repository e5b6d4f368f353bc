//! Two machines with a router between them, as namespaces of this one. Nothing of it is seen
//! outside, and it is gone with its processes.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// Where the machine behind the router can be reached by the other.
pub const FAR_ADDRESS: &str = "10.231.2.2";

/// What turns the router on and off. Without it packets are lost, and no one is told.
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// A network namespace. It lasts as long as its process, which ends with the test's.
pub struct Namespace {
    holder: Child,
}

/// Two machines and a router.
pub struct Network {
    /// One machine.
    pub near: Namespace,
    /// The other, at [`FAR_ADDRESS`].
    pub far: Namespace,
    router: Namespace,
}

// === impl Namespace ===

impl Namespace {
    async fn make() -> Result<Self, String> {
        let holder = Command::new("unshare")
            .args(["--net", "cat"])
            // The end of this process is the end of its input.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut made = Self { holder };
        let own = std::fs::read_link("/proc/self/ns/net").ok();
        loop {
            if let Ok(Some(status)) = made.holder.try_wait() {
                return Err(format!("unshare --net: {status}"));
            }
            let theirs = std::fs::read_link(format!("/proc/{}/ns/net", made.pid())).ok();
            if theirs.is_some() && theirs != own {
                return Ok(made);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn pid(&self) -> String {
        self.holder.id().unwrap_or_default().to_string()
    }

    /// A program that is to run in it.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid(), "--net"])
            .arg(program);
        command
    }

    async fn run(&self, words: &str) -> Result<(), String> {
        let output = self
            .command(Path::new("sh"))
            .args(["-euc", words])
            .output()
            .await
            .map_err(|error| format!("nsenter: {error}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "{words}: {}",
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }
}

// === impl Network ===

impl Network {
    /// Makes it. Where that is not allowed, the reason is printed, and the test that asks has
    /// nothing to run in.
    pub async fn make() -> Option<Self> {
        match Self::try_make().await {
            Ok(network) => Some(network),
            Err(problem) => {
                eprintln!(
                    "SKIPPED: no network namespaces can be made here ({}); run the test as root",
                    problem.trim()
                );
                None
            }
        }
    }

    async fn try_make() -> Result<Self, String> {
        let network = Self {
            near: Namespace::make().await?,
            far: Namespace::make().await?,
            router: Namespace::make().await?,
        };
        for (number, machine) in [(1, &network.near), (2, &network.far)] {
            let pid = machine.pid();
            let words = format!(
                "ip link add to{number} type veth peer name eth0 netns {pid}
                 ip address add 10.231.{number}.1/24 dev to{number}
                 ip link set to{number} up"
            );
            network.router.run(&words).await?;
            let words = format!(
                "ip link set lo up
                 ip address add 10.231.{number}.2/24 dev eth0
                 ip link set eth0 up
                 ip route add default via 10.231.{number}.1"
            );
            machine.run(&words).await?;
        }
        network.forward(true).await?;
        Ok(network)
    }

    /// Every packet between the two is lost from now on, on connections that there are as on
    /// new ones.
    pub async fn part(&self) {
        self.forward(false).await.unwrap();
    }

    /// Packets pass again.
    pub async fn join(&self) {
        self.forward(true).await.unwrap();
    }

    async fn forward(&self, does: bool) -> Result<(), String> {
        let value = u8::from(does);
        self.router
            .run(&format!("echo {value} > {FORWARDING}"))
            .await
    }
}
