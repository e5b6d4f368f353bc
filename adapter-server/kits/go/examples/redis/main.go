// mortise-redis keeps the values and secrets of sessions, leases and rate limits in Redis.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/redismemory"
	"github.com/redis/go-redis/v9"
)

const name, version = "mortise-redis", "0.1.0"

func main() {
	config := kit.Flags(flag.CommandLine)
	url := flag.String("redis", "redis://127.0.0.1:6379/0", "the `URL` of Redis: redis://, rediss:// or unix://PATH")
	keyFile := flag.String("key-file", "", "`FILE` with a key of 32 bytes for secrets; without it they are refused")
	leases := flag.Bool("leases", false, "grant the leases of sessions and check fences: for hosts that take their leases here")
	seed := flag.Bool("test-seed", false, "offer TestSeedService: for the contract suite, never in production")
	flag.Parse()
	db, err := connect(*url)
	if err != nil {
		exit("-redis", err)
	}
	all, err := offers(db, *keyFile, *leases, *seed)
	if err != nil {
		exit("-key-file", err)
	}
	os.Exit(kit.Run(name, version, *config, all...))
}

func exit(argument string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %s: %v\n", name, argument, err)
	os.Exit(2)
}

// connect makes a client. It connects when it is used: the adapter starts, and says that
// it is not ready, while Redis is away.
func connect(url string) (redis.UniversalClient, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("is no URL of Redis; give redis://HOST:PORT/DB or unix:///PATH")
	}
	// A call must not outlive its caller, and must fail while the caller still tries.
	options.ContextTimeoutEnabled, options.DialTimeout, options.MaxRetries = true, 2*time.Second, 1
	return redis.NewClient(options), nil
}

// offers is all that this adapter is.
func offers(db redis.UniversalClient, keyFile string, leases, seed bool) ([]kit.Option, error) {
	var features []adapterv1.Feature
	if leases {
		features = append(features, adapterv1.Feature_FEATURE_FENCED)
	}
	all := []kit.Option{
		kit.OfferLeasedResourceStore(Leases{DB: db}, features...),
		kit.OfferOutboundToolRateLimiter(Limits{DB: db}),
		kit.UnavailableOn(redismemory.Unavailable),
		kit.Ping(func(ctx context.Context) error { return db.Ping(ctx).Err() }),
	}
	values := Values{DB: db}
	if keyFile == "" {
		all = append(all, kit.OfferSessionStorageStore(values, features...))
	} else {
		seal, err := sealFrom(keyFile)
		if err != nil {
			return nil, err
		}
		all = append(all, kit.OfferSessionStorageStore(SealedValues{values, seal}, features...))
	}
	if leases {
		all = append(all, kit.OfferSessionLease(&redismemory.Leases{DB: db}))
	}
	if seed {
		all = append(all, kit.OfferTestSeed(Seed{DB: db}))
	}
	return all, nil
}
