//! Platform files: what is applied, what is refused, and what is written back.

use super::*;
use crate::Action;
use crate::Exported;
use crate::FileFormat;
use crate::ImportError;
use crate::Imported;
use crate::SecretSource;
use everruns_core::capability_types::AgentCapabilityConfig;
use everruns_core::traits::{HarnessStore, LlmProviderStore};
use everruns_core::typed_id::AgentId;
use everruns_core::{Agent, PlatformStore};
use std::collections::BTreeMap;
use std::io;

const MARKER: &str = "MARKER-77aa01";

/// Variables; one that is not among them is not set, unless all are. Every file is there.
enum Source {
    All,
    These(BTreeMap<String, String>),
}

impl SecretSource for Source {
    fn env(&self, name: &str) -> Option<String> {
        match self {
            Self::All => Some(format!("{MARKER} of {name}")),
            Self::These(variables) => variables.get(name).cloned(),
        }
    }

    fn file(&self, path: &str) -> io::Result<String> {
        match self {
            Self::All => Ok(format!("{MARKER} of {path}\n")),
            Self::These(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// The example of the documentation.
fn example() -> &'static str {
    let page = include_str!("../../../../docs/platform-file.md");
    let (_, example) = page.split_once("```yaml\n").unwrap();
    example.split_once("```").unwrap().0
}

async fn import(store: &Store, text: &str, source: &Source) -> Result<Imported, ImportError> {
    let reference = &store.reference;
    reference
        .import(1, text, FileFormat::Yaml, source, false)
        .await
}

/// What was not as the file says.
fn changed(imported: &Imported) -> Vec<String> {
    let changes = imported.changes.iter();
    changes
        .filter(|change| change.action != Action::Unchanged)
        .map(ToString::to_string)
        .collect()
}

async fn export(store: &Store, format: FileFormat, with_secrets: bool) -> Exported {
    let exported = store.reference.export(1, format, with_secrets).await;
    exported.unwrap()
}

async fn agent(store: &Store, name: &str) -> Agent {
    let agents = store.org1().platform().list_agents().await.unwrap();
    agents.into_iter().find(|agent| agent.name == name).unwrap()
}

/// The documented example makes a platform: its entries are there, with their secrets
/// and references. A second import changes nothing, and an edit changes what it names.
#[tokio::test]
async fn the_documented_example() {
    let store = Store::new().await;
    let dry = store
        .reference
        .import(1, example(), FileFormat::Yaml, &Source::All, true)
        .await
        .unwrap();
    assert_eq!(changed(&dry).len(), 12);
    assert!(
        store
            .org1()
            .platform()
            .list_agents()
            .await
            .unwrap()
            .is_empty()
    );

    let first = import(&store, example(), &Source::All).await.unwrap();
    assert_eq!(first, dry);
    assert_eq!(first.warnings, []);
    let creations = [
        "create model main",
        "create model rehearsal",
        "create provider openai",
        "create harness base",
        "create harness coding",
        "create agent code-reviewer",
        "create connection 01933b5a-0000-7000-8000-000000000001 github",
        "create budget monthly",
        "create budget review",
        "create payment account petty-cash",
        "create payment policy organization",
        "create rate limit of the org",
    ];
    assert_eq!(changed(&first), creations);
    let second = import(&store, example(), &Source::All).await.unwrap();
    assert_eq!(changed(&second), [""; 0]);
    assert_eq!(second.changes.len(), creations.len());

    let s = store.org1();
    let harnesses = s.platform().list_harnesses().await.unwrap();
    let coding = harnesses.iter().find(|it| it.name == "coding").unwrap();
    let chain = s.harnesses().get_harness_chain(coding.id).await.unwrap();
    assert_eq!(chain.len(), 2);
    let model = chain[0].default_model_id.unwrap();
    let model = s
        .models()
        .get_model_with_provider(model)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(model.api_key, Some(format!("{MARKER} of OPENAI_API_KEY")));
    let default = s.models().get_default_model().await.unwrap().unwrap();
    assert_eq!(default.model, model.model);
    let header = &coding.mcp_servers["tickets"].headers["Authorization"];
    assert_eq!(*header, format!("{MARKER} of TICKETS_TOKEN"));

    let before = agent(&store, "code-reviewer").await;
    let edited = example().replace("Review what you are shown.", "Review it twice.");
    let third = import(&store, &edited, &Source::All).await.unwrap();
    assert_eq!(changed(&third), ["update agent code-reviewer"]);
    let after = agent(&store, "code-reviewer").await;
    assert_eq!(after.system_prompt, "Review it twice.");
    assert_eq!(after.public_id, before.public_id);
    assert_eq!(after.created_at, before.created_at);
    assert!(after.updated_at > before.updated_at);
}

/// What was spent stays spent when a file is imported again, and a higher limit is as
/// much more.
#[tokio::test]
async fn a_limit_is_raised() {
    let store = Store::new().await;
    let file = |limit: u32| {
        format!("budgets: [{{name: b, subject: organization, currency: usd, limit: {limit}}}]")
    };
    import(&store, &file(10), &Source::All).await.unwrap();
    let spend = "UPDATE budgets SET balance = balance - 4";
    let mut tx = store.reference.inner.db.write_all_orgs().await.unwrap();
    tx.query(spend).execute().await.unwrap();
    tx.commit().await.unwrap();
    let again = import(&store, &file(10), &Source::All).await.unwrap();
    assert_eq!(changed(&again), [""; 0]);
    let raised = import(&store, &file(25), &Source::All).await.unwrap();
    assert_eq!(changed(&raised), ["update budget b"]);
    let text = export(&store, FileFormat::Yaml, false).await.text;
    assert!(text.contains("balance: 21"), "{text}");
}

/// What is spent while a file is imported stays spent as well.
#[tokio::test]
async fn spending_goes_on_while_importing() {
    let store = Store::new().await;
    let file = |soft: u32| {
        format!(
            "budgets: [{{name: b, subject: organization, currency: usd, limit: 10, \
             soft_limit: {soft}}}]"
        )
    };
    import(&store, &file(1), &Source::All).await.unwrap();
    let mut tx = store.reference.inner.db.write_all_orgs().await.unwrap();
    let spend = "UPDATE budgets SET balance = balance - 4";
    tx.query(spend).execute().await.unwrap();
    let edited = file(2);
    let importing = import(&store, &edited, &Source::All);
    let spent = async { tx.commit().await.unwrap() };
    let imported = meanwhile(&store, importing, spent).await.unwrap();
    assert_eq!(changed(&imported), ["update budget b"]);
    let text = export(&store, FileFormat::Yaml, false).await.text;
    assert!(text.contains("balance: 6"), "{text}");
}

const FAULTY: &str = "
agnets: []
models:
  - {name: main, model: m, provider: opnai, api_key: {env: NOT_SET}}
harnesses:
  - {name: one, parent: two}
  - {name: two, parent: one}
  - {name: Big Name, default_model: mian}
agents:
  - {name: a, system_promt: x, max_iterations: many}
  - {name: a, id: agent_12, tags: [5]}
connections:
  - {user: nobody, provider: github, token: {evn: T}}
budgets:
  - {name: b, subject: {agent: aa}, currency: usd, limit: -1}
payment_policies:
  - {subject: organization, account: none-such}
rate_limit: {max_calls: 3}
";

/// Everything that is wrong with a file is told at once, and nothing is changed.
#[tokio::test]
async fn every_fault_at_once() {
    let store = Store::new().await;
    let faults = match import(&store, FAULTY, &Source::These(BTreeMap::new())).await {
        Err(ImportError::Diagnostics(faults)) => faults,
        other => panic!("{other:?}"),
    };
    let mut told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    told.sort();
    let expected = [
        r#"agents[0].max_iterations = "many": is of the wrong kind; write a whole number from 0 on"#,
        r#"agents[0].system_promt: is not a known key; did you mean "system_prompt"?"#,
        r#"agents[1].id = "agent_12": is not an id of this kind; write agent_ and 32 hexadecimal digits"#,
        r#"agents[1].name = "a": is the name of another agent; choose another name"#,
        r#"agents[1].tags[0] = "5": is of the wrong kind; write a string"#,
        r#"agnets: is not a known key; did you mean "agents"?"#,
        r#"budgets[0].limit = "-1": is not an amount; write a number, 0 or more"#,
        r#"budgets[0].subject.agent = "aa": names no agent of the file or of the database; add the agent or correct the name"#,
        r#"connections[0].token.evn: is not a known key; did you mean "env"?"#,
        r#"connections[0].user = "nobody": is not a UUID; write the user's id"#,
        r#"harnesses[0].parent: leads back to the harness itself; choose another parent"#,
        r#"harnesses[2].default_model = "mian": names no model of the file or of the database; did you mean "main"?"#,
        r#"harnesses[2].name = "Big Name": is not allowed: name must contain only lowercase letters, digits, and hyphens; choose one such as `code-reviewer`"#,
        r#"models[0].api_key: the environment variable NOT_SET is not set; set it to the secret"#,
        r#"models[0].provider = "opnai": is not a provider type; did you mean "openai"?"#,
        r#"payment_policies[0].account = "none-such": names no payment account of the file or of the database; add the payment account or correct the name"#,
        r#"rate_limit.window_seconds: is missing; write the window in seconds"#,
    ];
    assert_eq!(told, expected);
    assert!(
        export(&store, FileFormat::Yaml, false)
            .await
            .left_out
            .is_empty()
    );
    assert!(
        store
            .org1()
            .platform()
            .list_agents()
            .await
            .unwrap()
            .is_empty()
    );
}

/// A tool's name that every provider refuses would stop its agent: it is refused, and so
/// is one that is there already.
#[tokio::test]
async fn tools_have_names_that_models_take() {
    let store = Store::new().await;
    let long = "x".repeat(65);
    let names = ["two words", &long, "twice", "twice", "read_file", "fine"];
    let tools: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "{{type: client_side, name: {name}, description: d, parameters: {{type: object}}}}"
            )
        })
        .collect();
    let file = format!(
        "agents: [{{name: a, capabilities: [session_file_system], tools: [{}]}}]",
        tools.join(", ")
    );
    let faults = match import(&store, &file, &Source::These(BTreeMap::new())).await {
        Err(ImportError::Diagnostics(faults)) => faults,
        other => panic!("{other:?}"),
    };
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let shown = "x".repeat(60);
    let expected = [
        r#"agents[0].tools[0].name = "two words": is a name that no model's provider takes; write 1 to 64 letters, digits, _ and -"#.to_string(),
        format!("agents[0].tools[1].name = \"{shown}…\": is a name that no model's provider takes; write 1 to 64 letters, digits, _ and -"),
        r#"agents[0].tools[3].name = "twice": is the name of another tool of the agent; choose another name"#.to_string(),
        r#"agents[0].tools[4].name = "read_file": is the name of a tool of the agent's capabilities; choose another name, or remove the capability"#.to_string(),
    ];
    assert_eq!(told, expected);
}

