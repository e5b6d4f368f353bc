//! Memories.

use everruns_core::memory_store::{
    Memory, MemoryContentPart, MemoryImagePart, MemoryKind, MemoryQuery, MemoryStoreEntity,
    MemoryTextPart,
};
use mortise_proto::pb;
use proptest::prelude::*;

use crate::properties::{crosses, debug_form, through_bytes};
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    MemoryKind { Fact, Preference, Correction, Procedure, Context }
}

arb_struct! {
    MemoryTextPart { text }
    MemoryImagePart { base64, media_type }
    Memory {
        id, store_id, content, content_parts, kind, importance, tags, active, created_at,
        updated_at,
    }
    MemoryStoreEntity { id, org_id, name, is_default, created_at }
    MemoryQuery { store_id, query, tags, kind, limit }
}

impl Arb for MemoryContentPart {
    fn arb(tape: &mut Tape<'_>) -> Self {
        match tape.below(2) {
            0 => Self::Text(tape.make()),
            _ => Self::Image(tape.make()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Memories, stores and queries keep every field; tags that are empty are not absent.
    #[test]
    fn memories(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<Memory, pb::Memory>(tape.make(), debug_form);
        crosses::<MemoryStoreEntity, pb::MemoryStore>(tape.make(), debug_form);
        let query: MemoryQuery = tape.make();
        let form = debug_form(&query);
        let back = MemoryQuery::try_from(through_bytes(&pb::RecallRequest::from(query)));
        prop_assert_eq!(debug_form(&back.unwrap()), form);
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_memories(words in tape()) {
        let memory: Memory = Tape::full(&words).make();
        refuses("Memory", &pb::Memory::from(memory), Memory::try_from);
    }
}
