package mailauth

import "net/netip"

// Result is what came of a check (RFC 8601, 2.7).
type Result string

const (
	None      Result = "none"      // nothing to check: no record, no signature
	Pass      Result = "pass"      //
	Fail      Result = "fail"      //
	SoftFail  Result = "softfail"  // of SPF: probably not
	Neutral   Result = "neutral"   // of SPF: the domain says nothing; of DKIM: a signature that cannot be read
	Policy    Result = "policy"    // of DKIM: a signature that covers too little to say anything
	TempError Result = "temperror" // the DNS, or the time, did not suffice; another try may end otherwise
	PermError Result = "permerror" // a record or a field is wrong
)

// Disposition is what the domain of the author wants done with a message (RFC 7489, 6.3).
type Disposition string

const (
	NoAction   Disposition = "none"
	Quarantine Disposition = "quarantine"
	Reject     Disposition = "reject"
)

// Verdict is what is known of who sent a message.
type Verdict struct {
	SPF       SPF
	DKIM      []DKIM // as the signatures stand in the header; none: there is no signature
	Unchecked int    // signatures beyond the limit, which are not in DKIM
	DMARC     DMARC
	IPRev     IPRev
	TLS       string // as Session has it

	From string // the first address of the From field, "" if there is none that can be read

	// TemporaryError says that the message is not authenticated, or DMARC not decided, because a look-up failed: the same
	// message may fare otherwise later. Failures that change nothing do not count.
	TemporaryError bool
}

// SPF is whether the client may send for a domain.
type SPF struct {
	Result Result
	Domain string // of the reverse-path, or, if that is null, of HELO; in lower-case A-labels, "" if it is none
	Reason string // which mechanism matched, or what went wrong
	Null   bool   // the reverse-path is null, and Domain is HELO's (RFC 7208, 2.4)
	HELO   HELO
}

// HELO is whether the client may use the name that it gave (RFC 7208, 2.3).
type HELO struct {
	Result Result
	Domain string // "" if the name is none, such as an address literal
	Reason string
}

// DKIM is one signature.
type DKIM struct {
	Result    Result
	Domain    string // d=, in lower-case A-labels
	Selector  string // s=
	Algorithm string // a=, such as "rsa-sha256"
	KeyBits   int    // 0 if no key was found; 256 of Ed25519
	Testing   bool   // the key says t=y: the domain is trying its signatures out, so that one that fails means nothing
	Reason    string // of all results but pass

	start string // the beginning of the signature, which tells it from others (RFC 6008)
}

// DMARC is whether the domain that is shown as the author's stands behind the message.
type DMARC struct {
	Result          Result
	Domain          string // of the author; of several, the one that decides
	PolicyDomain    string // which has the record: Domain, or its organizational domain
	Policy          Disposition
	SubdomainPolicy Disposition // sp=, "" if the record has none
	Percent         int         // pct=
	AlignedSPF      bool        // SPF passed for a domain that is aligned with Domain
	AlignedDKIM     bool        // likewise
	Disposition     Disposition // what is asked to be done, pct= taken into account
	Reason          string
}

// IPRev is whether the client's address has a name that leads back to it (RFC 8601, 3).
type IPRev struct {
	Result Result
	IP     netip.Addr
	Name   string // of pass
}

// Authenticated reports whether the author's domain is known to stand behind the message: DMARC passed, or, where no usable
// policy is published, SPF or a signature passed for an aligned domain.
func (v Verdict) Authenticated() bool { return v.DMARC.authenticated() }

func (d DMARC) authenticated() bool {
	switch d.Result {
	case Pass:
		return true
	case None, PermError:
		return d.AlignedSPF || d.AlignedDKIM
	}
	return false
}
