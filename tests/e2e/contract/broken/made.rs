//! Faults of the platform's records: what is made, listed and changed.

use super::fault::{Fault, answer, ask, end, instead};
use super::races::own;
use mortise_proto::pb;
use mortise_proto::rpc::table::adapter_service::DESCRIBE;
use mortise_proto::rpc::table::platform_store_service as platform;

pub(super) fn faults() -> Vec<Fault> {
    [listed(), made(), vec![foreign_owner()]].concat()
}

fn listed() -> Vec<Fault> {
    vec![
        answer(
            "PLAT-63",
            "lists the newest channel first",
            &platform::GET_APP,
            |_, answer| {
                answer.app.iter_mut().for_each(|app| app.channels.reverse());
            },
        ),
        ask(
            "PLAT-19",
            "gives 100 messages without a limit",
            &platform::GET_MESSAGES,
            |request| {
                request.limit.get_or_insert(100);
            },
        ),
        ask(
            "PLAT-48",
            "lists 100 sessions without a limit",
            &platform::LIST_SESSIONS,
            |request| {
                request.limit.get_or_insert(100);
            },
        ),
        answer(
            "PLAT-20",
            "calls users otherwise",
            &platform::GET_MESSAGES,
            |_, answer| {
                answer
                    .messages
                    .iter_mut()
                    .for_each(|message| message.role = "human".into());
            },
        ),
        answer(
            "PLAT-51",
            "ends messages at a NUL",
            &platform::GET_MESSAGES,
            |_, answer| {
                for message in &mut answer.messages {
                    let end = message.content.find('\0').unwrap_or(message.content.len());
                    message.content.truncate(end);
                }
            },
        ),
        answer(
            "PLAT-82",
            "changes agents before it makes them",
            &platform::LIST_AGENTS,
            |_, answer| {
                let times = answer
                    .agents
                    .iter_mut()
                    .filter_map(|agent| agent.updated_at.as_mut());
                times.for_each(|time| time.seconds -= 60);
            },
        ),
        end(
            "PLAT-29",
            "lists apps backwards",
            &platform::LIST_APPS,
            |_, end| {
                let mut answers = end?;
                answers.iter_mut().for_each(|answer| answer.apps.reverse());
                Ok(answers)
            },
        ),
    ]
}

fn made() -> Vec<Fault> {
    vec![
        answer(
            "PLAT-11",
            "loses what a session is on",
            &platform::CREATE_SESSION,
            |_, answer| {
                answer
                    .session
                    .iter_mut()
                    .for_each(|session| session.agent_id = None);
            },
        ),
        answer(
            "PLAT-13",
            "shows a session otherwise",
            &platform::GET_SESSION_BY_ID,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.locale = Some("xx".into());
                }
            },
        ),
        answer(
            "PLAT-45",
            "takes an empty title for none",
            &platform::GET_SESSION_BY_ID,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.title = session.title.take().filter(|title| !title.is_empty());
                }
            },
        ),
        answer(
            "PLAT-46",
            "gives subagents another owner",
            &platform::CREATE_SESSION,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.owner_principal_id = format!("principal_{:032x}", 77);
                }
            },
        ),
        answer(
            "PLAT-32",
            "takes every channel for a webhook",
            &platform::GET_APP,
            |_, answer| {
                let channels = answer.app.iter_mut().flat_map(|app| &mut app.channels);
                channels.for_each(|channel| channel.channel_type = pb::ChannelType::Webhook.into());
            },
        ),
        answer(
            "PLAT-61",
            "passes configurations through doubles",
            &platform::GET_APP,
            |_, answer| {
                for channel in answer.app.iter_mut().flat_map(|app| &mut app.channels) {
                    let json = &mut channel.channel_config_json;
                    *json = json.replace("9007199254740993", "9007199254740992");
                }
            },
        ),
        answer(
            "PLAT-39",
            "gives every copy one name",
            &platform::COPY_HARNESS,
            |_, answer| {
                answer
                    .harness
                    .iter_mut()
                    .for_each(|harness| harness.name = "copy".into());
            },
        ),
        ask(
            "PLAT-04",
            "keeps a parent that is cleared",
            &platform::UPDATE_HARNESS,
            |request| {
                use pb::update_harness_request::ParentHarness;
                let parent = request.parent_harness.take();
                let is_set = |parent: &_| matches!(parent, ParentHarness::ParentHarnessId(_));
                request.parent_harness = parent.filter(is_set);
            },
        ),
        ask(
            "PLAT-25",
            "looks for nothing",
            &platform::LIST_CAPABILITIES,
            |request| {
                request.search = None;
            },
        ),
        answer(
            "PLAT-26",
            "ends its address with a slash",
            &DESCRIBE,
            |_, answer| {
                answer.platform_base_url.push('/');
            },
        ),
        ask(
            "PLAT-85",
            "cuts prompts",
            &platform::CREATE_HARNESS,
            |request| {
                request.system_prompt = request.system_prompt.chars().take(65_536).collect();
            },
        ),
        ask(
            "AGENT-07",
            "takes no name for an empty one",
            &platform::CREATE_AGENT,
            |request| {
                request.display_name.get_or_insert_default();
            },
        ),
        ask(
            "PLAT-41",
            "takes no name for an empty one",
            &platform::CREATE_HARNESS,
            |request| {
                request.display_name.get_or_insert_default();
            },
        ),
        ask(
            "PLAT-56",
            "empties what an update leaves out",
            &platform::UPDATE_APP,
            |request| {
                request.description.get_or_insert_default();
            },
        ),
        answer(
            "PLAT-34",
            "reports on another session",
            &platform::GET_SESSION_CONTEXT_REPORT,
            |_, answer| {
                if let Some(report) = &mut answer.report {
                    report.session_id = format!("session_{:032x}", 1);
                }
            },
        ),
    ]
}

/// A session that is made for another has its owner, whichever org that one is of.
fn foreign_owner() -> Fault {
    instead(
        "PLAT-80",
        "gives the owner of another org's session",
        &platform::CREATE_SESSION,
        |server, asked: pb::CreateSessionRequest| async move {
            let context = asked.context.clone().unwrap_or_default();
            let owner = pb::GetSessionByIdRequest {
                context: own(&Some(pb::CallContext {
                    org_id: 1,
                    session_id: "session_00000000000000000000000000000000".into(),
                    ..context.clone()
                })),
                session_id: context.session_id,
            };
            let owner = server
                .one(&platform::GET_SESSION_BY_ID, owner)
                .await?
                .session;
            let mut request = asked;
            if let (Some(context), Some(_)) = (&mut request.context, &owner) {
                context.session_id = "session_00000000000000000000000000000000".into();
            }
            let mut answer = server.one(&platform::CREATE_SESSION, request).await?;
            if let (Some(made), Some(owner)) = (&mut answer.session, owner) {
                made.owner_principal_id = owner.owner_principal_id;
            }
            Ok(answer)
        },
    )
}