/// An agent with what a file could spoil.
fn peculiar() -> Agent {
    let mut agent = everruns_runtime::AgentBuilder::new("peculiar", "")
        .id(AgentId::from_seed(7))
        .build();
    agent.tags = [
        "yes",
        "~",
        "null",
        "0x1F",
        "1e3",
        "1_000",
        "2026-01-01",
        " lead",
        "a: b # c",
        "- x",
        "---",
        "'",
        "\"",
        "%",
        "@a",
        "`",
        "tab\t",
        "é世界",
        "end \n",
        "\n",
        "a\n\n  b\n",
        "\r\n",
        "\u{85}\u{2028}\u{feff}",
        "",
        "{a: b}",
        "!x",
        "&a",
        "*a",
        "|",
        ">",
        "\\",
        "\u{7}",
    ]
    .map(str::to_string)
    .to_vec();
    agent.system_prompt = agent.tags.join("\n");
    agent.capabilities = vec![AgentCapabilityConfig::with_config(
        "web_fetch",
        json!({
            "key": MARKER,
            "deep": [{"$env": MARKER}, {"n": 9_007_199_254_740_993_i64, "f": 0.1}, true, ""],
            "$value": {},
        }),
    )];
    agent
}

/// A platform that is exported and imported is unchanged, and one that is imported into
/// an empty database is exported as the same file: with secrets and without, in both
/// formats.
#[tokio::test]
async fn what_is_exported_can_be_imported() {
    let store = Store::new().await;
    import(&store, example(), &Source::All).await.unwrap();
    store.org1().seed().put_agent(peculiar()).await.unwrap();
    store.org1().platform().list_harnesses().await.unwrap();
    for format in [FileFormat::Yaml, FileFormat::Toml] {
        for with_secrets in [false, true] {
            let exported = export(&store, format, with_secrets).await;
            assert_eq!(exported.text.contains(MARKER), with_secrets);
            assert_eq!(exported.left_out.is_empty(), with_secrets);
            let source = Source::These(exported.left_out.clone());
            let into = async |store: &Store| {
                let reference = &store.reference;
                let text = &exported.text;
                let imported = reference.import(1, text, format, &source, false).await;
                changed(&imported.unwrap_or_else(|error| panic!("{error}\n{text}")))
            };
            assert_eq!(into(&store).await, [""; 0], "{}", exported.text);
            let other = Store::new().await;
            assert_ne!(into(&other).await, [""; 0]);
            let again = export(&other, format, with_secrets).await;
            assert_eq!(again.text, exported.text);
            let kept = pb::Agent::from(agent(&other, "peculiar").await);
            let meant = peculiar();
            assert_eq!(kept.tags, meant.tags);
            assert_eq!(kept.capabilities, pb::Agent::from(meant).capabilities);
        }
    }
}

