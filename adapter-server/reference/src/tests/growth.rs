//! Events that repeat earlier ones of their session: what is read is what came in, and what
//! is stored grows with what is new.

use super::*;
use crate::db::AllOrgs;
use crate::stores::event_log;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const GENERATION: &str = "llm.generation";

/// Text as models and people write it: no two are the same, and many words come again.
fn prose(seed: u64, words: usize) -> String {
    const WORDS: [&str; 12] = [
        "the", "session", "reads", "a", "file", "and", "answers", "with", "what", "it", "found",
        "there",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let word = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 16 {
            at @ 0..12 => WORDS[usize::try_from(at).unwrap()].to_string(),
            _ => format!("{:x}", state >> 40),
        }
    };
    (0..words).map(word).collect::<Vec<_>>().join(" ")
}

/// The event of a call of a model: a history, and what does not grow around it.
fn generation(session: SessionId, event_type: &str, history: &[String]) -> AppendRequest {
    let data = json!({
        "messages": history,
        "tools": [{"name": "read_file", "description": prose(1, 300)}],
        "metadata": {"duration_ms": history.len()},
    });
    event(session, event_type, &data)
}

/// What came in, as it is to be read.
fn expected(sent: &AppendRequest, ack: AppendAck) -> pb::Event {
    let AppendAck { event_id, sequence } = ack;
    mortise_proto::convert::event_log::stored(sent.event.clone(), event_id, sequence)
}

async fn all(store: &Reference, session: SessionId, page: u32) -> Vec<pb::Event> {
    let events = adapter(store, 1).events();
    let mut read = Vec::new();
    loop {
        let after = read.last().map_or(0, |event: &pb::Event| event.sequence);
        let next = events.read(session, after, page).await.unwrap();
        if next.is_empty() {
            return read;
        }
        read.extend(next);
    }
}

async fn everything(store: &Reference) -> AllOrgs {
    store.inner.db.write_all_orgs().await.unwrap()
}

/// What becomes of a history before its next event.
#[derive(Debug, Clone)]
enum Step {
    Add(u64, usize),
    Edit(prop::sample::Index, u64),
    Compact,
    OtherType,
    Reopen,
    RotateKeys,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (any::<u64>(), 1..400_usize).prop_map(|(seed, words)| Step::Add(seed, words)),
        2 => (any::<prop::sample::Index>(), any::<u64>())
            .prop_map(|(at, seed)| Step::Edit(at, seed)),
        1 => Just(Step::Compact),
        2 => Just(Step::OtherType),
        1 => Just(Step::Reopen),
        1 => Just(Step::RotateKeys),
    ]
}

