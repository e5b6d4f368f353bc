// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package fail

import (
	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/grpc/codes"
)

// RequestIDReused is the error REQUEST_ID_REUSED, with the code InvalidArgument:
//
// INVALID_ARGUMENT. The request_id was used before with another method.
// Nothing was done.
func RequestIDReused(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED, codes.InvalidArgument, text, map[string]string{})
}

// MessageTooLarge is the error MESSAGE_TOO_LARGE, with the code ResourceExhausted:
//
// RESOURCE_EXHAUSTED. A message is larger than its receiver takes, or an
// image is larger than 64 MiB. Metadata: `size_bytes`, `limit_bytes`. A gRPC
// library that refuses a message by itself may send OUT_OF_RANGE without
// details.
func MessageTooLarge(sizeBytes, limitBytes, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LARGE, codes.ResourceExhausted, text, map[string]string{"size_bytes": sizeBytes, "limit_bytes": limitBytes})
}

// NotOffered is the error NOT_OFFERED, with the code Unimplemented:
//
// UNIMPLEMENTED. The server does not offer this service or method to this
// org.
func NotOffered(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_NOT_OFFERED, codes.Unimplemented, text, map[string]string{})
}

// ProtocolMismatch is the error PROTOCOL_MISMATCH, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. The two sides share no protocol version. Metadata:
// `client_protocol`, `server_protocol`.
func ProtocolMismatch(clientProtocol, serverProtocol, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_PROTOCOL_MISMATCH, codes.FailedPrecondition, text, map[string]string{"client_protocol": clientProtocol, "server_protocol": serverProtocol})
}

// Unavailable is the error UNAVAILABLE, with the code Unavailable:
//
// UNAVAILABLE. The store cannot answer now and may answer later: its database
// is away, or the server is stopping. The caller sends the call again if its
// effect allows it. Without RetryInfo this is the only error after which it
// does.
func Unavailable(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_UNAVAILABLE, codes.Unavailable, text, map[string]string{})
}

// DeadlineExceeded is the error DEADLINE_EXCEEDED, with the code DeadlineExceeded:
//
// DEADLINE_EXCEEDED. The answer did not come in time. A change may have
// happened.
func DeadlineExceeded(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, codes.DeadlineExceeded, text, map[string]string{})
}

// NotAllowed is the error NOT_ALLOWED, with the code PermissionDenied:
//
// PERMISSION_DENIED, or UNAUTHENTICATED if the caller did not prove who it
// is. The caller may not make this call.
func NotAllowed(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_NOT_ALLOWED, codes.PermissionDenied, text, map[string]string{})
}

// Malformed is the error MALFORMED, with the code DataLoss:
//
// DATA_LOSS. A response breaks the contract. Only the receiver of a response
// reports it.
func Malformed(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_MALFORMED, codes.DataLoss, text, map[string]string{})
}

// SessionArchived is the error SESSION_ARCHIVED, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. The session is deleted (archived). Nothing was changed,
// and nothing will be. The caller does not send the call again. A host cancels
// the session's turn. Metadata: `id`.
func SessionArchived(id, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SESSION_ARCHIVED, codes.FailedPrecondition, text, map[string]string{"id": id})
}

// Fenced is the error FENCED, with the code Aborted:
//
// ABORTED. The session's lease has passed on to another holder, or the fence was
// never granted, or a change without a fence is not accepted while the session is
// leased. Nothing was changed. Sending it again does not help, so the error has
// no RetryInfo. A host stops its turn and sends no change of it any more.
// Metadata: `id`, the session. If the session is leased, a server should add
// `holder` and `address`, as in HELD.
func Fenced(id, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_FENCED, codes.Aborted, text, map[string]string{"id": id})
}

// Held is the error HELD, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. Another holder has the session's lease. Nothing was
// changed. The error has no RetryInfo: the caller waits with FollowLeases, or goes
// to the holder. Metadata: `id`, `holder`, `address`, `time_left_ms`. The id is the
// session's, the address is empty if the holder gave none, and the time left is
// how long the lease still runs unless it is renewed, in milliseconds.
func Held(id, holder, address, timeLeftMs, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_HELD, codes.FailedPrecondition, text, map[string]string{"id": id, "holder": holder, "address": address, "time_left_ms": timeLeftMs})
}

// PatchBase is the error PATCH_BASE, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. The DataPatch of an event cannot be applied: its base is
// not there or is not what the caller took it for. Nothing was stored. The caller
// sends the event again, with its data whole and the same request_id.
func PatchBase(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_PATCH_BASE, codes.FailedPrecondition, text, map[string]string{})
}

// LLM is the error LLM, with the code Internal:
//
// INTERNAL. The language model failed. Upstream: AgentLoopError::Llm.
func LLM(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_LLM, codes.Internal, text, map[string]string{})
}

