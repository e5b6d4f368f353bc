// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CreateMemoryRequest;
import com.everruns.mortise.adapter.v1.Memory;
import com.everruns.mortise.adapter.v1.RecallRequest;
import com.everruns.mortise.adapter.v1.RecallResponse;
import java.util.Optional;

/**
 * What an author implements to offer {@code MemoryStoreService}.
 *
 * <p>MemoryStoreService keeps the memories of an org in stores. Optional: without
 * it, agents remember nothing between sessions.
 *
 * <p>Everything belongs to the org of the call. A store or memory of another org
 * is absent, and a query without a store searches the stores of this org alone.
 */
public interface MemoryStore extends Store {

    /**
     * GetOrCreateDefaultStore returns the org's default store, named {@code default},
     * and creates it if there is none. An org has one default store, also if
     * several calls come at the same time.
     */
    com.everruns.mortise.adapter.v1.MemoryStore getOrCreateDefaultStore(Org in, Change<com.everruns.mortise.adapter.v1.MemoryStore> change, String orgId) throws Exception;

    /**
     * GetMemoryStore returns the store with an id. A store that does not exist in
     * the org is absent.
     */
    Optional<com.everruns.mortise.adapter.v1.MemoryStore> getMemoryStore(Org in, String storeId) throws Exception;

    /**
     * CreateMemory stores a memory and returns it. The memory is active. An
     * importance below 1 becomes 1, one above 10 becomes 10.
     *
     * <p>INTERNAL + STORE: the store does not exist in the org (the text contains
     * "not found"), or it holds as many active memories as it may; the reference
     * server takes 10,000. INVALID_ARGUMENT + INVALID_FIELD: an id is malformed,
     * the kind is missing, or a part has no content.
     */
    Memory createMemory(Org in, Change<Memory> change, CreateMemoryRequest request) throws Exception;

    /**
     * Recall streams the active memories that match every part of the query. The
     * most important come first; of equally important ones the newest comes
     * first. The limit is applied last.
     *
     * <p>The server sends at least one message, also if nothing matches. It may
     * refuse an answer with more images than it can hold with INTERNAL + STORE;
     * the reference server holds 64 MiB.
     */
    void recall(Org in, RecallRequest request, Sender<RecallResponse> to) throws Exception;

    /**
     * Forget makes a memory inactive: Recall and CountActive then leave it out.
     * The answer is false if the memory does not exist, is inactive already or is
     * in another store; nothing is changed then.
     */
    boolean forget(Org in, Change<Boolean> change, String storeId, String memoryId) throws Exception;

    /**
     * CountActive returns how many active memories a store has. 0 if the store
     * does not exist in the org.
     */
    long countActive(Org in, String storeId) throws Exception;
}
