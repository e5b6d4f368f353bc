//! Counts, pages, and histories that are long or growing.

use super::{chunks, conversation, count, ids, load, loading, page, query, querying};
use crate::check::{Outcome, same, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::events::{emit, input, say, user_message};
use futures::StreamExt;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::message_retriever_service::{LOAD_MESSAGES, NAME};

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard(
            "MSG-05",
            "The count is that of the messages that are loaded.",
            "MR:123",
            msg_05_counts,
        )
        .with(EMITTER)
        .hard(
            "MSG-06",
            "The first page is the start of the history, and pages joined are all of it.",
            "MR:112-120",
            msg_06_pages,
        )
        .with(EMITTER)
        .hard(
            "MSG-07",
            "A page past the end is empty, and one over the end is the rest.",
            "MR:112-120",
            msg_07_past_the_end,
        )
        .with(EMITTER)
        .hard(
            "MSG-08",
            "A page of limit 0 is empty.",
            "MR:119",
            msg_08_no_limit,
        )
        .with(EMITTER)
        .hard(
            "MSG-31",
            "1,000 messages of 10 KB load completely.",
            "notes 3.5",
            msg_31_many,
        )
        .with(EMITTER)
        .full()
        .hard(
            "MSG-35",
            "A caller that loads while others emit gets the start of the history, without a gap.",
            "event_emitter.proto",
            msg_35_while_written,
        )
        .with(EMITTER)
        .full()
        .list()
}

async fn msg_05_counts(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for expected in 0..4 {
        same("CountMessages", &count(&cx, &session).await?, &expected)?;
        say(&cx, &session, "x", 1).await?;
    }
    Ok(())
}

async fn msg_06_pages(cx: Cx) -> Outcome {
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

async fn msg_07_past_the_end(cx: Cx) -> Outcome {
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

async fn msg_08_no_limit(cx: Cx) -> Outcome {
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

async fn msg_31_many(cx: Cx) -> Outcome {
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

async fn msg_35_while_written(cx: Cx) -> Outcome {
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
