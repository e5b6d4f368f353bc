//! Where an adapter server listens, as it is written.

use super::config::ConfigError;
use std::fmt;
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

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(uri) | Self::Https(uri) => {
                write!(f, "{}", uri.to_string().trim_end_matches('/'))
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
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
            &long,
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
