package resolver

import (
	"errors"

	"github.com/miekg/dns"
)

// What an *Error wraps if it is permanent.
var (
	ErrInvalidName = errors.New("not a name that the DNS could hold") // nobody was asked
	ErrNoSuchName  = errors.New("no such name")                       // NXDOMAIN
	ErrNoRecords   = errors.New("no records of this type")            // NODATA (RFC 2308, 2.2)
	ErrNullMX      = errors.New("the domain takes no mail")           // RFC 7505; of Mail alone
	ErrNoMailHost  = errors.New("no MX record names a host")          // there are some, but none can be used; of Mail alone
)

// ErrCNAMELoop is a chain of more than MaxCNAMEs aliases, a loop among them. It is temporary, as with resolvers that
// follow chains themselves and answer SERVFAIL: the zone is wrong, which says nothing of whether the name exists.
var ErrCNAMELoop = errors.New("too many CNAMEs")

// Error is a look-up without an answer. Of every method of Resolver, errors are of this type.
type Error struct {
	Name string
	Type string // "MX"
	Err  error  // one of the above, or the cause of a temporary failure

	temporary bool
}

// Error is for the log.
func (e *Error) Error() string { return "look up " + e.Type + " of " + e.Name + ": " + e.Err.Error() }

// Unwrap gives the cause: a context's error too, if that is what ended the look-up.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports that the look-up may succeed later: a server failed or refused, nobody answered in time, or the network
// is down. Otherwise the DNS has answered, or the name is none.
func (e *Error) Temporary() bool { return e.temporary }

// IsTemporary reports whether an error comes from a look-up that may succeed later.
func IsTemporary(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Temporary()
}

// rcodeError is a server's refusal to answer (RFC 1035, 4.1.1).
type rcodeError int

func (e rcodeError) Error() string {
	if name, ok := dns.RcodeToString[int(e)]; ok {
		return "the server answered " + name
	}
	return "the server answered with an unknown code"
}

func typeName(qtype uint16) string { return dns.TypeToString[qtype] }
