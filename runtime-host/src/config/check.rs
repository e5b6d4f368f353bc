//! The files that a configuration names: whether they are there, and hold what they
//! should.

use super::diagnostics::{Bad, Diagnostics};
use super::{Engine, HostConfig, ListenTls, TokenSource};
use mortise_adapter_client::{BearerToken, Mesh};
use mortise_adapter_server::Diagnostic;
use mortise_adapter_server::{Tls, TokenFile};

pub(super) fn files(config: &HostConfig) -> Result<(), Diagnostics> {
    let mut faults = Vec::new();
    let mut note = |path: String, problem: String| {
        let Bad { reason, remedy } = Bad::new(problem, "make it readable, or name another");
        faults.push(Diagnostic {
            path,
            variable: None,
            value: None,
            reason,
            remedy,
        });
    };
    if let Some(group) = &config.listen.socket.group
        && let Err(error) = group.id()
    {
        note("listen.socket_group".into(), error.to_string());
    }
    if let Some(ListenTls::Files(tls)) = &config.listen.tls
        && let Err(error) = Tls::open(tls.clone(), &["h2"])
    {
        note("listen.tls".into(), error.to_string());
    }
    for (name, access) in &config.access.tokens {
        if let TokenSource::File(path) = &access.token
            && let Err(error) = TokenFile::open(path)
        {
            note(
                format!("access.tokens.{name}.token_file"),
                error.to_string(),
            );
        }
    }
    if let Engine::Restate(options) = &config.turns.engine
        && let Some(path) = &options.token_file
        && let Err(problem) = BearerToken::open(path.clone())
    {
        note("turns.restate.token_file".into(), problem);
    }
    for (name, adapter) in &config.adapters {
        if let Err(error) = Mesh::check_files(&adapter.config) {
            note(format!("adapters.{name}"), error);
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Diagnostics(faults))
    }
}
