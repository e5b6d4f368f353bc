//! Faults of SQL databases, schedules, memories, images and credentials.

use super::fault::{Fault, answer, ask, end, forgets, leaks};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::image_artifact_store_service as images;
use mortise_proto::rpc::table::image_resolver_service::RESOLVE_IMAGE;
use mortise_proto::rpc::table::memory_store_service as memories;
use mortise_proto::rpc::table::session_schedule_store_service as schedules;
use mortise_proto::rpc::table::session_sql_db_store_service as sql;
use mortise_proto::rpc::table::user_connection_resolver_service as connections;

pub(super) fn faults() -> Vec<Fault> {
    [databases(), planned(), remembered(), pictures()].concat()
}

fn databases() -> Vec<Fault> {
    vec![
        answer(
            "SQL-02",
            "gives columns in another order",
            &sql::SQL_QUERY,
            |_, answer| {
                if let Some(pb::sql_query_response::Part::Columns(columns)) = &mut answer.part {
                    columns.names.reverse();
                }
            },
        ),
        answer(
            "SQL-03",
            "counts one row too many",
            &sql::SQL_EXECUTE,
            |_, answer| answer.rows_affected += 1,
        ),
        end(
            "SQL-04",
            "makes databases that are only read",
            &sql::SQL_QUERY,
            |_, end| match end {
                Err(error) if error.reason == Some(ErrorReason::SqlDatabaseNotFound) => {
                    Ok(Vec::new())
                }
                end => end,
            },
        ),
        end(
            "SQL-07",
            "does not say what is wrong with a statement",
            &sql::SQL_EXECUTE,
            |_, end| end.map_err(|_| StoreError::new(ErrorReason::SqlInternal, "failed")),
        ),
        answer(
            "SQL-11",
            "loses `truncated`",
            &sql::SQL_QUERY,
            |_, answer| {
                if let Some(pb::sql_query_response::Part::End(end)) = &mut answer.part {
                    end.truncated = !end.truncated;
                }
            },
        ),
        answer(
            "SQL-12",
            "passes integers through doubles",
            &sql::SQL_QUERY,
            |_, answer| {
                if let Some(pb::sql_query_response::Part::Rows(rows)) = &mut answer.part {
                    for row in &mut rows.rows {
                        row.values_json = row
                            .values_json
                            .replace("9007199254740993", "9007199254740992");
                    }
                }
            },
        ),
        answer(
            "SQL-14",
            "says of every database that it was deleted",
            &sql::DELETE_DATABASE,
            |_, answer| {
                answer.deleted = true;
            },
        ),
        forgets(
            "SQL-24",
            "runs a statement again when it is sent again",
            &sql::SQL_EXECUTE,
        ),
    ]
}

fn planned() -> Vec<Fault> {
    vec![
        answer(
            "SCHED-01",
            "makes every schedule recurring",
            &schedules::CREATE_SCHEDULE,
            |_, answer| {
                if let Some(schedule) = &mut answer.schedule {
                    schedule.schedule_type = pb::ScheduleType::Recurring.into();
                }
            },
        ),
        answer(
            "SCHED-04",
            "leaves cancelled schedules enabled",
            &schedules::CANCEL_SCHEDULE,
            |_, answer| {
                if let Some(schedule) = &mut answer.schedule {
                    schedule.enabled = true;
                }
            },
        ),
        end(
            "SCHED-05",
            "cancels what is not there",
            &schedules::CANCEL_SCHEDULE,
            |_, end| Ok(end.unwrap_or_else(|_| vec![pb::CancelScheduleResponse::default()])),
        ),
        answer(
            "SCHED-06",
            "does not list cancelled schedules",
            &schedules::LIST_SCHEDULES,
            |_, answer| {
                answer.schedules.retain(|schedule| schedule.enabled);
            },
        ),
        ask(
            "SCHED-09",
            "takes any time zone for UTC",
            &schedules::CREATE_SCHEDULE,
            |request| {
                request.timezone = "UTC".into();
            },
        ),
    ]
}

fn remembered() -> Vec<Fault> {
    vec![
        answer(
            "MEM-01",
            "makes a default store that is none",
            &memories::GET_OR_CREATE_DEFAULT_STORE,
            |_, answer| {
                if let Some(store) = &mut answer.store {
                    store.is_default = false;
                }
            },
        ),
        answer(
            "MEM-06",
            "takes any importance",
            &memories::CREATE_MEMORY,
            |request, answer| {
                if let Some(memory) = &mut answer.memory {
                    memory.importance = request.importance;
                }
            },
        ),
        end(
            "MEM-07",
            "recalls the least important first",
            &memories::RECALL,
            |_, end| {
                let mut messages = end?;
                messages.reverse();
                messages
                    .iter_mut()
                    .for_each(|message| message.memories.reverse());
                Ok(messages)
            },
        ),
        ask(
            "MEM-09",
            "recalls what has any of the tags",
            &memories::RECALL,
            |request| {
                if let Some(tags) = &mut request.tags {
                    tags.tags.truncate(1);
                }
            },
        ),
        answer(
            "MEM-12",
            "forgets again and again",
            &memories::FORGET,
            |_, answer| answer.forgotten = true,
        ),
        forgets(
            "MEM-18",
            "makes a memory twice when it is sent again",
            &memories::CREATE_MEMORY,
        ),
    ]
}

fn pictures() -> Vec<Fault> {
    vec![
        answer(
            "IMG-01",
            "does not say how large an image is",
            &images::CREATE_IMAGE,
            |_, answer| {
                if let Some(image) = &mut answer.image {
                    image.size_bytes = 0;
                }
            },
        ),
        answer("IMG-02", "cuts images", &images::GET_IMAGE, |_, answer| {
            if let Some(pb::get_image_response::Part::Chunk(chunk)) = &mut answer.part {
                chunk.truncate(1_000);
            }
        }),
        answer(
            "IMG-06",
            "forgets the media type",
            &RESOLVE_IMAGE,
            |_, answer| {
                if let Some(pb::resolve_image_response::Part::Header(header)) = &mut answer.part {
                    header.media_type = "application/octet-stream".into();
                }
            },
        ),
        leaks("IMG-08", "shows images to every org", &images::GET_IMAGE),
        end(
            "CONN-01",
            "fails where no user is connected",
            &connections::GET_CONNECTION_TOKEN,
            |_, end| {
                let messages = end?;
                match messages.iter().all(|message| message.token.is_none()) {
                    true => Err(StoreError::new(ErrorReason::Store, "connection not found")),
                    false => Ok(messages),
                }
            },
        ),
        answer(
            "CONN-05",
            "gives any user the token",
            &connections::GET_CONNECTION_TOKEN_FOR_USER,
            |_, answer| {
                answer.token.get_or_insert_with(|| "another's".into());
            },
        ),
    ]
}
