//! The connections of an adapter and what its files hold.

use super::config::{AdapterConfig, ConfigError};
use super::endpoint::Endpoint;
use super::token::Token;
use super::transport::Transport;

// === impl AdapterConfig ===

impl AdapterConfig {
    /// The connections, none of which is open yet, and the token that goes with every
    /// call. The files are read once, so that one that cannot be used is known at once.
    pub(super) fn open(self, name: &str) -> Result<(Transport, Option<Token>), ConfigError> {
        let at_fault = |problem| ConfigError::Credentials {
            adapter: name.into(),
            problem,
        };
        let token = self.check_files().map_err(at_fault)?;
        Ok((
            Transport::new(self.endpoint, self.tls, self.transport),
            token,
        ))
    }

    /// The token, once all files were read.
    pub(super) fn check_files(&self) -> Result<Option<Token>, String> {
        let token = self.token_file.clone().map(Token::open).transpose()?;
        if matches!(self.endpoint, Endpoint::Https(_)) {
            self.tls.load()?;
        }
        Ok(token)
    }
}