/// Whatever is said of a file, right or wrong, its secrets are not in it.
#[tokio::test]
async fn no_secret_is_told() {
    let store = Store::new().await;
    let secretive = format!(
        "models: [{{name: m, model: m, provider: openai, api_key: {MARKER}}}]\n\
         providers: [{{type: openai, api_key: {MARKER}}}]\n\
         connections: [{{user: 01933b5a-0000-7000-8000-000000000001, provider: p, \
                         token: {MARKER}, metadata: {{value: {{a: {MARKER}}}}}}}]\n\
         agents: [{{name: a, mcp_servers: {{x: {{url: 'https://x', headers: {{h: {MARKER}}}}}}}}}]\n"
    );
    let imported = import(&store, &secretive, &Source::All).await.unwrap();
    assert_eq!(changed(&imported).len(), 4);
    let exported = export(&store, FileFormat::Yaml, false).await;
    let mut said = vec![
        format!("{imported:?}"),
        format!("{exported:?}"),
        exported.text,
    ];
    for broken in [
        format!("models: [{{name: m, api_key: [{MARKER}]}}]"),
        format!("models: [{{name: m, api_key: {{evn: {MARKER}}}}}]"),
        format!("models: [{{name: m, apikey: {MARKER}}}]"),
        format!("connections: [{{metadata: {MARKER}}}]"),
        format!("agents: [{{name: a, mcp_servers: {{x: {{headers: {MARKER}}}}}}}]"),
        format!("models: [{{name: m, api_key: {MARKER}\n  x: y: z"),
        format!("{MARKER}: [}}"),
    ] {
        let error = import(&store, &broken, &Source::All).await.unwrap_err();
        if !broken.starts_with(MARKER) {
            said.push(format!("{error} {error:?}"));
        }
    }
    let toml = format!("[[models]]\nname = \"m\"\napi_key = \"{MARKER}\" x");
    let refused = store
        .reference
        .import(1, &toml, FileFormat::Toml, &Source::All, false)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().starts_with("line 3, column "),
        "{refused}"
    );
    said.push(format!("{refused} {refused:?}"));
    for said in said {
        assert!(!said.contains(MARKER), "{said}");
    }
}

