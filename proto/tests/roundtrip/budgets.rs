//! Budgets and how they stand.

use everruns_core::budget::{BudgetSubjectType, BudgetSummary, BudgetToolResponse};
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::pb;
use proptest::prelude::*;

use crate::properties::{crosses, debug_form};
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    BudgetSubjectType { Session, Agent, User, Organization, App, AppChannel }
}

arb_struct! {
    BudgetSummary { currency, limit, balance, soft_limit, percent_remaining, status }
    BudgetToolResponse { status, budgets, hint }
    Budget { id, subject_type, subject_id, currency, limit, soft_limit, balance, is_paused }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Budgets keep every field.
    #[test]
    fn budgets(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<BudgetToolResponse, pb::CheckBudgetsResponse>(tape.make(), debug_form);
        crosses::<Budget, pb::Budget>(tape.make(), debug_form);
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_budgets(words in tape()) {
        let budget: Budget = Tape::full(&words).make();
        refuses("Budget", &pb::Budget::from(budget), Budget::try_from);
    }
}
