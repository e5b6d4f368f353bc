"""What the test helpers say of a broken rule."""

from mortise_adapter.testing.suite import _rule


def test_broken_rule_shows_its_calls() -> None:
    """It shows what was sent, and how to send it again where grpcurl can."""
    calls = [
        {"method": "ListKeys", "sent": "{}", "received": "[]", "grpcurl": "grpcurl -d {} ListKeys"},
        {"method": "EmitStream", "sent": "(next)", "received": "{}", "grpcurl": None},
    ]
    failure = {"what": "ListKeys", "expected": "a", "got": "b", "exchanges": calls}
    lines = _rule({"id": "KV-05", "demand": "", "verdict": "failed", "failure": failure}).failure.splitlines()
    assert {"expected: a", "got: b", "  sent     (next)"} <= set(lines)
    assert [line for line in lines if "by hand" in line] == ["  by hand  grpcurl -d {} ListKeys"]
