//! How connections are kept private, and who may call.

use super::Failure;
use mortise_adapter_server::{
    AdapterServer, ListenAddress, Listener, ServerTls, SocketAccess, SocketGroup, SocketMode, Tls,
    TokenFile,
};
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

    /// Asks for tokens where they are configured.
    pub(super) fn guard(self, server: AdapterServer) -> AdapterServer {
        match self.tokens {
            Some(tokens) => server.tokens(tokens),
            None => server,
        }
    }
}
