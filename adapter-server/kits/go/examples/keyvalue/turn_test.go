package main

import (
	"path/filepath"
	"testing"

	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
)

// A turn of the runtime keeps a value in the file.
func TestTurn(t *testing.T) {
	db, err := open(t.Context(), filepath.Join(t.TempDir(), "values.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	endpoint := kittest.Serve(t, kit.OfferSessionStorageStore(Values{db: db}))
	kittest.Turn(t, endpoint, "What is 12 times 34?", "session_storage_store")
	var key, value string
	if err := db.QueryRow("SELECT key, value FROM kept").Scan(&key, &value); err != nil || key != "last_product" || value != "408" {
		t.Errorf("kept %q = %q, %v; expected last_product = 408", key, value, err)
	}
}
