//! One payload of every event type that upstream knows.

use serde_json::{Value, json};

const ID: &str = "01933b5a000070008000000000000001";

/// Type and payload, with the required and most of the optional fields.
pub(crate) fn samples() -> Vec<(&'static str, Value)> {
    let mut all = messages();
    all.extend(turns());
    all.extend(tools());
    all.extend(model());
    all.extend(session());
    all.extend(voice());
    all
}

fn id(prefix: &str) -> String {
    format!("{prefix}_{ID}")
}

fn message(role: &str) -> Value {
    json!({
        "id": id("message"), "role": role, "created_at": "2026-05-25T10:14:32.123456789Z",
        "content": [{"type": "text", "text": "Grüße\r\n"}],
        "metadata": {"big": 9_007_199_254_740_993_u64, "float": 1.0, "null": null},
    })
}

fn usage() -> Value {
    json!({"input_tokens": 1, "output_tokens": 4_294_967_295_u32, "actual_cost_usd": 0.1})
}

fn messages() -> Vec<(&'static str, Value)> {
    let turn = id("turn");
    let delta = json!({"turn_id": turn, "delta": "b", "accumulated": "ab"});
    vec![
        ("input.message", json!({"message": message("user")})),
        (
            "output.message.started",
            json!({"turn_id": turn, "model": "m", "iteration": 2}),
        ),
        ("output.message.delta", delta.clone()),
        (
            "output.message.replaced",
            json!({
                "turn_id": turn, "guardrail_capability_id": "c", "guardrail_id": "g",
                "reason_code": "r", "replacement": "",
            }),
        ),
        (
            "output.message.completed",
            json!({
                "message": message("agent"), "metadata": {"model": "m"}, "usage": usage(),
                "error_code": "e", "error_fields": {"n": -9_223_372_036_854_775_808_i64},
            }),
        ),
        (
            "reason.thinking.started",
            json!({"turn_id": turn, "model": "m"}),
        ),
        ("reason.thinking.delta", delta),
        (
            "reason.thinking.completed",
            json!({"turn_id": turn, "thinking": "t"}),
        ),
        (
            "reason.item",
            json!({
                "turn_id": turn, "provider": "p", "model": "m", "item_id": "i",
                "encrypted_content": "e", "summary": ["s"], "token_count": 3,
            }),
        ),
    ]
}

fn turns() -> Vec<(&'static str, Value)> {
    let turn = id("turn");
    vec![
        (
            "turn.started",
            json!({"turn_id": turn, "input_message_id": id("message"), "input_content": ""}),
        ),
        (
            "turn.completed",
            json!({
                "turn_id": turn, "iterations": 1, "duration_ms": 18_446_744_073_709_551_615_u64,
                "usage": usage(), "input_content": "i", "final_message_id": id("message"),
                "final_answer_preview": "f", "time_to_first_token_ms": 1, "tool_call_count": 2,
                "llm_call_count": 3, "status": "completed",
            }),
        ),
        (
            "turn.failed",
            json!({"turn_id": turn, "error": "e", "error_code": "c", "error_fields": {}}),
        ),
        (
            "turn.cancelled",
            json!({"turn_id": turn, "reason": "r", "usage": usage()}),
        ),
        (
            "reason.started",
            json!({"harness_id": id("harness"), "agent_id": id("agent"), "metadata": {"model": "m"}}),
        ),
        (
            "reason.completed",
            json!({
                "success": false, "text_preview": "t", "has_tool_calls": true,
                "tool_call_count": 1, "error": "e", "duration_ms": 1, "usage": usage(),
            }),
        ),
        (
            "capability.usage",
            json!({"records": [{
                "capability_id": "c", "capability_name": "n", "usage_kind": "effect_ran",
                "tool_name": "t", "usage_count": 1, "duration_ms": 2,
            }]}),
        ),
    ]
}

