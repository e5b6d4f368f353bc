package main

import (
	"context"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/redis/go-redis/v9"
)

// Seed lets the contract suite give orgs a limit. This adapter keeps no sessions, agents
// or harnesses and takes any of their ids, so there is nothing to do for them; what it
// does not serve it refuses.
type Seed struct{ DB redis.UniversalClient }

// PutRateLimit implements kit.TestSeed.
func (s Seed) PutRateLimit(ctx context.Context, o kit.Org, maxCalls, windowSeconds uint32) error {
	_, err := s.DB.TxPipelined(ctx, func(write redis.Pipeliner) error {
		write.Del(ctx, limitKey(o.ID), limitKey(o.ID)+":calls")
		if maxCalls > 0 {
			write.HSet(ctx, limitKey(o.ID), "max", maxCalls, "seconds", windowSeconds)
		}
		return nil
	})
	return err
}

// PutHarness implements kit.TestSeed.
func (Seed) PutHarness(context.Context, kit.Org, *adapterv1.Harness) error { return nil }

// PutAgent implements kit.TestSeed.
func (Seed) PutAgent(context.Context, kit.Org, *adapterv1.Agent) error { return nil }

// PutSession implements kit.TestSeed.
func (Seed) PutSession(context.Context, kit.Org, *adapterv1.Session) error { return nil }

func notServed() error { return fail.NotOffered("this adapter does not serve what the call is about") }

// PutProviderCredential implements kit.TestSeed.
func (Seed) PutProviderCredential(context.Context, kit.Org, string, *adapterv1.ProviderCredentials) error {
	return notServed()
}

// PutConnection implements kit.TestSeed.
func (Seed) PutConnection(context.Context, kit.Org, *adapterv1.Connection) error { return notServed() }

// PutPaymentPolicy implements kit.TestSeed.
func (Seed) PutPaymentPolicy(context.Context, kit.Org, *adapterv1.LedgerPolicy, *adapterv1.LedgerAccount) error {
	return notServed()
}

// PutModel implements kit.TestSeed.
func (Seed) PutModel(context.Context, kit.Org, string, *adapterv1.ModelWithProvider, bool) error {
	return notServed()
}

// PutBudget implements kit.TestSeed.
func (Seed) PutBudget(context.Context, kit.Org, *adapterv1.Budget) error { return notServed() }
