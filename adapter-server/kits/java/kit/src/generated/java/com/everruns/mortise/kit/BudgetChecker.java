// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CheckBudgetsResponse;
import java.util.Optional;

/**
 * What an author implements to offer {@code BudgetCheckerService}.
 *
 * <p>BudgetCheckerService returns the budgets of a session. Optional: without it,
 * sessions have no budgets.
 */
public interface BudgetChecker extends Store {

    /**
     * CheckBudgets returns every budget that the session's spending counts
     * against: the budgets of the session, of its agent, of the agent in the
     * request and of the org.
     *
     * <p>A session that does not exist in the org has no budgets: the answer is
     * {@code no_budgets} and an empty list, or an error. It must never hold budgets of
     * another org.
     */
    CheckBudgetsResponse checkBudgets(SessionRef in, Optional<String> agentId) throws Exception;
}
