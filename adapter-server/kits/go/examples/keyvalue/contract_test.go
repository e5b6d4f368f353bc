package main

import (
	"path/filepath"
	"testing"

	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
)

// The program keeps every rule of the contract for what it offers, also when it is killed
// and started again.
func TestContract(t *testing.T) {
	kittest.Program(t, ".", "-database", filepath.Join(t.TempDir(), "values.db"))
}
