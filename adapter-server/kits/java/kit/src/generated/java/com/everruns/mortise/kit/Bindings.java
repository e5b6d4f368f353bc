// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import java.util.List;
import java.util.Set;

/** Every service of the contract that an author can offer. */
final class Bindings {
    static final List<Binding<?>> ALL = List.of(
            new Binding<>("mortise.adapter.v1.AgentStoreService", AgentStore.class, Set.of(), AgentStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.BudgetCheckerService", BudgetChecker.class, Set.of(), BudgetCheckerBinding::bind),
            new Binding<>("mortise.adapter.v1.EgressService", Egress.class, Set.of(), EgressBinding::bind),
            new Binding<>("mortise.adapter.v1.EventEmitterService", EventEmitter.class, Set.of("FEATURE_EMIT_STREAM", "FEATURE_FENCED"), EventEmitterBinding::bind),
            new Binding<>("mortise.adapter.v1.EventLogService", EventLog.class, Set.of(), EventLogBinding::bind),
            new Binding<>("mortise.adapter.v1.HarnessStoreService", HarnessStore.class, Set.of(), HarnessStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.ImageArtifactStoreService", ImageArtifactStore.class, Set.of("FEATURE_FENCED"), ImageArtifactStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.ImageResolverService", ImageResolver.class, Set.of(), ImageResolverBinding::bind),
            new Binding<>("mortise.adapter.v1.LeasedResourceStoreService", LeasedResourceStore.class, Set.of("FEATURE_FENCED"), LeasedResourceStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.LlmProviderStoreService", LlmProviderStore.class, Set.of(), LlmProviderStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.McpService", Mcp.class, Set.of(), McpBinding::bind),
            new Binding<>("mortise.adapter.v1.MemoryStoreService", MemoryStore.class, Set.of("FEATURE_FENCED"), MemoryStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.SessionStoreService", SessionStore.class, Set.of(), SessionStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.MessageRetrieverService", MessageRetriever.class, Set.of(), MessageRetrieverBinding::bind),
            new Binding<>("mortise.adapter.v1.OutboundToolRateLimiterService", OutboundToolRateLimiter.class, Set.of(), OutboundToolRateLimiterBinding::bind),
            new Binding<>("mortise.adapter.v1.PaymentAuthorityService", PaymentAuthority.class, Set.of("FEATURE_FENCED"), PaymentAuthorityBinding::bind),
            new Binding<>("mortise.adapter.v1.PlatformStoreService", PlatformStore.class, Set.of("FEATURE_SESSION_SETTINGS", "FEATURE_FENCED"), PlatformStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.ProviderCredentialStoreService", ProviderCredentialStore.class, Set.of(), ProviderCredentialStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.RuntimeHostService", RuntimeHost.class, Set.of("FEATURE_TURN_SNAPSHOT", "FEATURE_FENCED"), RuntimeHostBinding::bind),
            new Binding<>("mortise.adapter.v1.SessionFileSystemService", SessionFileSystem.class, Set.of("FEATURE_FENCED"), SessionFileSystemBinding::bind),
            new Binding<>("mortise.adapter.v1.SessionLeaseService", SessionLease.class, Set.of(), SessionLeaseBinding::bind),
            new Binding<>("mortise.adapter.v1.SessionMutatorService", SessionMutator.class, Set.of("FEATURE_FENCED"), SessionMutatorBinding::bind),
            new Binding<>("mortise.adapter.v1.SessionResourceRegistryService", SessionResourceRegistry.class, Set.of("FEATURE_FENCED"), SessionResourceRegistryBinding::bind),
            new Binding<>("mortise.adapter.v1.SessionScheduleStoreService", SessionScheduleStore.class, Set.of("FEATURE_FENCED"), SessionScheduleStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.SessionSqlDbStoreService", SessionSqlDbStore.class, Set.of("FEATURE_FENCED"), SessionSqlDbStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.SessionStorageStoreService", SessionStorageStore.class, Set.of("FEATURE_FENCED"), SessionStorageStoreBinding::bind),
            new Binding<>("mortise.adapter.v1.UserConnectionResolverService", UserConnectionResolver.class, Set.of(), UserConnectionResolverBinding::bind),
            new Binding<>("mortise.adapter.v1.TestSeedService", TestSeed.class, Set.of(), TestSeedBinding::bind),
            new Binding<>("mortise.adapter.v1.TurnJournalService", TurnJournal.class, Set.of("FEATURE_FENCED"), TurnJournalBinding::bind),
            new Binding<>("mortise.adapter.v1.TurnQueueService", TurnQueue.class, Set.of(), TurnQueueBinding::bind),
            new Binding<>("mortise.adapter.v1.UtilityLlmService", UtilityLlm.class, Set.of("FEATURE_UTILITY_LLM_CONFIGURED"), UtilityLlmBinding::bind));

    private Bindings() {}
}
