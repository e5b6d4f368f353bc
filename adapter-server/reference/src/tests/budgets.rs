//! What models took, counted with the events that say so.

use super::{AppendRequest, EventStore, Reference, Store, TestSeed, event, new_session};
use everruns_core::budget::BudgetSubjectType;
use everruns_core::typed_id::{BudgetId, SessionId};
use mortise_proto::convert::budget_checker::Budget;
use serde_json::json;

fn generation(session: SessionId, tokens: u32, usd: f64) -> AppendRequest {
    let usage = json!({"input_tokens": tokens, "output_tokens": 0, "actual_cost_usd": usd});
    event(
        session,
        "llm.generation",
        &json!({"messages": [], "metadata": {"usage": usage}}),
    )
}

fn budget(subject_type: BudgetSubjectType, subject_id: String, currency: &str) -> Budget {
    Budget {
        id: BudgetId::new(),
        subject_type,
        subject_id,
        currency: currency.into(),
        limit: 1000.0,
        soft_limit: None,
        balance: 1000.0,
        is_paused: false,
    }
}

async fn balances(reference: &Reference, org_id: i64) -> Vec<f64> {
    let mut conn = reference.inner.db.read_all_orgs().await.unwrap();
    let budgets = crate::stores::budget_checker::all(conn.for_org(org_id));
    let mut balances: Vec<f64> = budgets.await.unwrap().iter().map(|b| b.balance).collect();
    balances.sort_by(f64::total_cmp);
    balances
}

/// One group of events takes from each budget the sum of what its sessions took, and an
/// event that came before takes nothing again. A session whose record is unreadable keeps
/// no event of another out, and a cost beyond all measure leaves the balance a number.
#[tokio::test]
async fn a_group_takes_sums() {
    let store = Store::new().await;
    let adapter = store.org1();
    let (first, second) = (new_session(&adapter).await, new_session(&adapter).await);
    let broken = new_session(&adapter).await;
    for (id, currency) in [
        (first, "tokens"),
        (second, "tokens"),
        (second, "usd"),
        (broken, "tokens"),
    ] {
        let one = budget(BudgetSubjectType::Session, id.to_string(), currency);
        adapter.seed().put_budget(one).await.unwrap();
    }
    let mut tx = store.reference.inner.db.write_all_orgs().await.unwrap();
    tx.query("UPDATE sessions SET body = $1 WHERE id = $2")
        .bind(&b"nonsense"[..])
        .bind(broken.to_string())
        .execute()
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let again = generation(first, 5, 0.0);
    let group = vec![
        generation(first, 10, 1.0),
        generation(second, 20, 0.5),
        generation(broken, 30, 0.0),
        generation(first, 1, 1.0),
        generation(second, 2, 0.25),
        again.clone(),
        again,
    ];
    let answers = adapter.events().append(group).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(
        balances(&store.reference, 1).await,
        [978.0, 984.0, 999.25, 1000.0]
    );

    for _ in 0..2 {
        let absurd = adapter
            .events()
            .append(vec![generation(second, 0, f64::MAX)])
            .await;
        assert!(absurd[0].is_ok(), "{absurd:?}");
    }
    let [most, ..] = balances(&store.reference, 1).await[..] else {
        panic!("there are four");
    };
    assert_eq!(most, 999.25 - 2e15);
}
