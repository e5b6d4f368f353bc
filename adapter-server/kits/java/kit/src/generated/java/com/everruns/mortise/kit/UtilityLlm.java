// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ChatCompletionResponse;
import com.everruns.mortise.adapter.v1.ChatCompletionStreamResponse;
import com.everruns.mortise.adapter.v1.UtilityLlmRequest;

/**
 * What an author implements to offer {@code UtilityLlmService}.
 *
 * <p>UtilityLlmService calls the platform's own language model, for use inside
 * capabilities: to summarize, to classify, to name. Optional: without it,
 * capabilities do without. Agents never see it. The operator chooses provider,
 * model and key; a caller cannot.
 *
 * <p>FEATURE_UTILITY_LLM_CONFIGURED in its offer says whether it has a model.
 * Without a model every call fails with INTERNAL + LLM. A request without
 * messages also fails with INTERNAL + LLM. A message without a role or content,
 * and an unknown effort, are refused with INVALID_ARGUMENT + INVALID_FIELD.
 *
 * <p>A client does not repeat a call: a completion costs money.
 */
public interface UtilityLlm extends Store {

    /**
     * ChatCompletion returns a completion when it is complete.
     */
    ChatCompletionResponse chatCompletion(Org in, UtilityLlmRequest requestValue) throws Exception;

    /**
     * ChatCompletionStream streams a completion as the model produces it. The
     * last event of a stream is {@code done} or {@code error}; it comes once. The caller may
     * cancel the call at any time; the server must then stop the call of the
     * provider.
     */
    void chatCompletionStream(Org in, UtilityLlmRequest requestValue, Sender<ChatCompletionStreamResponse> to) throws Exception;
}
