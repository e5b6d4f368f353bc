package system

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Kinds of databases.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// postgresVariable holds the URL of a PostgreSQL server on which databases may be made.
const postgresVariable = "MORTISE_POSTGRES"

// HasPostgres says whether there is a PostgreSQL server.
func HasPostgres() bool { return os.Getenv(postgresVariable) != "" }

type database interface {
	url() string
	disturb() error
	remove()
}

func newDatabase(kind, folder string) (database, error) {
	if kind == SQLite {
		return sqlite(filepath.Join(folder, "db")), nil
	}
	server := os.Getenv(postgresVariable)
	if server == "" {
		return nil, errors.New(postgresVariable +
			" names no PostgreSQL server; run with `cargo xtask with-postgres -- `")
	}
	database := postgres{
		server: server,
		name:   fmt.Sprintf("histories_%d_%s", os.Getpid(), filepath.Base(folder)),
	}
	return database, database.run("CREATE DATABASE " + database.name)
}

// sqlite is the path of a file.
type sqlite string

func (d sqlite) url() string  { return "sqlite:" + string(d) }
func (sqlite) disturb() error { return nil }
func (sqlite) remove()        {}

// postgres is a database of its own on a server.
type postgres struct{ server, name string }

func (d postgres) url() string {
	address, parameters, _ := strings.Cut(d.server, "?")
	address = address[:strings.LastIndex(address, "/")]
	return fmt.Sprintf("%s/%s?%s", address, d.name, parameters)
}

// disturb ends every connection to the database.
func (d postgres) disturb() error {
	return d.run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity " +
		"WHERE datname = '" + d.name + "'")
}

func (d postgres) remove() {
	_ = d.run("DROP DATABASE IF EXISTS " + d.name + " WITH (FORCE)")
}

func (d postgres) run(statement string) error {
	output, err := exec.Command("psql", "--no-psqlrc", "--quiet", "--dbname", d.server,
		"--command", statement).CombinedOutput()
	if err != nil {
		return fmt.Errorf("psql: %w: %s", err, output)
	}
	return nil
}
