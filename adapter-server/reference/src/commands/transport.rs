//! How connections are kept private, and who may call.

use super::Failure;
use mortise_adapter_server::{
    AdapterServer, ClientOrgs, ListenAddress, Listener, ServerTls, SocketAccess, SocketGroup,
    SocketMode, Tls, TokenFile,
};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// TLS and tokens.
#[derive(clap::Args)]
// As with the utility LLM: the command's own group is `Args` already.
#[group(skip)]
pub(crate) struct Args {
    /// The server's certificate chain (PEM). It turns TLS on. It is read again when it
    /// changes, like the files below.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Accept only clients with a certificate that one of these CAs has signed (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
    /// Accept only calls that carry one of the bearer tokens in this file, one a line.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Bind clients to orgs: accept only clients whose certificate has one of these names (a
    /// DNS name or URI), and each only for its orgs, such as
    /// `spiffe://example.org/host=1,7`. May be given several times.
    #[arg(long, value_name = "NAME=ORG,...", requires = "tls_client_ca", value_parser = client)]
    client: Vec<(String, BTreeSet<i64>)>,
    /// The mode of the unix socket, such as 0660. To connect, a host's user needs the right
    /// to write. Default: what the umask leaves.
    #[arg(long, value_name = "MODE")]
    socket_mode: Option<SocketMode>,
    /// The group of the unix socket, by name or number. The server's user must be a member
    /// of it, or root. Default: the server's own.
    #[arg(long, value_name = "GROUP")]
    socket_group: Option<SocketGroup>,
}

/// What the arguments name, read.
pub(super) struct Security {
    access: SocketAccess,
    tls: Option<Tls>,
    tokens: Option<TokenFile>,
    clients: Option<ClientOrgs>,
}

/// A client's name and its orgs.
fn client(given: &str) -> Result<(String, BTreeSet<i64>), String> {
    let form = || {
        format!(
            "{given:?} is not NAME=ORG,...: a name in the certificate, and the internal ids of orgs, 1 or more"
        )
    };
    let (name, orgs) = given.rsplit_once('=').ok_or_else(form)?;
    let orgs = orgs
        .split(',')
        .map(|org| org.parse().ok().filter(|org| *org > 0));
    let orgs: Option<BTreeSet<i64>> = orgs.collect();
    match orgs {
        Some(orgs) if !name.is_empty() => Ok((name.into(), orgs)),
        Some(_) | None => Err(form()),
    }
}

// === impl Args ===

impl Args {
    /// Reads the files.
    pub(super) fn open(self, listen: &ListenAddress) -> Result<Security, Failure> {
        let files = self.tls_cert.zip(self.tls_key);
        let files = files.map(|(cert, key)| ServerTls {
            cert,
            key,
            client_ca: self.tls_client_ca,
            client_cert_optional: false,
        });
        let is_tcp = matches!(listen, ListenAddress::Tcp(_));
        if files.is_some() && !is_tcp {
            return Err(Failure::TlsOnUnix(listen.to_string()));
        }
        let access = SocketAccess {
            mode: self.socket_mode,
            group: self.socket_group,
        };
        if access != SocketAccess::default() && is_tcp {
            return Err(Failure::SocketOnTcp(listen.to_string()));
        }
        let is_public = matches!(listen, ListenAddress::Tcp(at) if !at.ip().is_loopback());
        if is_public && files.is_none() {
            tracing::warn!(%listen, "connections are not encrypted; set --tls-cert and --tls-key");
        }
        Ok(Security {
            access,
            tls: files.map(|files| Tls::open(files, &["h2"])).transpose()?,
            tokens: self.token_file.map(TokenFile::open).transpose()?,
            clients: (!self.client.is_empty()).then(|| self.client.into_iter().collect()),
        })
    }
}

// === impl Security ===

impl Security {
    /// Who may connect to a unix socket.
    pub(super) fn socket_access(&self) -> &SocketAccess {
        &self.access
    }

    /// Speaks TLS where it is configured, and says whom the server will answer.
    pub(super) fn secure(&mut self, listener: Listener) -> Listener {
        match self.tls.take() {
            Some(tls) => listener.with_tls(tls),
            None => listener,
        }
    }

    /// Asks for tokens and for clients' names where they are configured.
    pub(super) fn guard(self, server: AdapterServer) -> AdapterServer {
        let server = match self.tokens {
            Some(tokens) => server.tokens(tokens),
            None => server,
        };
        match self.clients {
            Some(clients) => server.clients(clients),
            None => server,
        }
    }
}
