//! A platform from a file, as its users bring it in: from the command line to a turn.

use everruns_runtime::RuntimeHostAdapter;
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::{AdapterProcess, adapter, host};
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::fixtures::moment;
use mortise_test_support::in_process::mesh;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const MARKER: &str = "MARKER-0c55e2";

/// A file is imported once and again, a turn runs with the agent, the model and the key
/// that it brought, and what is exported can be imported.
#[tokio::test]
async fn a_turn_with_an_imported_platform() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let url = database.at(&folder.path().join("p.db")).await;
        fs::write(at("key"), [7; 32]).unwrap();
        fs::write(at("openai.key"), format!("{MARKER}\n")).unwrap();
        let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Good day."])]).await;
        let file = format!(
            "models:\n  - {{name: main, model: gpt-imported, provider: openai_completions, default: true,\n     \
             base_url: '{}', api_key: {{file: openai.key}}}}\n\
             harnesses:\n  - {{name: base, system_prompt: Be brief.}}\n\
             agents:\n  - {{name: greeter, system_prompt: Greet like an import., default_model: main}}\n",
            fake.base_url
        );
        fs::write(at("platform.yaml"), file).unwrap();
        let (key, platform) = (at("key"), at("platform.yaml"));
        let storage = ["--database", url.as_str(), "--key-file", key.as_str()];
        let import = async |file: &str| adapter(&[&["import", file][..], &storage].concat()).await;

        let first = import(&platform).await;
        assert_eq!(first.code, 0, "{}", first.stderr);
        let said = "create model main\ncreate harness base\ncreate agent greeter\n\
                    3 created, 0 updated\n";
        assert_eq!(first.stdout, said);
        let second = import(&platform).await;
        assert!(
            second.stdout.ends_with("\nunchanged\n"),
            "{}",
            second.stdout
        );

        let process = AdapterProcess::start_on(database, folder.path()).await;
        let over = mesh(&process.endpoint).adapter(1).build().await.unwrap();
        let mut session = demo::session(1, moment());
        let store = over.platform_store(1, session.id).unwrap();
        let agents = store.list_agents().await.unwrap();
        session.agent_id = Some(agents[0].public_id);
        let harnesses = store.list_harnesses().await.unwrap();
        let base = harnesses.iter().find(|harness| harness.name == "base");
        session.harness_id = base.unwrap().id;
        let id = session.id.to_string();
        over.test_seed()
            .unwrap()
            .put_session(session)
            .await
            .unwrap();
        let endpoint = process.endpoint.to_string();
        let turn = host(&["run", "--adapter", &endpoint, "--session", &id, "Hello"]).await;
        assert!(
            turn.stdout.contains("Good day."),
            "{}{}",
            turn.stdout,
            turn.stderr
        );
        let asked = fake.requests()[0].to_string();
        assert!(asked.contains("gpt-imported"), "{asked}");
        assert!(asked.contains("Greet like an import."), "{asked}");
        process.kill().await;

        let exported = at("exported.toml");
        let export = ["export", "--output", &exported];
        let bare = adapter(&[&export[..], &storage].concat()).await;
        assert_eq!(bare.code, 0, "{}", bare.stderr);
        assert!(
            bare.stderr
                .contains("to import it, set MORTISE_MODEL_MAIN_API_KEY")
        );
        assert!(!fs::read_to_string(&exported).unwrap().contains(MARKER));
        let refused = import(&exported).await;
        assert_eq!(refused.code, 3);
        let expected = "models[0].api_key: the environment variable";
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
        let whole = [&export[..], &["--with-secrets"], &storage].concat();
        let whole = adapter(&whole).await;
        assert_eq!(whole.code, 0, "{}", whole.stderr);
        assert!(fs::read_to_string(&exported).unwrap().contains(MARKER));
        let mode = fs::metadata(&exported).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let third = import(&exported).await;
        assert!(third.stdout.ends_with("\nunchanged\n"), "{}", third.stdout);
        for said in [first, second, turn, bare, refused, whole, third] {
            assert!(!format!("{}{}", said.stdout, said.stderr).contains(MARKER));
        }
    }
}

/// A secret's file is an ordinary one of a bounded size: a device without an end and a pipe
/// without a writer are refused at once, with the path.
#[tokio::test]
async fn a_secret_is_in_an_ordinary_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("key"), [7; 32]).unwrap();
    fs::write(at("large"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(at("pipe"))
        .status();
    assert!(made.unwrap().success());
    let (key, platform) = (at("key"), at("platform.yaml"));
    let url = Database::Sqlite.at(&folder.path().join("p.db")).await;
    for place in ["/dev/zero", "pipe", "large"] {
        let file = format!(
            "models:\n  - {{name: main, model: m, provider: openai_completions, \
             base_url: 'http://127.0.0.1:1', api_key: {{file: {place}}}}}\n"
        );
        fs::write(&platform, file).unwrap();
        let arguments = ["import", &platform, "--database", &url, "--key-file", &key];
        let refused = adapter(&arguments).await;
        assert_ne!(refused.code, 0, "{place}");
        assert!(refused.stderr.contains(place), "{}", refused.stderr);
    }
}
