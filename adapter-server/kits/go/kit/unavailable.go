package kit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"

	"go.opentelemetry.io/otel/trace"
)

// isUnavailable knows what Go itself says of a store that cannot be reached.
func isUnavailable(err error) bool {
	var network *net.OpError
	var name *net.DNSError
	for _, known := range []error{
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return errors.As(err, &network) || errors.As(err, &name)
}

// traceOf is the trace of a call, for its line in the log.
func traceOf(ctx context.Context) []any {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return nil
	}
	return []any{"trace_id", span.TraceID().String(), "span_id", span.SpanID().String()}
}

// onceEach says of each key whether it comes for the first time.
type onceEach struct{ seen sync.Map }

func (o *onceEach) first(key any) bool {
	_, seen := o.seen.LoadOrStore(key, true)
	return !seen
}
