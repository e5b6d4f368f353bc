//! Searching files.

use super::files::{grep, line, make, searching, write, writing_as};
use crate::check::{Outcome, same, that};
use crate::context::{Cx, described};
use crate::rule::{Group, Rule};
use mortise_proto::rpc::table::session_file_system_service::{GREP_FILES, NAME, WRITE_FILE};

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("FILE-44", "A text is found in several files, with line numbers from 1 and whole lines.", "IM:384-391", file_44_literal)
        .soft("FILE-45", "Patterns are regular expressions, with flags such as `(?i)`.", "VB:1123", file_45_regular_expressions)
        .soft("FILE-46", "An invalid expression fails with `pattern` or `regex`.", "FS:1483", file_46_invalid)
        .hard("FILE-47", "path_pattern limits the search to paths that contain it, `/src` with its slash included.", "VB:1138, IM:374", file_47_limited)
        .hard("FILE-48", "Matches come by path, then line, the same every time.", "FS:1433-1460", file_48_ordered)
        .hard("FILE-49", "Directories and base64 files are skipped, and binary content fails nothing.", "IM:371, RD:610", file_49_skips)
        .soft("FILE-55", "Lines of CRLF files come without their end.", "IM:384", file_55_crlf)
        .hard("FILE-67", "20,000 matches all come.", "session_file_system.proto, GrepFiles", file_67_many).full()
        .hard("FILE-68", "Expressions that make a backtracking engine run for ever or out of memory do neither.", "session_file_system.proto, GrepFiles (RE2)", file_68_explosive).full()
        .hard("FILE-79", "A path_pattern with `*`, `?`, `[` or `{` is a glob: of names without a slash, of paths from the root with one, `/workspace` dropped.", "FS:1367", file_79_globs)
        .hard("FILE-80", "A pattern of 4,096 bytes is taken, one of 4,097 is refused with the field's name; so is a path_pattern of 2,049.", "session_file_system.proto, GrepFilesRequest", file_80_lengths)
        .list()
}

async fn file_44_literal(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(
        &cx,
        &session,
        "/a.txt",
        "one\n  needle here \nthree\nneedle",
    )
    .await?;
    write(&cx, &session, "/d/b.txt", "needle\n\nhay").await?;
    write(&cx, &session, "/c.txt", "Needle\nnothing").await?;
    same(
        "GrepFiles for `needle`",
        &grep(&cx, &session, "needle", None).await?,
        &vec![
            line("/a.txt", 2, "  needle here "),
            line("/a.txt", 4, "needle"),
            line("/d/b.txt", 1, "needle"),
        ],
    )?;
    same(
        "GrepFiles for what is nowhere",
        &grep(&cx, &session, "haystack", None).await?,
        &Vec::new(),
    )
}

async fn file_45_regular_expressions(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "fn main\nFN other\nlet x = 12;\nünder").await?;
    for (pattern, expected) in [
        (r"^fn \w+$", vec![1]),
        (r"(?i)^fn", vec![1, 2]),
        (r"x = \d+;", vec![3]),
        (r"main|\d{2}", vec![1, 3]),
        (r"^.nder$", vec![4]),
        (r"(?i)ÜNDER", vec![4]),
    ] {
        let found = grep(&cx, &session, pattern, None).await?;
        let numbers: Vec<u64> = found.into_iter().map(|(_, number, _)| number).collect();
        same(
            &format!("the lines that `{pattern}` matches"),
            &numbers,
            &expected,
        )?;
    }
    Ok(())
}

async fn file_46_invalid(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "x").await?;
    for pattern in ["(", "[a-", "*x", "x{2,1}", r"\"] {
        let error = cx
            .refused_collect(&GREP_FILES, searching(&session, pattern, None))
            .await?;
        let text = error.message.to_lowercase();
        that(
            &format!("the error of GrepFiles for `{pattern}`"),
            "a text that contains `pattern` or `regex`",
            text.contains("pattern") || text.contains("regex"),
            &described(&error),
        )?;
    }
    Ok(())
}

async fn file_47_limited(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for path in [
        "/src/a.rs",
        "/src/deep/b.rs",
        "/tests/src/c.rs",
        "/docs/d.md",
    ] {
        write(&cx, &session, path, "x").await?;
    }
    for (path_pattern, expected) in [
        (
            "/src",
            vec!["/src/a.rs", "/src/deep/b.rs", "/tests/src/c.rs"],
        ),
        ("/src/deep", vec!["/src/deep/b.rs"]),
        (".md", vec!["/docs/d.md"]),
        ("/docs/d.md", vec!["/docs/d.md"]),
        ("/nowhere", vec![]),
    ] {
        let found = grep(&cx, &session, "x", Some(path_pattern)).await?;
        let paths: Vec<&str> = found.iter().map(|(path, _, _)| path.as_str()).collect();
        same(
            &format!("the paths with path_pattern {path_pattern:?}"),
            &paths,
            &expected,
        )?;
    }
    Ok(())
}

