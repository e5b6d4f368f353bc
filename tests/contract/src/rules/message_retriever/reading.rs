//! Messages one by one, all of them, by pages.

use super::{
    chunks, conversation, count, counting, get, getting, ids, load, loading, page, paging, query,
    querying,
};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::{MALFORMED_SESSIONS, refused_as_invalid};
use crate::rules::events::{emit, event, input, moment, say, user_message};
use futures::StreamExt;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::message_retriever_service::{
    COUNT_MESSAGES, GET_MESSAGE, LOAD_FILTERED_MESSAGES, LOAD_MESSAGE_PAGE, LOAD_MESSAGES, NAME,
};
use serde_json::json;

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard(
            "MSG-01",
            "A session that does not exist has no messages, and that is no error.",
            "M:117-134, 176",
            unknown,
        )
        .hard(
            "MSG-02",
            "After input.message its message is there under its own id.",
            "M:814-850, H:484",
            own_id,
        )
        .with(EMITTER)
        .hard(
            "MSG-03",
            "Messages come in the order of their events, oldest first.",
            "M:126",
            in_order,
        )
        .with(EMITTER)
        .hard(
            "MSG-04",
            "A message of another session is absent.",
            "M:117-123",
            other_session,
        )
        .with(EMITTER)
        .hard(
            "MSG-05",
            "The count is that of the messages that are loaded.",
            "MR:123",
            counts,
        )
        .with(EMITTER)
        .hard(
            "MSG-06",
            "The first page is the start of the history, and pages joined are all of it.",
            "MR:112-120",
            pages,
        )
        .with(EMITTER)
        .hard(
            "MSG-07",
            "A page past the end is empty, and one over the end is the rest.",
            "MR:112-120",
            past_the_end,
        )
        .with(EMITTER)
        .hard("MSG-08", "A page of limit 0 is empty.", "MR:119", no_limit)
        .with(EMITTER)
        .hard(
            "MSG-28",
            "Repeated loads agree about ids and times.",
            "notes 2.6",
            stable,
        )
        .with(EMITTER)
        .hard(
            "MSG-29",
            "Events of other types leave no message behind.",
            "R:983-992",
            other_events,
        )
        .with(EMITTER)
        .hard(
            "MSG-30",
            "A message is there as soon as its emit is answered, over another connection as well.",
            "RE:2071",
            at_once,
        )
        .with(EMITTER)
        .hard(
            "MSG-31",
            "1,000 messages of 10 KB load completely.",
            "notes 3.5",
            many,
        )
        .with(EMITTER)
        .full()
        .hard(
            "MSG-32",
            "A message keeps its own created_at, to the nanosecond.",
            "R:985-988",
            own_time,
        )
        .with(EMITTER)
        .hard(
            "MSG-33",
            "Another org sees no message of a session whose id it knows, by all five methods.",
            "context.proto",
            other_org,
        )
        .with(EMITTER)
        .needs(&[Need::OtherOrg])
        .hard(
            "MSG-34",
            "Malformed ids are refused as INVALID_FIELD by all five methods.",
            "ID:85-121",
            malformed,
        )
        .hard(
            "MSG-35",
            "Who loads while others emit sees the start of the history, without a gap.",
            "event_emitter.proto",
            while_written,
        )
        .with(EMITTER)
        .full()
        .list()
}

async fn unknown(cx: Cx) -> Outcome {
    let session = fresh_id("session");
    same(
        "LoadMessages of no session",
        &load(&cx, &session).await?,
        &Vec::new(),
    )?;
    same(
        "CountMessages of no session",
        &count(&cx, &session).await?,
        &0,
    )?;
    absent(
        "GetMessage of no session",
        get(&cx, &session, &fresh_id("message")).await?,
    )?;
    same(
        "LoadMessagePage of no session",
        &page(&cx, &session, 0, 10).await?,
        &Vec::new(),
    )?;
    let found = query(&cx, querying(&session)).await?;
    same(
        "LoadFilteredMessages of no session",
        &found.messages,
        &Vec::new(),
    )?;
    same("matched of no session", &found.matched, &0)
}

