package kit

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// reloaded is what some files say, read again when one of them has changed. What cannot
// be read keeps the previous value in use.
type reloaded[T any] struct {
	paths []string
	read  func() (T, error)
	warn  func(error)

	mu      sync.Mutex
	value   T
	stamps  string
	checked time.Time
}

// How long files are taken as unchanged.
const fileCheckEvery = time.Second

func newReloaded[T any](paths []string, warn func(error), read func() (T, error)) (*reloaded[T], error) {
	r := &reloaded[T]{paths: paths, read: read, warn: warn}
	stamps, err := r.stamp()
	if err != nil {
		return nil, err
	}
	value, err := read()
	if err != nil {
		return nil, err
	}
	r.value, r.stamps, r.checked = value, stamps, time.Now()
	return r, nil
}

func (r *reloaded[T]) stamp() (string, error) {
	var all strings.Builder
	for _, path := range r.paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&all, "%d %d;", info.ModTime().UnixNano(), info.Size())
	}
	return all.String(), nil
}

func (r *reloaded[T]) get() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.checked) < fileCheckEvery {
		return r.value
	}
	r.checked = time.Now()
	stamps, err := r.stamp()
	if err == nil && stamps == r.stamps {
		return r.value
	}
	if err == nil {
		var value T
		if value, err = r.read(); err == nil {
			r.value, r.stamps = value, stamps
			return value
		}
	}
	r.warn(err)
	return r.value
}

// tokens are the bearer tokens of a file, one a line, by their digests.
type tokens [][sha256.Size]byte

func readTokens(path string) (tokens, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all tokens
	for line := range strings.Lines(string(raw)) {
		if token := strings.TrimSpace(line); token != "" {
			all = append(all, sha256.Sum256([]byte(token)))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no token; write one a line", path)
	}
	return all, nil
}

func (t tokens) has(token string) bool {
	digest := sha256.Sum256([]byte(token))
	found := 0
	for _, known := range t {
		found |= subtle.ConstantTimeCompare(digest[:], known[:])
	}
	return found == 1
}

// tlsConfig reads certificates, and reads them again for new connections when the files
// have changed. A client's certificate is demanded call by call: health needs none.
func tlsConfig(cert, key, clientCA string, warn func(error)) (*tls.Config, error) {
	paths := []string{cert, key}
	if clientCA != "" {
		paths = append(paths, clientCA)
	}
	held, err := newReloaded(paths, warn, func() (*tls.Config, error) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
		if clientCA == "" {
			return config, nil
		}
		pem, err := os.ReadFile(clientCA)
		if err != nil {
			return nil, err
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New(clientCA + " holds no PEM certificate")
		}
		return config, nil
	})
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return held.get(), nil },
	}, nil
}
