//! Sessions that have more from their beginning than the upstream trait can say.

use async_trait::async_trait;
use everruns_core::Session;
use mortise_proto::StoreError;
use mortise_proto::convert::platform_store::NewSession;

/// Creates sessions of one org, on behalf of the session that calls.
#[async_trait]
pub trait SessionFactory: Send + Sync {
    /// Creates a session and returns it. See `platform_store.proto`.
    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError>;
}
