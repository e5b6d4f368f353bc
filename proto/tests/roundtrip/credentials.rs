//! Credentials of providers and users' connections.

use everruns_core::traits::ProviderCredentials;
use mortise_proto::convert::user_connection_resolver::{Connection, optional_secret_json};
use mortise_proto::pb;
use proptest::prelude::*;
use serde_json::Value;

use crate::properties::{crosses, debug_form};
use crate::secrets::MARKER;
use crate::tape::{Arb, Tape, arb_struct, tape};
use crate::walk::refuses;

arb_struct! {
    ProviderCredentials { api_key, base_url }
    Connection { user_id, provider, token, metadata }
}

/// Its `Debug` hides what matters.
fn connection_form(connection: &Connection) -> Value {
    serde_json::json!([
        connection.user_id,
        connection.provider,
        connection.token,
        debug_form(&connection.metadata),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Credentials and connections keep every field; metadata of null is not absent.
    #[test]
    fn credentials(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<ProviderCredentials, pb::ProviderCredentials>(tape.make(), debug_form);
        crosses::<Connection, pb::Connection>(tape.make(), connection_form);
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_connections(words in tape()) {
        let connection: Connection = Tape::full(&words).make();
        refuses("Connection", &pb::Connection::from(connection), Connection::try_from);
    }
}

/// Metadata may hold secrets: neither a dump nor an error repeats it.
#[test]
fn metadata_stays_hidden() {
    let broken = format!("{{\"{MARKER}\"");
    let error = optional_secret_json("metadata_json", Some(&broken)).unwrap_err();
    assert!(!error.to_string().contains(MARKER), "{error}");
    let connection = Connection {
        user_id: uuid::Uuid::nil(),
        provider: "github".into(),
        token: MARKER.into(),
        metadata: Some(MARKER.into()),
    };
    let dump = format!(
        "{connection:?} {:?}",
        pb::Connection::from(connection.clone())
    );
    assert!(!dump.contains(MARKER), "{dump}");
    assert!(dump.contains("github"), "{dump}");
}
