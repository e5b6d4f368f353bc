package kit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // Callers may compress.
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

// Goroutines that serve one call after the other: their stacks have grown already. Calls
// beyond them, and long streams, have goroutines of their own.
const streamWorkers = 16

// Hosts ping while a call is under way and nothing comes. The library's own limit is a ping
// in five minutes: beyond it the connection is closed, and every call on it fails, just when
// the store is slow.
var pings = keepalive.EnforcementPolicy{MinTime: time.Nanosecond, PermitWithoutStream: true}

// Config says where and how an adapter is served.
type Config struct {
	// Listen is HOST:PORT or unix:PATH.
	Listen string
	// TLSCert and TLSKey are PEM files. With TLSClientCA, callers need a certificate that
	// this CA has signed. All are read again when they change.
	TLSCert, TLSKey, TLSClientCA string
	// TokenFile holds bearer tokens, one a line. It is read again when it changes.
	TokenFile string
	// Drain is how long calls may go on when the adapter is told to stop.
	Drain time.Duration
	// OTLP is the address of a collector of traces and metrics, such as http://127.0.0.1:4317.
	OTLP string
}

// Serve serves until ctx ends; then it takes no new calls, ends its open streams, finishes
// the calls that it has, and returns.
func (a *Adapter) Serve(ctx context.Context, config Config) error {
	listener, err := listen(config.Listen)
	if err != nil {
		return err
	}
	return a.ServeOn(ctx, listener, config)
}

// ServeOn serves on a listener that is there already.
func (a *Adapter) ServeOn(ctx context.Context, listener net.Listener, config Config) error {
	flush, err := telemetry(ctx, config.OTLP, a.name, a.version)
	if err != nil {
		return err
	}
	defer flush()
	server, err := a.server(config)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	watching, done := context.WithCancel(ctx)
	defer done()
	a.watch(watching)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		a.drain(server, config.Drain)
	}()
	a.core.log.Info("serving", "address", shownAddress(listener.Addr()), "services", len(a.offers))
	if err := server.Serve(listener); err != nil {
		return err
	}
	<-stopped
	return nil
}

func (a *Adapter) drain(server *grpc.Server, limit time.Duration) {
	a.core.log.Info("stopping", "drain", limit.String())
	a.health.Shutdown()
	a.stop()
	done := make(chan struct{})
	go func() {
		server.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
		a.core.log.Warn("calls were cut off: they did not end in time", "drain", limit.String())
		server.Stop()
	}
}

// server is made when telemetry is set up: what nothing takes is not made.
func (a *Adapter) server(config Config) (*grpc.Server, error) {
	warn := func(err error) {
		a.core.log.Error("a file cannot be read again; its previous content stays in use", "cause", err.Error())
	}
	observed := isObserved()
	g := guard{needsChain: config.TLSClientCA != "", inherits: !observed}
	if config.TokenFile != "" {
		held, err := newReloaded([]string{config.TokenFile}, warn, func() (tokens, error) { return readTokens(config.TokenFile) })
		if err != nil {
			return nil, fmt.Errorf("token file: %w", err)
		}
		g.tokens = held
	}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(a.messageBytesMax),
		grpc.ChainUnaryInterceptor(g.unary),
		grpc.ChainStreamInterceptor(g.stream),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.KeepaliveEnforcementPolicy(pings),
	}
	if observed {
		options = append(options, grpc.StatsHandler(otelgrpc.NewServerHandler()))
	}
	if config.TLSCert != "" || config.TLSKey != "" || config.TLSClientCA != "" {
		own, err := tlsConfig(config.TLSCert, config.TLSKey, config.TLSClientCA, warn)
		if err != nil {
			return nil, fmt.Errorf("TLS needs a certificate and its key as PEM files: %w", err)
		}
		options = append(options, grpc.Creds(credentials.NewTLS(own)))
	}
	server := grpc.NewServer(options...)
	adapterv1.RegisterAdapterServiceServer(server, handshake{adapter: a})
	for _, one := range a.offers {
		one.register(server, a.core)
	}
	healthpb.RegisterHealthServer(server, &healthService{Server: a.health, stopping: a.core.stopping})
	reflection.Register(server)
	return server, nil
}

// listen binds an address. The file of a unix socket without a listener is
// removed first.
func listen(address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("cannot listen on %s; give HOST:PORT or unix:PATH: %w", address, err)
		}
		return listener, nil
	}
	path = strings.TrimPrefix(path, "//")
	listener, err := net.Listen("unix", path)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return listener, err
	}
	if other, alive := net.DialTimeout("unix", path, time.Second); alive == nil {
		return nil, errors.Join(fmt.Errorf("another process listens on unix:%s", path), other.Close())
	}
	info, statErr := os.Lstat(path)
	if statErr != nil || info.Mode()&os.ModeSocket == 0 {
		return nil, fmt.Errorf("%s is there and is no socket; move it or listen elsewhere", path)
	}
	if err := os.Remove(path); err != nil {
		return nil, err
	}
	return net.Listen("unix", path)
}

func shownAddress(address net.Addr) string {
	if address.Network() == "unix" {
		return "unix:" + address.String()
	}
	return "http://" + address.String()
}
