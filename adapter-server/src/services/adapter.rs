//! The handshake.

use crate::Scope;
use crate::erased::{AnyAdapter, AnySource};
use crate::idempotency::KEPT_FOR;
use crate::serve::{Serving, Shared};
use everruns_core::typed_id::SessionId;
use mortise_proto::rpc::table::{self, adapter_service::DESCRIBE};
use mortise_proto::rpc::{Fencing, Requirement};
use mortise_proto::{PROTOCOL, pb};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// For getters that want a session before there is one.
fn any_session() -> SessionId {
    SessionId::from_uuid(Uuid::nil())
}

pub(super) async fn describe(
    serving: &Serving,
    request: Request<pb::DescribeRequest>,
) -> Result<Response<pb::DescribeResponse>, Status> {
    let (metadata, extensions, mut request) = request.into_parts();
    // The one call whose org may be missing: then it describes the default org.
    let context = request.context.get_or_insert_default();
    if context.org_id == 0 {
        context.org_id = everruns_core::DEFAULT_ORG_ID;
    }
    let call = serving.open(&DESCRIBE, &metadata, &extensions, request)?;
    let shared = &serving.shared;
    Ok(Response::new(pb::DescribeResponse {
        server: Some(shared.identity.clone()),
        protocol: Some(PROTOCOL),
        scoping: shared.source.scoping().into(),
        services: offers(shared, &*call.adapter, &call.scope),
        limits: Some(pb::Limits {
            max_message_bytes: shared.max_message_bytes as u64,
            request_memory_seconds: KEPT_FOR.as_secs(),
        }),
        platform_base_url: platform_base_url(&*call.adapter, &call.scope),
        outage: outage(&*shared.source),
        unfenced_changes: unfenced_changes(shared).into(),
    }))
}

/// What becomes of changes without a fence; unspecified where no fence is checked.
fn unfenced_changes(shared: &Shared) -> pb::UnfencedChanges {
    match &shared.leases {
        Some(leases) => leases.unfenced_changes(),
        None if shared.source.checks_fences() => shared.source.unfenced_changes(),
        None => pb::UnfencedChanges::Unspecified,
    }
}

/// Whether a service checks fences: it has methods that take notice of them.
fn checks_fences(shared: &Shared, service: &str) -> bool {
    let checks = shared.leases.is_some() || shared.source.checks_fences();
    let mut own = table::METHODS
        .iter()
        .filter(|method| method.service == service);
    checks && own.any(|method| method.fencing != Fencing::Ignored)
}

/// Why no changes can be made now; empty: they can.
fn outage(source: &dyn AnySource) -> String {
    let outage = source.outage();
    let outage = outage.and_then(|outage| outage.borrow().clone());
    outage.map(|outage| outage.reason).unwrap_or_default()
}

/// Where the links of the web console begin; it is the same in every session.
fn platform_base_url(adapter: &dyn AnyAdapter, scope: &Scope) -> String {
    let store = adapter.platform_store(scope.org_id, any_session());
    let base_url = store.map(|store| store.base_url().trim_end_matches('/').to_string());
    base_url.unwrap_or_default()
}

/// What the adapter offers: what every server does, and of the rest what there is.
fn offers(shared: &Shared, adapter: &dyn AnyAdapter, scope: &Scope) -> Vec<pb::ServiceOffer> {
    let served = table::STORES
        .iter()
        .filter(|store| match store.requirement {
            Requirement::Required | Requirement::EveryServer => true,
            Requirement::Optional => is_served(shared, adapter, scope, store.service),
        });
    served
        .map(|store| {
            let beyond = features(adapter, scope, store.service);
            let beyond = beyond.into_iter().filter(|_| shared.features);
            // Safety is not left out where only the plain methods are offered.
            let fenced = checks_fences(shared, store.service).then_some(pb::Feature::Fenced);
            pb::ServiceOffer {
                name: store.service.into(),
                features: beyond.chain(fenced).map(Into::into).collect(),
            }
        })
        .collect()
}

/// Whether there is a store that servers may lack: its getter yields one.
fn is_served(shared: &Shared, adapter: &dyn AnyAdapter, scope: &Scope, service: &str) -> bool {
    let org_id = scope.org_id;
    match service {
        table::session_sql_db_store_service::NAME => adapter.sqldb_store().is_some(),
        table::image_resolver_service::NAME => adapter.image_resolver(org_id).is_some(),
        table::image_artifact_store_service::NAME => adapter.image_artifact_store(org_id).is_some(),
        table::provider_credential_store_service::NAME => {
            adapter.provider_credential_store(org_id).is_some()
        }
        table::user_connection_resolver_service::NAME => adapter.connection_resolver().is_some(),
        table::session_storage_store_service::NAME => adapter.storage_store().is_some(),
        table::egress_service::NAME => adapter.egress_service().is_some(),
        table::memory_store_service::NAME => adapter.memory_store(org_id).is_some(),
        table::budget_checker_service::NAME => adapter.budget_checker(org_id, None).is_some(),
        table::outbound_tool_rate_limiter_service::NAME => {
            adapter.outbound_tool_rate_limiter(org_id).is_some()
        }
        table::leased_resource_store_service::NAME => adapter.leased_resource_store().is_some(),
        table::session_resource_registry_service::NAME => {
            adapter.session_resource_registry().is_some()
        }
        table::session_schedule_store_service::NAME => adapter.schedule_store(org_id).is_some(),
        table::payment_authority_service::NAME => adapter.payment_authority(org_id, None).is_some(),
        table::platform_store_service::NAME => {
            adapter.platform_store(org_id, any_session()).is_some()
        }
        table::utility_llm_service::NAME => adapter.utility_llm_service().is_some(),
        table::mcp_service::NAME => adapter.mcp_directory(scope).is_some(),
        table::event_log_service::NAME => adapter.event_store(scope).is_some(),
        table::turn_queue_service::NAME => adapter.turn_queue(scope).is_some(),
        table::session_lease_service::NAME => {
            shared.leases.is_some() || adapter.session_leases(scope).is_some()
        }
        table::turn_journal_service::NAME => adapter.turn_journal(scope).is_some(),
        table::test_seed_service::NAME => adapter.test_seed(scope).is_some(),
        // A store is offered once it stands here.
        _ => false,
    }
}

/// What a service has beyond its plain methods.
fn features(adapter: &dyn AnyAdapter, scope: &Scope, service: &str) -> Vec<pb::Feature> {
    let mut features = Vec::new();
    match service {
        table::runtime_host_service::NAME => {
            features.extend([pb::Feature::TurnSnapshot, pb::Feature::SnapshotSince]);
        }
        table::event_emitter_service::NAME => {
            features.push(pb::Feature::EmitStream);
            // The base of a difference is read from the source's events.
            let events = adapter.event_store(scope);
            features.extend(events.map(|_| pb::Feature::EventPatch));
        }
        table::platform_store_service::NAME => {
            let factory = adapter.session_factory(scope);
            features.extend(factory.map(|_| pb::Feature::SessionSettings));
        }
        table::utility_llm_service::NAME => {
            let llm = adapter.utility_llm_service();
            let is_configured = llm.is_some_and(|llm| llm.is_configured());
            features.extend(is_configured.then_some(pb::Feature::UtilityLlmConfigured));
        }
        _ => {}
    }
    features
}
