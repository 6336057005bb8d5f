// Package dnsbl asks DNS block lists (RFC 5782) about who brings a message: about the client's IP address, and about domains
// if a list is one of domains.
//
// What the lists say is a value, and a failure is one too: it is never a hit. A list that lists everything, as one does whose
// zone has a new owner or that answers so to those who ask too much, is noticed with each of its hits: no list may have
// 127.0.0.1. The package knows no message, no store and no SMTP, and decides nothing. It asks through server/resolver, which
// remembers the answers.
package dnsbl

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postroom/postroom/server/resolver"
)

// DefaultTimeout is what a Config holds where it says nothing.
const DefaultTimeout = 5 * time.Second

// Bounds that nobody needs to change.
const (
	MaxLists   = 20  // of one server
	MaxDomains = 5   // of one question; the first ones are asked about
	MaxAnswers = 8   // addresses of one hit that are kept
	MaxReason  = 200 // characters of a reason
	maxNets    = 20  // of List.Answers

	// maxZone is how long the name of a list may be, in octets: before it an IPv6 address takes 64 of the 253 that a name has.
	maxZone = 253 - 64

	reasonTime = 2 * time.Second  // for the text of a hit, which is only to be shown
	warnEvery  = 10 * time.Minute // how often the log says that a list fails
	checkEvery = time.Hour        // how often Run looks at all lists
)

// Action is what the operator wants done with what a list has.
type Action string

const (
	Junk   Action = "junk"
	Reject Action = "reject"
)

// List is one block list.
type List struct {
	Zone    string         // its name in the DNS, such as "list.example.org"
	Domains bool           // it lists domains instead of addresses
	Answers []netip.Prefix // which answers count, within 127.0.0.0/8; none: all of it. 127.255.255.0/24 never does
	Action  Action
}

// ParseList reads a list from "zone", or "zone=answers" where only some answers count: addresses or networks with commas
// between them. The error says what to write.
func ParseList(text string) (List, error) {
	zone, answers, some := strings.Cut(text, "=")
	l := List{Zone: strings.ToLower(strings.TrimSuffix(zone, "."))}
	if some {
		for one := range strings.SplitSeq(answers, ",") {
			network, err := netip.ParsePrefix(one)
			if addr, bad := netip.ParseAddr(one); err != nil && bad == nil {
				network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
			}
			if err != nil {
				return List{}, fmt.Errorf(`%q is no answer of a list: write addresses such as "127.0.0.2", or networks`, one)
			}
			l.Answers = append(l.Answers, network)
		}
	}
	return l, l.check()
}

func (l List) check() error {
	if !isZone(l.Zone) {
		return fmt.Errorf(`%q is no name of a list: write one such as "list.example.org"`, l.Zone)
	}
	if len(l.Answers) > maxNets {
		return fmt.Errorf("%s: at most %d answers", l.Zone, maxNets)
	}
	for _, n := range l.Answers {
		if !n.IsValid() || n != n.Masked() || !loopback.Overlaps(n) || n.Bits() < loopback.Bits() {
			return fmt.Errorf("%s: %s is no answer of a list: they are within %s", l.Zone, n, loopback)
		}
	}
	return nil
}

// isZone reports whether a name may be a list's: of letters, digits, hyphens and underscores, with a dot in it.
func isZone(name string) bool {
	if len(name) > maxZone || !strings.Contains(name, ".") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

var (
	loopback = netip.MustParsePrefix("127.0.0.0/8")      // where a list answers (RFC 5782, 2.1)
	refusals = netip.MustParsePrefix("127.255.255.0/24") // where some say that they do not answer us
)

// counts reports whether an answer means that the address or domain is listed.
func (l List) counts(answer netip.Addr) bool {
	return len(l.Answers) == 0 || slices.ContainsFunc(l.Answers, func(n netip.Prefix) bool { return n.Contains(answer) })
}

// Config is what the operator decides. Zero fields but Resolver get the defaults above.
type Config struct {
	Resolver *resolver.Resolver
	Lists    []List        // at most MaxLists
	Timeout  time.Duration // for a question to all lists; what has not answered by then has failed

	// AllowPrivate asks about private and loopback addresses too, which no public list has.
	AllowPrivate bool

	Clock func() time.Time // tells when the log has last had a warning; nil: time.Now
	Log   *slog.Logger     // nil: nothing is logged
}

// Lists are the block lists of a server. Its methods may be called concurrently; goroutines of a question end with it.
type Lists struct {
	resolver *resolver.Resolver
	lists    []List
	timeout  time.Duration
	private  bool
	clock    func() time.Time
	log      *slog.Logger

	mu     sync.Mutex
	warned map[string]time.Time // by zone
}

// New makes the lists. It starts nothing and asks nobody. The error is that of a list that can be none.
func New(c Config) (*Lists, error) {
	if len(c.Lists) > MaxLists {
		return nil, fmt.Errorf("at most %d block lists", MaxLists)
	}
	for _, list := range c.Lists {
		if err := list.check(); err != nil {
			return nil, err
		}
	}
	l := &Lists{resolver: c.Resolver, lists: slices.Clone(c.Lists), timeout: cmp.Or(c.Timeout, DefaultTimeout), private: c.AllowPrivate, clock: c.Clock, log: c.Log, warned: map[string]time.Time{}}
	if l.clock == nil {
		l.clock = time.Now
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	return l, nil
}
