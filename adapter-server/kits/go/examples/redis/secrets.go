package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/redismemory"
	"github.com/redis/go-redis/v9"
)

const keyBytes = 32

// SealedValues keeps secrets as well, each sealed by AES-256-GCM for its org, session and
// name: a sealed secret that is moved elsewhere cannot be opened.
type SealedValues struct {
	Values
	Seal cipher.AEAD
}

// sealFrom reads a key of 32 bytes.
func sealFrom(path string) (cipher.AEAD, error) {
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("%s has %d bytes; make a key with `head -c %d /dev/urandom`", path, len(key), keyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func secretPlace(s kit.Session, name string) []byte {
	return fmt.Appendf(nil, "%d %s %s", s.Org.ID, s.ID, name)
}

// SetSecret implements kit.SessionStorageStore.
func (v SealedValues) SetSecret(ctx context.Context, s kit.Session, c kit.Change[kit.Nothing], name, value string) error {
	now := time.Now().UnixNano()
	sealed := v.Seal.Seal(nil, nil, []byte(value), secretPlace(s, name))
	_, err := redismemory.Exec(ctx, v.DB, c, redismemory.Done,
		[]any{"HSET", valuesKey(s, "secrets"), name, sealed},
		[]any{"HSETNX", valuesKey(s, "secrets-created"), name, now},
		[]any{"HSET", valuesKey(s, "secrets-updated"), name, now})
	return err
}

// GetSecret implements kit.SessionStorageStore.
func (v SealedValues) GetSecret(ctx context.Context, s kit.Session, name string) (*string, error) {
	sealed, err := v.DB.HGet(ctx, valuesKey(s, "secrets"), name).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	opened, err := v.Seal.Open(nil, nil, sealed, secretPlace(s, name))
	if err != nil {
		return nil, fmt.Errorf("a secret cannot be opened with the key of -key-file: %w", err)
	}
	value := string(opened)
	return &value, nil
}

// DeleteSecret implements kit.SessionStorageStore.
func (v SealedValues) DeleteSecret(ctx context.Context, s kit.Session, c kit.Change[bool], name string) (bool, error) {
	return redismemory.Exec(ctx, v.DB, c, hasDeleted,
		[]any{"HDEL", valuesKey(s, "secrets"), name},
		[]any{"HDEL", valuesKey(s, "secrets-created"), name},
		[]any{"HDEL", valuesKey(s, "secrets-updated"), name})
}

// ListSecrets implements kit.SessionStorageStore.
func (v SealedValues) ListSecrets(ctx context.Context, s kit.Session) ([]*adapterv1.SecretInfo, error) {
	infos, err := infos(ctx, v.DB, valuesKey(s, "secrets-created"), valuesKey(s, "secrets-updated"))
	secrets := make([]*adapterv1.SecretInfo, 0, len(infos))
	for _, one := range infos {
		secrets = append(secrets, &adapterv1.SecretInfo{Name: one.name, CreatedAt: one.created, UpdatedAt: one.updated})
	}
	return secrets, err
}
