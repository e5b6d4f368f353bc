//! Bearer tokens that a server knows, by their SHA-256: the tokens themselves are
//! not kept, and comparing takes the same time whatever was sent.

use mortise_proto::StoreError;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use subtle::{Choice, ConstantTimeEq};
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// The SHA-256 of a token.
#[derive(Clone, Copy)]
pub struct TokenDigest([u8; 32]);

/// The tokens of a file, one a line: a new one is added before the old one goes. The
/// file is read again when it changes.
#[derive(Debug, Clone)]
pub struct TokenFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    read: Mutex<(Stamp, Arc<[TokenDigest]>)>,
}

/// By what a file is known to have changed.
type Stamp = Option<(SystemTime, u64)>;

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
    /// Reads a file of tokens.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TokenFileError> {
        let path = path.into();
        let read = Mutex::new((stamp(&path), read(&path)?));
        Ok(Self(Arc::new(Inner { path, read })))
    }

    /// Whether the file holds a token.
    #[must_use]
    pub fn holds(&self, token: &str) -> bool {
        let given = TokenDigest::of(token);
        let known = self.known();
        let matches = known.iter().map(|known| known.matches(&given));
        matches.fold(Choice::from(0), |any, one| any | one).into()
    }

    fn known(&self) -> Arc<[TokenDigest]> {
        let Inner {
            path,
            read: current,
        } = &*self.0;
        let now = stamp(path);
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != now {
            match read(path) {
                Ok(tokens) => current.1 = tokens,
                Err(error) => tracing::error!(%error, "the tokens before are used on"),
            }
            current.0 = now;
        }
        current.1.clone()
    }
}

/// Lets through the calls that carry one of a file's tokens, or every call where there is
/// no file.
#[derive(Debug, Clone)]
pub(crate) struct Admit(Option<TokenFile>);

// === impl Admit ===

impl Admit {
    pub(crate) fn new(tokens: Option<TokenFile>) -> Self {
        Self(tokens)
    }
}

impl Interceptor for Admit {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(tokens) = &self.0 else {
            return Ok(request);
        };
        let header = request.metadata().get("authorization");
        let token = header.and_then(|value| bearer(value.to_str().ok()?));
        let problem = match token {
            Some(token) if tokens.holds(token) => return Ok(request),
            Some(_) => "the bearer token is not one that this server knows",
            None => "this server asks for a bearer token, and the call carries none",
        };
        Err(StoreError::unauthenticated(problem).into())
    }
}

fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

fn read(path: &Path) -> Result<Arc<[TokenDigest]>, TokenFileError> {
    let fault = |problem: String| TokenFileError {
        path: path.into(),
        problem,
    };
    let text = fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let tokens: Arc<[_]> = lines.map(TokenDigest::of).collect();
    if tokens.is_empty() {
        return Err(fault("holds no token; write one a line".into()));
    }
    Ok(tokens)
}
