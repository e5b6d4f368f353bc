//! Agents.

use crate::encoding::{nanos, now, now_after, time};
use crate::platform_file::diagnostics::join;
use crate::platform_file::entries::{Entry, Reading, parts, tools};
use crate::platform_file::schema;
use crate::platform_file::secrets::Writer;
use crate::platform_file::state::Names;
use crate::stores::names::Kind;
use everruns_core::agent::{Agent, AgentStatus};
use everruns_core::typed_id::{AgentId, IdMarker, TypedId};
use mortise_proto::pb;

/// The record of an entry, over the one that is there.
pub(in crate::platform_file) fn record(
    reading: &mut Reading<'_>,
    id: AgentId,
    entry: Entry<schema::Agent>,
    former: Option<&Agent>,
) -> Agent {
    let Entry { path, written } = entry;
    let schema::Agent {
        name,
        id: _,
        display_name,
        description,
        system_prompt,
        default_model,
        max_iterations,
        tags,
        capabilities,
        tools,
        initial_files,
        network_access,
        mcp_servers,
        lineage,
    } = written;
    let kept_model = former.and_then(|former| former.default_model_id);
    let default_model_id = default_model.and_then(|model| {
        reading.refer(
            Kind::Model,
            &join(&path, "default_model"),
            &model,
            kept_model,
        )
    });
    let capabilities = parts::capabilities(reading, &path, &capabilities);
    let tools = tools::read(reading, &path, tools, &capabilities);
    let now = time(now());
    let mut agent = Agent {
        public_id: id,
        internal_id: former.map_or(id.uuid(), |former| former.internal_id),
        name,
        display_name,
        description,
        system_prompt,
        default_model_id,
        default_version_id: former.and_then(|former| former.default_version_id),
        forked_from_agent_id: former.and_then(|former| former.forked_from_agent_id),
        forked_from_version_id: former.and_then(|former| former.forked_from_version_id),
        root_agent_id: former.and_then(|former| former.root_agent_id),
        tags,
        capabilities,
        initial_files: parts::initial_files(reading, &path, initial_files),
        network_access: network_access.map(parts::network_access),
        max_iterations,
        tools,
        mcp_servers: parts::mcp_servers(reading, &path, mcp_servers),
        status: AgentStatus::Active,
        created_at: former.map_or(now, |former| former.created_at),
        updated_at: former.map_or(now, |former| former.updated_at),
        archived_at: None,
        deleted_at: None,
        usage: former.and_then(|former| former.usage.clone()),
    };
    if let Some(lineage) = lineage {
        descend(reading, &join(&path, "lineage"), &mut agent, &lineage);
    }
    agent
}

/// What a file does not say of an agent's lineage stays as it is; what it says is all.
fn descend(reading: &mut Reading<'_>, path: &str, agent: &mut Agent, lineage: &schema::Lineage) {
    let schema::Lineage {
        default_version,
        forked_from_agent,
        forked_from_version,
        root_agent,
    } = lineage;
    agent.default_version_id = optional(reading, path, "default_version", default_version);
    agent.forked_from_agent_id = optional(reading, path, "forked_from_agent", forked_from_agent);
    agent.forked_from_version_id =
        optional(reading, path, "forked_from_version", forked_from_version);
    agent.root_agent_id = optional(reading, path, "root_agent", root_agent);
}

fn optional<M: IdMarker>(
    reading: &mut Reading<'_>,
    path: &str,
    key: &str,
    id: &Option<String>,
) -> Option<TypedId<M>> {
    let id = id.as_deref();
    id.and_then(|id| reading.id(&join(path, key), id))
}

/// Whether the record differs from the one that is there; then it is of now.
pub(in crate::platform_file) fn is_changed(agent: &mut Agent, former: &Agent) -> bool {
    if pb::Agent::from(agent.clone()) == pb::Agent::from(former.clone()) {
        return false;
    }
    agent.updated_at = time(now_after(nanos(former.updated_at)));
    true
}

pub(in crate::platform_file) fn write(
    writer: &mut Writer,
    names: &Names,
    agent: Agent,
) -> schema::Agent {
    let Agent {
        public_id,
        internal_id: _,
        name,
        display_name,
        description,
        system_prompt,
        default_model_id,
        default_version_id,
        forked_from_agent_id,
        forked_from_version_id,
        root_agent_id,
        tags,
        capabilities,
        initial_files,
        network_access,
        max_iterations,
        tools,
        mcp_servers,
        // Only those that are active are written, and none of them was archived.
        status: _,
        created_at: _,
        updated_at: _,
        archived_at: _,
        deleted_at: _,
        usage: _,
    } = agent;
    let lineage = schema::Lineage {
        default_version: default_version_id.map(|id| id.to_string()),
        forked_from_agent: forked_from_agent_id.map(|id| id.to_string()),
        forked_from_version: forked_from_version_id.map(|id| id.to_string()),
        root_agent: root_agent_id.map(|id| id.to_string()),
    };
    let words = ["agent", &name];
    let capabilities = parts::write_capabilities(writer, &words, capabilities);
    let mcp_servers = parts::write_mcp_servers(writer, &words, mcp_servers);
    schema::Agent {
        name,
        id: Some(public_id.to_string()),
        display_name,
        description,
        system_prompt,
        default_model: default_model_id.map(|id| names.reference(Kind::Model, &id.to_string())),
        max_iterations,
        tags,
        capabilities,
        tools: tools::write(tools),
        initial_files: parts::write_initial_files(initial_files),
        network_access: network_access.map(parts::write_network_access),
        mcp_servers,
        lineage: (lineage != schema::Lineage::default()).then_some(lineage),
    }
}
