package kit_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

// sign writes a certificate and its key, and returns the certificate.
func (a *authority) sign(t *testing.T, serial int64, certPath, keyPath string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, about, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	write(t, keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	pair, err := tls.LoadX509KeyPair(certPath, keyPath)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// With a CA and a token file, only callers with both may call; health needs neither; and
// certificates and tokens that are replaced while the adapter runs take effect.
func TestCallersProveWhoTheyAre(t *testing.T) {
	folder, ca := t.TempDir(), newAuthority(t)
	file := func(name string) string { return filepath.Join(folder, name) }
	ca.sign(t, 2, file("cert"), file("key"))
	client := ca.sign(t, 3, file("client"), file("client-key"))
	write(t, file("ca"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}))
	write(t, file("tokens"), []byte("first\n"))
	adapter, err := kit.New("guarded", "1", kit.OfferSessionStorageStore(&odd{}))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- adapter.ServeOn(ctx, listener, kit.Config{
			TLSCert: file("cert"), TLSKey: file("key"), TLSClientCA: file("ca"), TokenFile: file("tokens"), Drain: time.Minute,
		})
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	describe := func(connection *grpc.ClientConn, token string) codes.Code {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
		_, err := pb.NewAdapterServiceClient(connection).Describe(ctx, &pb.DescribeRequest{})
		return status.Code(err)
	}
	dial := func(serial *int64, certificates ...tls.Certificate) *grpc.ClientConn {
		roots := x509.NewCertPool()
		roots.AddCert(ca.cert)
		connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
			RootCAs: roots, Certificates: certificates, VerifyConnection: func(state tls.ConnectionState) error {
				*serial = state.PeerCertificates[0].SerialNumber.Int64()
				return nil
			},
		})))
		if err != nil {
			t.Fatal(err)
		}
		return connection
	}
	var serial int64
	known, unknown := dial(&serial, client), dial(&serial)
	defer known.Close()
	defer unknown.Close()
	for _, one := range []struct {
		what   string
		got    codes.Code
		wanted codes.Code
	}{
		{"both", describe(known, "first"), codes.OK},
		{"no certificate", describe(unknown, "first"), codes.Unauthenticated},
		{"another token", describe(known, "second"), codes.Unauthenticated},
	} {
		if one.got != one.wanted {
			t.Errorf("%s: %v, expected %v", one.what, one.got, one.wanted)
		}
	}
	_, err = grpc_health_v1.NewHealthClient(unknown).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Errorf("a health check: %v", err)
	}
	write(t, file("tokens"), []byte("second\n"))
	ca.sign(t, 4, file("cert"), file("key"))
	eventually(t, "the second token counts", func() bool { return describe(known, "second") == codes.OK })
	if describe(known, "first") != codes.Unauthenticated {
		t.Error("a token that was taken away still counts")
	}
	eventually(t, "a new connection sees the new certificate", func() bool {
		fresh := dial(&serial, client)
		defer fresh.Close()
		return describe(fresh, "second") == codes.OK && serial == 4
	})
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// The span of a call is a child of the caller's, as its W3C trace context says.
func TestTraces(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))
	values := dialValues(t)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", parent)
	if _, err := values.SetValue(ctx, setRequest("traced", "k")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a span is a child of the caller's", func() bool {
		for _, span := range spans.GetSpans() {
			if span.Parent.SpanID().String() == "b7ad6b7169203331" &&
				span.SpanContext.TraceID().String() == "0af7651916cd43dd8448eb211c80319c" {
				return true
			}
		}
		return false
	})
}

func dialValues(t *testing.T) pb.SessionStorageStoreServiceClient {
	t.Helper()
	return kittest.Dial(t, kittest.Serve(t, kit.OfferSessionStorageStore(&odd{})))
}
