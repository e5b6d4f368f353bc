//! Events whose data may be sent as a difference from those of the last one of their type:
//! each shows the whole input of a model, and the next repeats it.

use crate::phase::SessionMemory;
use crate::phase::session_memory::PatchBase;
use bytes::Bytes;
use everruns_core::typed_id::SessionId;
use mortise_proto::pb::{self, DataPatch};
use prost::Message;
use std::sync::Arc;

/// Smaller data are sent whole, and nothing is kept of them.
const LARGE: usize = 4 * 1024;

/// A large event on its way.
pub(super) struct LargeEvent {
    memory: Arc<SessionMemory>,
    org_id: i64,
    session_id: SessionId,
    event_type: String,
    data: Arc<String>,
    /// The request without its data, where a patch was sent in their place.
    patched: Option<pb::EmitStreamRequest>,
}

// === impl LargeEvent ===

impl LargeEvent {
    /// Takes the data out of a request that has much of them, and puts a patch in their
    /// place where there is a base.
    pub(super) fn take(
        memory: &Arc<SessionMemory>,
        org_id: i64,
        session_id: SessionId,
        mut request: pb::EmitStreamRequest,
    ) -> (Bytes, Option<Box<Self>>) {
        let event = request.event.as_mut();
        let Some(event) = event.filter(|event| event.data_json.len() >= LARGE) else {
            return (request.encode_to_vec().into(), None);
        };
        let event_type = event.r#type.clone();
        let base = memory.base(org_id, session_id, &event_type);
        let patch =
            base.and_then(|base| DataPatch::between(base.sequence, &base.data, &event.data_json));
        let is_patched = patch.is_some();
        let whole = (!is_patched).then(|| Bytes::from(request.encode_to_vec()));
        let data = request.event.as_mut().map(|event| &mut event.data_json);
        let data = data.map(std::mem::take).unwrap_or_default();
        request.data_patch = patch;
        let body = whole.unwrap_or_else(|| request.encode_to_vec().into());
        let large = Self {
            memory: memory.clone(),
            org_id,
            session_id,
            event_type,
            data: Arc::new(data),
            patched: is_patched.then_some(request),
        };
        (body, Some(Box::new(large)))
    }

    /// The server has it: the next may be given as a difference from it.
    pub(super) fn stored(self, sequence: i64) {
        let base = PatchBase {
            sequence,
            data: self.data,
        };
        self.memory
            .keep_base(self.org_id, self.session_id, &self.event_type, base);
    }

    /// The request with its data whole, where it was sent with a patch. The base is not
    /// used again.
    pub(super) fn whole(&mut self) -> Option<Bytes> {
        let mut request = self.patched.take()?;
        self.memory
            .forget_base(self.org_id, self.session_id, &self.event_type);
        request.data_patch = None;
        if let Some(event) = &mut request.event {
            event.data_json.clone_from(&self.data);
        }
        Some(request.encode_to_vec().into())
    }
}