fn tools() -> Vec<(&'static str, Value)> {
    let call = json!({"id": "call", "name": "t", "arguments": {"n": 9_007_199_254_740_993_u64}});
    let summary = json!({"id": "call", "name": "t", "display_name": "T", "narration": "n"});
    vec![
        (
            "act.started",
            json!({"tool_calls": [summary], "headline": "h"}),
        ),
        (
            "act.completed",
            json!({
                "completed": true, "success_count": 1, "error_count": 0, "duration_ms": 1,
                "headline": "h",
            }),
        ),
        (
            "tool.started",
            json!({
                "tool_call": call, "tool_call_fingerprint": "f", "display_name": "T",
                "narration": "n",
            }),
        ),
        (
            "tool.completed",
            json!({
                "tool_call_id": "call", "tool_name": "t", "tool_call_fingerprint": "f",
                "tool_result_fingerprint": "g", "display_name": "T", "success": true,
                "status": "success", "result": [{"type": "text", "text": "{}"}], "error": "e",
                "duration_ms": 1, "capability_id": "c", "capability_name": "n", "narration": "n",
            }),
        ),
        (
            "tool.progress",
            json!({"tool_call_id": "call", "tool_name": "t", "message": "m", "display_name": "T"}),
        ),
        (
            "tool.output.delta",
            json!({"tool_call_id": "call", "tool_name": "t", "delta": "\u{0}", "stream": "stdout"}),
        ),
        (
            "tool.call_requested",
            json!({"tool_calls": [call], "tool_summaries": [summary], "headline": "h"}),
        ),
    ]
}

fn model() -> Vec<(&'static str, Value)> {
    let metadata = json!({
        "model": "m", "provider": "p", "usage": usage(), "duration_ms": 1,
        "time_to_first_token_ms": 1, "success": true, "finish_reasons": ["stop"],
        "response_id": "r", "retry": {"attempts": 1, "total_wait_ms": 2},
        "compaction": {"compacted": true, "input_tokens_before": 9},
        "request_options": {
            "prompt_cache": {"enabled": true, "strategy": "auto"},
            "tool_search": {"enabled": true, "threshold": 9},
            "provider_options": {"o": null},
        },
    });
    vec![
        (
            "llm.generation",
            json!({
                "messages": [message("user"), message("agent")],
                "tools": [{"name": "t", "description": "d"}],
                "output": {"text": "t"}, "metadata": metadata,
            }),
        ),
        (
            "context.compacting",
            json!({"reason": "proactive_budget", "strategy": "s", "messages_before": 9}),
        ),
        (
            "context.compacted",
            json!({
                "strategy_used": "s", "messages_before": 9, "messages_after": 3, "duration_ms": 1,
                "steps": [{"strategy": "s", "messages_after": 3, "duration_ms": 1}],
            }),
        ),
    ]
}

fn session() -> Vec<(&'static str, Value)> {
    let turn = id("turn");
    let subagent = |status: &str| {
        json!({
            "subagent_session_id": id("session"), "subagent_name": "n", "task": "t",
            "status": status, "result": "r", "error": "e",
        })
    };
    let budget = json!({
        "budget_id": "b", "balance": 0.1, "limit": 1.0, "currency": "usd", "message": "m",
        "soft_limit": 0.5,
    });
    vec![
        (
            "session.started",
            json!({"harness_id": id("harness"), "agent_id": id("agent"), "model_id": id("model")}),
        ),
        (
            "session.activated",
            json!({"turn_id": turn, "input_message_id": id("message")}),
        ),
        (
            "session.idled",
            json!({"turn_id": turn, "iterations": 1, "usage": usage()}),
        ),
        ("subagent.spawned", subagent("running")),
        ("subagent.completed", subagent("completed")),
        ("subagent.failed", subagent("failed")),
        ("subagent.cancelled", subagent("cancelled")),
        (
            "file.written",
            json!({"path": "/a", "operation": "create", "size_bytes": -1, "created": true}),
        ),
        ("budget.warning", budget.clone()),
        ("budget.paused", budget.clone()),
        ("budget.exhausted", budget.clone()),
        ("budget.resumed", budget),
    ]
}

fn voice() -> Vec<(&'static str, Value)> {
    let transcript = json!({
        "voice_connection_id": "v", "item_id": "i", "response_id": "r", "phase": "p",
        "delta": "d", "accumulated": "a",
    });
    vec![
        (
            "voice.session.started",
            json!({
                "voice_connection_id": "v", "model": "m", "voice": "o", "reasoning_effort": "low",
                "transport": "webrtc",
            }),
        ),
        ("voice.input_transcript.delta", transcript.clone()),
        ("voice.input_transcript.completed", transcript.clone()),
        ("voice.output_transcript.delta", transcript.clone()),
        ("voice.output_transcript.completed", transcript),
        (
            "voice.session.ended",
            json!({"voice_connection_id": "v", "reason": "r", "duration_ms": 1}),
        ),
        (
            "voice.session.failed",
            json!({"voice_connection_id": "v", "error": "e"}),
        ),
    ]
}
