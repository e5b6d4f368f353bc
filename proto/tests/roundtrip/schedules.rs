//! Schedules.

use everruns_core::session_schedule::{ScheduleType, SessionSchedule};
use mortise_proto::convert::turn_queue::TurnRequest;
use mortise_proto::pb;
use proptest::prelude::*;

use crate::properties::{crosses, debug_form};
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    ScheduleType { OneShot, Recurring }
}

arb_struct! {
    SessionSchedule {
        id, session_id, owner_principal_id, resolved_owner_user_id, owner, effective_owner,
        description, cron_expression, scheduled_at, timezone, enabled, schedule_type,
        next_trigger_at, last_triggered_at, trigger_count, created_at, updated_at,
    }
    TurnRequest { session_id, input_message_id, sequence, requested_at }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Schedules, and the turns they ask for, keep every field.
    #[test]
    fn schedules(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<SessionSchedule, pb::SessionSchedule>(tape.make(), debug_form);
        crosses::<TurnRequest, pb::TurnRequest>(tape.make(), debug_form);
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_schedules(words in tape()) {
        let schedule: SessionSchedule = Tape::full(&words).make();
        refuses("SessionSchedule", &pb::SessionSchedule::from(schedule), SessionSchedule::try_from);
    }
}
