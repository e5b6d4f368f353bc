use super::*;
use everruns_core::typed_id::MessageId;
use mortise_adapter_client::PhaseKind;
use mortise_proto::rpc::table::agent_store_service::GET_AGENT;

fn begun(history: &TurnHistory, metrics: &HostMetrics) -> (Arc<Timeline>, TurnId) {
    let timeline = history.begin((1, SessionId::new()), metrics);
    let turn_id = TurnId::new();
    timeline.began(Began {
        turn_id,
        input_message_id: MessageId::new(),
        sequence: 1,
    });
    (timeline, turn_id)
}

/// Only so many turns that ended are kept, the last ones; a turn that was aborted is not
/// among the running ones.
#[test]
fn the_last_turns_are_kept() {
    let (history, metrics) = (TurnHistory::default(), HostMetrics::default());
    let turns: Vec<_> = (0..ENDED_MAX + 2)
        .map(|_| begun(&history, &metrics))
        .collect();
    for (timeline, _) in &turns {
        history.end(timeline, TurnOutcome::Failed, Some("no room"));
    }
    drop(begun(&history, &metrics));
    let (_running, running_id) = begun(&history, &metrics);
    let (running, ended) = history.list();
    assert_eq!(running.len(), 1);
    assert_eq!((running[0].turn_id, running[0].outcome), (running_id, None));
    assert_eq!(ended.len(), ENDED_MAX);
    assert_eq!(ended[0].turn_id, turns[ENDED_MAX + 1].1, "newest first");
    assert_eq!(ended[0].problem.as_deref(), Some("no room"));
    assert!(history.trace(turns[1].1).is_none(), "it is forgotten");
}

/// Calls beyond the most are counted; what a turn did comes in order.
#[test]
fn calls_are_bounded() {
    let (history, metrics) = (TurnHistory::default(), HostMetrics::default());
    let (timeline, turn_id) = begun(&history, &metrics);
    let call = EndedCall {
        method: GET_AGENT.method,
        adapter: "main",
        began: Instant::now(),
        took: Duration::from_millis(1),
        code: tonic::Code::Ok,
    };
    for _ in 0..CALLS_MAX + 3 {
        timeline.called(&call);
    }
    timeline.phase_ended(EndedPhase {
        kind: PhaseKind::Input,
        began: timeline.since,
        took: Duration::from_millis(2),
        failed: false,
    });
    let Some(story) = history.trace(turn_id) else {
        unreachable!("it runs");
    };
    assert_eq!(story.steps.len(), CALLS_MAX + 1);
    assert_eq!(story.calls_left_out, 3);
    assert_eq!(story.steps[0].kind, StepKind::Phase);
    assert_eq!(story.steps[1].detail, "main: Ok");
}
