// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ModelWithProvider;
import java.util.Optional;

/**
 * What an author implements to offer {@code LlmProviderStoreService}.
 *
 * <p>LlmProviderStoreService returns models. Required: a host runs no turn without
 * it.
 */
public interface LlmProviderStore extends Store {

    /**
     * GetModelWithProvider returns the model with an id.
     *
     * <p>A model that does not exist in the org is absent, not an error: the host
     * then tries the next model in its order. An error ends the turn.
     */
    Optional<ModelWithProvider> getModelWithProvider(Org in, String modelId) throws Exception;

    /**
     * GetDefaultModel returns the org's default model. It is absent if none is
     * set.
     */
    Optional<ModelWithProvider> getDefaultModel(Org in) throws Exception;
}
