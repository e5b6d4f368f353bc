//! Faults of what belongs to sessions and orgs: leases, entries, schedules, budgets, keys,
//! connections, servers, turns, requests that leave the platform.

use super::fault::{Fault, answer, ask, end};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::{
    budget_checker_service::CHECK_BUDGETS, egress_service as egress,
    image_artifact_store_service as images, leased_resource_store_service as leased,
    mcp_service as mcp, outbound_tool_rate_limiter_service::CHECK_ORG,
    payment_authority_service::EXECUTE_MACHINE_PAYMENT,
    provider_credential_store_service::GET_DEFAULT_PROVIDER_CREDENTIALS,
    session_resource_registry_service as registry, session_schedule_store_service as schedules,
    turn_queue_service::TAKE_TURN_REQUEST, user_connection_resolver_service as connections,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

pub(super) fn faults() -> Vec<Fault> {
    [leases(), planned(), spent(), secret(), servers(), outside()].concat()
}

fn leases() -> Vec<Fault> {
    vec![
        answer(
            "LEASE-02",
            "does not note when it was touched",
            &leased::UPSERT_RESOURCE,
            |_, answer| {
                if let Some(lease) = &mut answer.resource {
                    lease.last_touched_at = lease.created_at;
                }
            },
        ),
        answer(
            "LEASE-06",
            "leaves released what is leased again",
            &leased::UPSERT_RESOURCE,
            |_, answer| {
                if let Some(lease) = &mut answer.resource {
                    lease.status = pb::LeasedResourceStatus::Released.into();
                }
            },
        ),
        answer(
            "LEASE-07",
            "lists the newest lease first",
            &leased::LIST_RESOURCES,
            |_, answer| {
                answer.resources.reverse();
            },
        ),
        ask(
            "LEASE-13",
            "takes all providers for one",
            &leased::UPSERT_RESOURCE,
            |request| {
                request.provider = "daytona".into();
            },
        ),
        ask(
            "LEASE-14",
            "leases for a day at most",
            &leased::UPSERT_RESOURCE,
            |request| {
                request.lease_duration_seconds = request.lease_duration_seconds.min(86_400);
            },
        ),
        end(
            "REG-14",
            "lists what was changed last at the end",
            &registry::LIST_SESSION_RESOURCES,
            |_, end| {
                let answers = end?;
                let all = answers.into_iter().flat_map(|answer| answer.entries);
                let mut entries: Vec<_> = all.collect();
                entries.sort_by_key(|entry| entry.updated_at.map(|at| (at.seconds, at.nanos)));
                Ok(vec![pb::ListSessionResourcesResponse { entries }])
            },
        ),
        ask("REG-15", "trims names", &registry::REGISTER, |request| {
            request.display_name = request.display_name.trim().into();
        }),
        answer(
            "IMG-03",
            "forgets the names of images",
            &images::GET_IMAGE_INFO,
            |_, answer| {
                if let Some(image) = &mut answer.image {
                    image.filename = "image".into();
                }
            },
        ),
    ]
}

fn planned() -> Vec<Fault> {
    let cancelled: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    vec![
        answer(
            "SCHED-02",
            "fires once what has a time",
            &schedules::CREATE_SCHEDULE,
            |_, answer| {
                if let Some(schedule) = &mut answer.schedule
                    && schedule.scheduled_at.is_some()
                {
                    schedule.schedule_type = pb::ScheduleType::OneShot.into();
                }
            },
        ),
        ask(
            "SCHED-03",
            "goes by UTC everywhere",
            &schedules::CREATE_SCHEDULE,
            |request| {
                request.timezone = "UTC".into();
            },
        ),
        answer(
            "SCHED-10",
            "cancels a cancellation",
            &schedules::CANCEL_SCHEDULE,
            move |asked, answer| {
                let is_first = cancelled.lock().unwrap().insert(asked.schedule_id.clone());
                answer
                    .schedule
                    .iter_mut()
                    .for_each(|schedule| schedule.enabled = !is_first);
            },
        ),
        answer(
            "SCHED-16",
            "drops nanoseconds",
            &schedules::CANCEL_SCHEDULE,
            |_, answer| {
                let schedules = answer.schedule.iter_mut();
                let times = schedules.filter_map(|schedule| schedule.scheduled_at.as_mut());
                times.for_each(|time| time.nanos = 0);
            },
        ),
        answer(
            "TURN-02",
            "lets a turn be taken again",
            &TAKE_TURN_REQUEST,
            |_, answer| {
                answer.taken = true;
            },
        ),
        answer(
            "TURN-06",
            "lets a turn be taken that is not there",
            &TAKE_TURN_REQUEST,
            |_, answer| {
                answer.taken = true;
            },
        ),
    ]
}

fn spent() -> Vec<Fault> {
    vec![
        answer(
            "BUD-02",
            "counts below nothing",
            &CHECK_BUDGETS,
            |_, answer| {
                for budget in &mut answer.budgets {
                    budget.percent_remaining = budget.balance;
                }
            },
        ),
        answer(
            "BUD-03",
            "has a budget for what is not there",
            &CHECK_BUDGETS,
            |_, answer| {
                answer.status = "active".into();
            },
        ),
        answer(
            "BUD-04",
            "calls every budget active",
            &CHECK_BUDGETS,
            |_, answer| {
                answer.status = "active".into();
            },
        ),
        ask(
            "BUD-05",
            "does not look at the agent at work",
            &CHECK_BUDGETS,
            |request| {
                request.agent_id = None;
            },
        ),
        answer(
            "PAY-12",
            "pays more than is allowed",
            &EXECUTE_MACHINE_PAYMENT,
            |_, answer| {
                if let Some(payment) = &mut answer.payment {
                    payment.amount_usd *= 2.0;
                }
            },
        ),
        answer("RATE-02", "allows every call", &CHECK_ORG, |_, answer| {
            answer.allowed = true
        }),
        answer("RATE-01", "allows no call", &CHECK_ORG, |_, answer| {
            answer.allowed = false
        }),
    ]
}

fn secret() -> Vec<Fault> {
    vec![
        answer(
            "CRED-02",
            "takes an empty address for none",
            &GET_DEFAULT_PROVIDER_CREDENTIALS,
            |_, answer| {
                if let Some(credentials) = &mut answer.credentials {
                    let url = credentials.base_url.take();
                    credentials.base_url = url.filter(|url| !url.is_empty());
                }
            },
        ),
        ask(
            "CRED-03",
            "takes providers in any case",
            &GET_DEFAULT_PROVIDER_CREDENTIALS,
            |request| {
                request.provider_type = request.provider_type.trim().to_lowercase();
            },
        ),
        answer(
            "CRED-06",
            "trims keys",
            &GET_DEFAULT_PROVIDER_CREDENTIALS,
            |_, answer| {
                if let Some(credentials) = &mut answer.credentials {
                    credentials.api_key = credentials.api_key.trim().into();
                }
            },
        ),
        answer(
            "CONN-02",
            "shows a part of a token",
            &connections::GET_CONNECTION_TOKEN,
            |_, answer| {
                answer.token.iter_mut().for_each(|token| token.truncate(4));
            },
        ),
        answer(
            "CONN-03",
            "names another user each time",
            &connections::GET_CONNECTION_USER,
            |_, answer| {
                answer
                    .user_id
                    .iter_mut()
                    .for_each(|id| *id = uuid::Uuid::new_v4().to_string());
            },
        ),
        answer(
            "CONN-04",
            "has no token for an owner",
            &connections::GET_CONNECTION_TOKEN_FOR_USER,
            |_, answer| {
                answer.token = None;
            },
        ),
        answer(
            "CONN-06",
            "takes metadata of null for none",
            &connections::GET_CONNECTION_METADATA,
            |_, answer| {
                let metadata = answer.metadata_json.take();
                answer.metadata_json = metadata.filter(|json| json != "null");
            },
        ),
        ask(
            "CONN-07",
            "takes providers in any case",
            &connections::GET_CONNECTION_TOKEN,
            |request| {
                request.provider = request.provider.trim().to_lowercase();
            },
        ),
        answer(
            "CONN-08",
            "uses the connections of no session's owner",
            &connections::GET_CONNECTION_TOKEN,
            |_, answer| {
                answer.token = None;
            },
        ),
    ]
}

fn servers() -> Vec<Fault> {
    vec![
        end(
            "MCP-01",
            "fails for a prefix that no server has",
            &mcp::RESOLVE_MCP_CONNECTION,
            |_, end| {
                let answers = end?;
                match answers.iter().all(|answer| answer.connection.is_none()) {
                    true => Err(StoreError::new(ErrorReason::Store, "no such server")),
                    false => Ok(answers),
                }
            },
        ),
        ask(
            "MCP-02",
            "finds servers by their names",
            &mcp::RESOLVE_MCP_CONNECTION,
            |request| {
                request.server_prefix = request.server_prefix.replace('_', " ");
            },
        ),
        answer(
            "MCP-03",
            "lists a server once for each who has it",
            &mcp::LIST_MCP_SERVERS,
            |_, answer| {
                let again = answer.servers.last().cloned();
                answer.servers.extend(again);
            },
        ),
        answer(
            "MCP-04",
            "gives credentials to every server",
            &mcp::AUTHORIZE_MCP_SERVER,
            |_, answer| {
                answer.credential.get_or_insert_default();
            },
        ),
        answer(
            "MCP-05",
            "loses the environment of processes",
            &mcp::LIST_MCP_SERVERS,
            |_, answer| {
                use pb::mcp_connection::Endpoint;
                for server in &mut answer.servers {
                    if let Some(connection) = &mut server.connection
                        && let Some(Endpoint::Stdio(stdio)) = &mut connection.endpoint
                    {
                        stdio.env.clear();
                    }
                }
            },
        ),
        answer(
            "MCP-07",
            "discovers tools where it must not",
            &mcp::LIST_MCP_SERVERS,
            |_, answer| {
                answer
                    .servers
                    .iter_mut()
                    .for_each(|server| server.tool_discovery = true);
            },
        ),
        answer(
            "MCP-08",
            "gives a token without its kind",
            &mcp::AUTHORIZE_MCP_SERVER,
            bare,
        ),
        answer(
            "MCP-09",
            "gives a key without its kind",
            &mcp::AUTHORIZE_MCP_SERVER,
            bare,
        ),
    ]
}

fn bare(_: &pb::AuthorizeMcpServerRequest, answer: &mut pb::AuthorizeMcpServerResponse) {
    if let Some(credential) = &mut answer.credential {
        let authorization = credential.authorization.take();
        credential.authorization = authorization.map(|text| text.replace("Bearer ", ""));
    }
}

fn outside() -> Vec<Fault> {
    let sending = |rule, name, change: fn(&mut pb::EgressRequest)| {
        ask(rule, name, &egress::SEND, move |request| {
            request.request.iter_mut().for_each(change);
        })
    };
    vec![
        sending("EGR-03", "lets requests out everywhere", |request| {
            request.network_access = None;
        }),
        sending("EGR-04", "takes no method for GET", |request| {
            if request.method.trim().is_empty() {
                request.method = "GET".into();
            }
            request.network_access = None;
            request.signing = pb::EgressSigning::Disabled.into();
        }),
        sending("EGR-10", "looks up what is pinned", |request| {
            request.pinned_addresses = None
        }),
        sending("EGR-11", "sends text", |request| {
            let text = String::from_utf8_lossy(&request.body).into_owned();
            request.body = text.into();
        }),
        answer("EGR-01", "drops headers", &egress::SEND, |_, answer| {
            answer.head.iter_mut().for_each(|head| head.headers.clear());
        }),
        end(
            "EGR-12",
            "fails for what is not there",
            &egress::SEND,
            |_, end| {
                let answers = end?;
                let head = answers.first().and_then(|answer| answer.head.as_ref());
                match head.is_some_and(|head| head.status == 404) {
                    true => Err(StoreError::new(
                        ErrorReason::EgressTransport,
                        "404 Not Found",
                    )),
                    false => Ok(answers),
                }
            },
        ),
    ]
}
