// Package faulty is an adapter server in memory, right or with one fault. It proves that
// the judge finds such a fault, and that it accuses no right server.
package faulty

// Mutant is a fault of the server.
type Mutant string

// The faults. Each is one that servers of databases have.
const (
	// None: the server is right.
	None Mutant = "none"
	// ReplyOutside remembers an answer in a transaction of its own, after the change.
	ReplyOutside Mutant = "reply-outside-transaction"
	// ReplyVolatile remembers answers in the memory of the process.
	ReplyVolatile Mutant = "reply-in-memory"
	// ReplyRace looks for a remembered answer before the transaction only.
	ReplyRace Mutant = "reply-looked-up-before-transaction"
	// ReplyPerMethod remembers the answers of Emit and EmitStream apart.
	ReplyPerMethod Mutant = "reply-apart-for-stream"
	// UnlockedCAS reads, compares and then writes without a lock.
	UnlockedCAS Mutant = "compare-and-set-without-lock"
	// TornFile writes a large file in two steps.
	TornFile Mutant = "file-in-two-steps"
	// SequenceMax takes max()+1 before the transaction of the insert.
	SequenceMax Mutant = "sequence-from-max"
	// SequenceEarly takes numbers from a counter; commits overtake each other.
	SequenceEarly Mutant = "sequence-before-commit"
	// StaleRead reads from a snapshot that is up to 50 ms old.
	StaleRead Mutant = "read-from-stale-snapshot"
	// ReadCache keeps what a server has read until this server changes it.
	ReadCache Mutant = "cache-of-each-server"
	// MessageLate stores an event and then its message.
	MessageLate Mutant = "message-after-event"
	// AckEarly answers before the change is durable.
	AckEarly Mutant = "answer-before-durable"
	// FollowGap reads what there is and then listens for what comes.
	FollowGap Mutant = "follow-gap"
	// FollowTwice sends the event at which it begins to listen again.
	FollowTwice Mutant = "follow-twice"
	// StreamParallel stores the events of a stream at the same time.
	StreamParallel Mutant = "stream-in-parallel"
	// FenceBefore checks the fence before the transaction.
	FenceBefore Mutant = "fence-before-transaction"
	// FenceVolatile counts fences in the memory of the process.
	FenceVolatile Mutant = "fence-counted-in-memory"
	// UnlockedLease looks whether the lease is free, and then takes it.
	UnlockedLease Mutant = "lease-taken-without-lock"
	// LateRelease releases the lease, whatever its fence is.
	LateRelease Mutant = "release-without-fence"
	// LeaseShort lets a lease expire early.
	LeaseShort Mutant = "lease-expires-early"
)

// leaseMutants can be found where the contract has leases.
var leaseMutants []Mutant

// All are the right server and every fault.
func All() []Mutant {
	return append([]Mutant{
		None, ReplyOutside, ReplyVolatile, ReplyRace, ReplyPerMethod, UnlockedCAS, TornFile,
		SequenceMax, SequenceEarly, StaleRead, ReadCache, MessageLate, AckEarly, FollowGap,
		FollowTwice, StreamParallel,
	}, leaseMutants...)
}
