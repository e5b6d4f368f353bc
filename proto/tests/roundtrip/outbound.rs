//! Outbound requests and their errors.

use everruns_core::egress::{EgressError, EgressRequest, EgressRequestKind, EgressSigning};
use mortise_proto::convert::egress;
use mortise_proto::{StoreError, pb};
use proptest::prelude::*;
use std::net::SocketAddr;
use tonic::Status;

use crate::properties::{crosses, debug_form};
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    EgressSigning { Disabled, PlatformDefault, Required }
}

arb_struct! {
    EgressRequest {
        method, url, headers, body, kind, signing, network_access, timeout_ms, pinned_addrs,
    }
}

impl Arb for EgressRequestKind {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let other = Self::Other(tape.make());
        tape.choose(&[
            Self::LlmProvider,
            Self::Capability,
            Self::Integration,
            Self::SystemEmail,
            Self::UtilityLlm,
            Self::Mcp,
            other,
        ])
    }
}

impl Arb for SocketAddr {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let port = tape.make::<u8>().into();
        match tape.below(2) {
            0 => SocketAddr::from(([192, 0, 2, tape.make()], port)),
            _ => SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7], port)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A request keeps every field, the pinned addresses that upstream's JSON drops among
    /// them.
    #[test]
    fn requests(words in tape()) {
        crosses::<EgressRequest, pb::EgressRequest>(Tape::new(&words).make(), debug_form);
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_requests(words in tape()) {
        let request: EgressRequest = Tape::full(&words).make();
        refuses("EgressRequest", &pb::EgressRequest::from(request), EgressRequest::try_from);
    }
}

/// Every error comes back as the variant it was, with its payload; what gRPC itself says is
/// the transport's.
#[test]
fn errors() {
    for error in [
        EgressError::InvalidRequest("invalid URL: \"x\"".into()),
        EgressError::NetworkAccessDenied {
            url: "https://a/ü?b".into(),
        },
        EgressError::SigningUnavailable,
        EgressError::Transport("reset".into()),
    ] {
        let text = format!("{error:?}");
        let back = egress::into_host_error(StoreError::from(Status::from(StoreError::from(error))));
        assert_eq!(format!("{back:?}"), text);
    }
    let gone = egress::into_host_error(StoreError::from(Status::unavailable("gone")));
    assert!(matches!(gone, EgressError::Transport(text) if text == "gone"));
}
