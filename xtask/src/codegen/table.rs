//! The table of RPCs: one constant per method, with what its options say.

use super::{enum_name, option_value, own_messages, own_services, snake_case, store_option};
use anyhow::{Context, Result, bail};
use prost_reflect::{
    DescriptorPool, Kind, MessageDescriptor, MethodDescriptor, ReflectMessage, ServiceDescriptor,
};
use std::fmt::Write;

pub(super) fn generate(pool: &DescriptorPool) -> Result<String> {
    let services = own_services(pool);

    let mut out = String::from(
        "use crate::pb;\nuse crate::rpc::{Cache, Deadline, Effect, Fencing, Kind, Method, OnUnavailable, Requirement, Rpc, Scoped, Store};\n",
    );
    let mut every = String::new();
    for service in &services {
        module(&mut out, &mut every, service, pool)?;
    }
    writeln!(out, "/// Every method of the contract.")?;
    writeln!(out, "pub const METHODS: &[&Method] = &[{every}];")?;
    stores(&mut out, &services, pool)?;
    for message in own_messages(pool) {
        let scoped = message.get_field_by_name("context").is_some_and(|field| {
            field
                .kind()
                .as_message()
                .is_some_and(|kind| kind.name() == "CallContext")
        });
        if scoped {
            writeln!(
                out,
                "impl Scoped for pb::{name} {{
                    fn context(&self) -> Option<&pb::CallContext> {{ self.context.as_ref() }}
                    fn set_context(&mut self, context: pb::CallContext) {{ self.context = Some(context); }}
                    {of_session}
                }}",
                name = message.name(),
                of_session = of_session(&message)
            )?;
        }
    }
    Ok(out)
}

/// How a request says which session it is about: by a field of its own, or by the event
/// that it holds.
fn of_session(message: &MessageDescriptor) -> &'static str {
    let has_event = message.get_field_by_name("event").is_some_and(|field| {
        let kind = field.kind();
        kind.as_message()
            .is_some_and(|kind| kind.name() == "NewEvent")
    });
    if has_event {
        return "fn session_id(&self) -> Option<&str> { self.event.as_ref().map(|event| event.session_id.as_str()) }
            fn event(&self) -> Option<&pb::NewEvent> { self.event.as_ref() }";
    }
    match message.get_field_by_name("session_id") {
        Some(field) if field.supports_presence() => {
            "fn session_id(&self) -> Option<&str> { self.session_id.as_deref() }"
        }
        Some(_) => "fn session_id(&self) -> Option<&str> { Some(&self.session_id) }",
        None => "",
    }
}

/// The services of the contract, by name.
fn stores(out: &mut String, services: &[ServiceDescriptor], pool: &DescriptorPool) -> Result<()> {
    writeln!(
        out,
        "/// Every service of the contract, in order of its full name."
    )?;
    writeln!(out, "pub const STORES: &[Store] = &[")?;
    for service in services {
        let (name, requirement) = store_option(service, pool)?;
        writeln!(
            out,
            "Store {{ service: {}::NAME, name: \"{name}\", requirement: Requirement::{requirement} }},",
            snake_case(service.name())
        )?;
    }
    writeln!(out, "];")?;
    let names: Vec<_> = services
        .iter()
        .map(|service| format!("{}::NAME", snake_case(service.name())))
        .collect();
    writeln!(out, "/// The full name of every service of the contract.")?;
    writeln!(
        out,
        "pub const SERVICES: &[&str] = &[{}];",
        names.join(", ")
    )?;
    Ok(())
}

fn module(
    out: &mut String,
    every: &mut String,
    service: &ServiceDescriptor,
    pool: &DescriptorPool,
) -> Result<()> {
    let module = snake_case(service.name());
    writeln!(out, "/// Methods of `{}`.", service.name())?;
    writeln!(out, "pub mod {module} {{ use super::*;")?;
    writeln!(out, "/// The service's full name.")?;
    writeln!(out, "pub const NAME: &str = \"{}\";", service.full_name())?;
    for method in service.methods() {
        let constant = snake_case(method.name()).to_uppercase();
        writeln!(out, "/// `{}.{}`.", service.name(), method.name())?;
        let facts = facts(service, &method, pool)?;
        let (made, answer) = match facts.contains("OnUnavailable::Allow") {
            true => ("allowing", allowed_answer(&method)?),
            false => ("new", String::new()),
        };
        writeln!(
            out,
            "pub const {constant}: Rpc<pb::{}, pb::{}> = Rpc::{made}(&Method {{ {facts} }}{answer});",
            method.input().name(),
            method.output().name(),
        )?;
        write!(every, "{module}::{constant}.method, ")?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

/// What a caller takes for the answer of a method that counts as allowed.
fn allowed_answer(method: &MethodDescriptor) -> Result<String> {
    let answer = method.output();
    let allowed = answer.get_field_by_name("allowed");
    if allowed.is_none_or(|field| field.kind() != Kind::Bool) {
        bail!(
            "{}: ON_UNAVAILABLE_ALLOW needs an answer with `bool allowed`",
            method.full_name()
        );
    }
    Ok(format!(
        ", || pb::{} {{ allowed: true, ..Default::default() }}",
        answer.name()
    ))
}

fn facts(
    service: &ServiceDescriptor,
    method: &MethodDescriptor,
    pool: &DescriptorPool,
) -> Result<String> {
    let semantics = option_value(&method.options(), pool, "semantics")?;
    let semantics = semantics
        .as_message()
        .with_context(|| format!("{} states no semantics", method.full_name()))?;
    let fact = |field: &str| -> Result<String> {
        let name = enum_name(semantics, field)
            .with_context(|| format!("{}: option semantics", method.full_name()))?;
        let kind = semantics.descriptor().get_field_by_name(field);
        let kind = kind.and_then(|field| field.kind().as_enum().cloned());
        let kind = kind.with_context(|| format!("`{field}` is not an enum"))?;
        Ok(format!("{}::{name}", kind.name()))
    };
    let kind = match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "Unary",
        (false, true) => "ServerStream",
        (true, false) => "ClientStream",
        (true, true) => "BidiStream",
    };
    Ok(format!(
        "service: NAME, name: \"{name}\", path: \"/{service}/{name}\", kind: Kind::{kind}, \
         effect: {effect}, on_unavailable: {on_unavailable}, cache: {cache}, deadline: {deadline}, \
         fencing: {fencing}",
        name = method.name(),
        service = service.full_name(),
        effect = fact("effect")?,
        on_unavailable = fact("on_unavailable")?,
        cache = fact("cache")?,
        deadline = fact("deadline")?,
        fencing = match semantics.has_field_by_name("fencing") {
            true => fact("fencing")?,
            // The one fact that may be left out.
            false => "Fencing::Ignored".into(),
        },
    ))
}
