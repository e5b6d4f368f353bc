package faulty

import (
	"fmt"
	"path/filepath"
)

// System is servers of one mutant over one database.
type System struct {
	db      *database
	mutant  Mutant
	sockets []string
	running []*server
}

// Start starts the servers, with their sockets in a folder.
func Start(mutant Mutant, folder string, servers int) (*System, error) {
	s := &System{db: newDatabase(), mutant: mutant, running: make([]*server, servers)}
	for i := range servers {
		s.sockets = append(s.sockets, filepath.Join(folder, fmt.Sprintf("s%d", i)))
		if err := s.Start(i); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Sockets are the paths of the servers' unix sockets.
func (s *System) Sockets() []string { return s.sockets }

// Start starts a server.
func (s *System) Start(i int) error {
	server, err := serve(s.db, s.mutant, s.sockets[i])
	s.running[i] = server
	return err
}

// Kill ends a server: it changes nothing any more, and what it had in memory is gone.
func (s *System) Kill(i int) error {
	s.running[i].kill()
	return nil
}

// Disturb does nothing: the database is memory.
func (s *System) Disturb() error { return nil }

// Close ends everything.
func (s *System) Close() {
	for _, server := range s.running {
		server.kill()
	}
}
