//! A session that is deleted: it is read on, and takes nothing. One rule per service that
//! could give it something.

use crate::check::{Outcome, absent, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::event_log::read;
use crate::rules::events::{emit, emitting, event, input, user_message};
use crate::rules::refusals::refused_with;
use crate::seed::NO_SESSION;
use mortise_proto::Rpc;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::Scoped;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::rpc::table::leased_resource_store_service::UPSERT_RESOURCE;
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_SESSION, DELETE_SESSION, NAME, SEND_MESSAGE,
};
use mortise_proto::rpc::table::runtime_host_service::SET_SESSION_STATUS;
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, DELETE_FILE, READ_FILE, WRITE_FILE,
};
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;
use mortise_proto::rpc::table::session_resource_registry_service::REGISTER;
use mortise_proto::rpc::table::session_schedule_store_service::CREATE_SCHEDULE;
use mortise_proto::rpc::table::session_sql_db_store_service::{CREATE_DATABASE, LIST_DATABASES};
use mortise_proto::rpc::table::session_storage_store_service::{
    DELETE_VALUE, GET_VALUE, SET_SECRET, SET_VALUE,
};
use mortise_proto::rpc::table::{
    event_emitter_service, event_log_service, leased_resource_store_service, runtime_host_service,
    session_file_system_service, session_mutator_service, session_resource_registry_service,
    session_schedule_store_service, session_sql_db_store_service, session_storage_store_service,
};
use prost::Message;
use serde_json::json;
use std::fmt::Debug;

const SOURCE: &str = "platform_store.proto, DeleteSession";

pub(crate) fn rules() -> Vec<Rule> {
    let needs = &[Need::Harness];
    Group::of(NAME)
        .hard("DEL-01", "A deleted session takes no event: it is refused as SESSION_ARCHIVED with the session's id, and those before it are still read.", SOURCE, del_01_events).with(&[event_emitter_service::NAME, event_log_service::NAME]).needs(needs)
        .hard("DEL-02", "A deleted session takes no message.", SOURCE, del_02_messages).needs(needs)
        .hard("DEL-03", "A deleted session takes no status.", SOURCE, del_03_status).with(&[runtime_host_service::NAME]).needs(needs)
        .hard("DEL-04", "A deleted session takes no title.", SOURCE, del_04_title).with(&[session_mutator_service::NAME]).needs(needs)
        .hard("DEL-05", "A deleted session takes no file and no directory; its files are read, and can be deleted.", SOURCE, del_05_files).with(&[session_file_system_service::NAME]).needs(needs)
        .hard("DEL-06", "A deleted session takes no value and no secret; its values are read, and can be deleted.", SOURCE, del_06_values).with(&[session_storage_store_service::NAME]).needs(needs)
        .hard("DEL-07", "A deleted session takes no schedule.", SOURCE, del_07_schedules).with(&[session_schedule_store_service::NAME]).needs(needs)
        .hard("DEL-08", "A deleted session takes no resource.", SOURCE, del_08_resources).with(&[session_resource_registry_service::NAME]).needs(needs)
        .hard("DEL-09", "A deleted session takes no lease.", SOURCE, del_09_leases).with(&[leased_resource_store_service::NAME]).needs(needs)
        .hard("DEL-10", "A deleted session takes no SQL database.", SOURCE, del_10_databases).with(&[session_sql_db_store_service::NAME]).needs(needs)
        .list()
}

/// A session of its own: no other rule uses what is deleted.
async fn new_session(cx: &Cx) -> Outcome<String> {
    let request = pb::CreateSessionRequest {
        harness_id: cx.harness().await?,
        ..Default::default()
    };
    let outside = cx.in_session(NO_SESSION);
    let answer = outside.call(&CREATE_SESSION, request).await?;
    Ok(present("CreateSession.session", answer.session)?.id)
}

async fn delete(cx: &Cx, session: &str) -> Outcome {
    let request = pb::DeleteSessionRequest {
        context: None,
        session_id: session.into(),
    };
    let outside = cx.in_session(NO_SESSION);
    let answer = outside.call(&DELETE_SESSION, request).await;
    answer.map(|pb::DeleteSessionResponse {}| ())
}

async fn deleted_session(cx: &Cx) -> Outcome<String> {
    let session = new_session(cx).await?;
    delete(cx, &session).await?;
    Ok(session)
}

/// A change to a deleted session is refused so that its caller knows why.
async fn takes_none<Req, Rsp>(cx: &Cx, session: &str, rpc: &Rpc<Req, Rsp>, request: Req) -> Outcome
where
    Req: Scoped + Message + Debug + Send + Sync + 'static,
    Rsp: Message + Default + Debug + Send + Sync + 'static,
{
    let error = refused_with(cx, rpc, request, &[ErrorReason::SessionArchived]).await?;
    let what = format!("metadata `id` of {}'s error", rpc.method.short_name());
    let id = error.metadata.get("id").map(String::as_str);
    same(&what, &id, &Some(session))
}

