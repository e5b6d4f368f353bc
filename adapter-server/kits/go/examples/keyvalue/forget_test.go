package main

import (
	"path/filepath"
	"testing"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
)

// The file does not grow with each change for ever: answers that are older than a day go.
func TestOldAnswersAreDeleted(t *testing.T) {
	db, err := open(t.Context(), filepath.Join(t.TempDir(), "values.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec("INSERT INTO mortise_answers (org, request_id, method, expires_at) VALUES (1, 'old', 'm', 1)")
	if err != nil {
		t.Fatal(err)
	}
	client := kittest.Dial(t, kittest.Serve(t, kit.OfferSessionStorageStore(Values{db: db})))
	_, err = client.SetValue(t.Context(), &adapterv1.SetValueRequest{
		Context:   &adapterv1.CallContext{OrgId: 1, RequestId: "new"},
		SessionId: kittest.SessionID(1), Key: "k", Value: "v",
	})
	if err != nil {
		t.Fatal(err)
	}
	kittest.Eventually(t, "the old answer is deleted", func() bool {
		var kept string
		if err := db.QueryRow("SELECT group_concat(request_id) FROM mortise_answers").Scan(&kept); err != nil {
			t.Fatal(err)
		}
		return kept == "new"
	})
}
