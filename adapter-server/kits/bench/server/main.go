// The values of sessions in memory, for the bench: on the kit, or with -bare on grpc-go alone.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"sync"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"google.golang.org/grpc"
)

type place struct {
	org          int64
	session, key string
}

// kept is what both servers do.
type kept struct {
	mu     sync.RWMutex
	values map[place]string
}

func (k *kept) get(at place) *string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if value, ok := k.values[at]; ok {
		return &value
	}
	return nil
}

func (k *kept) set(at place, value string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.values[at] = value
}

type onKit struct {
	kit.NoSecrets
	kept *kept
}

func (v onKit) SetValue(_ context.Context, s kit.Session, _ kit.Change[kit.Nothing], key, value string) error {
	v.kept.set(place{s.Org.ID, s.ID, key}, value)
	return nil
}

func (v onKit) GetValue(_ context.Context, s kit.Session, key string) (*string, error) {
	return v.kept.get(place{s.Org.ID, s.ID, key}), nil
}

func (v onKit) DeleteValue(context.Context, kit.Session, kit.Change[bool], string) (bool, error) {
	return false, nil
}

func (v onKit) ListKeys(context.Context, kit.Session) ([]*adapterv1.KeyInfo, error) { return nil, nil }

type bare struct {
	adapterv1.UnimplementedSessionStorageStoreServiceServer
	kept *kept
}

func (v bare) SetValue(_ context.Context, r *adapterv1.SetValueRequest) (*adapterv1.SetValueResponse, error) {
	v.kept.set(place{r.Context.OrgId, r.SessionId, r.Key}, r.Value)
	return &adapterv1.SetValueResponse{}, nil
}

func (v bare) GetValue(_ context.Context, r *adapterv1.GetValueRequest) (*adapterv1.GetValueResponse, error) {
	return &adapterv1.GetValueResponse{Value: v.kept.get(place{r.Context.OrgId, r.SessionId, r.Key})}, nil
}

func main() {
	config := kit.Flags(flag.CommandLine)
	isBare := flag.Bool("bare", false, "serve without the kit")
	flag.Parse()
	values := &kept{values: map[place]string{}}
	if !*isBare {
		os.Exit(kit.Run("bench", "0", *config, kit.OfferSessionStorageStore(onKit{kept: values})))
	}
	listener, err := net.Listen("tcp", os.Getenv("MORTISE_LISTEN"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	adapterv1.RegisterSessionStorageStoreServiceServer(server, bare{kept: values})
	log.Fatal(server.Serve(listener))
}
