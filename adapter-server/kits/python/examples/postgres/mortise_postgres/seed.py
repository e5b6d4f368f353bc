"""Lets the contract suite name sessions, harnesses and agents. This adapter keeps none and
takes any of their ids, so there is nothing to do; what it does not serve it refuses."""

from mortise_adapter import Org, TestSeed, fail, v1


def _not_served() -> fail.Failure:
    return fail.not_offered("this adapter does not serve what the call is about")


class Seed(TestSeed):
    async def put_harness(self, org: Org, harness: v1.Harness) -> None:
        """There is nothing to do."""

    async def put_agent(self, org: Org, agent: v1.Agent) -> None:
        """There is nothing to do."""

    async def put_session(self, org: Org, session: v1.Session) -> None:
        """There is nothing to do."""

    async def put_provider_credential(self, org: Org, provider_type: str, credentials: v1.ProviderCredentials) -> None:
        raise _not_served()

    async def put_connection(self, org: Org, connection: v1.Connection) -> None:
        raise _not_served()

    async def put_payment_policy(self, org: Org, policy: v1.LedgerPolicy, account: v1.LedgerAccount | None) -> None:
        raise _not_served()

    async def put_model(self, org: Org, model_id: str, model: v1.ModelWithProvider, is_default: bool) -> None:
        raise _not_served()

    async def put_budget(self, org: Org, budget: v1.Budget) -> None:
        raise _not_served()

    async def put_rate_limit(self, org: Org, max_calls: int, window_seconds: int) -> None:
        raise _not_served()
