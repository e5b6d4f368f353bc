//! Where an adapter server listens, as it is written.

use super::config::ConfigError;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use tonic::transport::Uri;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// `http://host:port`.
    Http(Uri),
    /// `https://host:port`.
    Https(Uri),
    /// `unix:/path`.
    Unix(PathBuf),
    /// `unix-abstract:name`: a name in the kernel of Linux instead of a file. No file
    /// permission protects it.
    Abstract(String),
    /// `dns:///name:port`: every address of a name is an endpoint of its own. The name is
    /// looked up again and again.
    Dns(DnsName),
}

/// A name whose addresses are endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsName {
    /// The name.
    pub host: String,
    /// The port of every address.
    pub port: u16,
    /// Whether connections are encrypted. The name is then the one in the certificate.
    pub is_tls: bool,
}

// === impl Endpoint ===

impl FromStr for Endpoint {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let fault = |problem: &str| ConfigError::Endpoint {
            endpoint: text.into(),
            problem: problem.into(),
        };
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            mortise_proto::address::check_socket_path(path).map_err(|problem| fault(&problem))?;
            return Ok(Self::Unix(path.into()));
        }
        if let Some(name) = text.strip_prefix("unix-abstract:") {
            check_abstract(name).map_err(|problem| fault(&problem))?;
            return Ok(Self::Abstract(name.into()));
        }
        if let Some(name) = text.strip_prefix("dns:") {
            return DnsName::parse(name)
                .map(Self::Dns)
                .map_err(|problem| fault(&problem));
        }
        if text.contains('@') {
            // Not repeated: it may hold a password.
            return Err(ConfigError::Endpoint {
                endpoint: "...@...".into(),
                problem: "credentials in an address are not supported".into(),
            });
        }
        let uri: Uri = text.parse().map_err(|_| fault("it is not a URI"))?;
        if uri.path_and_query().is_some_and(|path| path != "/") {
            return Err(fault(
                "it has a path, and calls have paths of their own; leave it out",
            ));
        }
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(_)) => Ok(Self::Http(uri)),
            (Some("https"), Some(_)) => Ok(Self::Https(uri)),
            (Some(scheme), _) => Err(fault(&format!("the scheme `{scheme}` is not supported"))),
            (None, _) => Err(fault("the scheme is missing")),
        }
    }
}

impl Endpoint {
    /// Whether connections to it are encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        match self {
            Self::Https(_) => true,
            Self::Dns(name) => name.is_tls,
            Self::Http(_) | Self::Unix(_) | Self::Abstract(_) => false,
        }
    }

    /// Whether what is sent to it can be read on a network: it is not encrypted, and leads
    /// beyond this machine.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        let host = match self {
            Self::Http(uri) => uri.host().unwrap_or_default(),
            Self::Dns(name) if !name.is_tls => &name.host,
            Self::Https(_) | Self::Unix(_) | Self::Abstract(_) | Self::Dns(_) => return false,
        };
        let host = host.trim_matches(['[', ']']);
        let ip = host.parse::<IpAddr>();
        host != "localhost" && !ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
    }
}

impl DnsName {
    /// From `///name:port`, or `//resolver/name:port` with no resolver.
    fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix("///").unwrap_or(text);
        if name.starts_with('/') {
            return Err("the system's resolver is asked; write dns:///NAME:PORT".into());
        }
        let (host, port) = name
            .rsplit_once(':')
            .ok_or("the port is missing; write dns:///NAME:PORT")?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(is_name) {
            return Err("it holds no name; write dns:///NAME:PORT".into());
        }
        let port = port.parse().ok().filter(|port| *port != 0);
        Ok(Self {
            host: host.into(),
            port: port.ok_or("the port is no number from 1 to 65535")?,
            is_tls: false,
        })
    }
}

/// Checks the name of an abstract socket.
fn check_abstract(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains('\0') {
        return Err("the name is empty or holds a zero byte".into());
    }
    if name.len() > mortise_proto::address::SOCKET_PATH_BYTES_MAX {
        return Err("the name is too long for the kernel; give a shorter one".into());
    }
    Ok(())
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(uri) | Self::Https(uri) => {
                write!(f, "{}", uri.to_string().trim_end_matches('/'))
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Abstract(name) => write!(f, "unix-abstract:{name}"),
            Self::Dns(DnsName { host, port, .. }) => write!(f, "dns:///{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Endpoints print as they are written.
    #[test]
    fn endpoints_round_trip() {
        for text in [
            "unix:/run/a.sock",
            "http://127.0.0.1:7443",
            "https://storage.example.com:7443",
            "unix-abstract:acme/storage",
            "dns:///storage.acme.svc.cluster.local:7443",
        ] {
            let endpoint: Result<Endpoint, _> = text.parse();
            assert_eq!(endpoint.map(|e| e.to_string()).ok().as_deref(), Some(text));
        }
        let long = format!("unix:/{}", "x".repeat(107));
        for text in [
            "ftp://x",
            "localhost:1",
            "unix:",
            "",
            "unix:@name",
            "http://127.0.0.1:1/api",
            "dns:///storage",
            "dns:///storage:0",
            "dns://8.8.8.8/storage:1",
            "dns:///a b:1",
            "unix-abstract:",
            &long,
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    /// What other machines could read is known: neither TLS nor this machine alone.
    #[test]
    fn what_crosses_a_network_in_clear_is_known() {
        for (text, is_exposed) in [
            ("http://127.0.0.1:1", false),
            ("http://[::1]:1", false),
            ("http://localhost:1", false),
            ("https://storage:1", false),
            ("unix:/x", false),
            ("http://storage:1", true),
            ("http://10.0.0.1:1", true),
            ("dns:///storage:1", true),
            ("dns:///localhost:1", false),
        ] {
            let endpoint: Result<Endpoint, _> = text.parse();
            let found = endpoint.map(|endpoint| endpoint.is_exposed());
            assert_eq!(found.ok(), Some(is_exposed), "{text}");
        }
    }
}
