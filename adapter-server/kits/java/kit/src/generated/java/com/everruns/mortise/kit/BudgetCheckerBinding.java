// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.BudgetCheckerMethods;
import com.everruns.mortise.adapter.v1.CheckBudgetsRequest;
import com.everruns.mortise.adapter.v1.CheckBudgetsResponse;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link BudgetChecker} to the calls of {@code BudgetCheckerService}. */
final class BudgetCheckerBinding {
    private BudgetCheckerBinding() {}

    static ServerServiceDefinition bind(BudgetChecker store, Core core) {
        return ServerServiceDefinition.builder(BudgetCheckerMethods.SERVICE)
                .addMethod(core.plain(
                        BudgetCheckerMethods.CHECK_BUDGETS,
                        CheckBudgetsRequest::getContext,
                        new Codec<CheckBudgetsResponse, CheckBudgetsResponse>(
                                v -> v,
                                a -> a),
                        r -> store.checkBudgets(SessionRef.of(r.getContext(), r.getSessionId()), r.hasAgentId() ? Optional.of(r.getAgentId()) : Optional.empty())))
                .build();
    }
}
