package system

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// startWithin is how long a server may take until it listens.
const startWithin = 30 * time.Second

// Processes are servers of the reference implementation.
type Processes struct {
	binary   string
	folder   string
	database database
	running  []*exec.Cmd
	log      *os.File
}

// Start starts servers over a new database. The folder holds their sockets, so its path
// must be short; what they log goes to a file.
func Start(binary, folder, kind string, servers int, log string) (*Processes, error) {
	database, err := newDatabase(kind, folder)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	key := filepath.Join(folder, "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		return nil, err
	}
	p := &Processes{
		binary: binary, folder: folder, database: database, log: file,
		running: make([]*exec.Cmd, servers),
	}
	for server := range servers {
		if err := p.Start(server); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// Sockets are the paths of the servers' unix sockets.
func (p *Processes) Sockets() []string {
	var sockets []string
	for server := range p.running {
		sockets = append(sockets, filepath.Join(p.folder, fmt.Sprintf("s%d", server)))
	}
	return sockets
}

// Start starts a server and waits until it listens.
func (p *Processes) Start(server int) error {
	command := exec.Command(p.binary,
		"--listen", "unix:"+p.Sockets()[server],
		"--key-file", filepath.Join(p.folder, "key"), "--test-seed")
	command.Env = append(os.Environ(), "MORTISE_DATABASE="+p.database.url(), "MORTISE_LOG=warn")
	command.Stderr = p.log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	p.running[server] = command
	listening := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if err == nil && !strings.HasPrefix(line, "listening at ") {
			err = fmt.Errorf("it said %q", line)
		}
		listening <- err
	}()
	select {
	case err = <-listening:
	case <-time.After(startWithin):
		err = fmt.Errorf("it does not listen after %v", startWithin)
	}
	if err != nil {
		return fmt.Errorf("mortise-adapter did not start, see %s: %w", p.log.Name(), err)
	}
	return nil
}

// Kill kills a server.
func (p *Processes) Kill(server int) error {
	command := p.running[server]
	if command == nil {
		return nil
	}
	p.running[server] = nil
	if err := command.Process.Kill(); err != nil {
		return fmt.Errorf("mortise-adapter ended by itself, see %s: %w", p.log.Name(), err)
	}
	_ = command.Wait() // It says that the process was killed.
	return nil
}

// Disturb cuts the servers' connections to the database.
func (p *Processes) Disturb() error { return p.database.disturb() }

// Close ends the servers and removes the database.
func (p *Processes) Close() {
	for server := range p.running {
		_ = p.Kill(server)
	}
	p.database.remove()
	_ = p.log.Close()
}
