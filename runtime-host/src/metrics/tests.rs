use super::*;

/// A scrape tells what happened to turns, phases and tokens, and of the process.
#[test]
fn a_scrape_tells_what_happened() {
    let metrics = HostMetrics::default();
    let waiting = metrics.turn_queued();
    let first = metrics.turn_started();
    drop(metrics.turn_started());
    metrics.turn_started().ended(TurnOutcome::Completed);
    metrics.phase_finished(PhaseKind::Reason, Duration::from_millis(40));
    metrics.tokens("gpt", 100, 7);
    let text = metrics.encode();
    for line in [
        "mortise_turns_started_total 3",
        "mortise_turns_running 1",
        "mortise_turns_queued 1",
        "mortise_turns_ended_total{outcome=\"completed\"} 1",
        "mortise_turns_ended_total{outcome=\"broken_off\"} 1",
        "mortise_phase_duration_seconds_bucket{phase=\"reason\",le=\"0.05\"} 1",
        "mortise_tokens_total{model=\"gpt\",direction=\"input\"} 100",
        "# TYPE mortise_process_start_time_seconds gauge",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    drop((waiting, first));
    let text = metrics.encode();
    assert!(text.contains("\nmortise_turns_running 0\n"), "{text}");
    assert!(text.contains("\nmortise_turns_queued 0\n"), "{text}");
}

/// A platform with ever new models does not make ever new series.
#[test]
fn models_are_bounded() {
    let metrics = HostMetrics::default();
    for number in 0..2 * MODELS_MAX {
        metrics.tokens(&format!("model-{number}"), 1, 1);
    }
    let text = metrics.encode();
    let series = text
        .lines()
        .filter(|line| line.starts_with("mortise_tokens_total{"));
    assert_eq!(series.count(), 2 * (MODELS_MAX + 1));
    assert!(
        text.contains("{model=\"other\",direction=\"input\"} 100"),
        "{text}"
    );
}
