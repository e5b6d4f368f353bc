//! Harnesses.

use crate::encoding::{nanos, now, now_after, time};
use crate::platform_file::diagnostics::join;
use crate::platform_file::entries::{Entry, Reading, parts};
use crate::platform_file::schema;
use crate::platform_file::secrets::Writer;
use crate::platform_file::state::Names;
use crate::stores::names::Kind;
use everruns_core::harness::{Harness, HarnessStatus};
use everruns_core::typed_id::HarnessId;
use mortise_proto::pb;

/// The record of an entry, over the one that is there.
pub(in crate::platform_file) fn record(
    reading: &mut Reading<'_>,
    id: HarnessId,
    entry: Entry<schema::Harness>,
    former: Option<&Harness>,
) -> Harness {
    let Entry { path, written } = entry;
    let schema::Harness {
        name,
        id: _,
        display_name,
        description,
        parent,
        built_in,
        system_prompt,
        default_model,
        tags,
        capabilities,
        initial_files,
        network_access,
        mcp_servers,
    } = written;
    let kept_parent = former.and_then(|former| former.parent_harness_id);
    let kept_model = former.and_then(|former| former.default_model_id);
    let parent_harness_id = parent.and_then(|parent| {
        reading.refer(Kind::Harness, &join(&path, "parent"), &parent, kept_parent)
    });
    let default_model_id = default_model.and_then(|model| {
        reading.refer(
            Kind::Model,
            &join(&path, "default_model"),
            &model,
            kept_model,
        )
    });
    let now = time(now());
    Harness {
        id,
        name,
        display_name,
        description,
        system_prompt,
        parent_harness_id,
        default_model_id,
        tags,
        capabilities: parts::capabilities(reading, &path, &capabilities),
        initial_files: parts::initial_files(reading, &path, initial_files),
        network_access: network_access.map(parts::network_access),
        mcp_servers: parts::mcp_servers(reading, &path, mcp_servers),
        is_built_in: built_in,
        status: HarnessStatus::Active,
        created_at: former.map_or(now, |former| former.created_at),
        updated_at: former.map_or(now, |former| former.updated_at),
        archived_at: None,
        deleted_at: None,
    }
}

/// Whether the record differs from the one that is there; then it is of now.
pub(in crate::platform_file) fn is_changed(harness: &mut Harness, former: &Harness) -> bool {
    if pb::Harness::from(harness.clone()) == pb::Harness::from(former.clone()) {
        return false;
    }
    harness.updated_at = time(now_after(nanos(former.updated_at)));
    true
}

pub(in crate::platform_file) fn write(
    writer: &mut Writer,
    names: &Names,
    harness: Harness,
) -> schema::Harness {
    let Harness {
        id,
        name,
        display_name,
        description,
        system_prompt,
        parent_harness_id,
        default_model_id,
        tags,
        capabilities,
        initial_files,
        network_access,
        mcp_servers,
        is_built_in,
        // Only those that are active are written, and none of them was archived.
        status: _,
        created_at: _,
        updated_at: _,
        archived_at: _,
        deleted_at: _,
    } = harness;
    let words = ["harness", &name];
    let capabilities = parts::write_capabilities(writer, &words, capabilities);
    let mcp_servers = parts::write_mcp_servers(writer, &words, mcp_servers);
    schema::Harness {
        name,
        id: Some(id.to_string()),
        display_name,
        description,
        parent: parent_harness_id.map(|id| names.reference(Kind::Harness, &id.to_string())),
        built_in: is_built_in,
        system_prompt,
        default_model: default_model_id.map(|id| names.reference(Kind::Model, &id.to_string())),
        tags,
        capabilities,
        initial_files: parts::write_initial_files(initial_files),
        network_access: network_access.map(parts::write_network_access),
        mcp_servers,
    }
}