// LLMRequestTooLarge is the error LLM_REQUEST_TOO_LARGE, with the code ResourceExhausted:
//
// RESOURCE_EXHAUSTED. The model refused the size of its input. Upstream:
// AgentLoopError::RequestTooLarge.
func LLMRequestTooLarge(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_LLM_REQUEST_TOO_LARGE, codes.ResourceExhausted, text, map[string]string{})
}

// ModelNotAvailable is the error MODEL_NOT_AVAILABLE, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. There is no such model. The message is the model's id.
// Upstream: AgentLoopError::ModelNotAvailable.
func ModelNotAvailable(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_MODEL_NOT_AVAILABLE, codes.FailedPrecondition, text, map[string]string{})
}

// ToolExecution is the error TOOL_EXECUTION, with the code Internal:
//
// INTERNAL. A tool failed. Upstream: AgentLoopError::ToolExecution.
func ToolExecution(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_TOOL_EXECUTION, codes.Internal, text, map[string]string{})
}

// Store is the error STORE, with the code Internal:
//
// INTERNAL. A store refused the call or failed. The host treats a text that
// contains "not found" as final and every other text as passing. A server
// sets `outcome` to `not_applied` when it refused a change. Upstream:
// AgentLoopError::MessageStore.
func Store(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_STORE, codes.Internal, text, map[string]string{})
}

// EventEmission is the error EVENT_EMISSION, with the code Internal:
//
// INTERNAL. An event could not be emitted. Upstream:
// AgentLoopError::EventEmission.
func EventEmission(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_EVENT_EMISSION, codes.Internal, text, map[string]string{})
}

// Configuration is the error CONFIGURATION, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. Something is not configured, such as encryption.
// Upstream: AgentLoopError::Configuration.
func Configuration(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_CONFIGURATION, codes.FailedPrecondition, text, map[string]string{})
}

// MaxIterationsReached is the error MAX_ITERATIONS_REACHED, with the code ResourceExhausted:
//
// RESOURCE_EXHAUSTED. The turn used all its reason steps. Metadata:
// `max_iterations`. Upstream: AgentLoopError::MaxIterationsReached.
func MaxIterationsReached(maxIterations, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_MAX_ITERATIONS_REACHED, codes.ResourceExhausted, text, map[string]string{"max_iterations": maxIterations})
}

// LoopCancelled is the error LOOP_CANCELLED, with the code Aborted:
//
// ABORTED. The turn was cancelled. Upstream: AgentLoopError::Cancelled.
func LoopCancelled(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_LOOP_CANCELLED, codes.Aborted, text, map[string]string{})
}

// NoMessages is the error NO_MESSAGES, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. The session has no message to answer. Upstream:
// AgentLoopError::NoMessages.
func NoMessages(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_NO_MESSAGES, codes.FailedPrecondition, text, map[string]string{})
}

// AgentNotFound is the error AGENT_NOT_FOUND, with the code NotFound:
//
// NOT_FOUND. The org has no such agent. Metadata: `id`. Upstream:
// AgentLoopError::AgentNotFound.
func AgentNotFound(id, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_AGENT_NOT_FOUND, codes.NotFound, text, map[string]string{"id": id})
}

// HarnessNotFound is the error HARNESS_NOT_FOUND, with the code NotFound:
//
// NOT_FOUND. The org has no such harness. Metadata: `id`. Upstream:
// AgentLoopError::HarnessNotFound.
func HarnessNotFound(id, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_HARNESS_NOT_FOUND, codes.NotFound, text, map[string]string{"id": id})
}

// SessionNotFound is the error SESSION_NOT_FOUND, with the code NotFound:
//
// NOT_FOUND. The org has no such session. Metadata: `id`. Upstream:
// AgentLoopError::SessionNotFound.
func SessionNotFound(id, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND, codes.NotFound, text, map[string]string{"id": id})
}

// Internal is the error INTERNAL, with the code Internal:
//
// INTERNAL. The server failed. The message is the chain of causes, joined
// with ": ". Upstream: AgentLoopError::Internal.
func Internal(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_INTERNAL, codes.Internal, text, map[string]string{})
}

// DriverNotRegistered is the error DRIVER_NOT_REGISTERED, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. The host has no driver for the provider. The message
// is the provider type. Upstream: AgentLoopError::DriverNotRegistered.
func DriverNotRegistered(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_DRIVER_NOT_REGISTERED, codes.FailedPrecondition, text, map[string]string{})
}

// SQLDatabaseNotFound is the error SQL_DATABASE_NOT_FOUND, with the code NotFound:
//
// NOT_FOUND. The session has no such database. The message is its name alone.
// Upstream: SessionSqlDbError::DatabaseNotFound.
func SQLDatabaseNotFound(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_DATABASE_NOT_FOUND, codes.NotFound, text, map[string]string{})
}

