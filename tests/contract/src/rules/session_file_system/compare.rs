//! Writing only what is expected to be there.

use super::files::{
    delete, holds, make, read, read_there, replace, replacing, seed, write, writing_as,
};
use crate::check::{Outcome, absent, present, same};
use crate::context::{Cx, described};
use crate::rule::{Group, Rule};
use futures::future::try_join_all;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::session_file_system_service::{
    NAME, WRITE_FILE, WRITE_FILE_IF_CONTENT_MATCHES,
};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("FILE-07", "A write that expects what is there succeeds and returns the file.", "T:382-411", file_07_matching)
        .hard("FILE-08", "A write that expects other content writes nothing and returns no file.", "T:404, RD:955", file_08_stale)
        .hard("FILE-09", "A write that expects content where there is no file, or a directory, returns no file.", "T:395-401", file_09_nothing_there)
        .hard("FILE-10", "Of concurrent writes with the same expectation one succeeds.", "T:384", file_10_one_winner).full()
        .hard("FILE-11", "A write that expects what is there does not change a read-only file.", "FS:1121, FS:2027", file_11_readonly)
        .hard("FILE-12", "A write that expects the content in another encoding writes nothing.", "T:404", file_12_other_encoding)
        .hard("FILE-56", "Many writers over two connections that add to a number by compare and write lose no addition.", "T:384", file_56_counts).full()
        .list()
}

async fn file_07_matching(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let before = write(&cx, &session, "/a", "one").await?;
    let file = replace(&cx, &session, "/a", "one", "three").await?;
    let file = present("WriteFileIfContentMatches.file", file)?;
    let info = present("WriteFileIfContentMatches.file.info", file.info)?;
    same("info.path", info.path.as_str(), "/a")?;
    same("info.id", &info.id, &before.id)?;
    same("info.size_bytes", &info.size_bytes, &5)?;
    holds(&cx, &session, "/a", "three").await?;
    // Empty content is content.
    present(
        "the answer of a change to empty content",
        replace(&cx, &session, "/a", "three", "").await?,
    )?;
    present(
        "the answer of a change that expects empty content",
        replace(&cx, &session, "/a", "", "four").await?,
    )?;
    holds(&cx, &session, "/a", "four").await
}

async fn file_08_stale(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "now").await?;
    let before = read_there(&cx, &session, "/a").await?;
    for expected in ["before", "", "now ", "no", "NOW", "now\n", "now\0"] {
        absent(
            &format!("the file of a write that expects {expected:?} where `now` is"),
            replace(&cx, &session, "/a", expected, "changed").await?,
        )?;
    }
    same("the file", &read_there(&cx, &session, "/a").await?, &before)
}

async fn file_09_nothing_there(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    make(&cx, &session, "/dir").await?;
    for path in ["/nothing", "/no/where", "/dir", "/"] {
        absent(
            &format!("the file of a write to {path:?}"),
            replace(&cx, &session, path, "", "made").await?,
        )?;
    }
    for path in ["/nothing", "/no"] {
        absent(
            &format!("ReadFile of {path:?} afterwards"),
            read(&cx, &session, path).await?,
        )?;
    }
    Ok(())
}

async fn file_10_one_winner(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    let mut current = "start".to_owned();
    write(&cx, &session, "/a", &current).await?;
    for round in 0..4 {
        let contents: Vec<String> = (0..16)
            .map(|n| format!("round {round} writer {n}"))
            .collect();
        let writes = contents.iter().enumerate().map(|(index, content)| {
            let cx = if index % 2 == 0 { &cx } else { &other };
            replace(cx, &session, "/a", &current, content)
        });
        let answers = try_join_all(writes).await?;
        let winners: Vec<&String> = contents
            .iter()
            .zip(&answers)
            .filter_map(|(content, answer)| answer.is_some().then_some(content))
            .collect();
        same(
            "how many of 16 concurrent writes succeeded",
            &winners.len(),
            &1,
        )?;
        current = winners.into_iter().cloned().collect();
        holds(&cx, &session, "/a", &current).await?;
    }
    Ok(())
}

async fn file_11_readonly(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    seed(&cx, &session, "/a", "kept", true).await?;
    let request = replacing(&session, "/a", "kept", "changed");
    match cx.attempt(&WRITE_FILE_IF_CONTENT_MATCHES, request).await {
        Ok(answer) => absent("WriteFileIfContentMatches.file", answer.file)?,
        Err(error) => {
            let holds = error.reason == Some(ErrorReason::Store)
                && error.message.to_lowercase().contains("readonly");
            crate::check::that(
                "the error of WriteFileIfContentMatches",
                "STORE with a text that contains `readonly`, or an answer without a file",
                holds,
                &described(&error),
            )?;
        }
    }
    holds(&cx, &session, "/a", "kept").await
}

async fn file_12_other_encoding(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    // `aGVsbG8=` is text as well.
    for (stored, expected) in [("text", "base64"), ("base64", "text")] {
        let write = writing_as(&session, "/a", "aGVsbG8=", stored);
        cx.call(&WRITE_FILE, write).await?;
        let mut request = replacing(&session, "/a", "aGVsbG8=", "changed");
        request.expected_encoding = expected.into();
        let answer = cx.call(&WRITE_FILE_IF_CONTENT_MATCHES, request).await?;
        absent(
            &format!("the file of a write that expects {expected} where {stored} is"),
            answer.file,
        )?;
        holds(&cx, &session, "/a", "aGVsbG8=").await?;
        delete(&cx, &session, "/a", false).await?;
    }
    Ok(())
}

async fn file_56_counts(cx: Cx) -> Outcome {
    const WRITERS: usize = 6;
    const ADDITIONS: usize = 5;
    let session = cx.session().await?;
    write(&cx, &session, "/n", "0").await?;
    let other = cx.over_new_connection();
    let writers = (0..WRITERS).map(|index| {
        let cx = if index % 2 == 0 { &cx } else { &other };
        add(cx, &session, ADDITIONS)
    });
    try_join_all(writers).await?;
    holds(&cx, &session, "/n", &(WRITERS * ADDITIONS).to_string()).await
}

/// Adds one, so many times, as often as it takes.
async fn add(cx: &Cx, session: &str, times: usize) -> Outcome {
    for _ in 0..times {
        loop {
            let text = read_there(cx, session, "/n").await?.content;
            let text = present("the content of a number", text)?;
            let Ok(number) = text.parse::<usize>() else {
                return crate::check::broken("the content of a number", "a number", text);
            };
            let next = (number + 1).to_string();
            if replace(cx, session, "/n", &text, &next).await?.is_some() {
                break;
            }
        }
    }
    Ok(())
}
