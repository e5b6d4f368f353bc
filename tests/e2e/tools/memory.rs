//! Turns of the upstream runtime whose tools reach memories.

use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Actor, call};
use serde_json::json;

/// What a model remembers in one session another session recalls, until it is forgotten.
#[tokio::test]
async fn a_model_remembers() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let first = Actor::new(&stage, &["memory"]).await;
        let remember = json!({
            "content": "The user likes tea",
            "kind": "preference",
            "importance": 8,
            "tags": ["drink"],
            "images": [{"base64": "aGk=", "media_type": "image/png"}],
        });
        let remembered = first.turn(vec![vec![call("remember", remember)]]).await;
        let id = remembered[0].ok()["memory_id"].clone();
        assert!(id.is_string(), "{remembered:?}");

        let second = Actor::new(&stage, &["memory"]).await;
        let outcomes = second
            .turn(vec![
                vec![call("recall", json!({"query": "TEA", "tags": ["drink"]}))],
                vec![call("forget", json!({ "memory_id": id }))],
                vec![call("recall", json!({"query": "tea"}))],
            ])
            .await;
        let recalled = outcomes[0].ok().to_string();
        assert!(recalled.contains("The user likes tea"), "{recalled}");
        outcomes[1].ok();
        let gone = outcomes[2].result.to_string();
        assert!(!gone.contains("The user likes tea"), "{gone}");
    }
}