async fn del_01_events(cx: Cx) -> Outcome {
    let session = new_session(&cx).await?;
    emit(&cx, event(&session, "turn.started", &json!({}))).await?;
    delete(&cx, &session).await?;
    let message = user_message(&fresh_id("message"), "hi", 1);
    for event in [
        event(&session, "turn.completed", &json!({})),
        input(&session, &message),
    ] {
        takes_none(&cx, &session, &EMIT, emitting(event)).await?;
    }
    let kinds: Vec<_> = read(&cx, &session, 0).await?;
    let kinds: Vec<&str> = kinds.iter().map(|event| event.r#type.as_str()).collect();
    same("the types of its events", &kinds, &vec!["turn.started"])
}

async fn del_02_messages(cx: Cx) -> Outcome {
    let session = deleted_session(&cx).await?;
    let request = pb::SendMessageRequest {
        context: None,
        session_id: session.clone(),
        content: "Hello".into(),
    };
    takes_none(&cx.in_session(NO_SESSION), &session, &SEND_MESSAGE, request).await
}

async fn del_03_status(cx: Cx) -> Outcome {
    let session = deleted_session(&cx).await?;
    for status in [pb::SessionStatus::Active, pb::SessionStatus::Idle] {
        let request = pb::SetSessionStatusRequest {
            context: None,
            session_id: session.clone(),
            status: status.into(),
        };
        takes_none(&cx, &session, &SET_SESSION_STATUS, request).await?;
    }
    Ok(())
}

async fn del_04_title(cx: Cx) -> Outcome {
    let session = deleted_session(&cx).await?;
    let request = pb::UpdateSessionTitleRequest {
        context: None,
        session_id: session.clone(),
        title: "x".into(),
    };
    takes_none(&cx, &session, &UPDATE_SESSION_TITLE, request).await
}

async fn del_05_files(cx: Cx) -> Outcome {
    let session = new_session(&cx).await?;
    let writing = pb::WriteFileRequest {
        context: None,
        session_id: session.clone(),
        path: "/a.txt".into(),
        content: "one".into(),
        encoding: "text".into(),
    };
    cx.call(&WRITE_FILE, writing.clone()).await?;
    delete(&cx, &session).await?;
    let again = pb::WriteFileRequest {
        content: "two".into(),
        ..writing
    };
    takes_none(&cx, &session, &WRITE_FILE, again).await?;
    let directory = pb::CreateDirectoryRequest {
        context: None,
        session_id: session.clone(),
        path: "/d".into(),
    };
    takes_none(&cx, &session, &CREATE_DIRECTORY, directory).await?;
    let reading = pb::ReadFileRequest {
        context: None,
        session_id: session.clone(),
        path: "/a.txt".into(),
    };
    let parts = cx.collect(&READ_FILE, reading).await?;
    same("whether ReadFile gives the file", &parts.is_empty(), &false)?;
    let deletion = pb::DeleteFileRequest {
        context: None,
        session_id: session,
        path: "/a.txt".into(),
        recursive: false,
    };
    let deleted = cx.call(&DELETE_FILE, deletion).await?.deleted;
    same("DeleteFile.deleted", &deleted, &true)
}

async fn del_06_values(cx: Cx) -> Outcome {
    let session = new_session(&cx).await?;
    let setting = |value: &str| pb::SetValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
        value: value.into(),
    };
    cx.call(&SET_VALUE, setting("one")).await?;
    delete(&cx, &session).await?;
    takes_none(&cx, &session, &SET_VALUE, setting("two")).await?;
    let secret = pb::SetSecretRequest {
        context: None,
        session_id: session.clone(),
        name: "s".into(),
        value: "x".into(),
    };
    // A server without a key takes no secret at all.
    let reasons = [ErrorReason::SessionArchived, ErrorReason::Configuration];
    refused_with(&cx, &SET_SECRET, secret, &reasons).await?;
    let getting = || pb::GetValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
    };
    let value = cx.call(&GET_VALUE, getting()).await?.value;
    same("GetValue.value", &value.as_deref(), &Some("one"))?;
    let deletion = pb::DeleteValueRequest {
        context: None,
        session_id: session.clone(),
        key: "k".into(),
    };
    cx.call(&DELETE_VALUE, deletion).await?;
    let value = cx.call(&GET_VALUE, getting()).await?.value;
    absent("GetValue.value after DeleteValue", value)
}

async fn del_07_schedules(cx: Cx) -> Outcome {
    let session = deleted_session(&cx).await?;
    let request = pb::CreateScheduleRequest {
        context: None,
        session_id: session.clone(),
        description: "Water the plants".into(),
        cron_expression: Some("0 9 * * *".into()),
        scheduled_at: None,
        timezone: "UTC".into(),
    };
    takes_none(&cx, &session, &CREATE_SCHEDULE, request).await
}

async fn del_08_resources(cx: Cx) -> Outcome {
    let session = deleted_session(&cx).await?;
    let request = pb::RegisterRequest {
        context: None,
        session_id: session.clone(),
        resource_id: "r".into(),
        kind: "subagent".into(),
        display_name: "A helper".into(),
        status: pb::SessionResourceStatus::Active.into(),
        metadata_json: "{}".into(),
    };
    takes_none(&cx, &session, &REGISTER, request).await
}

async fn del_09_leases(cx: Cx) -> Outcome {
    let session = deleted_session(&cx).await?;
    let request = pb::UpsertResourceRequest {
        context: None,
        session_id: session.clone(),
        provider: "daytona".into(),
        resource_type: "sandbox".into(),
        external_id: "box".into(),
        display_name: None,
        owner_user_id: None,
        lease_duration_seconds: 3_600,
        metadata_json: "{}".into(),
    };
    takes_none(&cx, &session, &UPSERT_RESOURCE, request).await
}

/// The reason is free: the errors of this trait have no variant for it.
async fn del_10_databases(cx: Cx) -> Outcome {
    let session = deleted_session(&cx).await?;
    let request = pb::CreateDatabaseRequest {
        context: None,
        session_id: session.clone(),
        name: "a".into(),
    };
    cx.refused(&CREATE_DATABASE, request).await?;
    let listing = pb::ListDatabasesRequest {
        context: None,
        session_id: session,
    };
    let listed = cx.call(&LIST_DATABASES, listing).await?.databases;
    same("how many databases it has", &listed.len(), &0)
}
