//! A channel to an adapter: connects when it is first used, and again whenever it has
//! to, driven by the mesh's own runtime.

use super::config::{AdapterConfig, ConfigError};
use super::driver::Driver;
use super::endpoint::Endpoint;
use super::token::Token;
use hyper_util::rt::TokioIo;
use mortise_proto::MAX_HEADER_LIST_BYTES;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tonic::codegen::http::uri::Scheme;
use tonic::transport::{Channel, Uri};
use tower::service_fn;

// === impl AdapterConfig ===

impl AdapterConfig {
    /// The channel and the token that goes with it. The files are read once, so that
    /// one that cannot be used is known at once.
    pub(super) fn open(
        self,
        name: &str,
        driver: &Driver,
    ) -> Result<(Channel, Option<Token>), ConfigError> {
        let at_fault = |problem| ConfigError::Credentials {
            adapter: name.into(),
            problem,
        };
        let token = self.check_files().map_err(at_fault)?;
        Ok((self.channel(driver), token))
    }

    /// The token, once all files were read.
    pub(super) fn check_files(&self) -> Result<Option<Token>, String> {
        let token = self.token_file.clone().map(Token::open).transpose()?;
        if matches!(self.endpoint, Endpoint::Https(_)) {
            self.tls.load()?;
        }
        Ok(token)
    }

    fn channel(self, driver: &Driver) -> Channel {
        let origin = match &self.endpoint {
            Endpoint::Http(uri) | Endpoint::Https(uri) => uri.clone(),
            // The authority of a unix socket is never resolved.
            Endpoint::Unix(_) => Uri::from_static("http://localhost"),
        };
        // Of an `https://` address, too: the connector speaks TLS, not the channel.
        let endpoint = Channel::builder(in_clear(origin.clone()))
            .origin(origin)
            .executor(OnDriver(driver.handle().clone()))
            .connect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .http2_max_header_list_size(MAX_HEADER_LIST_BYTES);
        // The channel's worker is spawned while the driver's runtime is entered.
        let _entered = driver.handle().enter();
        match self.endpoint {
            Endpoint::Http(_) => endpoint.connect_lazy(),
            Endpoint::Unix(path) => {
                endpoint.connect_with_connector_lazy(service_fn(move |_: Uri| {
                    let path = path.clone();
                    async move { UnixStream::connect(path).await.map(TokioIo::new) }
                }))
            }
            Endpoint::Https(uri) => {
                let tls = Arc::new(self.tls);
                endpoint.connect_with_connector_lazy(service_fn(move |_: Uri| {
                    let (tls, uri) = (tls.clone(), uri.clone());
                    async move { tls.connect(&uri).await.map(TokioIo::new) }
                }))
            }
        }
    }
}

/// The address with the scheme `http`.
fn in_clear(uri: Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    Uri::from_parts(parts).unwrap_or(uri)
}

/// Spawns a channel's tasks on the mesh's runtime, whoever calls.
#[derive(Clone)]
struct OnDriver(Handle);

impl<F> hyper::rt::Executor<F> for OnDriver
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        drop(self.0.spawn(task));
    }
}
