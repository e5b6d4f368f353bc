//! How connections are kept private, and who may call.

use super::Failure;
use mortise_adapter_server::{
    AdapterServer, ClientOrgs, ListenAddress, Listener, SOCKET_VARIABLE, ServerTls, SocketAccess,
    SocketGroup, SocketMode, Tls, TokenFile,
};
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use tokio::runtime::Handle;

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
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_cert",
        group = "verified_clients"
    )]
    tls_client_ca: Option<PathBuf>,
    /// Take the certificate, its key and the CAs of clients from the SPIFFE Workload API, in
    /// place of files. Accept only clients with a SPIFFE ID of the server's trust domain, or
    /// of one that it is federated with; --client says which of them.
    #[arg(long, conflicts_with = "tls_cert", group = "verified_clients")]
    tls_spiffe: bool,
    /// Where the SPIFFE Workload API listens, such as unix:/run/spire/agent.sock. It is used
    /// with --tls-spiffe alone.
    #[arg(long, value_name = "SOCKET", env = SOCKET_VARIABLE)]
    spiffe_socket: Option<String>,
    /// Accept only calls that carry one of the bearer tokens in this file, one a line.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Listen at an address that other machines reach although connections are in clear, or
    /// any peer may call. For networks that see to both, such as a service mesh.
    #[arg(long)]
    insecure: bool,
    /// Bind clients to orgs: accept only clients whose certificate has one of these names (a
    /// DNS name or URI), and each only for its orgs, such as
    /// `spiffe://example.org/host=1,7`. May be given several times.
    #[arg(long, value_name = "NAME=ORG,...", requires = "verified_clients", value_parser = client)]
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

/// What an address that other machines reach lacks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exposed {
    /// Encryption.
    Plain,
    /// Proof of who calls.
    Open,
    /// Both.
    PlainAndOpen,
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

// === impl Exposed ===

impl Exposed {
    /// The arguments that put it right.
    pub(crate) fn remedy(self) -> &'static str {
        const PLAIN: &str = "--tls-cert and --tls-key, or --tls-spiffe";
        const OPEN: &str = "--token-file or --tls-client-ca";
        const BOTH: &str =
            "--tls-cert and --tls-key with --token-file or --tls-client-ca, or --tls-spiffe";
        match self {
            Self::Plain => PLAIN,
            Self::Open => OPEN,
            Self::PlainAndOpen => BOTH,
        }
    }
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "connections of other machines would be in clear",
            Self::Open => "every machine that reaches it could call for every org",
            Self::PlainAndOpen => {
                "every machine that reaches it could call for every org, in clear"
            }
        })
    }
}

// === impl Args ===

impl Args {
    /// Reads the files.
    pub(super) fn open(self, listen: &ListenAddress) -> Result<Security, Failure> {
        self.check_exposed(listen)?;
        let is_tcp = matches!(listen, ListenAddress::Tcp(_));
        let tls = self.tls()?;
        if tls.is_some() && !is_tcp {
            return Err(Failure::TlsOnUnix(listen.to_string()));
        }
        let access = SocketAccess {
            mode: self.socket_mode,
            group: self.socket_group,
        };
        if access != SocketAccess::default() && is_tcp {
            return Err(Failure::SocketOnTcp(listen.to_string()));
        }
        Ok(Security {
            access,
            tls,
            tokens: self.token_file.map(TokenFile::open).transpose()?,
            clients: (!self.client.is_empty()).then(|| self.client.into_iter().collect()),
        })
    }

    /// Refuses an address that other machines reach where connections are in clear or any
    /// peer may call, unless that is meant.
    fn check_exposed(&self, listen: &ListenAddress) -> Result<(), Failure> {
        let is_exposed =
            matches!(listen, ListenAddress::Tcp(at) if !at.ip().to_canonical().is_loopback());
        if !is_exposed {
            return Ok(());
        }
        let is_plain = self.tls_cert.is_none() && !self.tls_spiffe;
        let is_open = self.token_file.is_none() && self.tls_client_ca.is_none() && !self.tls_spiffe;
        let exposed = match (is_plain, is_open) {
            (false, false) => return Ok(()),
            (true, true) => Exposed::PlainAndOpen,
            (true, false) => Exposed::Plain,
            (false, true) => Exposed::Open,
        };
        if !self.insecure {
            return Err(Failure::Exposed(listen.to_string(), exposed));
        }
        tracing::warn!(%listen, "{exposed} (--insecure)");
        Ok(())
    }

    /// What connections are encrypted with, where it is asked for.
    fn tls(&self) -> Result<Option<Tls>, Failure> {
        const SPEAKS: &[&str] = &["h2"];
        if self.tls_spiffe {
            let socket = self
                .spiffe_socket
                .as_deref()
                .ok_or(Failure::NoSpiffeSocket)?;
            let socket = socket.parse().map_err(Failure::SpiffeSocket)?;
            return Ok(Some(Tls::from_workload(
                socket,
                false,
                SPEAKS,
                &Handle::current(),
            )));
        }
        let Some((cert, key)) = self.tls_cert.clone().zip(self.tls_key.clone()) else {
            return Ok(None);
        };
        let files = ServerTls {
            cert,
            key,
            client_ca: self.tls_client_ca.clone(),
            client_cert_optional: false,
        };
        Ok(Some(Tls::open(files, SPEAKS)?))
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
