//! Filters and windows.

use super::{Found, conversation, ids, load, query, querying};
use crate::check::{Outcome, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::events::{emit, event, input, moment, say, user_message};
use mortise_proto::pb;
use mortise_proto::pb::message_filter::Kind;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::message_retriever_service::{LOAD_FILTERED_MESSAGES, NAME};
use serde_json::json;

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard("MSG-09", "A query without filters gives all messages.", "MR:105", msg_09_no_filter).with(EMITTER)
        .hard("MSG-10", "limit keeps the newest, in chronological order.", "MF:422-444", msg_10_limits).with(EMITTER)
        .hard("MSG-11", "A limit of 0 and below keeps none, an offset below 0 is 0.", "MF:427-444", msg_11_out_of_range).with(EMITTER)
        .hard("MSG-12", "offset drops the oldest, before limit keeps the newest.", "MF:427-444", msg_12_offsets).with(EMITTER)
        .hard("MSG-13", "Both ends of a span of time are in it.", "MF:39, M:144-149", msg_13_inclusive).with(EMITTER)
        .hard("MSG-14", "A span of time may have one end.", "M:146-147", msg_14_open_spans).with(EMITTER)
        .hard("MSG-15", "A word of the first text part is found in any case.", "M:151-157, MF:58", msg_15_searches).with(EMITTER)
        .hard("MSG-16", "A search that hits nothing is empty.", "M:151", msg_16_no_hit).with(EMITTER)
        .hard("MSG-17", "Several filters are joined with AND.", "MF:36", msg_17_joined).with(EMITTER)
        .hard("MSG-18", "matched is the count after filters, before offset and limit.", "MF:447-457", msg_18_matched).with(EMITTER)
        .hard("MSG-36", "Messages are filtered by the type of their event, their tool and the ids of their events.", "message_retriever.proto, MessageFilter", msg_36_by_event).with(EMITTER)
        .hard("MSG-37", "A filter without a condition and a malformed event id are refused.", "message_retriever.proto, MessageFilter", msg_37_malformed)
        .list()
}

fn window(
    session: &str,
    offset: Option<i64>,
    limit: Option<i64>,
) -> pb::LoadFilteredMessagesRequest {
    pb::LoadFilteredMessagesRequest {
        offset,
        limit,
        ..querying(session)
    }
}

fn filter(kind: Kind) -> pb::MessageFilter {
    pb::MessageFilter { kind: Some(kind) }
}

fn span(from: Option<u8>, to: Option<u8>) -> Kind {
    Kind::TimeRange(pb::TimeRange {
        from: from.map(moment),
        to: to.map(moment),
    })
}

async fn filtered(cx: &Cx, session: &str, kinds: impl IntoIterator<Item = Kind>) -> Outcome<Found> {
    let filters = kinds.into_iter().map(filter).collect();
    query(
        cx,
        pb::LoadFilteredMessagesRequest {
            filters,
            ..querying(session)
        },
    )
    .await
}

async fn msg_09_no_filter(cx: Cx) -> Outcome {
    let (session, _) = conversation(&cx, 4).await?;
    let found = query(&cx, querying(&session)).await?;
    same(
        "LoadFilteredMessages",
        &found.messages,
        &load(&cx, &session).await?,
    )
}

async fn msg_10_limits(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 5).await?;
    for limit in [1, 3, 5, 9] {
        let found = query(&cx, window(&session, None, Some(limit))).await?;
        let from = expected
            .len()
            .saturating_sub(usize::try_from(limit).unwrap_or(0));
        same(
            &format!("the newest {limit}"),
            &ids(&found.messages),
            &expected[from..],
        )?;
    }
    let found = query(&cx, window(&session, None, Some(i64::MAX))).await?;
    same("the newest 2^63-1", &ids(&found.messages), &expected)
}

async fn msg_11_out_of_range(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 3).await?;
    for limit in [0, -1, i64::MIN] {
        let found = query(&cx, window(&session, None, Some(limit))).await?;
        same(&format!("a limit of {limit}"), &found.messages, &Vec::new())?;
        same("matched", &found.matched, &3)?;
    }
    for offset in [-1, i64::MIN] {
        let found = query(&cx, window(&session, Some(offset), None)).await?;
        same(
            &format!("an offset of {offset}"),
            &ids(&found.messages),
            &expected,
        )?;
    }
    Ok(())
}

async fn msg_12_offsets(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 6).await?;
    for (offset, limit, expected) in [
        (2, None, &expected[2..]),
        (2, Some(3), &expected[3..]),
        (4, Some(3), &expected[4..]),
        (6, None, &expected[6..]),
        (i64::MAX, Some(i64::MAX), &expected[6..]),
    ] {
        let found = query(&cx, window(&session, Some(offset), limit)).await?;
        same(
            &format!("offset {offset}, limit {limit:?}"),
            &ids(&found.messages),
            expected,
        )?;
    }
    Ok(())
}

async fn msg_13_inclusive(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 6).await?;
    let found = filtered(&cx, &session, [span(Some(1), Some(3))]).await?;
    same(
        "the messages of seconds 1 to 3",
        &ids(&found.messages),
        &expected[1..=3],
    )?;
    // A nanosecond further in, the ends are out.
    let mut range = pb::TimeRange {
        from: Some(moment(1)),
        to: Some(moment(3)),
    };
    if let (Some(from), Some(to)) = (&mut range.from, &mut range.to) {
        from.nanos += 1;
        to.nanos -= 1;
    }
    let found = filtered(&cx, &session, [Kind::TimeRange(range)]).await?;
    same(
        "the messages within a nanosecond of seconds 1 and 3",
        &ids(&found.messages),
        &expected[2..=2],
    )
}

