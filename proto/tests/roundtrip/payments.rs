//! Payments.

use std::fmt::Debug;

use everruns_core::payment::{
    MachinePaymentRequest, MachinePaymentResponse, PaymentMethod, PaymentRail,
};
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy, PolicySubject};
use mortise_proto::pb;
use proptest::prelude::*;
use serde_json::Value;

use crate::properties::crosses;
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    PaymentMethod { Get, Post }
    PaymentRail { MppTempo, X402Base }
}

arb_struct! {
    MachinePaymentRequest {
        capability, operation, method, url, body, max_amount_usd, rail_preference, metadata,
    }
    MachinePaymentResponse { attempt_id, amount_usd, rail, response, receipt }
    LedgerPolicy {
        subject, account_id, allowed_capabilities, allowed_operations, allowed_hosts,
        max_amount_usd_per_request, max_amount_usd_per_day,
    }
    LedgerAccount { id, rail, label, balance_usd }
}

impl Arb for PolicySubject {
    fn arb(tape: &mut Tape<'_>) -> Self {
        match tape.below(3) {
            0 => Self::Org,
            1 => Self::Agent(tape.make()),
            _ => Self::Session(tape.make()),
        }
    }
}

/// Protobuf takes an amount of -0 for one of 0, and so does a bank.
fn form<T: Debug>(value: &T) -> Value {
    let text = format!("{value:?}");
    let zero = |field: &str| (format!("{field}: -0.0"), format!("{field}: 0.0"));
    let fields = ["max_amount_usd", "amount_usd", "balance_usd"].map(zero);
    fields
        .iter()
        .fold(text, |text, (minus, plus)| text.replace(minus, plus))
        .into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Payments keep every field; a body of null is not absent.
    #[test]
    fn payments(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<MachinePaymentRequest, pb::MachinePaymentRequest>(tape.make(), form);
        crosses::<MachinePaymentResponse, pb::MachinePaymentResponse>(tape.make(), form);
        crosses::<LedgerPolicy, pb::LedgerPolicy>(tape.make(), form);
        crosses::<LedgerAccount, pb::LedgerAccount>(tape.make(), form);
    }

    /// What breaks the contract is refused by the field that is wrong; a receipt is
    /// never repeated.
    #[test]
    fn of_payments(words in tape()) {
        let mut tape = Tape::full(&words);
        let request = pb::MachinePaymentRequest::from(tape.make::<MachinePaymentRequest>());
        refuses("MachinePaymentRequest", &request, MachinePaymentRequest::try_from);
        let response = pb::MachinePaymentResponse::from(tape.make::<MachinePaymentResponse>());
        refuses("MachinePaymentResponse", &response, MachinePaymentResponse::try_from);
        let policy = pb::LedgerPolicy::from(tape.make::<LedgerPolicy>());
        refuses("LedgerPolicy", &policy, LedgerPolicy::try_from);
        let account = pb::LedgerAccount::from(tape.make::<LedgerAccount>());
        refuses("LedgerAccount", &account, LedgerAccount::try_from);
    }
}