async fn file_79_globs(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for path in [
        "/a.txt",
        "/docs/b.txt",
        "/docs/c.md",
        "/docs/deep/d.txt",
        "/odd[1]/e",
    ] {
        write(&cx, &session, path, "x").await?;
    }
    let all = [
        "/a.txt",
        "/docs/b.txt",
        "/docs/c.md",
        "/docs/deep/d.txt",
        "/odd[1]/e",
    ];
    for (path_pattern, expected) in [
        ("*.txt", vec!["/a.txt", "/docs/b.txt", "/docs/deep/d.txt"]),
        ("/workspace/docs/*", vec!["/docs/b.txt", "/docs/c.md"]),
        ("docs/*.md", vec!["/docs/c.md"]),
        ("/docs/**/*.txt", vec!["/docs/b.txt", "/docs/deep/d.txt"]),
        (
            "/workspace/docs",
            vec!["/docs/b.txt", "/docs/c.md", "/docs/deep/d.txt"],
        ),
        ("*.{md,txt}", all[..4].to_vec()),
        ("?.[a-m]d", vec!["/docs/c.md"]),
        ("/odd[1]", vec!["/odd[1]/e"]),
        ("/workspace", all.to_vec()),
        ("*.rs", vec![]),
    ] {
        let found = grep(&cx, &session, "x", Some(path_pattern)).await?;
        let paths: Vec<&str> = found.iter().map(|(path, _, _)| path.as_str()).collect();
        same(
            &format!("the paths with path_pattern {path_pattern:?}"),
            &paths,
            &expected,
        )?;
    }
    Ok(())
}

async fn file_80_lengths(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "x").await?;
    let found = grep(&cx, &session, &"y".repeat(4096), Some(&"z".repeat(2048))).await?;
    same("what nothing matches", &found, &Vec::new())?;
    for (field, pattern, path_pattern) in [
        ("pattern", "y".repeat(4097), None),
        ("pattern", r"\w".repeat(1_000_000), None),
        ("path_pattern", "x".into(), Some("z".repeat(2049))),
    ] {
        let request = searching(&session, &pattern, path_pattern.as_deref());
        let error = cx.refused_collect(&GREP_FILES, request).await?;
        same(
            &format!("the field that is wrong where {field} is too long"),
            &error.field.as_deref(),
            &Some(field),
        )?;
    }
    Ok(())
}

async fn file_48_ordered(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for name in ["/c", "/a", "/b/z", "/b/y", "/d"] {
        write(&cx, &session, name, &"x\n".repeat(12)).await?;
    }
    let first = grep(&cx, &session, "x", None).await?;
    let expected: Vec<_> = ["/a", "/b/y", "/b/z", "/c", "/d"]
        .iter()
        .flat_map(|path| (1..=12).map(|number| line(path, number, "x")))
        .collect();
    same("the matches", &first, &expected)?;
    same(
        "the matches of the same search again",
        &grep(&cx, &session, "x", None).await?,
        &first,
    )
}

async fn file_49_skips(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    make(&cx, &session, "/needle").await?;
    // `needle` as it stands in base64, and content whose base64 holds the word.
    for (path, content) in [
        ("/bin", "bmVlZGxl"),
        ("/bin2", "needleAA"),
        ("/bin3", "/////w=="),
    ] {
        cx.call(&WRITE_FILE, writing_as(&session, path, content, "base64"))
            .await?;
    }
    write(&cx, &session, "/text", "a\0needle\n").await?;
    same(
        "GrepFiles for `needle`",
        &grep(&cx, &session, "needle", None).await?,
        &vec![line("/text", 1, "a\0needle")],
    )
}

async fn file_55_crlf(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", "one\r\ntwo\r\none").await?;
    same(
        "GrepFiles for `one$`",
        &grep(&cx, &session, "one$", None).await?,
        &vec![line("/a", 1, "one"), line("/a", 3, "one")],
    )
}

async fn file_67_many(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let text = format!("{}\n", "x".repeat(60)).repeat(10_000);
    for path in ["/a", "/b"] {
        write(&cx, &session, path, &text).await?;
    }
    let found = grep(&cx, &session, "^x+$", None).await?;
    same("how many lines are found", &found.len(), &20_000)?;
    let last = found
        .last()
        .map(|(path, number, _)| (path.as_str(), *number));
    same("the last of them", &last, &Some(("/b", 10_000)))
}

async fn file_68_explosive(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    write(&cx, &session, "/a", &format!("{}!", "a".repeat(200))).await?;
    for pattern in [r"^(a+)+$", r"^(a|aa)+$", r"^(a*)*b$", r"(.*)*x{1,50}$"] {
        // Fails here when no answer comes in time.
        let found = grep(&cx, &session, pattern, None).await?;
        same(&format!("what `{pattern}` matches"), &found, &Vec::new())?;
    }
    // Too large to compile: refused or searched with, and the server goes on.
    let huge = searching(&session, r"((x{900}){900}){900}", None);
    if cx.attempt_collect(&GREP_FILES, huge.clone()).await.is_err() {
        cx.refused_collect(&GREP_FILES, huge).await?;
    }
    let found = grep(&cx, &session, "a!$", None).await?;
    same(
        "how many lines a plain search finds afterwards",
        &found.len(),
        &1,
    )
}
