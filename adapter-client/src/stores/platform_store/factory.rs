//! Sessions that a host creates outside of every session.

use crate::stores::Remote;
use everruns_core::Session;
use mortise_proto::convert::nested;
use mortise_proto::convert::platform_store::NewSession;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::platform_store_service::CREATE_SESSION;
use mortise_proto::{StoreError, pb};

/// Creates sessions that belong to the org.
#[derive(Debug, Clone)]
pub struct RemoteSessionFactory {
    /// In no session.
    pub(crate) remote: Remote,
    /// Whether the server takes settings.
    pub(crate) takes_settings: bool,
}

// === impl RemoteSessionFactory ===

impl RemoteSessionFactory {
    /// Creates a session and returns it. One with settings is refused where the server
    /// does not take them: it would create the session without.
    pub async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let request = pb::CreateSessionRequest::from(new);
        if request.settings.is_some() && !self.takes_settings {
            let text = "the adapter of platform_store does not offer FEATURE_SESSION_SETTINGS, and the session has settings; leave them out, or route platform_store to an adapter that takes them";
            return Err(StoreError::new(ErrorReason::NotOffered, text));
        }
        let answer = self.remote.call(&CREATE_SESSION, request).await?;
        let session = nested("session", answer.session);
        session.map_err(|error| error.malformed("the answer of PlatformStoreService/CreateSession"))
    }
}
