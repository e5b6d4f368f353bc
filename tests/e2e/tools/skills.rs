//! Turns whose tools find and activate skills: files of the workspace that the resource
//! registry remembers once they are active.

use everruns_core::session_resource::SessionResourceStatus;
use everruns_runtime::RuntimeHostAdapter;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Actor, call};
use serde_json::json;

const CAPABILITIES: &[&str] = &["skills", "session_file_system"];

const SKILL: &str = "---\nname: summing\ndescription: Sums numbers.\n---\n\nSum up $ARGUMENTS.\n";

/// A model writes a skill, finds it and activates it; from then on, also in the next
/// turn and without its file, it is what it was when it was activated.
#[tokio::test(flavor = "multi_thread")]
async fn a_skill_is_activated_once() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, CAPABILITIES).await;
        let write = |path: &str, content: &str| {
            let arguments = json!({"path": path, "content": content});
            vec![call("write_file", arguments)]
        };
        let activate = |arguments: &str| {
            let arguments = json!({"name": "summing", "arguments": arguments});
            vec![call("activate_skill", arguments)]
        };
        let skills = "/workspace/.agents/skills";
        let outcomes = actor
            .turn(vec![
                vec![call("list_skills", json!({}))],
                activate("1"),
                write(&format!("{skills}/summing/SKILL.md"), SKILL),
                write(&format!("{skills}/broken/SKILL.md"), "no front matter"),
                vec![call("list_skills", json!({}))],
                activate("12 and 34"),
            ])
            .await;
        assert_eq!(outcomes[0].ok()["skills"], json!([]));
        let missing = outcomes[1].error.clone().unwrap_or_default();
        assert!(
            missing.contains("not found at /workspace/.agents/skills/summing/SKILL.md"),
            "{missing}"
        );
        let listed = &outcomes[4].ok()["skills"];
        assert!(listed[0]["error"].is_string(), "{listed}");
        assert_eq!(listed[1]["name"], "summing");
        assert_eq!(listed[1]["description"], "Sums numbers.");
        let activated = outcomes[5].ok();
        let instructions = activated["instructions"].as_str().unwrap();
        assert!(instructions.contains("Sum up 12 and 34."), "{activated}");

        let registry = actor.adapter.session_resource_registry().unwrap();
        let entry = registry.get(actor.session_id, "skill_activation:summing");
        let entry = entry.await.unwrap().unwrap();
        assert_eq!(entry.kind, "skill_activation");
        assert_eq!(entry.status, SessionResourceStatus::Active);
        assert_eq!(&entry.metadata, activated);

        let gone = json!({"path": skills, "recursive": true});
        let later = actor
            .turn(vec![vec![call("delete_file", gone)], activate("5 and 6")])
            .await;
        later[0].ok();
        assert_eq!(later[1].ok()["already_active"], true);
        assert_eq!(later[1].ok()["instructions"], activated["instructions"]);
    }
}