/// Whatever happens to a history, and however often the storage is opened again or its keys
/// are replaced, every event is read byte for byte as it came, in pages of any size, from
/// any place, and newest first.
#[test]
fn events_are_read_as_they_came() {
    let config = ProptestConfig {
        cases: 6,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(step(), 1..40);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let check = |(steps, page)| {
        runtime.block_on(history_is_kept(steps, page));
        Ok(())
    };
    TestRunner::new(config)
        .run(&(steps, 1..40_u32), check)
        .unwrap();
}

async fn history_is_kept(steps: Vec<Step>, page: u32) {
    let folder = tempfile::tempdir().unwrap();
    let url = database().fresh(folder.path()).await;
    let mut config = config(url);
    let mut store = Reference::open(config.clone()).await.unwrap();
    let session = new_session(&adapter(&store, 1)).await;
    let (mut history, mut sent) = (vec![prose(0, 1200)], Vec::new());
    for step in steps {
        let mut event_type = GENERATION;
        match step {
            Step::Add(seed, words) => history.push(prose(seed, words)),
            Step::Edit(at, seed) => *at.get_mut(&mut history) = prose(seed, 200),
            Step::Compact => drop(history.drain(..history.len() / 2)),
            Step::OtherType => event_type = "tool.completed.other",
            Step::Reopen | Step::RotateKeys => {
                if matches!(step, Step::RotateKeys) {
                    let number = u8::try_from(config.previous_keys.len()).unwrap();
                    let key = EncryptionKey::from_bytes([100 + number; 32]);
                    config
                        .previous_keys
                        .extend(config.encryption_key.replace(key));
                }
                store.close().await;
                store = Reference::open(config.clone()).await.unwrap();
                store.rewrap(|_| ()).await.unwrap();
            }
        }
        let event = generation(session, event_type, &history);
        let ack = append(&adapter(&store, 1), event.clone()).await.unwrap();
        sent.push(expected(&event, ack));
    }
    assert_eq!(all(&store, session, page).await, sent);
    let after = i64::from(page);
    let rest = adapter(&store, 1).events().read(session, after, 1000).await;
    let rest = rest.unwrap();
    let expected = sent.iter().filter(|event| event.sequence > after);
    assert!(rest.iter().eq(expected.take(rest.len())));
    let mut everything = everything(&store).await;
    let newest = event_log::newest_of_type(
        everything.for_org(1),
        session,
        GENERATION,
        i64::MAX,
        page.into(),
    );
    let newest = newest.await.unwrap();
    let expected = sent.iter().rev().filter(|event| event.r#type == GENERATION);
    assert!(newest.iter().eq(expected.take(newest.len())));
    drop(everything);
    store.close().await;
}

/// The second half of a session takes hardly more space than the first, although each of its
/// events holds all that was said before.
#[tokio::test]
async fn sessions_are_linear() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let (mut history, mut sizes, mut sent) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..400 {
        history.push(prose(number + 2, 60));
        let event = generation(session, GENERATION, &history);
        sizes.push(event.event.data_json.len());
        let ack = append(&adapter, event.clone()).await.unwrap();
        sent.push(expected(&event, ack));
    }
    let mut everything = everything(&store.reference).await;
    let lengths = "SELECT CAST(LENGTH(body) AS BIGINT) FROM events ORDER BY sequence";
    let lengths: Vec<(i64,)> = everything.query_as(lengths).fetch_all().await.unwrap();
    drop(everything);
    let bytes = |half: &[(i64,)]| half.iter().map(|(length,)| length).sum::<i64>();
    let (early, late) = lengths.split_at(lengths.len() / 2);
    let (early, late) = (bytes(early), bytes(late));
    assert!(late <= 2 * early, "{late} bytes late, {early} early");
    let came = i64::try_from(sizes.iter().sum::<usize>()).unwrap();
    assert!(early + late < came / 20, "{} of {came} bytes", early + late);
    assert_eq!(all(&store.reference, session, 1000).await, sent);
}

/// Events that an older build has stored are read, and so are those that follow them.
#[tokio::test]
async fn old_events_are_read() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let old = generation(session, GENERATION, &[prose(3, 3000)]);
    let id = EventId::new();
    let mut everything = everything(&store.reference).await;
    let insert = "INSERT INTO events (org_id, session_id, sequence, id, type, body) \
                  VALUES (1, $1, 1, $2, 'llm.generation', $3)";
    let body = prost::Message::encode_to_vec(&old.event);
    let insert = everything.query(insert).bind(session.to_string());
    let insert = insert.bind(id.to_string()).bind(body.as_slice());
    insert.execute().await.unwrap();
    let last = "INSERT INTO session_sequences (org_id, session_id, last_sequence) \
                VALUES (1, $1, 1)";
    let last = everything.query(last).bind(session.to_string());
    last.execute().await.unwrap();
    everything.commit().await.unwrap();

    let ack = AppendAck {
        event_id: id,
        sequence: 1,
    };
    let mut sent = vec![expected(&old, ack)];
    for number in 0..6 {
        let event = generation(session, GENERATION, &[prose(3, 3000), prose(number, 9)]);
        let ack = append(&adapter, event.clone()).await.unwrap();
        sent.push(expected(&event, ack));
    }
    assert_eq!(all(&store.reference, session, 2).await, sent);
}

