// Package system starts what is judged: servers over one database, which can be killed
// and started again.
package system

// System is one or more servers over one database.
type System interface {
	// Sockets are the paths of the servers' unix sockets.
	Sockets() []string
	// Kill ends a server as kill -9 does.
	Kill(server int) error
	// Start starts it again, and waits until it listens.
	Start(server int) error
	// Disturb does to the database what happens to databases: connections are cut.
	Disturb() error
	// Close ends everything.
	Close()
}
