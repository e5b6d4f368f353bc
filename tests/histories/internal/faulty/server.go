package faulty

import (
	"context"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errDead is what a call of a killed server gets, if it gets anything.
var errDead = status.Error(codes.Unavailable, "the server was killed")

// staleFor is how old what StaleRead reads may be.
const staleFor = 50 * time.Millisecond

// server is one process: what it holds besides the database is gone when it is killed.
type server struct {
	pb.UnimplementedSessionStorageStoreServiceServer
	pb.UnimplementedSessionFileSystemServiceServer
	pb.UnimplementedEventEmitterServiceServer
	pb.UnimplementedEventLogServiceServer
	pb.UnimplementedMessageRetrieverServiceServer
	pb.UnimplementedTestSeedServiceServer
	pb.UnimplementedAdapterServiceServer

	db     *database
	mutant Mutant
	grpc   *grpc.Server
	// Set under the database's lock: a killed server changes nothing any more.
	dead atomic.Bool

	mu sync.Mutex
	// Answers that only the process remembers, for ReplyVolatile.
	replies map[string]any
	// Copies of sessions, for StaleRead and ReadCache.
	copies map[string]snapshot
	// The last fence of each session, for FenceVolatile.
	fences map[string]uint64
}

type snapshot struct {
	at      time.Time
	session *session
}

func serve(db *database, mutant Mutant, socket string) (*server, error) {
	s := &server{
		db: db, mutant: mutant, grpc: grpc.NewServer(),
		replies: map[string]any{}, copies: map[string]snapshot{}, fences: map[string]uint64{},
	}
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	pb.RegisterSessionStorageStoreServiceServer(s.grpc, s)
	pb.RegisterSessionFileSystemServiceServer(s.grpc, s)
	pb.RegisterEventEmitterServiceServer(s.grpc, s)
	pb.RegisterEventLogServiceServer(s.grpc, s)
	pb.RegisterMessageRetrieverServiceServer(s.grpc, s)
	pb.RegisterTestSeedServiceServer(s.grpc, s)
	pb.RegisterAdapterServiceServer(s.grpc, s)
	for _, register := range further {
		register(s)
	}
	go func() { _ = s.grpc.Serve(listener) }()
	return s, nil
}

func (s *server) kill() {
	s.db.mu.Lock()
	s.dead.Store(true)
	if s.mutant == AckEarly {
		s.db.lose()
	}
	s.db.changed.Broadcast()
	s.db.mu.Unlock()
	s.grpc.Stop()
}

// further are services that only some contracts have.
var further []func(*server)

// Describe offers every service that is registered.
func (s *server) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	answer := &pb.DescribeResponse{}
	for name := range s.grpc.GetServiceInfo() {
		answer.Services = append(answer.Services, &pb.ServiceOffer{Name: name})
	}
	return answer, nil
}

// PutSession accepts every session: the server keeps none.
func (s *server) PutSession(context.Context, *pb.PutSessionRequest) (*pb.PutSessionResponse, error) {
	return &pb.PutSessionResponse{}, nil
}

// work takes the time that a database takes; now and then it is slow.
func work() {
	most := 1500
	if rand.IntN(10) == 0 {
		most = 20_000
	}
	time.Sleep(time.Duration(rand.IntN(most)) * time.Microsecond)
}

// call is a change that a client asks for.
type call struct {
	context   *pb.CallContext
	sessionID string
	method    string
	// isTurnEvent: it is refused without a fence while the session is leased.
	isTurnEvent bool
}

// change makes a change once per request_id, in one transaction.
func change[T any](s *server, c call, apply func(*session) T) (T, error) {
	return steps(s, c, func(transaction func(func(*session))) (T, error) {
		var answer T
		transaction(func(session *session) { answer = apply(session) })
		return answer, nil
	})
}

// steps is change for faults: the change may take several transactions. The right server
// takes one, and looks for the answer, checks the fence and remembers the answer there.
func steps[T any](s *server, c call, apply func(transaction func(func(*session))) (T, error)) (T, error) {
	key := c.context.GetRequestId()
	if s.mutant == ReplyPerMethod {
		key = c.method + key
	}
	work()
	defer work()
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	var none T
	if s.dead.Load() {
		return none, errDead
	}
	if s.mutant == FenceBefore {
		_, isKnown := s.recall(key)
		if err := s.fenced(c); err != nil && !isKnown {
			return none, err
		}
		if !s.pause() {
			return none, errDead
		}
	}
	if reply, ok := s.recall(key); ok {
		answer, _ := reply.(T)
		return answer, nil
	}
	if err := s.fenced(c); err != nil && s.mutant != FenceBefore {
		return none, err
	}
	if s.mutant == ReplyRace && !s.pause() {
		return none, errDead
	}
	t := &transactions{server: s, call: c, key: key, alive: true}
	answer, err := apply(t.run)
	if s.mutant == ReplyOutside {
		t.alive = t.alive && s.pause()
	}
	if !t.alive {
		return none, errDead
	}
	if err == nil {
		s.remember(key, answer)
	}
	return answer, err
}

// transactions are the steps of a change; others go first between two of them.
type transactions struct {
	server *server
	call   call
	key    string
	begun  bool
	alive  bool
}

func (t *transactions) run(step func(*session)) {
	s := t.server
	if t.begun {
		t.alive = t.alive && s.pause()
	}
	t.begun = true
	if !t.alive {
		return
	}
	if s.mutant == AckEarly {
		s.db.note(t.call.sessionID, t.key)
	}
	step(s.db.session(t.call.sessionID))
	s.forget(t.call.sessionID)
	s.db.changed.Broadcast()
}

// pause lets others go first, and says whether the server lives. It is called under the
// lock.
func (s *server) pause() bool {
	s.db.mu.Unlock()
	work()
	s.db.mu.Lock()
	return !s.dead.Load()
}

func (s *server) recall(key string) (any, bool) {
	if s.mutant == ReplyVolatile {
		s.mu.Lock()
		defer s.mu.Unlock()
		reply, ok := s.replies[key]
		return reply, ok
	}
	reply, ok := s.db.replies[key]
	return reply, ok
}

func (s *server) remember(key string, reply any) {
	if s.mutant == ReplyVolatile {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.replies[key] = reply
		return
	}
	s.db.replies[key] = reply
}

// read reads from a session as it is now.
func read[T any](s *server, sessionID string, look func(*session) T) (T, error) {
	work()
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	var none T
	if s.dead.Load() {
		return none, errDead
	}
	return look(s.seen(sessionID)), nil
}

// seen is the session that reads see.
func (s *server) seen(id string) *session {
	now := s.db.session(id)
	if s.mutant != StaleRead && s.mutant != ReadCache {
		return now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.copies[id]
	if !ok || s.mutant == StaleRead && time.Since(kept.at) > staleFor {
		kept = snapshot{at: time.Now(), session: now.copy()}
		s.copies[id] = kept
	}
	return kept.session
}

// forget drops what this server has read of a session, for ReadCache.
func (s *server) forget(id string) {
	if s.mutant == ReadCache {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.copies, id)
	}
}