/// Without a key secrets are refused, each where it stands, in the words that the stores
/// use; and a file without secrets is imported.
#[tokio::test]
async fn without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let keyless = ReferenceConfig {
        encryption_key: None,
        ..config(url_at(&folder.path().join("m.db")).await)
    };
    let reference = Reference::open(keyless).await.unwrap();
    let import = async |text: &str| {
        let source = Source::All;
        reference
            .import(1, text, FileFormat::Yaml, &source, false)
            .await
    };
    let faults = match import(example()).await {
        Err(ImportError::Diagnostics(faults)) => faults,
        other => panic!("{other:?}"),
    };
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    let expected = [
        "models[0].api_key",
        "providers[0].api_key",
        "harnesses[1].mcp_servers.tickets.headers.Authorization",
        "connections[0].token",
        "connections[0].metadata",
    ];
    assert_eq!(paths, expected);
    for fault in &faults {
        assert!(
            fault.reason.starts_with("Encryption not configured"),
            "{fault}"
        );
    }
    let imported = import("agents: [{name: a, capabilities: [web_fetsh]}]")
        .await
        .unwrap();
    assert_eq!(changed(&imported), ["create agent a"]);
    assert_eq!(imported.warnings[0].remedy, "did you mean \"web_fetch\"?");
}
