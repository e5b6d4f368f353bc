package kit

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Flags adds the kit's arguments to a flag set. Call it before flag.Parse in a program
// with arguments of its own.
func Flags(set *flag.FlagSet) *Config {
	config := &Config{}
	set.StringVar(&config.Listen, "listen", cmp.Or(os.Getenv("MORTISE_LISTEN"), "127.0.0.1:7500"),
		"where to listen, also in MORTISE_LISTEN: `ADDRESS` is HOST:PORT or unix:PATH")
	set.StringVar(&config.TLSCert, "tls-cert", "", "PEM `FILE` with the adapter's certificates")
	set.StringVar(&config.TLSKey, "tls-key", "", "PEM `FILE` with its key")
	set.StringVar(&config.TLSClientCA, "tls-client-ca", "", "PEM `FILE` with the CA that signs the certificates of callers")
	set.StringVar(&config.TokenFile, "token-file", "", "`FILE` with bearer tokens, one a line")
	set.StringVar(&config.OTLP, "otlp", "", "`URL` of a collector of traces and metrics")
	set.DurationVar(&config.Drain, "drain", 30*time.Second, "how long calls may go on after SIGTERM")
	return config
}

// Main serves an adapter as a program: it reads the arguments, serves until SIGTERM or
// SIGINT, and ends the process.
func Main(name, version string, options ...Option) {
	config := Flags(flag.CommandLine)
	flag.Parse()
	os.Exit(Run(name, version, *config, options...))
}

// Run is Main for a program that has parsed its arguments; it returns the exit code.
func Run(name, version string, config Config, options ...Option) int {
	ctx, done := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer done()
	adapter, err := New(name, version, options...)
	if err == nil {
		err = adapter.Serve(ctx, config)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}
