//! Two orgs in one storage.

use super::*;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::message_filter::MessageQuery;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::traits::{
    AgentStore, HarnessStore, LlmProviderStore, ModelWithProvider, SessionFileSystem,
    SessionMutator, SessionStorageStore, SessionStore,
};
use everruns_core::typed_id::ModelId;
use everruns_core::{InitialFile, SessionStatus};
use everruns_runtime::{AgentBuilder, HarnessBuilder, RuntimeHostAdapter};

/// Nothing of org 1 is seen, changed or lost through any method in the name of org 2.
#[tokio::test]
async fn orgs_are_apart() {
    let store = Store::new().await;
    let (one, two) = (store.org1(), adapter(&store.reference, 2));
    let harness = HarnessBuilder::new("h", "p").build();
    let agent = AgentBuilder::new("a", "p").build();
    let model_id = ModelId::new();
    let model = ModelWithProvider {
        model: "m".into(),
        provider_type: LlmProviderType::LlmSim,
        api_key: Some("key".into()),
        base_url: None,
    };
    one.seed().put_harness(harness.clone()).await.unwrap();
    one.seed().put_agent(agent.clone()).await.unwrap();
    one.seed().put_model(model_id, model, true).await.unwrap();
    let s = new_session(&one).await;
    let message = Message::user("private");
    append(&one, input(s, &message)).await.unwrap();
    one.files()
        .write_file(s, "/a", "private", "text")
        .await
        .unwrap();
    one.storage().set_value(s, "k", "v").await.unwrap();
    one.storage().set_secret(s, "k", "v").await.unwrap();

    assert!(
        two.harnesses()
            .get_harness_chain(harness.id)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(two.get_harness(1, harness.id).await.unwrap().is_none());
    assert!(
        two.agents()
            .get_agent(agent.public_id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        RuntimeHostAdapter::get_agent(&two, 1, agent.public_id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        two.models()
            .get_model_with_provider(model_id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(two.models().get_default_model().await.unwrap().is_none());
    assert!(two.sessions().get_session(s).await.unwrap().is_none());
    two.session_changes()
        .update_session_title(s, "t".into())
        .await
        .unwrap_err();
    two.set_session_status(1, s, SessionStatus::Idle)
        .await
        .unwrap_err();
    two.load_turn_context(1, s).await.unwrap_err();
    assert!(two.messages().get(s, message.id).await.unwrap().is_none());
    assert!(two.messages().load(s).await.unwrap().is_empty());
    assert!(
        two.messages()
            .load_filtered(MessageQuery::new(s))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(two.messages().load_page(s, 0, 9).await.unwrap().is_empty());
    assert_eq!(two.messages().count(s).await.unwrap(), 0);
    assert!(two.events().read(s, 0, 9).await.unwrap().is_empty());
    append(&two, plain(s)).await.unwrap_err();
    assert!(two.files().read_file(s, "/a").await.unwrap().is_none());
    two.files()
        .write_file(s, "/a", "x", "text")
        .await
        .unwrap_err();
    let theirs = two.files();
    let swap = theirs.write_file_if_content_matches(s, "/a", "private", "text", "x", "text");
    assert!(swap.await.unwrap().is_none());
    assert!(!two.files().delete_file(s, "/a", true).await.unwrap());
    assert!(two.files().list_directory(s, "/").await.unwrap().is_empty());
    assert!(two.files().stat_file(s, "/a").await.unwrap().is_none());
    assert!(
        two.files()
            .grep_files(s, "private", None)
            .await
            .unwrap()
            .is_empty()
    );
    two.files().create_directory(s, "/d").await.unwrap_err();
    let seed = InitialFile {
        path: "/a".into(),
        content: "x".into(),
        encoding: "text".into(),
        is_readonly: false,
    };
    two.files().seed_initial_file(s, &seed).await.unwrap_err();
    assert_eq!(two.storage().get_value(s, "k").await.unwrap(), None);
    assert_eq!(two.storage().get_secret(s, "k").await.unwrap(), None);
    assert!(two.storage().list_keys(s).await.unwrap().is_empty());
    assert!(two.storage().list_secrets(s).await.unwrap().is_empty());
    assert!(!two.storage().delete_value(s, "k").await.unwrap());
    assert!(!two.storage().delete_secret(s, "k").await.unwrap());
    two.storage().set_value(s, "k", "x").await.unwrap_err();
    two.storage().set_secret(s, "k", "x").await.unwrap_err();

    // The same ids, another org: each has its own.
    two.seed().put_session(session(s)).await.unwrap();
    let ack = append(&two, input(s, &message)).await.unwrap();
    assert_eq!(ack.sequence, 1);
    two.files()
        .write_file(s, "/a", "theirs", "text")
        .await
        .unwrap();
    assert_eq!(one.messages().count(s).await.unwrap(), 1);
    let mine = one.files().read_file(s, "/a").await.unwrap().unwrap();
    assert_eq!(mine.content.as_deref(), Some("private"));
    let org = |session: Option<Session>| session.unwrap().organization_id;
    assert_ne!(
        org(one.sessions().get_session(s).await.unwrap()),
        org(two.sessions().get_session(s).await.unwrap())
    );
}
