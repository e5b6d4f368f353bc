//! What breaks the contract is refused, with the path of the field. Each test takes
//! a message that has everything, spoils it in every way that the contract's own
//! descriptors and comments name, one at a time, and looks for the path.

use std::collections::BTreeSet;

use everruns_core::agent::Agent;
use everruns_core::events::{Event, EventRequest};
use everruns_core::harness::Harness;
use everruns_core::message::Message;
use everruns_core::message_filter::MessageFilter;
use everruns_core::session::Session;
use everruns_core::session_file::{FileInfo, FileStat, GrepMatch, InitialFile, SessionFile};
use everruns_core::tool_types::ToolDefinition;
use everruns_core::traits::{KeyInfo, ModelWithProvider, SecretInfo};
use everruns_runtime::RuntimeHostTurnContext;
use mortise_proto::convert::message_retriever::to_filter;
use mortise_proto::convert::runtime_host::{snapshot, turn_context};
use mortise_proto::convert::session_file_system::{from_written, join, split, written};
use mortise_proto::pb;
use proptest::prelude::*;

use crate::tape::{Tape, tape};
use crate::walk::{dynamic, refuses, spoil};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Configurations are refused by the field that is wrong.
    #[test]
    fn of_configurations(words in tape()) {
        let mut tape = Tape::full(&words);
        refuses("Harness", &pb::Harness::from(tape.make::<Harness>()), Harness::try_from);
        refuses("Agent", &pb::Agent::from(tape.make::<Agent>()), Agent::try_from);
        refuses("Session", &pb::Session::from(tape.make::<Session>()), Session::try_from);
        let tool: ToolDefinition = tape.make();
        refuses("ToolDefinition", &pb::ToolDefinition::from(tool), ToolDefinition::try_from);
        let model: ModelWithProvider = tape.make();
        refuses("ModelWithProvider", &pb::ModelWithProvider::from(model), ModelWithProvider::try_from);
    }

    /// Histories are refused by the field that is wrong.
    #[test]
    fn of_histories(words in tape()) {
        let mut tape = Tape::full(&words);
        refuses("Message", &pb::Message::from(tape.make::<Message>()), Message::try_from);
        let filter = to_filter(tape.make()).unwrap();
        refuses("MessageFilter", &filter, MessageFilter::try_from);
        let event = pb::NewEvent::try_from(tape.make::<EventRequest>()).unwrap();
        refuses("NewEvent", &event, EventRequest::try_from);
        let event = pb::Event::try_from(tape.make::<Event>()).unwrap();
        refuses("Event", &event, Event::try_from);
    }

    /// Files, keys and secrets are refused by the field that is wrong.
    #[test]
    fn of_files_and_keys(words in tape()) {
        let mut tape = Tape::full(&words);
        refuses("FileInfo", &pb::FileInfo::from(tape.make::<FileInfo>()), FileInfo::try_from);
        refuses("FileStat", &pb::FileStat::from(tape.make::<FileStat>()), FileStat::try_from);
        let (header, _) = split(tape.make::<SessionFile>());
        refuses("ReadFileHeader", &header, |header| join(header, None));
        let file = written(tape.make(), "");
        refuses("WrittenFile", &file, |file| from_written(file, ""));
        refuses("KeyInfo", &pb::KeyInfo::from(tape.make::<KeyInfo>()), KeyInfo::try_from);
        let secret: SecretInfo = tape.make();
        refuses("SecretInfo", &pb::SecretInfo::from(secret), SecretInfo::try_from);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    /// A turn's snapshot is refused by the field that is wrong, however deep.
    #[test]
    fn of_snapshots(words in tape()) {
        let mut tape = Tape::full(&words);
        let context: RuntimeHostTurnContext = tape.make();
        let (snapshot, _) = snapshot(context, tape.make());
        refuses("TurnSnapshot", &snapshot, |wire| turn_context(wire, Vec::new()));
    }
}

/// What has no required parts has no way to be wrong: it is converted, not skipped.
#[test]
fn plain_records_are_never_refused() {
    assert!(GrepMatch::try_from(pb::GrepMatch::default()).is_ok());
    assert!(InitialFile::try_from(pb::InitialFile::default()).is_ok());
}

/// The walk finds the faults that it is meant to find.
#[test]
fn the_walk_sees_every_kind_of_field() {
    let session: Session = Tape::full(&[]).make();
    let wire = dynamic("Session", &pb::Session::from(session));
    let found: BTreeSet<String> = spoil(&wire).into_iter().map(|fault| fault.path).collect();
    for path in [
        "id",
        "agent_id",
        "resolved_owner_user_id",
        "owner.kind",
        "capabilities[0].config_json",
        "tools[0].kind",
        "tools[0].builtin.parameters_json",
        "tools[0].builtin.policy",
        "mcp_servers[\"\"].auth_mode",
        "hints.values_json[\"\"]",
        "status",
        "created_at",
        "finished_at",
        "subagent_status",
        "blueprint_config_json",
    ] {
        assert!(found.contains(path), "{path} is not among {found:#?}");
    }
}
