// Package fault is a proxy on a unix socket that loses replies: it cuts connections at
// random moments, delays bytes, and becomes deaf to the server before it cuts, so that
// the server acts on calls that are never answered.
package fault

import (
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy passes connections on to a server.
type Proxy struct {
	// Path is the socket on which it listens.
	Path string
	// Cuts counts the connections that it cut.
	Cuts atomic.Int64

	server   string
	listener net.Listener
	seed     uint64
	count    atomic.Uint64
	calm     atomic.Bool

	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// plan is what happens to one connection.
type plan struct {
	// lives is how long the connection is left alone.
	lives time.Duration
	// deaf is how long afterwards answers are lost before the connection is cut.
	deaf time.Duration
	// slow is the most by which a piece of bytes is delayed.
	slow time.Duration
}

// Listen starts a proxy.
func Listen(path, server string, seed uint64) (*Proxy, error) {
	_ = os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		Path: path, server: server, listener: listener, seed: seed,
		open: map[net.Conn]struct{}{},
	}
	go p.accept()
	return p, nil
}

// Calm makes all further connections good ones.
func (p *Proxy) Calm() { p.calm.Store(true) }

// Close ends the proxy and its connections.
func (p *Proxy) Close() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		rng := rand.New(rand.NewPCG(p.seed, p.count.Add(1)))
		go p.pass(client, server, newPlan(rng), rng.Uint64())
	}
}

func newPlan(rng *rand.Rand) plan {
	fate := plan{lives: time.Hour}
	if rng.IntN(4) > 0 {
		fate.lives = time.Duration(30+rng.IntN(900)) * time.Millisecond
	}
	if rng.IntN(2) == 0 {
		fate.deaf = time.Duration(1+rng.IntN(60)) * time.Millisecond
	}
	if rng.IntN(3) == 0 {
		fate.slow = time.Duration(1+rng.IntN(5)) * time.Millisecond
	}
	return fate
}

func (p *Proxy) pass(client, server net.Conn, fate plan, seed uint64) {
	if p.calm.Load() {
		fate = plan{lives: time.Hour}
	}
	p.note(client, server)
	defer p.drop(client, server)
	var deaf atomic.Bool
	ended := make(chan struct{}, 2)
	go copyBytes(server, client, fate.slow, nil, rand.New(rand.NewPCG(seed, 1)), ended)
	go copyBytes(client, server, fate.slow, &deaf, rand.New(rand.NewPCG(seed, 2)), ended)
	alarm := time.NewTimer(fate.lives)
	defer alarm.Stop()
	select {
	case <-ended:
	case <-alarm.C:
		deaf.Store(true)
		time.Sleep(fate.deaf)
		p.Cuts.Add(1)
	}
}

func (p *Proxy) note(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		p.open[conn] = struct{}{}
	}
}

func (p *Proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
		delete(p.open, conn)
	}
}

// copyBytes passes bytes on in pieces, and throws them away once it is deaf.
func copyBytes(
	to, from net.Conn, slow time.Duration, deaf *atomic.Bool, rng *rand.Rand, ended chan<- struct{},
) {
	defer func() { ended <- struct{}{} }()
	buffer := make([]byte, 32*1024)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if slow > 0 && rng.IntN(4) == 0 {
			time.Sleep(time.Duration(rng.Int64N(int64(slow))))
		}
		if deaf != nil && deaf.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
