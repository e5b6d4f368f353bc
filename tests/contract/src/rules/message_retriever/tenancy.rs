//! Whose history it is, and ids that are none.

use super::{
    chunks, conversation, count, counting, get, getting, load, loading, page, paging, query,
    querying,
};
use crate::check::{Outcome, absent, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::{refused_as_invalid, stream_refused_as_invalid};
use crate::rules::refusals::NO_SESSION_IDS;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::message_retriever_service::{
    COUNT_MESSAGES, GET_MESSAGE, LOAD_FILTERED_MESSAGES, LOAD_MESSAGE_PAGE, LOAD_MESSAGES, NAME,
};

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard(
            "MSG-33",
            "Another org sees no message of a session whose id it knows, by all five methods.",
            "context.proto",
            msg_33_other_org,
        )
        .with(EMITTER)
        .needs(&[Need::OtherOrg])
        .hard(
            "MSG-34",
            "Malformed ids are refused as INVALID_FIELD by all five methods.",
            "ID:85-121",
            msg_34_malformed,
        )
        .list()
}

async fn msg_33_other_org(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 2).await?;
    let other = cx.in_other_org()?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    get(&cx, &session, &expected[0]).await?;
    load(&cx, &session).await?;
    page(&cx, &session, 0, 9).await?;
    count(&cx, &session).await?;
    query(&cx, querying(&session)).await?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other
        .attempt(&GET_MESSAGE, getting(&session, &expected[0]))
        .await
    {
        absent("GetMessage in another org", answer.message)?;
    }
    if let Ok(answers) = other
        .attempt_collect(&LOAD_MESSAGES, loading(&session))
        .await
    {
        let messages = chunks(answers.into_iter().map(|answer| answer.chunk));
        same("LoadMessages in another org", &messages, &Vec::new())?;
    }
    if let Ok(answers) = other
        .attempt_collect(&LOAD_MESSAGE_PAGE, paging(&session, 0, 9))
        .await
    {
        let messages = chunks(answers.into_iter().map(|answer| answer.chunk));
        same("LoadMessagePage in another org", &messages, &Vec::new())?;
    }
    if let Ok(answer) = other.attempt(&COUNT_MESSAGES, counting(&session)).await {
        same("CountMessages in another org", &answer.count, &0)?;
    }
    if other
        .attempt_collect(&LOAD_FILTERED_MESSAGES, querying(&session))
        .await
        .is_ok()
    {
        let found = query(&other, querying(&session)).await?;
        same("matched in another org", &found.matched, &0)?;
        same(
            "LoadFilteredMessages in another org",
            &found.messages,
            &Vec::new(),
        )?;
    }
    Ok(())
}

async fn msg_34_malformed(cx: Cx) -> Outcome {
    let message = fresh_id("message");
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &GET_MESSAGE, getting(id, &message)).await?;
        refused_as_invalid(&cx, &COUNT_MESSAGES, counting(id)).await?;
        stream_refused_as_invalid(&cx, &LOAD_MESSAGES, loading(id)).await?;
        stream_refused_as_invalid(&cx, &LOAD_MESSAGE_PAGE, paging(id, 0, 1)).await?;
        stream_refused_as_invalid(&cx, &LOAD_FILTERED_MESSAGES, querying(id)).await?;
    }
    let session = fresh_id("session");
    for id in ["", "message_1", "event_00000000000000000000000000000001"] {
        refused_as_invalid(&cx, &GET_MESSAGE, getting(&session, id)).await?;
    }
    Ok(())
}
