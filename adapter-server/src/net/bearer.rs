//! Bearer tokens that a server knows, by their SHA-256: the tokens themselves are
//! not kept, and comparing takes the same time whatever was sent.

use crate::Peer;
use crate::net::clients::ClientOrgs;
use mortise_files::{Reload, Reloaded};
use mortise_proto::StoreError;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use subtle::{Choice, ConstantTimeEq};
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// The SHA-256 of a token.
#[derive(Clone, Copy)]
pub struct TokenDigest([u8; 32]);

/// How soon a stream ends whose caller's token was revoked.
const REVOKED_WITHIN: Duration = Duration::from_secs(1);

/// The tokens of a file, one a line: a new one is added before the old one goes. The
/// file is read again when it changes.
///
/// A token that is no longer in it is revoked, and so are all of them once the file is
/// emptied or removed: an operator who replaces it puts the new one in its place in one step
/// (`rename`). A file that is there and cannot be read changes nothing.
#[derive(Debug, Clone)]
pub struct TokenFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    tokens: Reloaded<Arc<[TokenDigest]>>,
}

/// A caller that was let in by its token.
#[derive(Debug, Clone)]
pub struct Admitted {
    tokens: TokenFile,
    token: TokenDigest,
}

/// A file of tokens that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct TokenFileError {
    path: PathBuf,
    problem: String,
}

// === impl TokenDigest ===

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// A digest that is known already.
    #[must_use]
    pub fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Whether both are of one token. Takes the same time whatever they are.
    #[must_use]
    pub fn matches(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other).into()
    }
}

impl Eq for TokenDigest {}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// The token in the value of a header `authorization`.
#[must_use]
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

// === impl TokenFile ===

impl TokenFile {
    /// Reads a file of tokens. It must hold one.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TokenFileError> {
        let path = path.into();
        let fault = |problem: String| TokenFileError {
            path: path.clone(),
            problem,
        };
        let load = || match read(&path) {
            Ok(tokens) if tokens.is_empty() => {
                Err(fault("holds no token; write one a line".into()))
            }
            Ok(tokens) => Ok(tokens),
            Err(error) => Err(fault(error.to_string())),
        };
        let tokens = Reloaded::open(vec![path.clone()], load)?;
        Ok(Self(Arc::new(Inner { path, tokens })))
    }

    /// Whether the file holds a token.
    #[must_use]
    pub fn holds(&self, token: &str) -> bool {
        self.admitted(token).is_some()
    }

    /// The caller with this token, if the file holds it.
    #[must_use]
    pub fn admitted(&self, token: &str) -> Option<Admitted> {
        let token = TokenDigest::of(token);
        self.has(&token).then(|| Admitted {
            tokens: self.clone(),
            token,
        })
    }

    fn has(&self, given: &TokenDigest) -> bool {
        let known = self.known();
        let matches = known.iter().map(|known| known.matches(given));
        matches.fold(Choice::from(0), |any, one| any | one).into()
    }

    fn known(&self) -> Arc<[TokenDigest]> {
        let path = &self.0.path;
        let load = || match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Arc::default()),
            found => found,
        };
        let (tokens, reload) = self.0.tokens.current(load);
        let shown = path.display();
        match reload {
            Reload::None => {}
            Reload::Done if tokens.is_empty() => {
                tracing::error!(path = %shown, "the token file is empty or gone; every token is revoked");
            }
            Reload::Done => {
                tracing::info!(path = %shown, tokens = tokens.len(), "the token file was read again");
            }
            Reload::Failed(error) => {
                tracing::error!(path = %shown, %error, "the token file cannot be read; keeping the tokens before");
            }
        }
        tokens
    }
}

/// Lets through the calls that carry one of a file's tokens, and whose clients are bound to
/// orgs. What is not configured is not asked for.
#[derive(Debug, Clone)]
pub(crate) struct Admit {
    tokens: Option<TokenFile>,
    clients: Option<ClientOrgs>,
}

// === impl Admit ===

impl Admit {
    pub(crate) fn new(tokens: Option<TokenFile>, clients: Option<ClientOrgs>) -> Self {
        Self { tokens, clients }
    }

    /// The tokens that a request's is one of, if it must have one.
    fn admitted(&self, request: &Request<()>) -> Result<Option<Admitted>, StoreError> {
        let Some(tokens) = &self.tokens else {
            return Ok(None);
        };
        let header = request.metadata().get("authorization");
        let token = header.and_then(|value| bearer(value.to_str().ok()?));
        let problem = match token.map(|token| tokens.admitted(token)) {
            Some(Some(admitted)) => return Ok(Some(admitted)),
            Some(None) => "this server does not know the bearer token; send one that it accepts",
            None => {
                "this server requires a bearer token and the call has none; send `authorization: Bearer TOKEN`"
            }
        };
        Err(StoreError::unauthenticated(problem))
    }
}

impl Interceptor for Admit {
    /// Lets a request through with what its streams are watched by, and with the orgs that
    /// it may be for.
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(admitted) = self.admitted(&request)? {
            request.extensions_mut().insert(admitted);
        }
        if let Some(clients) = &self.clients {
            let granted = clients.grant(request.extensions().get::<Peer>())?;
            request.extensions_mut().insert(granted);
        }
        Ok(request)
    }
}

// === impl Admitted ===

impl Admitted {
    /// Resolves once the token is revoked.
    pub async fn revoked(self) {
        while self.tokens.has(&self.token) {
            tokio::time::sleep(REVOKED_WITHIN).await;
        }
    }
}

fn read(path: &Path) -> io::Result<Arc<[TokenDigest]>> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(TokenDigest::of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new token is let in at once; one that is gone is not, whether it was replaced, or
    /// the file emptied, blanked or removed.
    #[test]
    fn what_is_not_in_the_file_is_revoked() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("tokens");
        fs::write(&path, "one\n")?;
        let tokens = TokenFile::open(&path)?;
        assert!(tokens.holds("one"));
        for gone in ["", " \n\n"] {
            fs::write(&path, gone)?;
            assert!(!tokens.holds("one") && !tokens.holds(""));
            fs::write(&path, "one\ntwo")?;
            assert!(tokens.holds("one") && tokens.holds("two"));
        }
        fs::remove_file(&path)?;
        assert!(!tokens.holds("two"));
        fs::write(&path, "two")?;
        assert!(tokens.holds("two") && !tokens.holds("one"));
        // What cannot be read says nothing of its tokens.
        fs::remove_file(&path)?;
        fs::create_dir(&path)?;
        assert!(tokens.holds("two"));
        Ok(())
    }

    /// A watcher of a token learns that it is revoked.
    #[tokio::test]
    async fn a_watched_token_is_seen_to_go() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("tokens");
        fs::write(&path, "one")?;
        let admitted = TokenFile::open(&path)?.admitted("one");
        let admitted = admitted.ok_or("the token is there")?;
        let mut revoked = Box::pin(admitted.revoked());
        assert!(futures::poll!(&mut revoked).is_pending());
        fs::write(&path, "two")?;
        revoked.await;
        Ok(())
    }
}
