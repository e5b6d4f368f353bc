package kittest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// within is how long a program may take to start, or something to come about, on a machine
// that is busy.
const within = time.Minute

// Eventually waits until something is so, a minute at most.
func Eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// Connect connects to an adapter until the test ends.
func Connect(t *testing.T, endpoint string) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	})
	return connection
}

// Dial is a client of the values of an adapter.
func Dial(t *testing.T, endpoint string) adapterv1.SessionStorageStoreServiceClient {
	t.Helper()
	return adapterv1.NewSessionStorageStoreServiceClient(Connect(t, endpoint))
}

// SessionID is a well-formed id.
func SessionID(number int) string { return fmt.Sprintf("session_%032x", number) }

// Word is the name of the test as a name in a database.
func Word(t *testing.T) string {
	return strings.ToLower(strings.NewReplacer("/", "_", "-", "_").Replace(t.Name()))
}
