// Package fail makes the errors of the contract: one constructor per reason, each with
// its gRPC code. What happened and what the caller does stands in docs/errors.md.
//
// The text crosses the wire and is shown to people and models: it must hold no secret.
package fail

import (
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain is the domain of every reason.
const Domain = "mortise.adapter.v1"

// TextBytesMax is how much of a text crosses the wire: it travels in headers.
const TextBytesMax = 2 * 1024

const outcomeKey = "outcome"

// Error is an error of the contract. It is a Go error, and gRPC sends it as it is.
type Error struct {
	Reason   adapterv1.ErrorReason
	Code     codes.Code
	Text     string
	Metadata map[string]string
	// Field is the path of the field that is wrong, for INVALID_FIELD.
	Field string
	// Retry is after which time to send the call again; zero if not stated.
	Retry time.Duration
}

// InvalidField is the error INVALID_FIELD: a field of the request, by its path, is missing
// or malformed. Say what is wrong and what to send.
func InvalidField(path, problem string) *Error {
	one := newError(adapterv1.ErrorReason_ERROR_REASON_INVALID_FIELD, codes.InvalidArgument, path+": "+problem, nil)
	one.Field = path
	return one
}

// Unauthenticated is NOT_ALLOWED for a caller that did not prove who it is.
func Unauthenticated(text string) *Error {
	one := NotAllowed(text)
	one.Code = codes.Unauthenticated
	return one
}

func newError(reason adapterv1.ErrorReason, code codes.Code, text string, metadata map[string]string) *Error {
	return &Error{Reason: reason, Code: code, Text: text, Metadata: metadata}
}

// NotApplied states that the change did not happen, where the code alone leaves it open.
func (e *Error) NotApplied() *Error { return e.with(outcomeKey, "not_applied") }

// Applied states that the change happened although the call failed.
func (e *Error) Applied() *Error { return e.with(outcomeKey, "applied") }

// RetryAfter states after which time the caller may send the call again.
func (e *Error) RetryAfter(wait time.Duration) *Error {
	e.Retry = wait
	return e
}

func (e *Error) with(key, value string) *Error {
	metadata := maps.Clone(e.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	metadata[key] = value
	e.Metadata = metadata
	return e
}

// Name is the reason as it travels, such as SESSION_NOT_FOUND.
func (e *Error) Name() string {
	return strings.TrimPrefix(e.Reason.String(), "ERROR_REASON_")
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

// Short is the text as it may travel.
func (e *Error) Short() string {
	if len(e.Text) <= TextBytesMax {
		return e.Text
	}
	suffix := fmt.Sprintf(" ... (cut, %d bytes in all)", len(e.Text))
	cut := e.Text[:TextBytesMax-len(suffix)]
	for len(cut) > 0 && !utf8.ValidString(cut) {
		cut = cut[:len(cut)-1]
	}
	return cut + suffix
}

// GRPCStatus is the error on the wire.
func (e *Error) GRPCStatus() *status.Status {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: e.Name(), Domain: Domain, Metadata: e.Metadata}}
	if e.Field != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: e.Field, Description: e.Short()},
		}})
	}
	if e.Retry > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.Retry)})
	}
	plain := status.New(e.Code, e.Short())
	full, err := plain.WithDetails(details...)
	if err != nil {
		return plain
	}
	return full
}
