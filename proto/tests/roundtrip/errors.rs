//! Errors of the agent loop across the wire.

use everruns_core::AgentLoopError;
use everruns_core::llm_retry::is_transient_error_message;
use everruns_core::typed_id::{AgentId, HarnessId, SessionId};
use mortise_proto::StoreError;
use mortise_proto::convert::error::into_host_error;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::time::Duration;
use tonic::{Code, Status};

fn across(error: AgentLoopError) -> AgentLoopError {
    into_host_error(StoreError::from(Status::from(StoreError::from(error))))
}

fn every_variant() -> Vec<AgentLoopError> {
    let text = || "is a directory: \"über\"\r\nnot found (429)".to_string();
    vec![
        AgentLoopError::Llm(text()),
        AgentLoopError::RequestTooLarge(text()),
        AgentLoopError::ModelNotAvailable("gpt-99".to_string()),
        AgentLoopError::ToolExecution(text()),
        AgentLoopError::MessageStore(text()),
        AgentLoopError::EventEmission(text()),
        AgentLoopError::Configuration("Encryption not configured".to_string()),
        AgentLoopError::MaxIterationsReached(usize::MAX),
        AgentLoopError::Cancelled,
        AgentLoopError::NoMessages,
        AgentLoopError::AgentNotFound(AgentId::from_seed(1)),
        AgentLoopError::HarnessNotFound(HarnessId::from_seed(2)),
        AgentLoopError::SessionNotFound(SessionId::from_seed(3)),
        AgentLoopError::DriverNotRegistered("gemini".to_string()),
    ]
}

/// Every variant comes back with its payload, not with the text it is shown as.
#[test]
fn every_variant_comes_back_exactly() {
    for error in every_variant() {
        let sent = format!("{error:?}");
        assert_eq!(format!("{:?}", across(error)), sent);
    }
}

/// An internal error comes back with its whole chain of causes as its text.
#[test]
fn an_internal_error_keeps_its_causes() {
    let cause = std::io::Error::other("disk full");
    let error = anyhow::Error::new(cause)
        .context("write page")
        .context("commit");
    let AgentLoopError::Internal(back) = across(AgentLoopError::Internal(error)) else {
        panic!("the variant changed");
    };
    assert_eq!(back.to_string(), "commit: write page: disk full");
}

/// An error that no variant stands for has upstream's words for one that will pass
/// exactly when its code says so, and comes out again as it went in.
#[test]
fn only_passing_errors_look_passing() {
    for code in (1..=16).map(Code::from) {
        let passes = matches!(code, Code::Unavailable | Code::DeadlineExceeded);
        for text in ["", "connection refused", "Host Not Found"] {
            let stated = StoreError::from(Status::new(code, text));
            let error = into_host_error(stated.clone());
            assert_eq!(StoreError::from(&error), stated);
            let AgentLoopError::Internal(shown) = &error else {
                panic!("{code:?} became {error:?}");
            };
            let shown = shown.to_string();
            assert!(!shown.is_empty());
            assert_eq!(
                is_transient_error_message(&shown),
                passes,
                "{code:?}: {shown}"
            );
            assert_eq!(
                shown.contains("temporarily unavailable"),
                passes,
                "{code:?}: {shown}"
            );
            if !passes && !text.is_empty() {
                assert_eq!(shown, text);
            }
        }
    }
}

/// A server that names no id where the contract wants one still gives the host an
/// error with its text, and one that is final.
#[test]
fn an_id_that_is_missing_falls_back_to_the_text() {
    for reason in [
        ErrorReason::AgentNotFound,
        ErrorReason::HarnessNotFound,
        ErrorReason::SessionNotFound,
    ] {
        for id in [None, Some("agent_1")] {
            let mut error = StoreError::new(reason, "it was not found");
            if let Some(id) = id {
                error = error.with("id", id);
            }
            let error = into_host_error(error);
            assert_eq!(error.to_string(), "Internal error: it was not found");
            assert!(!StoreError::from(&error).may_pass());
        }
    }
}

/// What a server's store states leaves through upstream's traits without losing a fact:
/// outcome, metadata, field and time to come back, for every reason.
#[test]
fn a_stated_error_loses_nothing() {
    let reasons = (0..=i32::from(u8::MAX)).filter_map(|number| ErrorReason::try_from(number).ok());
    let mut variants = 0;
    for reason in reasons {
        for outcome in [Outcome::NotApplied, Outcome::Applied, Outcome::Unknown] {
            let plain = StoreError::new(reason, "disk full").outcome(outcome);
            let mut full = plain.clone().with("id", "agent_1");
            full.field = Some("session_id".into());
            full.retry_after = Some(Duration::from_millis(250));
            for stated in [plain, full] {
                let error = AgentLoopError::from(stated.clone());
                variants += usize::from(!matches!(error, AgentLoopError::Internal(_)));
                assert_eq!(StoreError::from(error), stated);
            }
        }
    }
    assert!(variants > 0, "a variant is taken where it holds everything");
}
