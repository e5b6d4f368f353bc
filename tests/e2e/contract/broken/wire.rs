//! Faults of the handshake and of what holds for every method.

use super::fault::{Fault, answer, ask, end};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::adapter_service::DESCRIBE;
use mortise_proto::rpc::table::session_storage_store_service::{GET_VALUE, SET_SECRET};
use mortise_proto::rpc::table::session_store_service::GET_SESSION;

pub(super) fn faults() -> Vec<Fault> {
    vec![
        answer(
            "WIRE-01",
            "does not say who it is",
            &DESCRIBE,
            |_, answer| answer.server = None,
        ),
        answer(
            "WIRE-04",
            "lists a service that it does not have",
            &DESCRIBE,
            |_, answer| {
                answer.services.push(pb::ServiceOffer {
                    name: "mortise.adapter.v1.WeatherService".into(),
                    features: Vec::new(),
                });
            },
        ),
        ask("GEN-02", "takes any id", &GET_SESSION, |request| {
            if request.session_id.len() != 40
                || request.session_id.to_lowercase() != request.session_id
            {
                request.session_id = "session_00000000000000000000000000000001".into();
            }
        }),
        answer(
            "GEN-01",
            "writes ids in capitals",
            &GET_SESSION,
            |_, answer| {
                if let Some(session) = &mut answer.session {
                    session.id = session.id.to_uppercase();
                }
            },
        ),
        answer(
            "GEN-13",
            "drops what is no letter",
            &GET_VALUE,
            |_, answer| {
                answer.value = answer.value.take().map(|value| value.replace('\0', ""));
            },
        ),
        end(
            "GEN-15",
            "quotes a secret in an error",
            &SET_SECRET,
            |request, end| {
                end.map_err(|error| {
                    StoreError::new(ErrorReason::Store, format!("{error}: {}", request.value))
                })
            },
        ),
    ]
}