// SQLDatabaseAlreadyExists is the error SQL_DATABASE_ALREADY_EXISTS, with the code AlreadyExists:
//
// ALREADY_EXISTS. The session has a database of this name. The message is the
// name alone. Upstream: SessionSqlDbError::DatabaseAlreadyExists.
func SQLDatabaseAlreadyExists(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_DATABASE_ALREADY_EXISTS, codes.AlreadyExists, text, map[string]string{})
}

// SQLInvalidDatabaseName is the error SQL_INVALID_DATABASE_NAME, with the code InvalidArgument:
//
// INVALID_ARGUMENT. The name is not 1 to 64 ASCII letters, digits and
// underscores. Upstream: SessionSqlDbError::InvalidDatabaseName.
func SQLInvalidDatabaseName(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_INVALID_DATABASE_NAME, codes.InvalidArgument, text, map[string]string{})
}

// SQLLimitExceeded is the error SQL_LIMIT_EXCEEDED, with the code ResourceExhausted:
//
// RESOURCE_EXHAUSTED. The session has too many databases, or one is too
// large. Upstream: SessionSqlDbError::LimitExceeded.
func SQLLimitExceeded(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_LIMIT_EXCEEDED, codes.ResourceExhausted, text, map[string]string{})
}

// SQLQueryError is the error SQL_QUERY_ERROR, with the code InvalidArgument:
//
// INVALID_ARGUMENT. The statement is wrong, or a constraint forbids it.
// Upstream: SessionSqlDbError::QueryError.
func SQLQueryError(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_QUERY_ERROR, codes.InvalidArgument, text, map[string]string{})
}

// SQLQueryTimeout is the error SQL_QUERY_TIMEOUT, with the code Aborted:
//
// ABORTED. The statement ran too long and was stopped. Metadata:
// `timeout_seconds`. Upstream: SessionSqlDbError::QueryTimeout.
func SQLQueryTimeout(timeoutSeconds, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_QUERY_TIMEOUT, codes.Aborted, text, map[string]string{"timeout_seconds": timeoutSeconds})
}

// SQLResultTooLarge is the error SQL_RESULT_TOO_LARGE, with the code ResourceExhausted:
//
// RESOURCE_EXHAUSTED. The rows have too many bytes. Upstream:
// SessionSqlDbError::ResultTooLarge.
func SQLResultTooLarge(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_RESULT_TOO_LARGE, codes.ResourceExhausted, text, map[string]string{})
}

// SQLAuthorizerBlocked is the error SQL_AUTHORIZER_BLOCKED, with the code PermissionDenied:
//
// PERMISSION_DENIED. The statement does something that no statement may do,
// such as attaching another file. Upstream:
// SessionSqlDbError::AuthorizerBlocked.
func SQLAuthorizerBlocked(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_AUTHORIZER_BLOCKED, codes.PermissionDenied, text, map[string]string{})
}

// SQLInternal is the error SQL_INTERNAL, with the code Internal:
//
// INTERNAL. The database failed. The host hides the text from the model.
// Upstream: SessionSqlDbError::Internal.
func SQLInternal(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_SQL_INTERNAL, codes.Internal, text, map[string]string{})
}

// EgressInvalidRequest is the error EGRESS_INVALID_REQUEST, with the code InvalidArgument:
//
// INVALID_ARGUMENT. The method is blank, or the URL is not an http or https
// URL. Upstream: EgressError::InvalidRequest.
func EgressInvalidRequest(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_EGRESS_INVALID_REQUEST, codes.InvalidArgument, text, map[string]string{})
}

// EgressNetworkAccessDenied is the error EGRESS_NETWORK_ACCESS_DENIED, with the code PermissionDenied:
//
// PERMISSION_DENIED. The network access list of the request, or the server's
// own policy, forbids the URL. No connection was made. Metadata: `url`.
// Upstream: EgressError::NetworkAccessDenied.
func EgressNetworkAccessDenied(url, text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_EGRESS_NETWORK_ACCESS_DENIED, codes.PermissionDenied, text, map[string]string{"url": url})
}

// EgressSigningUnavailable is the error EGRESS_SIGNING_UNAVAILABLE, with the code FailedPrecondition:
//
// FAILED_PRECONDITION. The request must be signed and the server cannot sign.
// Upstream: EgressError::SigningUnavailable.
func EgressSigningUnavailable(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_EGRESS_SIGNING_UNAVAILABLE, codes.FailedPrecondition, text, map[string]string{})
}

// EgressTransport is the error EGRESS_TRANSPORT, with the code Internal:
//
// INTERNAL. The HTTP server could not be reached, closed the connection or
// took too long. Upstream: EgressError::Transport.
func EgressTransport(text string) *Error {
	return newError(adapterv1.ErrorReason_ERROR_REASON_EGRESS_TRANSPORT, codes.Internal, text, map[string]string{})
}