async fn own_id(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let id = say(&cx, &session, "hello", 1).await?;
    let message = present("GetMessage.message", get(&cx, &session, &id).await?)?;
    same("message.id", &message.id, &id)?;
    absent(
        "GetMessage of an id nobody has",
        get(&cx, &session, &fresh_id("message")).await?,
    )
}

async fn in_order(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut expected = Vec::new();
    // Neither by time nor by id: by event.
    for second in [30, 10, 50, 10, 0, 40] {
        expected.push(say(&cx, &session, "x", second).await?);
    }
    let messages = load(&cx, &session).await?;
    same("the ids of LoadMessages", &ids(&messages), &expected)?;
    let last = page(&cx, &session, 3, 2).await?;
    same("the ids of LoadMessagePage", &ids(&last), &expected[3..5])
}

async fn other_session(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    let id = say(&cx, &one, "x", 1).await?;
    absent(
        "GetMessage in another session",
        get(&cx, &other, &id).await?,
    )?;
    same(
        "LoadMessages of another session",
        &load(&cx, &other).await?,
        &Vec::new(),
    )
}

async fn counts(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for expected in 0..4 {
        same("CountMessages", &count(&cx, &session).await?, &expected)?;
        say(&cx, &session, "x", 1).await?;
    }
    Ok(())
}

async fn pages(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 11).await?;
    let all = load(&cx, &session).await?;
    same("the ids of LoadMessages", &ids(&all), &expected)?;
    for limit in [1, 4, 11] {
        let mut joined = Vec::new();
        for number in 0..11_u64.div_ceil(limit) {
            let page = page(&cx, &session, number * limit, limit).await?;
            that(
                "a page",
                &format!("at most {limit} messages"),
                page.len() <= 11.min(limit as usize),
                &page.len(),
            )?;
            joined.extend(page);
        }
        same(&format!("pages of {limit}, joined"), &joined, &all)?;
    }
    Ok(())
}

async fn past_the_end(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 5).await?;
    for (offset, limit, expected) in [
        (5, 10, &expected[5..]),
        (100, 1, &expected[5..]),
        (u64::MAX, u64::MAX, &expected[5..]),
        (3, 10, &expected[3..]),
        (0, u64::MAX, &expected[..]),
        (4, u64::MAX, &expected[4..]),
    ] {
        let page = page(&cx, &session, offset, limit).await?;
        same(
            &format!("the page at {offset} of {limit}"),
            &ids(&page),
            expected,
        )?;
    }
    Ok(())
}

async fn no_limit(cx: Cx) -> Outcome {
    let (session, _) = conversation(&cx, 3).await?;
    for offset in [0, 1, 10] {
        same(
            "a page of limit 0",
            &page(&cx, &session, offset, 0).await?,
            &Vec::new(),
        )?;
    }
    Ok(())
}

async fn stable(cx: Cx) -> Outcome {
    let (session, _) = conversation(&cx, 2).await?;
    let data = json!({"tool_call_id": "c", "tool_name": "t", "success": true, "status": "success"});
    emit(&cx, event(&session, "tool.completed", &data)).await?;
    let first = load(&cx, &session).await?;
    let other = cx.over_new_connection();
    same("LoadMessages again", &load(&other, &session).await?, &first)?;
    let paged = page(&cx, &session, 0, 10).await?;
    same("LoadMessagePage", &paged, &first)?;
    for message in &first {
        let got = present(
            "GetMessage.message",
            get(&other, &session, &message.id).await?,
        )?;
        same("GetMessage beside LoadMessages", &got, message)?;
    }
    Ok(())
}

async fn other_events(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let message = user_message(&fresh_id("message"), "x", 1);
    for kind in [
        "output.message.started",
        "output.message.delta",
        "output.message.replaced",
        "llm.generation",
        "turn.started",
        "tool.started",
        "tool.call_requested",
        "tool.output.delta",
        "reason.thinking.completed",
        "input.message.draft",
        "acme.custom",
    ] {
        // What is said in them looks like a message and is none.
        let data = json!({"message": message, "messages": [message], "delta": "x"});
        emit(&cx, event(&session, kind, &data)).await?;
    }
    same("LoadMessages", &load(&cx, &session).await?, &Vec::new())?;
    same("CountMessages", &count(&cx, &session).await?, &0)
}

