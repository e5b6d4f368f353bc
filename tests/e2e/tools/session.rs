//! Turns whose tools reach a session's own things: values, secrets, title, files, and
//! a shell over the files.

use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{self, Actor, call};
use serde_json::{Value, json};

/// kv_store and secret_store set, get, list and delete.
#[tokio::test]
async fn values_and_secrets() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        for tool in ["kv_store", "secret_store"] {
            let outcomes = script::turn(
                &stage,
                &["session_storage"],
                vec![
                    vec![call(
                        tool,
                        json!({"operation": "set", "key": "a", "name": "a", "value": "1"}),
                    )],
                    vec![call(
                        tool,
                        json!({"operation": "get", "key": "a", "name": "a"}),
                    )],
                    vec![call(tool, json!({"operation": "list"}))],
                    vec![call(
                        tool,
                        json!({"operation": "delete", "key": "a", "name": "a"}),
                    )],
                    vec![call(
                        tool,
                        json!({"operation": "get", "key": "a", "name": "a"}),
                    )],
                ],
            )
            .await;
            let [set, got, listed, deleted, gone] = outcomes.as_slice() else {
                panic!("{outcomes:?}")
            };
            set.ok();
            assert_eq!(got.ok()["value"], "1", "{got:?}");
            assert!(listed.ok().to_string().contains("\"a\""), "{listed:?}");
            deleted.ok();
            assert_ne!(gone.result["value"], "1", "{gone:?}");
        }
    }
}

/// write_session_title changes the session that get_session_info reads.
#[tokio::test]
async fn the_title() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let outcomes = script::turn(
            &stage,
            &["session"],
            vec![
                vec![call(
                    "write_session_title",
                    json!({"title": "Sums, mostly"}),
                )],
                vec![call("get_session_info", json!({}))],
            ],
        )
        .await;
        outcomes[0].ok();
        assert!(
            outcomes[1].ok().to_string().contains("Sums, mostly"),
            "{outcomes:?}"
        );
    }
}

/// Every file tool does what it says, and refusals reach the model in words.
#[tokio::test]
async fn files() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let path = "/workspace/notes/a.txt";
        let actor = Actor::new(&stage, &["session_file_system"]).await;
        let outcomes = actor
            .turn(vec![
                vec![call(
                    "write_file",
                    json!({"path": path, "content": "alpha\nbeta\n"}),
                )],
                vec![call("read_file", json!({"path": path}))],
            ])
            .await;
        outcomes[0].ok();
        let read = outcomes[1].ok();
        assert!(read.to_string().contains("alpha"), "{read}");
        let edit = json!({
            "path": path,
            "expected_hash": read["content_hash"],
            "old_text": "beta",
            "new_text": "gamma",
        });
        let outcomes = actor
            .turn(vec![
                vec![call("edit_file", edit)],
                vec![call("list_directory", json!({"path": "/workspace/notes"}))],
                vec![call("grep_files", json!({"pattern": "gam+a"}))],
                vec![call("stat_file", json!({"path": path}))],
                vec![call("delete_file", json!({"path": "/workspace/notes"}))],
                vec![call(
                    "delete_file",
                    json!({"path": "/workspace/notes", "recursive": true}),
                )],
                vec![call("list_directory", json!({"path": "/workspace/notes"}))],
                vec![call("grep_files", json!({"pattern": "("}))],
            ])
            .await;
        let [edited, listed, found, stat, kept, deleted, gone, bad] = outcomes.as_slice() else {
            panic!("{outcomes:?}")
        };
        edited.ok();
        assert!(listed.ok().to_string().contains("a.txt"), "{listed:?}");
        assert!(found.ok().to_string().contains("gamma"), "{found:?}");
        assert!(stat.ok().to_string().contains("12"), "{stat:?}");
        says(kept, "not empty");
        deleted.ok();
        says(gone, "not found");
        says(bad, "pattern");
    }
}

/// The path patterns that the tool tells the model to send find what they say, and one that
/// is too large is refused in words.
#[tokio::test]
async fn path_patterns() {
    let stage = TestHost::set_on(Database::Sqlite).await;
    let actor = Actor::new(&stage, &["session_file_system"]).await;
    let write = |path: &str| call("write_file", json!({"path": path, "content": "needle"}));
    let search = |paths: &str| {
        call(
            "grep_files",
            json!({"pattern": "n..dle", "path_pattern": paths}),
        )
    };
    let outcomes = actor
        .turn(vec![
            vec![write("/workspace/a.txt")],
            vec![write("/workspace/docs/b.md")],
            vec![search("*.txt")],
            vec![search("/workspace/docs/*")],
            vec![call("grep_files", json!({"pattern": r"\w".repeat(5000)}))],
        ])
        .await;
    let [_, _, texts, docs, large] = outcomes.as_slice() else {
        panic!("{outcomes:?}")
    };
    for (found, has, lacks) in [(texts, "a.txt", "b.md"), (docs, "b.md", "a.txt")] {
        let found = found.ok().to_string();
        assert!(found.contains(has) && !found.contains(lacks), "{found}");
    }
    says(large, "pattern");
}

#[track_caller]
fn says(outcome: &script::ToolOutcome, words: &str) {
    let told = outcome.error.clone().unwrap_or_default() + &outcome.result.to_string();
    assert!(told.contains(words), "`{words}` is not in {outcome:?}");
}

/// The shell sees the session's files: directories, redirects, tests, grep, pipes.
#[tokio::test(flavor = "multi_thread")]
async fn a_shell() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &["virtual_bash", "session_file_system"]).await;
        let bash = |commands: &str| vec![call("bash", json!({ "commands": commands }))];
        let outcomes = actor
            .turn(vec![
                bash("mkdir -p /workspace/src/deep && echo one > /workspace/src/deep/a.txt && echo two >> /workspace/src/deep/a.txt && cat /workspace/src/deep/a.txt"),
                bash("test -e /workspace/src/deep/a.txt && echo there; test -e /workspace/nope || echo absent; test -d /workspace/src && echo folder"),
                bash("grep -rn two /workspace/src; ls /workspace/src/deep | wc -l"),
                bash("cp /workspace/src/deep/a.txt /workspace/b.txt && mv /workspace/b.txt /workspace/c.txt && rm -r /workspace/src && ls /workspace"),
                vec![call("read_file", json!({"path": "/workspace/c.txt"}))],
            ])
            .await;
        let said = |index: usize| said(outcomes[index].ok());
        assert!(said(0).starts_with("one\ntwo\n"), "{}", said(0));
        assert!(
            said(1).starts_with("there\nabsent\nfolder\n"),
            "{}",
            said(1)
        );
        assert!(
            said(2).contains("two") && said(2).contains('1'),
            "{}",
            said(2)
        );
        assert!(
            said(3).contains("c.txt") && !said(3).contains("src"),
            "{}",
            said(3)
        );
        assert!(outcomes[4].ok().to_string().contains("two"), "{outcomes:?}");
    }
}

fn said(result: &Value) -> String {
    result["stdout"].as_str().unwrap_or_default().to_string()
}
