//! Faults of the platform store and of budgets.

use super::fault::{Fault, answer, ask, end, forgets, leaks};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::budget_checker_service::CHECK_BUDGETS;
use mortise_proto::rpc::table::platform_store_service as platform;

pub(super) fn faults() -> Vec<Fault> {
    vec![
        answer(
            "PLAT-01",
            "makes harnesses that are built in",
            &platform::CREATE_HARNESS,
            |_, answer| {
                if let Some(harness) = &mut answer.harness {
                    harness.is_built_in = true;
                }
            },
        ),
        end(
            "PLAT-02",
            "answers NOT_FOUND for an unknown harness",
            &platform::GET_HARNESS,
            |_, end| {
                let messages = end?;
                match messages.iter().all(|message| message.harness.is_none()) {
                    true => Err(StoreError::new(
                        ErrorReason::HarnessNotFound,
                        "harness not found",
                    )),
                    false => Ok(messages),
                }
            },
        ),
        ask(
            "PLAT-03",
            "empties fields that an update leaves out",
            &platform::UPDATE_HARNESS,
            |request| {
                request.system_prompt.get_or_insert_default();
            },
        ),
        answer(
            "PLAT-05",
            "hides archived harnesses",
            &platform::GET_HARNESS,
            |_, answer| {
                let active = i32::from(pb::HarnessStatus::Active);
                answer.harness = answer
                    .harness
                    .take()
                    .filter(|harness| harness.status == active);
            },
        ),
        answer(
            "PLAT-06",
            "copies a harness onto itself",
            &platform::COPY_HARNESS,
            |request, answer| {
                if let Some(harness) = &mut answer.harness {
                    harness.id.clone_from(&request.harness_id);
                }
            },
        ),
        end(
            "PLAT-07",
            "updates what is not there",
            &platform::UPDATE_HARNESS,
            |_, end| Ok(end.unwrap_or_else(|_| vec![pb::UpdateHarnessResponse::default()])),
        ),
        answer(
            "PLAT-12",
            "loses a blueprint's configuration",
            &platform::GET_SESSION_BY_ID,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.blueprint_config_json = None;
                }
            },
        ),
        ask(
            "PLAT-15",
            "lists more sessions than were asked for",
            &platform::LIST_SESSIONS,
            |request| {
                request.limit = request.limit.map(|limit| limit + 5);
            },
        ),
        end(
            "PLAT-18",
            "gives the newest message first",
            &platform::GET_MESSAGES,
            |_, end| {
                let mut messages = end?;
                messages
                    .iter_mut()
                    .for_each(|message| message.messages.reverse());
                Ok(messages)
            },
        ),
        answer(
            "PLAT-21",
            "waits for idle and says busy",
            &platform::WAIT_FOR_IDLE,
            |_, answer| {
                answer.status = "active".into();
            },
        ),
        answer(
            "PLAT-27",
            "publishes without a date",
            &platform::PUBLISH_APP,
            |_, answer| {
                if let Some(app) = &mut answer.app {
                    app.published_at = None;
                }
            },
        ),
        end(
            "PLAT-28",
            "destroys apps that are not archived",
            &platform::DESTROY_APP,
            |_, end| Ok(end.unwrap_or_else(|_| vec![pb::DestroyAppResponse::default()])),
        ),
        leaks(
            "PLAT-76",
            "shows harnesses to every org",
            &platform::GET_HARNESS,
        ),
        answer(
            "AGENT-01",
            "loses what an agent is told",
            &platform::CREATE_AGENT,
            |_, answer| {
                if let Some(agent) = &mut answer.agent {
                    agent.system_prompt.clear();
                }
            },
        ),
        forgets(
            "PLAT-66",
            "makes a harness twice when it is sent again",
            &platform::CREATE_HARNESS,
        ),
        answer(
            "BUD-01",
            "takes no budgets for a used-up one",
            &CHECK_BUDGETS,
            |_, answer| {
                answer.status = "exhausted".into();
            },
        ),
    ]
}