async fn at_once(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for number in 1..=15 {
        let id = say(&cx, &session, "x", 1).await?;
        let messages = load(&other, &session).await?;
        let last = messages.last().map(|message| &message.id);
        same(
            "the last of LoadMessages over another connection",
            &last,
            &Some(&id),
        )?;
        same(
            "CountMessages over another connection",
            &count(&other, &session).await?,
            &number,
        )?;
    }
    Ok(())
}

async fn many(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let text = "ü".repeat(5_000);
    let emits = (0..1_000).map(|_| {
        let message = user_message(&fresh_id("message"), &text, 1);
        let (cx, new) = (cx.clone(), input(&session, &message));
        async move { emit(&cx, new).await }
    });
    let mut emits = futures::stream::iter(emits).buffered(16);
    while let Some(answer) = emits.next().await {
        answer?;
    }
    let answers = cx.collect(&LOAD_MESSAGES, loading(&session)).await?;
    let messages = chunks(answers.into_iter().map(|answer| answer.chunk));
    same(
        "how many messages LoadMessages gives",
        &messages.len(),
        &1_000,
    )?;
    same("CountMessages", &count(&cx, &session).await?, &1_000)?;
    let mut request = querying(&session);
    request.limit = Some(900);
    let found = query(&cx, request).await?;
    same(
        "the newest 900",
        &ids(&found.messages),
        &ids(&messages[100..]),
    )
}

async fn own_time(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    // The event's own time is that of second 0.
    let id = say(&cx, &session, "x", 42).await?;
    let message = present("GetMessage.message", get(&cx, &session, &id).await?)?;
    same("message.created_at", &message.created_at, &Some(moment(42)))
}

async fn other_org(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 2).await?;
    let other = cx.in_other_org()?;
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

async fn malformed(cx: Cx) -> Outcome {
    let message = fresh_id("message");
    for id in MALFORMED_SESSIONS {
        refused_as_invalid(&cx, &GET_MESSAGE, getting(id, &message)).await?;
        refused_as_invalid(&cx, &COUNT_MESSAGES, counting(id)).await?;
        let invalid = Some(ErrorReason::InvalidField);
        let error = cx.refused_collect(&LOAD_MESSAGES, loading(id)).await?;
        same(
            "the reason of LoadMessages's error",
            &error.reason,
            &invalid,
        )?;
        let error = cx
            .refused_collect(&LOAD_MESSAGE_PAGE, paging(id, 0, 1))
            .await?;
        same(
            "the reason of LoadMessagePage's error",
            &error.reason,
            &invalid,
        )?;
        let error = cx
            .refused_collect(&LOAD_FILTERED_MESSAGES, querying(id))
            .await?;
        same(
            "the reason of LoadFilteredMessages's error",
            &error.reason,
            &invalid,
        )?;
    }
    let session = fresh_id("session");
    for id in ["", "message_1", "event_00000000000000000000000000000001"] {
        refused_as_invalid(&cx, &GET_MESSAGE, getting(&session, id)).await?;
    }
    Ok(())
}

async fn while_written(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let writer = cx.over_new_connection();
    let writes = async {
        let mut ids = Vec::new();
        for _ in 0..60 {
            ids.push(say(&writer, &session, "x", 1).await?);
        }
        Ok(ids)
    };
    let reads = async {
        let mut seen = Vec::new();
        for _ in 0..15 {
            let messages = load(&cx, &session).await?;
            seen.push(
                ids(&messages)
                    .into_iter()
                    .map(String::from)
                    .collect::<Vec<_>>(),
            );
        }
        Ok(seen)
    };
    let (written, seen) = tokio::try_join!(writes, reads)?;
    for seen in seen {
        same(
            "what was loaded meanwhile",
            seen.as_slice(),
            &written[..seen.len().min(written.len())],
        )?;
    }
    Ok(())
}
