//! Workspaces.

use super::*;
use everruns_core::session_file::InitialFile;
use everruns_core::traits::SessionFileSystem;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;

/// One step of a script: what is done, and what comes of it.
async fn step(fs: &ScopedReference, session: SessionId, line: &str) -> String {
    let mut words = line.split(' ');
    let (verb, path) = (words.next().unwrap(), words.next().unwrap());
    let rest: Vec<&str> = words.collect();
    let result = match verb {
        "write" => fs
            .files()
            .write_file(session, path, rest[0], rest.get(1).unwrap_or(&"text"))
            .await
            .map(|file| {
                assert_eq!(file.content.as_deref(), Some(rest[0]));
                format!("{} {} {}", file.path, file.encoding, file.size_bytes)
            }),
        "read" => fs
            .files()
            .read_file(session, path)
            .await
            .map(|file| match file {
                None => "none".into(),
                Some(file) if file.is_directory => format!("{} dir {:?}", file.path, file.content),
                Some(file) => format!("{} {} {}", file.path, file.encoding, file.content.unwrap()),
            }),
        "cas" => fs
            .files()
            .write_file_if_content_matches(session, path, rest[0], rest[1], rest[2], rest[3])
            .await
            .map(|file| file.map_or("none".into(), |file| file.content.unwrap())),
        "delete" => fs
            .files()
            .delete_file(session, path, false)
            .await
            .map(|done| done.to_string()),
        "purge" => fs
            .files()
            .delete_file(session, path, true)
            .await
            .map(|done| done.to_string()),
        "list" => fs
            .files()
            .list_directory(session, path)
            .await
            .map(|entries| {
                let show = |entry: &everruns_core::FileInfo| {
                    let mark = if entry.is_directory {
                        "/"
                    } else if entry.is_readonly {
                        "!"
                    } else {
                        ""
                    };
                    format!("{}{mark}", entry.path)
                };
                entries.iter().map(show).collect::<Vec<_>>().join(" ")
            }),
        "stat" => fs.files().stat_file(session, path).await.map(|stat| {
            stat.map_or("none".into(), |stat| {
                let kind = if stat.is_directory { "dir" } else { "file" };
                format!(
                    "{} {} {kind} {} {}",
                    stat.path, stat.name, stat.size_bytes, stat.is_readonly
                )
            })
        }),
        "grep" => fs
            .files()
            .grep_files(session, path, rest.first().copied())
            .await
            .map(|found| {
                let show = |found: &everruns_core::GrepMatch| {
                    format!("{}:{}:{}", found.path, found.line_number, found.line)
                };
                found.iter().map(show).collect::<Vec<_>>().join(" ")
            }),
        "mkdir" => fs
            .files()
            .create_directory(session, path)
            .await
            .map(|made| {
                assert!(made.is_directory);
                made.path
            }),
        "seed" | "seed!" => {
            let file = InitialFile {
                path: path.into(),
                content: rest[0].into(),
                encoding: rest.get(1).unwrap_or(&"text").to_string(),
                is_readonly: verb == "seed!",
            };
            fs.files()
                .seed_initial_file(session, &file)
                .await
                .map(|()| "done".into())
        }
        verb => panic!("{verb}"),
    };
    result.unwrap_or_else(|error| {
        let error = StoreError::from(error);
        assert_eq!(error.reason, Some(ErrorReason::Store), "{line}: {error}");
        assert_eq!(error.outcome, Outcome::NotApplied, "{line}: {error}");
        format!("refused: {error}")
    })
}

