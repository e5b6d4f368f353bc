// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.LeasedResource;
import com.everruns.mortise.adapter.v1.UpsertResourceRequest;
import java.util.List;
import java.util.Optional;

/**
 * What an author implements to offer {@code LeasedResourceStoreService}.
 *
 * <p>LeasedResourceStoreService keeps the leases of sessions. Optional: without
 * it, tools cannot lease resources.
 *
 * <p>Session, provider, resource type and external id together identify a lease.
 * They are compared byte for byte. The reference server takes 2,048 bytes of
 * provider, resource type and external id together.
 *
 * <p>If the server offers SessionResourceRegistryService as well, it must keep an
 * entry there for every lease. The entry's resource_id is the lease's id, its
 * kind is the resource type, and its status is {@code active} or {@code released}. Its
 * metadata names the lease in {@code leased_resource_provider},
 * {@code leased_resource_type}, {@code leased_resource_external_id} and
 * {@code leased_resource_id}. The host's ownership checks read these four.
 */
public interface LeasedResourceStore extends Store {

    /**
     * UpsertResource creates a lease or renews it. The lease becomes active,
     * whatever its status was, and expires lease_duration_seconds from now. A
     * lease that exists keeps its id and its created_at; display name, owner and
     * metadata are replaced. Calls for one lease at the same time create one
     * lease.
     */
    LeasedResource upsertResource(SessionRef in, Change<LeasedResource> change, UpsertResourceRequest request) throws Exception;

    /**
     * ReleaseResource marks a lease as released before it expires. The lease
     * stays in the list. A lease that does not exist is absent in the answer, not
     * an error.
     */
    Optional<LeasedResource> releaseResource(SessionRef in, Change<Optional<LeasedResource>> change, String provider, String resourceType, String externalId) throws Exception;

    /**
     * ListResources returns the leases of a session, released ones included, in
     * the order in which they were created. A session that does not exist in the
     * org has none.
     */
    List<LeasedResource> listResources(SessionRef in) throws Exception;
}