async fn msg_14_open_spans(cx: Cx) -> Outcome {
    let (session, expected) = conversation(&cx, 5).await?;
    for (kind, expected) in [
        (span(Some(3), None), &expected[3..]),
        (span(None, Some(1)), &expected[..=1]),
        (span(None, None), &expected[..]),
        (span(Some(4), Some(2)), &expected[5..]),
    ] {
        let what = format!("the messages of {kind:?}");
        let found = filtered(&cx, &session, [kind]).await?;
        same(&what, &ids(&found.messages), expected)?;
    }
    Ok(())
}

async fn msg_15_searches(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = say(&cx, &session, "Deploy the PARSER today", 1).await?;
    say(&cx, &session, "nothing of the kind", 2).await?;
    let third = say(&cx, &session, "a parser", 3).await?;
    for word in ["parser", "PARSER", "Parser"] {
        let found = filtered(&cx, &session, [Kind::Search(word.into())]).await?;
        same(
            &format!("the messages with {word:?}"),
            &ids(&found.messages),
            &vec![&first, &third],
        )?;
    }
    Ok(())
}

async fn msg_16_no_hit(cx: Cx) -> Outcome {
    let (session, _) = conversation(&cx, 3).await?;
    for word in [
        "zebra",
        "zebra%",
        "z_bra",
        "'; DROP TABLE messages; --",
        "\"(zebra",
    ] {
        let found = filtered(&cx, &session, [Kind::Search(word.into())]).await?;
        same(
            &format!("the messages with {word:?}"),
            &found.messages,
            &Vec::new(),
        )?;
        same("matched", &found.matched, &0)?;
    }
    Ok(())
}

async fn msg_17_joined(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    say(&cx, &session, "red one", 1).await?;
    say(&cx, &session, "blue one", 2).await?;
    let third = say(&cx, &session, "red two", 3).await?;
    let kinds = [span(Some(2), None), Kind::Search("red".into())];
    let found = filtered(&cx, &session, kinds.clone()).await?;
    same(
        "the messages from second 2 with `red`",
        &ids(&found.messages),
        &vec![&third],
    )?;
    let none = kinds.into_iter().chain([Kind::Search("blue".into())]);
    let found = filtered(&cx, &session, none).await?;
    same(
        "the messages with `red` and with `blue`",
        &found.messages,
        &Vec::new(),
    )
}

async fn msg_18_matched(cx: Cx) -> Outcome {
    let (session, _) = conversation(&cx, 6).await?;
    for (offset, limit) in [
        (None, None),
        (Some(2), Some(1)),
        (None, Some(0)),
        (Some(99), None),
    ] {
        let found = query(&cx, window(&session, offset, limit)).await?;
        same(
            &format!("matched with offset {offset:?}, limit {limit:?}"),
            &found.matched,
            &6,
        )?;
        let mut request = window(&session, offset, limit);
        request.filters.push(filter(span(Some(2), None)));
        let found = query(&cx, request).await?;
        same("matched of the messages from second 2", &found.matched, &4)?;
    }
    Ok(())
}

async fn msg_36_by_event(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let message = user_message(&fresh_id("message"), "x", 1);
    let said = emit(&cx, input(&session, &message)).await?;
    let mut tools = Vec::new();
    for name in ["grep", "bash", "grep"] {
        let data =
            json!({"tool_call_id": "c", "tool_name": name, "success": true, "status": "success"});
        tools.push(
            emit(&cx, event(&session, "tool.completed", &data))
                .await?
                .event_id,
        );
    }
    let all = load(&cx, &session).await?;
    let all = ids(&all);
    same("how many messages there are", &all.len(), &4)?;
    let types = |types: &[&str]| {
        Kind::EventTypes(pb::EventTypes {
            types: types.iter().map(ToString::to_string).collect(),
        })
    };
    let events = |ids: &[&String]| pb::EventIds {
        ids: ids.iter().map(ToString::to_string).collect(),
    };
    for (kind, expected) in [
        (types(&["input.message"]), vec![all[0]]),
        (types(&["tool.completed"]), all[1..].to_vec()),
        (types(&["tool.completed", "input.message"]), all.clone()),
        (types(&["turn.started"]), vec![]),
        (Kind::ToolName("grep".into()), vec![all[1], all[3]]),
        (Kind::ToolName("gre".into()), vec![]),
        (
            Kind::IncludeIds(events(&[&tools[2], &said.event_id])),
            vec![all[0], all[3]],
        ),
        (Kind::IncludeIds(events(&[])), vec![]),
        (
            Kind::ExcludeIds(events(&[&tools[0], &said.event_id])),
            vec![all[2], all[3]],
        ),
        (Kind::ExcludeIds(events(&[])), all.clone()),
    ] {
        let what = format!("the messages of {kind:?}");
        let found = filtered(&cx, &session, [kind]).await?;
        same(&what, &ids(&found.messages), &expected)?;
    }
    Ok(())
}

async fn msg_37_malformed(cx: Cx) -> Outcome {
    let session = fresh_id("session");
    let ids = |ids: &[&str]| pb::EventIds {
        ids: ids.iter().map(ToString::to_string).collect(),
    };
    for filter in [
        pb::MessageFilter { kind: None },
        filter(Kind::IncludeIds(ids(&["event_1"]))),
        filter(Kind::ExcludeIds(ids(&[
            "message_00000000000000000000000000000001",
        ]))),
    ] {
        let request = pb::LoadFilteredMessagesRequest {
            filters: vec![filter],
            ..querying(&session)
        };
        let error = cx.refused_collect(&LOAD_FILTERED_MESSAGES, request).await?;
        same(
            "the reason of the error",
            &error.reason,
            &Some(pb::ErrorReason::InvalidField),
        )?;
    }
    Ok(())
}
