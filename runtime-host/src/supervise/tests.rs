use super::*;
use std::time::Duration;

fn shell(script: &str) -> AdapterCommand {
    AdapterCommand {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into(), "sh".into(), "{listen}".into()],
        environment: vec!["PASSED".into()],
    }
}

fn supervision() -> Supervision {
    Supervision {
        launcher: Launcher::default(),
        environment: BTreeMap::from([
            ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
            ("PASSED".into(), "yes".into()),
            ("SECRET".into(), "no".into()),
        ]),
    }
}

fn started(command: &AdapterCommand) -> Supervised {
    let started = Supervised::default().with([(&"a".to_string(), command)], &supervision());
    started.unwrap_or_else(|error| unreachable!("{error}"))
}

/// Waits until a file has as many lines, and gives them.
async fn lines(path: &std::path::Path, count: usize) -> Vec<String> {
    let found = async {
        loop {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let lines: Vec<String> = text.lines().map(Into::into).collect();
            if lines.len() >= count {
                return lines;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), found).await;
    found.unwrap_or_else(|_| unreachable!("{count} lines did not come"))
}

/// A process that ends is started again, with its address and with no more of the
/// environment than it is to have; it is stopped when it is told to.
#[tokio::test]
async fn a_process_is_started_again_and_stopped() {
    let Ok(folder) = tempfile::tempdir() else {
        unreachable!("there is a folder for temporary files");
    };
    let out = folder.path().join("out");
    let script = format!(
        "echo $1 $MORTISE_LISTEN $PASSED $SECRET >> {0}; [ $(wc -l < {0}) -ge 3 ] && exec sleep 1000",
        out.display()
    );
    let supervised = started(&shell(&script));
    let endpoint = supervised.endpoints()["a"].to_string();
    for line in lines(&out, 3).await {
        assert_eq!(line, format!("{endpoint} {endpoint} yes"));
    }
    let began = Instant::now();
    supervised.stop().await;
    assert!(
        began.elapsed() < Duration::from_secs(9),
        "it was asked and not killed"
    );
    assert_eq!(lines(&out, 3).await.len(), 3);
}

/// A command that stays the same stays running; one that has changed is another process, and
/// the one before is told apart.
#[tokio::test]
async fn only_a_changed_command_is_another_process() {
    let (one, other) = (shell("sleep 1000"), shell("sleep 2000"));
    let first = started(&one);
    let name = "a".to_string();
    let Ok(same) = first.with([(&name, &one)], &supervision()) else {
        unreachable!("it is the same");
    };
    assert!(first.without(&same).is_empty());
    assert_eq!(first.endpoints(), same.endpoints());
    let Ok(changed) = same.with([(&name, &other)], &supervision()) else {
        unreachable!("it starts");
    };
    assert_ne!(changed.endpoints(), same.endpoints());
    same.without(&changed).stop().await;
    changed.stop().await;
}

/// A program that is not there keeps nothing from stopping.
#[tokio::test]
async fn a_program_that_is_not_there_is_tried_again() {
    let command = AdapterCommand {
        program: "/nonexistent/adapter".into(),
        arguments: Vec::new(),
        environment: Vec::new(),
    };
    let supervised = started(&command);
    sleep(Duration::from_millis(500)).await;
    let stopped = tokio::time::timeout(Duration::from_secs(5), supervised.stop()).await;
    assert!(stopped.is_ok());
}