/// The table of file system behaviour, row by row. `~` marks an error, which must
/// contain the words.
#[tokio::test]
async fn the_matrix() {
    let script = [
        ("list /", ""),
        ("read /", "/ dir None"),
        ("stat /", "/ / dir 0 false"),
        ("stat /workspace", "/ / dir 0 false"),
        ("list ", ""),
        // Paths.
        ("write /a one", "/a text 3"),
        ("read a", "/a text one"),
        ("read /workspace/a", "/a text one"),
        ("read //./a/", "/a text one"),
        ("write /workspacefoo x", "/workspacefoo text 1"),
        ("list /", "/a /workspacefoo"),
        ("write /x/../y z", "~.."),
        ("read ../y", "~.."),
        ("list /..", "~.."),
        ("stat /a/..", "~.."),
        ("mkdir /..", "~.."),
        ("delete /..", "~.."),
        // Missing.
        ("read /none", "none"),
        ("stat /none", "none"),
        ("delete /none", "false"),
        ("purge /none", "false"),
        ("list /none", "~not found"),
        ("list /a", "~not a directory"),
        ("list /a/b", "~not found"),
        // Parents.
        ("write /d/e/f.txt deep", "/d/e/f.txt text 4"),
        ("list /d", "/d/e/"),
        ("stat /d/e", "/d/e e dir 0 false"),
        ("read /d", "/d dir None"),
        ("write /a/b no", "~not a directory"),
        ("stat /a/b", "none"),
        ("write /d no", "~is a directory"),
        ("write / no", "~is a directory"),
        ("write  no", "~is a directory"),
        // Encodings.
        ("write /bin aGVsbG8= base64", "/bin base64 5"),
        ("read /bin", "/bin base64 aGVsbG8="),
        ("write /bin aGVsbG8 base64", "~base64"),
        ("write /bin aGVsbG9= base64", "~base64"),
        ("read /bin", "/bin base64 aGVsbG8="),
        ("write /utf hi utf-8", "/utf text 2"),
        ("read /utf", "/utf text hi"),
        ("write /empty  text", "/empty text 0"),
        ("read /empty", "/empty text "),
        ("write /nul a\0b\r\n\u{feff}ü", "/nul text 10"),
        ("read /nul", "/nul text a\0b\r\n\u{feff}ü"),
        // Compare and set.
        ("cas /a one text two text", "two"),
        ("cas /a one text three text", "none"),
        ("cas /a two utf-8 three text", "none"),
        ("cas /a two base64 three text", "none"),
        ("cas /none  text x text", "none"),
        ("cas /d  text x text", "none"),
        ("cas /  text x text", "none"),
        ("cas /bin aGVsbG8= base64 aGk= base64", "aGk="),
        ("cas /bin aGk= base64 !! base64", "~base64"),
        ("cas /bin hi text x text", "none"),
        ("cas /empty  text full text", "full"),
        ("read /a", "/a text two"),
        // Read-only.
        ("seed! /ro/file locked", "done"),
        ("stat /ro/file", "/ro/file file file 6 true"),
        ("list /ro", "/ro/file!"),
        ("write /ro/file x", "~readonly"),
        ("cas /ro/file locked text x text", "none"),
        ("delete /ro/file", "~readonly"),
        ("purge /ro", "~readonly"),
        ("seed! /ro/file again", "done"),
        ("read /ro/file", "/ro/file text again"),
        ("seed /ro/file free", "done"),
        ("write /ro/file mine", "/ro/file text 4"),
        ("seed! workspace/s/bin aGk= base64", "done"),
        ("read /s/bin", "/s/bin base64 aGk="),
        ("seed /d x", "~is a directory"),
        ("seed / x", "~is a directory"),
        ("seed /a/b x", "~not a directory"),
        // Directories.
        ("mkdir /m/n", "/m/n"),
        ("mkdir /m/n/", "/m/n"),
        ("mkdir /", "/"),
        ("mkdir /a", "~not a directory"),
        ("mkdir /a/b", "~not a directory"),
        // Deletion.
        ("delete /", "~cannot be deleted"),
        ("purge /workspace", "~cannot be deleted"),
        ("delete /d", "~not empty"),
        ("delete /m/n", "true"),
        ("delete /m", "true"),
        ("write /d/e_%/g x", "/d/e_%/g text 1"),
        ("write /d/ex1/g x", "/d/ex1/g text 1"),
        ("write /D/E/f x", "/D/E/f text 1"),
        ("write /d/e/sub/deep x", "/d/e/sub/deep text 1"),
        ("purge /d/e_%", "true"),
        ("purge /d/e", "true"),
        ("list /d", "/d/ex1/"),
        ("read /d/e/f.txt", "none"),
        ("read /d/e/sub/deep", "none"),
        ("read /D/E/f", "/D/E/f text x"),
        ("purge /D", "true"),
        ("delete /a", "true"),
        ("delete /a", "false"),
        // Search.
        ("write /src/b.rs fn\nFn\r\nend", "/src/b.rs text 10"),
        ("write /src/a.rs let\nfn", "/src/a.rs text 6"),
        ("write /src/c Zm4= base64", "/src/c base64 2"),
        ("grep fn", "/src/a.rs:2:fn /src/b.rs:1:fn"),
        (
            "grep (?i)^fn$ /src",
            "/src/a.rs:2:fn /src/b.rs:1:fn /src/b.rs:2:Fn",
        ),
        ("grep fn b.rs", "/src/b.rs:1:fn"),
        ("grep fn /SRC", ""),
        ("grep nothing", ""),
        ("grep [", "~pattern"),
        ("list /src", "/src/a.rs /src/b.rs /src/c"),
    ];
    for reference in [Store::new().await.reference, in_memory().await] {
        let fs = adapter(&reference, 1);
        let session = new_session(&fs).await;
        for (line, expected) in script {
            let seen = step(&fs, session, line).await;
            match expected.strip_prefix('~') {
                Some(words) => {
                    assert!(seen.starts_with("refused: "), "{line}: {seen}");
                    assert!(seen.contains(words), "{line}: {seen}");
                }
                None => assert_eq!(seen, expected, "{line}"),
            }
        }
    }
}

