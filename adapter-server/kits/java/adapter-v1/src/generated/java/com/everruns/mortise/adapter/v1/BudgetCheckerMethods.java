// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code BudgetCheckerService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class BudgetCheckerMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            BudgetCheckerProto.getDescriptor().findServiceByName("BudgetCheckerService");

    public static final MethodDescriptor<CheckBudgetsRequest, CheckBudgetsResponse> CHECK_BUDGETS = Methods.of(
            DESCRIPTOR, "CheckBudgets", CheckBudgetsRequest.getDefaultInstance(), CheckBudgetsResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, CHECK_BUDGETS);

    private BudgetCheckerMethods() {}
}
