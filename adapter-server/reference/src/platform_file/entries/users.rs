//! Users' connections.

use crate::platform_file::diagnostics::{OfValue, join};
use crate::platform_file::entries::{Entry, Reading};
use crate::platform_file::schema;
use crate::platform_file::secrets::Writer;
use mortise_adapter_server::Diagnostic;
use mortise_proto::convert::user_connection_resolver::Connection;
use uuid::Uuid;

/// The record of an entry.
pub(in crate::platform_file) fn record(
    reading: &mut Reading<'_>,
    entry: &Entry<schema::Connection>,
) -> Option<Connection> {
    let Entry { path, written } = entry;
    let schema::Connection {
        user,
        provider,
        token,
        metadata,
    } = written;
    reading.required(path, "user", user);
    reading.required(path, "provider", provider);
    let user_id = Uuid::parse_str(user).ok();
    if user_id.is_none() {
        let fault = Diagnostic::new(join(path, "user"), "is not a UUID", "write the user's id");
        reading.faults.add(fault.of(user));
    }
    let at = join(path, "token");
    let token = match token {
        Some(token) => reading.secrets.sealed(token, &at, &mut reading.faults),
        None => {
            reading.missing(&at, "write {env: NAME} or {file: PATH}");
            None
        }
    };
    let at = join(path, "metadata");
    let metadata = metadata.as_ref();
    let metadata = metadata.map(|json| reading.secrets.sealed_json(json, &at, &mut reading.faults));
    Some(Connection {
        user_id: user_id?,
        provider: provider.clone(),
        token: token?,
        metadata: metadata.flatten(),
    })
}

pub(in crate::platform_file) fn write(
    writer: &mut Writer,
    connection: Connection,
) -> schema::Connection {
    let Connection {
        user_id,
        provider,
        token,
        metadata,
    } = connection;
    let user = user_id.to_string();
    let words = ["connection", &user, &provider, "token"];
    let token = writer.secret(&words, &token);
    let words = ["connection", &user, &provider, "metadata"];
    let metadata = metadata.map(|value| writer.json(&words, &value));
    schema::Connection {
        token: Some(token),
        metadata,
        provider,
        user,
    }
}