/// Overwriting keeps a file's id and birth and moves its change; a deleted one is
/// another when it comes back.
#[tokio::test]
async fn identity_and_times() {
    let store = Store::new().await;
    let fs = store.org1();
    let session = new_session(&fs).await;
    let first = fs
        .files()
        .write_file(session, "/a", "1", "text")
        .await
        .unwrap();
    let second = fs
        .files()
        .write_file(session, "/a", "22", "text")
        .await
        .unwrap();
    let read = fs.files().read_file(session, "/a").await.unwrap().unwrap();
    assert_eq!(json!(read), json!(second));
    assert_eq!((first.id, first.created_at), (second.id, second.created_at));
    assert!(first.updated_at < second.updated_at);
    assert_eq!(first.session_id, session.uuid());
    fs.files().delete_file(session, "/a", false).await.unwrap();
    let third = fs
        .files()
        .write_file(session, "/a", "1", "text")
        .await
        .unwrap();
    assert_ne!(first.id, third.id);
    let root = fs.files().create_directory(session, "/").await.unwrap();
    assert!(root.id.is_nil() && root.created_at <= root.updated_at);
    let made = fs.files().create_directory(session, "/d").await.unwrap();
    let again = fs.files().create_directory(session, "/d").await.unwrap();
    assert_eq!(json!(made), json!(again));
}

/// Of any number of writers that expect the same content, one wins.
#[tokio::test(flavor = "multi_thread")]
async fn one_winner() {
    let store = Store::new().await;
    let fs = store.org1();
    let session = new_session(&fs).await;
    for round in 0..8 {
        let before = format!("round {round}");
        fs.files()
            .write_file(session, "/a", &before, "text")
            .await
            .unwrap();
        let writers = (0..16).map(|n| {
            let (fs, before) = (fs.clone(), before.clone());
            tokio::spawn(async move {
                let mine = format!("writer {n}");
                fs.files()
                    .write_file_if_content_matches(session, "/a", &before, "text", &mine, "text")
                    .await
                    .unwrap()
                    .and_then(|file| file.content)
            })
        });
        let won: Vec<String> = futures::future::join_all(writers)
            .await
            .into_iter()
            .filter_map(Result::unwrap)
            .collect();
        let read = fs.files().read_file(session, "/a").await.unwrap().unwrap();
        assert_eq!(won, [read.content.unwrap()]);
    }
}

/// Files of one session are in no other, and none can be written where there is no
/// session.
#[tokio::test]
async fn sessions_share_nothing() {
    let store = Store::new().await;
    let fs = store.org1();
    let (one, two) = (new_session(&fs).await, new_session(&fs).await);
    fs.files()
        .write_file(one, "/d/a", "x", "text")
        .await
        .unwrap();
    for (line, expected) in [
        ("list /", ""),
        ("read /d/a", "none"),
        ("stat /d", "none"),
        ("grep x", ""),
        ("purge /d", "false"),
        ("cas /d/a x text y text", "none"),
    ] {
        assert_eq!(step(&fs, two, line).await, expected, "{line}");
        assert_eq!(step(&fs, SessionId::new(), line).await, expected, "{line}");
    }
    let nowhere = SessionId::new();
    for line in ["write /a x", "mkdir /a", "mkdir /", "seed /a x"] {
        let seen = step(&fs, nowhere, line).await;
        assert!(
            seen.contains(&format!("session not found: {nowhere}")),
            "{line}: {seen}"
        );
    }
    assert_eq!(step(&fs, one, "read /d/a").await, "/d/a text x");
}

/// A file of many megabytes comes back whole.
#[tokio::test]
async fn large_files() {
    let store = Store::new().await;
    let fs = store.org1();
    let session = new_session(&fs).await;
    let content = "0123456789abcde\n".repeat(5 * 1024 * 1024 / 16);
    let written = fs
        .files()
        .write_file(session, "/large", &content, "text")
        .await
        .unwrap();
    assert_eq!(written.size_bytes, 5 * 1024 * 1024);
    let read = fs
        .files()
        .read_file(session, "/large")
        .await
        .unwrap()
        .unwrap();
    assert!(read.content.as_ref() == Some(&content));
    let found = fs.files().grep_files(session, "^0", None).await.unwrap();
    assert_eq!(found.len(), content.lines().count());
}
