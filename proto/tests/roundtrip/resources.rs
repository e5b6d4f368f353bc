//! Leases and registered resources.

use everruns_core::leased_resource::{LeasedResource, LeasedResourceStatus, UpsertLeasedResource};
use everruns_core::session_resource::{
    RegisterSessionResource, SessionResourceEntry, SessionResourceStatus,
};
use mortise_proto::pb;
use proptest::prelude::*;

use crate::properties::{crosses, debug_form};
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    LeasedResourceStatus { Active, Cleaning, Released, CleanupFailed }
    SessionResourceStatus { Active, Completed, Failed, Released }
}

arb_struct! {
    LeasedResource {
        id, session_id, provider, resource_type, external_id, display_name, status,
        owner_user_id, lease_duration_seconds, last_touched_at, lease_expires_at,
        cleanup_started_at, cleanup_completed_at, cleanup_attempts, last_cleanup_error,
        metadata, created_at, updated_at,
    }
    UpsertLeasedResource {
        session_id, provider, resource_type, external_id, display_name, owner_user_id,
        lease_duration_seconds, metadata,
    }
    SessionResourceEntry {
        resource_id, session_id, kind, display_name, status, metadata, created_at, updated_at,
    }
    RegisterSessionResource { session_id, resource_id, kind, display_name, status, metadata }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Leases and entries keep every field.
    #[test]
    fn resources(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<LeasedResource, pb::LeasedResource>(tape.make(), debug_form);
        crosses::<UpsertLeasedResource, pb::UpsertResourceRequest>(tape.make(), debug_form);
        crosses::<SessionResourceEntry, pb::SessionResourceEntry>(tape.make(), debug_form);
        crosses::<RegisterSessionResource, pb::RegisterRequest>(tape.make(), debug_form);
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_resources(words in tape()) {
        let mut tape = Tape::full(&words);
        let lease: LeasedResource = tape.make();
        refuses("LeasedResource", &pb::LeasedResource::from(lease), LeasedResource::try_from);
        let entry: SessionResourceEntry = tape.make();
        refuses("SessionResourceEntry", &pb::SessionResourceEntry::from(entry), SessionResourceEntry::try_from);
    }
}
