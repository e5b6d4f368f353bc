//! Where the Workload API listens, as it is written.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// The variable with which the environment of a workload names the socket.
pub const SOCKET_VARIABLE: &str = "SPIFFE_ENDPOINT_SOCKET";

/// The longest path of a unix socket on Linux.
const PATH_BYTES_MAX: usize = 107;

/// Where the Workload API listens: a unix socket, or a TCP port of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadSocket(String);

// === impl WorkloadSocket ===

impl WorkloadSocket {
    /// As the API's client reads it.
    #[cfg(feature = "workload-api")]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorkloadSocket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = |problem: &str| {
            format!(
                "`{text}` is no address of a SPIFFE Workload API: {problem}; write unix:/run/spire/agent.sock"
            )
        };
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.starts_with('/') || path.len() == 1 {
                return Err(fault("its path is not absolute"));
            }
            if path.len() > PATH_BYTES_MAX {
                return Err(fault("its path is too long for a socket"));
            }
            if path.contains(['?', '#', '%']) {
                return Err(fault("its path has one of the characters ? # %"));
            }
            return Ok(Self(format!("unix:{path}")));
        }
        let address = text.strip_prefix("tcp://");
        let address = address.or_else(|| text.strip_prefix("tcp:"));
        let address = address.ok_or_else(|| fault("it begins with neither unix: nor tcp://"))?;
        match address.parse::<SocketAddr>() {
            Ok(address) if address.ip().to_canonical().is_loopback() => {
                Ok(Self(format!("tcp://{address}")))
            }
            Ok(_) => Err(fault("private keys would cross the network in clear")),
            Err(_) => Err(fault("it is not an IP address with a port")),
        }
    }
}

impl fmt::Display for WorkloadSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways to write a unix socket are one address; what carries keys over a network,
    /// or leads nowhere, is refused with what to write.
    #[test]
    fn sockets_are_read_as_they_are_written() {
        for (text, is) in [
            ("unix:/run/spire/agent.sock", "unix:/run/spire/agent.sock"),
            ("unix:///run/spire/agent.sock", "unix:/run/spire/agent.sock"),
            ("tcp://127.0.0.1:8000", "tcp://127.0.0.1:8000"),
            ("tcp:[::1]:8000", "tcp://[::1]:8000"),
        ] {
            let socket: Result<WorkloadSocket, _> = text.parse();
            assert_eq!(socket.map(|socket| socket.to_string()).as_deref(), Ok(is));
        }
        let long = format!("unix:/{}", "x".repeat(PATH_BYTES_MAX));
        for text in [
            "",
            "/run/agent.sock",
            "unix:run/agent.sock",
            "unix:/",
            "unix:/a?b",
            "tcp://10.0.0.1:8000",
            "tcp://localhost:8000",
            "tcp://127.0.0.1",
            &long,
        ] {
            let problem = text.parse::<WorkloadSocket>().err().unwrap_or_default();
            assert!(problem.contains("unix:/run/spire/agent.sock"), "{text}");
        }
    }
}
