//! One file per service. Each method names its RPC and says what to ask of the
//! adapter; `serve` does the rest.

mod adapter;
mod agent_store;
mod budget_checker;
mod egress;
mod event_emitter;
mod event_log;
mod harness_store;
mod image_artifact_store;
mod image_resolver;
mod leased_resource_store;
mod llm_provider_store;
mod mcp;
mod memory_store;
mod message_retriever;
mod outbound_tool_rate_limiter;
mod payment_authority;
mod platform_store;
mod provider_credential_store;
mod runtime_host;
mod session_file_system;
mod session_mutator;
mod session_resource_registry;
mod session_schedule_store;
mod session_sql_db_store;
mod session_storage_store;
mod session_store;
mod test_seed;
mod turn_queue;
mod user_connection_resolver;
mod utility_llm;

use crate::AdapterSource;
use crate::serve::Serving;
use mortise_proto::pb::adapter_service_server::AdapterServiceServer;
use mortise_proto::pb::agent_store_service_server::AgentStoreServiceServer;
use mortise_proto::pb::budget_checker_service_server::BudgetCheckerServiceServer;
use mortise_proto::pb::egress_service_server::EgressServiceServer;
use mortise_proto::pb::event_emitter_service_server::EventEmitterServiceServer;
use mortise_proto::pb::event_log_service_server::EventLogServiceServer;
use mortise_proto::pb::harness_store_service_server::HarnessStoreServiceServer;
use mortise_proto::pb::image_artifact_store_service_server::ImageArtifactStoreServiceServer;
use mortise_proto::pb::image_resolver_service_server::ImageResolverServiceServer;
use mortise_proto::pb::leased_resource_store_service_server::LeasedResourceStoreServiceServer;
use mortise_proto::pb::llm_provider_store_service_server::LlmProviderStoreServiceServer;
use mortise_proto::pb::mcp_service_server::McpServiceServer;
use mortise_proto::pb::memory_store_service_server::MemoryStoreServiceServer;
use mortise_proto::pb::message_retriever_service_server::MessageRetrieverServiceServer;
use mortise_proto::pb::outbound_tool_rate_limiter_service_server::OutboundToolRateLimiterServiceServer;
use mortise_proto::pb::payment_authority_service_server::PaymentAuthorityServiceServer;
use mortise_proto::pb::platform_store_service_server::PlatformStoreServiceServer;
use mortise_proto::pb::provider_credential_store_service_server::ProviderCredentialStoreServiceServer;
use mortise_proto::pb::runtime_host_service_server::RuntimeHostServiceServer;
use mortise_proto::pb::session_file_system_service_server::SessionFileSystemServiceServer;
use mortise_proto::pb::session_mutator_service_server::SessionMutatorServiceServer;
use mortise_proto::pb::session_resource_registry_service_server::SessionResourceRegistryServiceServer;
use mortise_proto::pb::session_schedule_store_service_server::SessionScheduleStoreServiceServer;
use mortise_proto::pb::session_sql_db_store_service_server::SessionSqlDbStoreServiceServer;
use mortise_proto::pb::session_storage_store_service_server::SessionStorageStoreServiceServer;
use mortise_proto::pb::session_store_service_server::SessionStoreServiceServer;
use mortise_proto::pb::test_seed_service_server::TestSeedServiceServer;
use mortise_proto::pb::turn_queue_service_server::TurnQueueServiceServer;
use mortise_proto::pb::user_connection_resolver_service_server::UserConnectionResolverServiceServer;
use mortise_proto::pb::utility_llm_service_server::UtilityLlmServiceServer;
use tonic::codec::CompressionEncoding;
use tonic::service::interceptor::InterceptedService;
use tonic::service::{Interceptor, Routes};

/// Adds every service of the contract, for callers that are admitted. Answers may be as
/// large as they are; the client says what it takes. Requests may be compressed, and are
/// measured as they are without.
pub(crate) fn mount<S: AdapterSource>(
    routes: Routes,
    serving: &Serving<S>,
    request_bytes_max: usize,
    admit: &(impl Interceptor + Clone + Send + Sync + 'static),
) -> Routes {
    macro_rules! mount {
        ($($server:ident),* $(,)?) => {
            routes$(.add_service(InterceptedService::new(
                $server::new(serving.clone())
                    .accept_compressed(CompressionEncoding::Gzip)
                    .accept_compressed(CompressionEncoding::Zstd)
                    .max_decoding_message_size(request_bytes_max)
                    .max_encoding_message_size(usize::MAX),
                admit.clone(),
            )))*
        };
    }
    mount!(
        AdapterServiceServer,
        AgentStoreServiceServer,
        EventEmitterServiceServer,
        EventLogServiceServer,
        HarnessStoreServiceServer,
        ImageArtifactStoreServiceServer,
        ImageResolverServiceServer,
        LlmProviderStoreServiceServer,
        MessageRetrieverServiceServer,
        ProviderCredentialStoreServiceServer,
        PaymentAuthorityServiceServer,
        PlatformStoreServiceServer,
        RuntimeHostServiceServer,
        SessionFileSystemServiceServer,
        SessionMutatorServiceServer,
        SessionSqlDbStoreServiceServer,
        SessionStorageStoreServiceServer,
        SessionStoreServiceServer,
        LeasedResourceStoreServiceServer,
        SessionResourceRegistryServiceServer,
        SessionScheduleStoreServiceServer,
        MemoryStoreServiceServer,
        BudgetCheckerServiceServer,
        OutboundToolRateLimiterServiceServer,
        EgressServiceServer,
        TestSeedServiceServer,
        UserConnectionResolverServiceServer,
        TurnQueueServiceServer,
        UtilityLlmServiceServer,
        McpServiceServer,
    )
}
