//! Upstream's image tools make and edit images, and models see those that messages
//! refer to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use everruns_core::ModelWithProvider;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::message::{ContentPart, ImageFileContentPart, Message, TextContentPart};
use everruns_core::traits::{CreateStoredImage, ProviderCredentials};
use everruns_core::typed_id::ImageId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_runtime_host::engine::{LocalEngine, TurnEnd};
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::fake_images::FakeImages;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Actor, Call, call};
use serde_json::{Value, json};

const CAPABILITIES: &[&str] = &["session_file_system", "session_storage", "gpt_image_gen"];

/// Larger than one message of the wire and one piece of the storage.
fn picture() -> Vec<u8> {
    (0..1_000_003_u32).map(|n| (n % 251) as u8).collect()
}

fn generate(arguments: Value) -> Vec<Vec<Call>> {
    vec![vec![call("generate_image", arguments)]]
}

/// The images that a tool says it has stored.
fn stored(result: &Value) -> Vec<ImageId> {
    let images = result["images"].as_array().unwrap().iter();
    images
        .map(|image| image["artifact_id"].as_str().unwrap().parse().unwrap())
        .collect()
}

async fn bytes(adapter: &GrpcHostAdapter, id: ImageId) -> Vec<u8> {
    let store = adapter.image_artifact_store(1).unwrap();
    store.get_image(id).await.unwrap().unwrap().data
}

/// With the key that the session keeps as a secret, a model makes an image, edits it
/// and keeps each; the edit is of the bytes that were stored.
#[tokio::test]
async fn with_the_sessions_own_key() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let fake = FakeImages::start(STANDARD.encode(picture())).await;
        let actor = Actor::new(&stage, CAPABILITIES).await;
        let set = |name: &str, value: &str| {
            let arguments = json!({ "operation": "set", "name": name, "value": value });
            vec![call("secret_store", arguments)]
        };
        let made = actor
            .turn(vec![
                set("OPENAI_API_KEY", "sk-of-the-session"),
                set("OPENAI_BASE_URL", &fake.base_url),
                generate(json!({ "prompt": "an otter", "save_to_session_fs": true })).remove(0),
            ])
            .await;
        let made = made[2].ok();
        let [id] = stored(made)[..] else {
            panic!("{made}")
        };
        assert!(bytes(&stage.adapter, id).await == picture());
        let info = stage.adapter.image_artifact_store(1).unwrap();
        let info = info.get_image_info(id).await.unwrap().unwrap();
        assert_eq!(info.content_type, "image/png");
        assert_eq!(info.metadata["prompt"], "an otter");
        assert_eq!(info.metadata["revised_prompt"], "revised");
        let file = actor.adapter.file_store();
        let path = made["images"][0]["session_file"].as_str().unwrap();
        let path = path.strip_prefix("/workspace").unwrap();
        let file = file.read_file(actor.session_id, path).await.unwrap();
        assert_eq!(file.unwrap().size_bytes, 1_000_003);

        let edit = json!({ "prompt": "with a hat", "image_id": id.to_string(), "count": 2 });
        let edited = actor.turn(vec![vec![call("edit_image", edit)]]).await;
        for copy in stored(edited[0].ok()) {
            assert_ne!(copy, id);
            assert!(bytes(&stage.adapter, copy).await == picture());
        }
        let asked = fake.asked();
        let paths: Vec<_> = asked.iter().map(|asked| asked.path.as_str()).collect();
        assert_eq!(paths, ["/v1/images/generations", "/v1/images/edits"]);
        let key = "Bearer sk-of-the-session";
        assert!(asked.iter().all(|asked| asked.authorization == key));
        assert_eq!(asked[0].json()["prompt"], "an otter");
        assert!(asked[1].holds(&picture()) && asked[1].holds(b"with a hat"));

        let none = json!({ "prompt": "x", "image_id": ImageId::new().to_string() });
        let refused = actor.turn(vec![vec![call("edit_image", none)]]).await;
        let text = refused[0].error.clone().unwrap_or_default();
        assert!(text.contains("Image artifact not found"), "{text}");
    }
}

/// With the org's credentials, a model makes images at the address that stands with
/// them; without, it is told what is missing.
#[tokio::test]
async fn with_the_orgs_credentials() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let fake = FakeImages::start(STANDARD.encode(picture())).await;
        let actor = Actor::new(&stage, CAPABILITIES).await;
        let otter = json!({ "prompt": "an otter", "format": "webp", "count": 3 });
        let refused = actor.turn(generate(otter.clone())).await;
        let text = refused[0].error.clone().unwrap_or_default();
        assert!(
            text.contains("OpenAI credentials are not configured"),
            "{text}"
        );

        let credentials = ProviderCredentials {
            api_key: "sk-of-the-org".into(),
            base_url: Some(fake.base_url.clone()),
        };
        let seed = stage.adapter.test_seed().unwrap();
        seed.put_provider_credential("openai", credentials)
            .await
            .unwrap();
        let made = actor.turn(generate(otter)).await;
        let ids = stored(made[0].ok());
        assert_eq!(ids.len(), 3);
        let resolver = stage.adapter.image_resolver(1).unwrap();
        for id in ids {
            let image = resolver.resolve_image(id.uuid()).await.unwrap().unwrap();
            assert_eq!(image.media_type, "image/webp");
            assert!(image.base64 == STANDARD.encode(picture()));
        }
        let asked = fake.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].authorization, "Bearer sk-of-the-org");
    }
}

/// A message that refers to a stored image shows the model the image; one that is not
/// there, or another org's, is a line of text.
#[tokio::test]
async fn models_see_images() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let fake = FakeOpenAi::start(vec![Answer::Text(vec!["An otter."])]).await;
        let model = ModelWithProvider {
            model: "fake".into(),
            provider_type: LlmProviderType::OpenaiCompletions,
            api_key: Some("sk-test".into()),
            base_url: Some(fake.base_url.clone()),
        };
        let seed = stage.adapter.test_seed().unwrap();
        demo::put_platform(&seed, model).await.unwrap();
        let two = stage.mesh.adapter(2).build().await.unwrap();
        let mut ids = Vec::new();
        for (org_id, adapter) in [(1, &stage.adapter), (2, &two)] {
            let new = CreateStoredImage {
                filename: "otter.jpg".into(),
                content_type: "image/jpeg".into(),
                data: picture(),
                metadata: json!({}),
            };
            let store = adapter.image_artifact_store(org_id).unwrap();
            ids.push(store.create_image(new).await.unwrap().id);
        }
        let mut message = Message::user("");
        message.content = vec![ContentPart::Text(TextContentPart {
            text: "What is this?".into(),
        })];
        for image_id in [ids[0], ids[1]] {
            message
                .content
                .push(ContentPart::ImageFile(ImageFileContentPart {
                    image_id,
                    filename: None,
                }));
        }
        let end = LocalEngine::new(stage.adapter.clone())
            .run_turn(stage.session_id, message)
            .await
            .unwrap();
        assert_eq!(end, TurnEnd::Completed);
        let requests = fake.requests();
        let shown = requests[0]["messages"].as_array().unwrap().last().unwrap();
        let url = format!("data:image/jpeg;base64,{}", STANDARD.encode(picture()));
        assert_eq!(shown["content"][0]["text"], "What is this?");
        assert!(shown["content"][1]["image_url"]["url"] == url.as_str());
        let missing = format!("[Image not found: {}]", ids[1]);
        assert_eq!(shown["content"][2]["text"], missing.as_str());
    }
}
