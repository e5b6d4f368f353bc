// Package kit serves stores as an adapter of Mortise. An author implements a store (one of
// the generated interfaces) and offers it; the kit does what every adapter has to do:
// handshake, health, reflection, sockets, TLS, tokens, draining, the checks of fields,
// remembered answers, errors, traces and logs.
package kit

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
)

const (
	adapterService = "mortise.adapter.v1.AdapterService"
	emitterService = "mortise.adapter.v1.EventEmitterService"

	// protocol is the version of the protocol that this kit speaks.
	protocol = 1

	messageBytesMax  = 32 * 1024 * 1024
	memoryBytesMax   = 256 * 1024 * 1024
	callTimeStandard = 8 * time.Second
	pingEvery        = time.Second
)

// Option is a part of an adapter.
type Option func(*Adapter)

// Adapter is what a program offers.
type Adapter struct {
	name, version   string
	core            *core
	offers          map[string]*offered
	faults          []string
	ping            func(context.Context) error
	messageBytesMax int
	scoping         adapterv1.Scoping
	platformURL     string

	health *health.Server
	stop   context.CancelFunc
	// A store that could not answer is asked at once how it is.
	ask chan struct{}

	mu     sync.Mutex
	outage string
}

type offered struct {
	features []adapterv1.Feature
	register func(grpc.ServiceRegistrar, *core)
}

// New makes an adapter of this name and version, as the handshake tells them. It fails if
// nothing is offered, or something twice.
func New(name, version string, options ...Option) (*Adapter, error) {
	stopping, stop := context.WithCancel(context.Background())
	a := &Adapter{
		name: name, version: version, offers: map[string]*offered{}, messageBytesMax: messageBytesMax,
		scoping: adapterv1.Scoping_SCOPING_PER_ORG, health: health.NewServer(), stop: stop,
		ask: make(chan struct{}, 1),
	}
	a.core = &core{
		memory: NewProcessMemory(memoryBytesMax), log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		callTime: callTimeStandard, stopping: stopping, troubled: a.askNow, fenced: map[string]bool{},
		unfenced: adapterv1.UnfencedChanges_UNFENCED_CHANGES_EXCEPT_TURN_EVENTS,
	}
	for _, option := range options {
		option(a)
	}
	if name == "" || version == "" {
		a.faults = append(a.faults, "name or version is empty; the handshake tells both")
	}
	if len(a.offers) == 0 {
		a.faults = append(a.faults, "nothing is offered; add an option such as kit.OfferSessionStorageStore(store)")
	}
	if len(a.faults) > 0 {
		stop()
		return nil, fmt.Errorf("the adapter cannot start: %s", strings.Join(a.faults, "; "))
	}
	return a, nil
}

func offer(
	service string, store any, known []string, features []adapterv1.Feature, register func(grpc.ServiceRegistrar, *core),
) Option {
	return func(a *Adapter) {
		value := reflect.ValueOf(store)
		if store == nil || value.Kind() == reflect.Pointer && value.IsNil() {
			a.faults = append(a.faults, service+" is offered with nil for its store")
			return
		}
		if _, twice := a.offers[service]; twice {
			a.faults = append(a.faults, service+" is offered twice")
		}
		for _, feature := range features {
			if !slices.Contains(known, feature.String()) {
				a.faults = append(a.faults, fmt.Sprintf("%s has no %s", service, feature))
			}
		}
		if service == emitterService {
			// The kit serves the stream over Emit.
			features = append(slices.Clone(features), adapterv1.Feature_FEATURE_EMIT_STREAM)
			slices.Sort(features)
			features = slices.Compact(features)
		}
		a.core.fenced[service] = slices.Contains(features, adapterv1.Feature_FEATURE_FENCED)
		a.offers[service] = &offered{features: features, register: register}
	}
}

// Ping says how to ask the store whether it can answer. The kit asks every second, and at
// once when a call could not be served; health follows the answer.
func Ping(ping func(context.Context) error) Option {
	return func(a *Adapter) { a.ping = ping }
}

// UnavailableOn declares which errors of the store's library mean that it cannot answer
// now. The caller then sends the call again; every other error is final for it.
func UnavailableOn(says func(error) bool) Option {
	return func(a *Adapter) { a.core.unavailable = append(a.core.unavailable, says) }
}

// Remember replaces the memory of answers that no transaction stores.
func Remember(memory Memory) Option {
	return func(a *Adapter) { a.core.memory = memory }
}

// Log replaces the log. The kit never logs what a request or an answer holds.
func Log(log *slog.Logger) Option {
	return func(a *Adapter) { a.core.log = log }
}

// CallTime limits how long the store may take for a call, 8 s unless stated: less than
// callers go on trying.
func CallTime(limit time.Duration) Option {
	return func(a *Adapter) { a.core.callTime = limit }
}

// MaxMessageBytes is the largest request, 32 MiB unless stated.
func MaxMessageBytes(most int) Option {
	return func(a *Adapter) { a.messageBytesMax = most }
}

// SharedByAllOrgs says that the store keeps no orgs apart. For a single tenant only.
func SharedByAllOrgs() Option {
	return func(a *Adapter) { a.scoping = adapterv1.Scoping_SCOPING_SHARED }
}

// PlatformBaseURL is the address of the web console.
func PlatformBaseURL(url string) Option {
	return func(a *Adapter) { a.platformURL = url }
}

// services are the names of what is offered, the handshake included.
func (a *Adapter) services() []string {
	return append([]string{adapterService}, slices.Sorted(maps.Keys(a.offers))...)
}

// handshake is AdapterService.
type handshake struct {
	adapterv1.UnimplementedAdapterServiceServer
	adapter *Adapter
}

func (h handshake) Describe(context.Context, *adapterv1.DescribeRequest) (*adapterv1.DescribeResponse, error) {
	a := h.adapter
	a.mu.Lock()
	outage := a.outage
	a.mu.Unlock()
	answer := &adapterv1.DescribeResponse{
		Server:   &adapterv1.Identity{Name: a.name, Version: a.version},
		Protocol: &adapterv1.ProtocolRange{Min: protocol, Max: protocol},
		Scoping:  a.scoping,
		Limits: &adapterv1.Limits{
			MaxMessageBytes:      uint64(a.messageBytesMax),
			RequestMemorySeconds: uint64(MemoryTime / time.Second),
		},
		PlatformBaseUrl: a.platformURL,
		Outage:          outage,
	}
	for _, name := range a.services() {
		one := &adapterv1.ServiceOffer{Name: name}
		if held, ok := a.offers[name]; ok {
			one.Features = held.features
			if a.core.fenced[name] {
				answer.UnfencedChanges = a.core.unfenced
			}
		}
		answer.Services = append(answer.Services, one)
	}
	return answer, nil
}
