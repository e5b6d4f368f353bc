package kit

import (
	"context"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
)

// NoSecrets refuses secrets, as a store without an encryption key must. Embed it in a
// SessionStorageStore.
type NoSecrets struct{}

// errNoKey has the words that the host's tools look for.
func errNoKey() error { return fail.Configuration("Encryption not configured").NotApplied() }

// SetSecret refuses.
func (NoSecrets) SetSecret(context.Context, Session, Change[Nothing], string, string) error {
	return errNoKey()
}

// GetSecret refuses.
func (NoSecrets) GetSecret(context.Context, Session, string) (*string, error) { return nil, errNoKey() }

// DeleteSecret refuses.
func (NoSecrets) DeleteSecret(context.Context, Session, Change[bool], string) (bool, error) {
	return false, errNoKey()
}

// ListSecrets refuses.
func (NoSecrets) ListSecrets(context.Context, Session) ([]*adapterv1.SecretInfo, error) {
	return nil, errNoKey()
}
