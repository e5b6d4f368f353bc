package kittest

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Redis is a redis-server of the test's own, on a private socket, which keeps what it has
// acknowledged.
type Redis struct {
	// Socket is the path of its socket.
	Socket string

	t       *testing.T
	folder  string
	process *exec.Cmd
}

// StartRedis starts a redis-server, which ends with the test.
func StartRedis(t *testing.T) *Redis {
	t.Helper()
	folder := socketFolder(t)
	r := &Redis{Socket: filepath.Join(folder, "redis.sock"), t: t, folder: folder}
	r.Start()
	t.Cleanup(r.Kill)
	return r
}

// URL is its address for redis.ParseURL.
func (r *Redis) URL() string { return "unix://" + r.Socket }

// Start starts it again on the same data.
func (r *Redis) Start() {
	r.t.Helper()
	r.process = exec.Command("redis-server", "--port", "0", "--unixsocket", r.Socket, "--dir", r.folder,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no")
	if err := r.process.Start(); err != nil {
		r.t.Fatalf("redis-server cannot be started (Debian: redis-server): %v", err)
	}
	waitFor(r.t, r.Socket)
}

// Kill ends it without warning.
func (r *Redis) Kill() {
	if r.process == nil {
		return
	}
	// Both fail only if it is gone already.
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
	r.process = nil
}
