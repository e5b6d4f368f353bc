//! Every upstream type, filled at random, goes to bytes and comes back equal.

use std::fmt::Debug;

use everruns_core::agent::Agent;
use everruns_core::events::{Event, EventData, EventRequest};
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
use mortise_proto::convert::{ConvertError, list};
use mortise_proto::pb;
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::tape::{Tape, tape};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A harness keeps every field.
    #[test]
    fn harnesses(words in tape()) {
        crosses::<Harness, pb::Harness>(Tape::new(&words).make(), serde_form);
    }

    /// An agent keeps every field, those that upstream's JSON drops among them.
    #[test]
    fn agents(words in tape()) {
        crosses::<Agent, pb::Agent>(Tape::new(&words).make(), agent_form);
    }

    /// A session keeps every field.
    #[test]
    fn sessions(words in tape()) {
        crosses::<Session, pb::Session>(Tape::new(&words).make(), session_form);
    }

    /// A tool keeps its full schema beside the stub.
    #[test]
    fn tools(words in tape()) {
        crosses::<ToolDefinition, pb::ToolDefinition>(Tape::new(&words).make(), debug_form);
    }

    /// A message keeps every part and every field.
    #[test]
    fn messages(words in tape()) {
        crosses::<Message, pb::Message>(Tape::new(&words).make(), serde_form);
    }

    /// A model keeps its key.
    #[test]
    fn models(words in tape()) {
        crosses::<ModelWithProvider, pb::ModelWithProvider>(Tape::new(&words).make(), debug_form);
    }

    /// What describes files, keys and secrets keeps every field.
    #[test]
    fn small_records(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<FileInfo, pb::FileInfo>(tape.make(), serde_form);
        crosses::<FileStat, pb::FileStat>(tape.make(), serde_form);
        crosses::<GrepMatch, pb::GrepMatch>(tape.make(), serde_form);
        crosses::<InitialFile, pb::InitialFile>(tape.make(), serde_form);
        crosses::<KeyInfo, pb::KeyInfo>(tape.make(), debug_form);
        crosses::<SecretInfo, pb::SecretInfo>(tape.make(), debug_form);
    }

    /// A file comes back whole, whether it was read in parts or written.
    #[test]
    fn files(words in tape()) {
        let mut tape = Tape::new(&words);
        let file: SessionFile = tape.make();
        let (header, content) = split(file.clone());
        let read = join(through_bytes(&header), content).unwrap();
        assert_eq!(serde_form(&read), serde_form(&file));

        let stored = SessionFile { content: Some(tape.make()), ..file };
        let [same, other] = [stored.content.clone().unwrap(), "other".to_string()];
        let sent: String = tape.choose(&[same, other, String::new()]);
        let answer = through_bytes(&written(stored.clone(), &sent));
        assert_eq!(answer.content.is_none(), stored.content.as_ref() == Some(&sent));
        assert_eq!(serde_form(&from_written(answer, &sent).unwrap()), serde_form(&stored));
    }

    /// A filter keeps its condition.
    #[test]
    fn filters(words in tape()) {
        let filter: MessageFilter = Tape::new(&words).make();
        let wire = through_bytes(&to_filter(filter.clone()).unwrap());
        assert_eq!(debug_form(&MessageFilter::try_from(wire).unwrap()), debug_form(&filter));
    }

    /// A new event keeps its payload, its metadata and its time.
    #[test]
    fn new_events(words in tape()) {
        let request: EventRequest = Tape::new(&words).make();
        let wire = through_bytes(&pb::NewEvent::try_from(&request).unwrap());
        assert_eq!(request_form(&EventRequest::try_from(wire).unwrap()), request_form(&request));
    }

    /// A stored event keeps its id and its number as well.
    #[test]
    fn stored_events(words in tape()) {
        let event: Event = Tape::new(&words).make();
        let wire = through_bytes(&pb::Event::try_from(event.clone()).unwrap());
        assert_eq!(event_form(Event::try_from(wire).unwrap()), event_form(event));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A turn's context comes back whole from its snapshot and its messages.
    #[test]
    fn turn_contexts(words in tape()) {
        let mut tape = Tape::new(&words);
        let context: RuntimeHostTurnContext = tape.make();
        let chain: Vec<Harness> = tape.make();
        let (wire, messages) = snapshot(context.clone(), chain.clone());
        let messages = messages.into_iter().map(pb::Message::from);
        let messages = messages.map(|message| through_bytes(&message)).collect();
        let back = turn_context(through_bytes(&wire), list("messages", messages).unwrap());
        let (back, back_chain) = back.unwrap();
        assert_eq!(context_form(&back), context_form(&context));
        assert_eq!(serde_form(&back_chain), serde_form(&chain));
    }
}

/// To the wire, to bytes and back; and the same bytes again, so that equal values
/// are equal bytes and whatever `form` does not show was not lost either.
pub(crate) fn crosses<D, W>(domain: D, form: fn(&D) -> Value)
where
    D: Clone + TryFrom<W, Error = ConvertError>,
    W: From<D> + prost::Message + Default + PartialEq + Debug,
{
    let wire = W::from(domain.clone());
    let back = D::try_from(through_bytes(&wire)).unwrap();
    assert_eq!(form(&back), form(&domain));
    assert_eq!(W::from(back).encode_to_vec(), wire.encode_to_vec());
}

pub(crate) fn through_bytes<W: prost::Message + Default + PartialEq + Debug>(wire: &W) -> W {
    let back = W::decode(wire.encode_to_vec().as_slice()).unwrap();
    assert_eq!(&back, wire);
    back
}

// === what is compared ===

fn serde_form<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

pub(crate) fn debug_form<T: Debug>(value: &T) -> Value {
    format!("{value:?}").into()
}

fn agent_form(agent: &Agent) -> Value {
    json!([
        serde_form(agent),
        agent.internal_id,
        debug_form(&agent.tools)
    ])
}

fn session_form(session: &Session) -> Value {
    json!([serde_form(session), debug_form(&session.tools)])
}

fn context_form(context: &RuntimeHostTurnContext) -> Value {
    json!([
        context.agent.as_ref().map(agent_form),
        session_form(&context.session),
        serde_form(&context.messages),
        debug_form(&context.model),
        debug_form(&context.mcp_tool_definitions),
    ])
}

fn request_form(request: &EventRequest) -> Value {
    let data = if let EventData::Unsupported { event_type, data } = &request.data {
        json!([event_type, data])
    } else {
        json!([request.data.event_type(), request.data])
    };
    json!([
        request.event_type,
        request.ts,
        request.session_id,
        request.context,
        data,
        debug_form(&request.metadata),
        request.tags,
    ])
}

fn event_form(event: Event) -> Value {
    let request = EventRequest {
        event_type: event.event_type,
        ts: event.ts,
        session_id: event.session_id,
        context: event.context,
        data: event.data,
        metadata: event.metadata,
        tags: event.tags,
    };
    json!([event.id, event.sequence, request_form(&request)])
}