/// Takes the fifth event of the only session away, as a failover does that has lost it.
async fn lose_the_fifth(reference: &Reference) {
    let mut everything = everything(reference).await;
    for lose in [
        "DELETE FROM events WHERE sequence = 5",
        "UPDATE session_sequences SET last_sequence = 4",
    ] {
        everything.query(lose).execute().await.unwrap();
    }
    everything.commit().await.unwrap();
}

/// An event whose base a failover has lost is stored all the same, and is read.
#[tokio::test]
async fn a_lost_base_is_noticed() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let (mut history, mut sent) = (vec![prose(5, 3000)], Vec::new());
    // The fifth is the base of those that follow it.
    for number in 0..5 {
        history.push(prose(number, 9));
        let event = generation(session, GENERATION, &history);
        let ack = append(&adapter, event.clone()).await.unwrap();
        sent.push(expected(&event, ack));
    }
    sent.pop();
    lose_the_fifth(&store.reference).await;
    // In the place of the lost one stands another: neither is it taken for the base.
    for number in 10..20 {
        history.push(prose(number, 9));
        let event = generation(session, GENERATION, &history);
        let ack = append(&adapter, event.clone()).await.unwrap();
        sent.push(expected(&event, ack));
    }
    assert_eq!(all(&store.reference, session, 2).await, sent);
}

/// An event that a failover has lost is sent again under its id, while the server still
/// takes it for the base of the next: alone, in a place of its own or of another, and in one
/// group with those that follow it. Each is read.
#[tokio::test]
async fn a_lost_event_is_sent_again() {
    for (others, is_one_group) in [(0, false), (1, false), (2, true), (0, true)] {
        let store = Store::new().await;
        let adapter = store.org1();
        let session = new_session(&adapter).await;
        let (mut history, mut sent) = (vec![prose(5, 3000)], Vec::new());
        let mut next = |number| {
            history.push(prose(number, 9));
            let mut event = generation(session, GENERATION, &history);
            let id = EventId::new();
            event.request_id = id.uuid().to_string();
            event.proposed_id = Some(id);
            event
        };
        let mut lost = next(0);
        // The fifth is the base of those that follow it.
        for number in 1..=5 {
            let ack = append(&adapter, lost.clone()).await.unwrap();
            if number < 5 {
                sent.push(expected(&lost, ack));
                lost = next(number);
            }
        }
        lose_the_fifth(&store.reference).await;
        let mut again: Vec<_> = (0..others).map(|_| plain(session)).collect();
        again.push(lost);
        again.extend((10..14).map(&mut next));
        let runs = match is_one_group {
            true => vec![again],
            false => again.into_iter().map(|event| vec![event]).collect(),
        };
        for run in runs {
            let answers = adapter.events().append(run.clone()).await;
            for (event, ack) in run.iter().zip(answers) {
                sent.push(expected(event, ack.unwrap()));
            }
        }
        assert_eq!(all(&store.reference, session, 2).await, sent, "{others}");
    }
}

/// The base of an event is one of its own session: an id that a failover has freed, and that
/// comes again in another session, is not taken for it.
#[tokio::test]
async fn a_base_is_of_the_same_session() {
    let store = Store::new().await;
    let adapter = store.org1();
    let (session, other) = (new_session(&adapter).await, new_session(&adapter).await);
    let history = vec![prose(5, 3000)];
    let mut first = generation(session, GENERATION, &history);
    first.proposed_id = Some(EventId::new());
    append(&adapter, first.clone()).await.unwrap();
    let mut everything = everything(&store.reference).await;
    let lose = format!("UPDATE events SET session_id = '{other}'");
    let lose = everything.query(sqlx::AssertSqlSafe(lose));
    lose.execute().await.unwrap();
    let last = "DELETE FROM session_sequences";
    everything.query(last).execute().await.unwrap();
    everything.commit().await.unwrap();
    let second = generation(session, GENERATION, &[history, vec![prose(6, 9)]].concat());
    let ack = append(&adapter, second.clone()).await.unwrap();
    let read = all(&store.reference, session, 2).await;
    assert_eq!(read, [expected(&second, ack)]);
}
