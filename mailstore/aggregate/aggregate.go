// Package aggregate reads what other mail servers report about a domain's mail as a whole: DMARC aggregate reports (RFC 7489,
// 7.2 and appendix C; RFC 9990), which say who sends in the domain's name and what passes, and TLS reports (RFC 8460), which
// say whether others could connect to it safely.
//
// It is pure: a message in, values out, and Summarize makes one picture of many reports. A report is known by its content, not
// by what the message calls it. The reader takes what real reporters write, within the bounds below: in time linear in what it
// reads, and with a few megabytes beside the result. Anybody can write a report, so whoever acts on one must know that it
// proves nothing.
package aggregate

import (
	"net/netip"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
)

// The bounds of a report.
const (
	MaxPacked   = 16 << 20 // octets of an attachment that is compressed
	MaxUnpacked = 32 << 20 // octets that are unpacked of one message, all attachments together
	MaxRows     = 50_000   // of a DMARC report
	MaxResults  = 10       // DKIM results of a row, SPF results and reasons as well; what is beyond them is dropped
	MaxText     = 255      // octets of a text; a longer one is cut
	MaxEntries  = 1000     // policies of a TLS report, and failures of one policy; failures beyond them are dropped
	MaxCount    = 1 << 32  // messages of a row, or sessions; more are taken for so many, so that sums of millions of rows stay numbers

	maxParts   = 20       // parts of a message that are looked at
	maxMembers = 10       // files in an archive
	maxRatio   = 200      // how much larger than packed something may be, beyond
	freeRatio  = 1 << 20  // octets, of which no ratio is asked
	maxSniffed = 4 << 10  // octets in which a report must show what it is
	maxToken   = 64 << 10 // octets of one piece of XML: a tag, a text, a comment
	maxDepth   = 32       // elements within elements
	maxJSON    = 2 << 20  // octets of a TLS report
)

// Failures of Read and ReadTLS. Errors of reading the message itself are passed on as they are.
var (
	ErrNone     = fault.New(fault.NotFound, "no_report", "The message holds no such report.")
	ErrInvalid  = fault.New(fault.Invalid, "report_invalid", "The report cannot be read: it is cut off, damaged or in no form that is known.")
	ErrTooLarge = fault.New(fault.Exhausted, "report_too_large", "The report is larger than any real one, or packed to look small.")
)

// Report is a DMARC aggregate report. All strings are valid UTF-8 on one line, of at most MaxText octets.
type Report struct {
	Organization string // who reports
	Email        string
	Contact      string // more about how to reach them
	ID           string // unique at the reporter; "" if it gives none
	Begin, End   time.Time
	Errors       []string // what the reporter found wrong with the domain's record, at most MaxResults
	Generator    string   // RFC 9990
	Policy       Policy
	Rows         []Row
}

// Policy is what the domain's record asked for, as the reporter saw it.
type Policy struct {
	Domain     string      // lower case; never ""
	DKIM, SPF  Alignment   // adkim and aspf
	Action     Disposition // p
	Subdomains Disposition // sp; "" if it was not told
	Absent     Disposition // np, of sub-domains that do not exist (RFC 9990); "" if it was not told
	Percent    int         // pct (RFC 7489); 100 if it was not told
	Testing    bool        // t=y (RFC 9990)
	Discovery  string      // how the record was found (RFC 9990): "psl", "treewalk" or ""
}

// Alignment says how alike domains must be.
type Alignment string

const (
	Relaxed Alignment = "relaxed"
	Strict  Alignment = "strict"
)

// Disposition is what became of messages, or shall.
type Disposition string

const (
	NoAction   Disposition = "none"
	Passed     Disposition = "pass" // of rows alone (RFC 9990)
	Quarantine Disposition = "quarantine"
	Reject     Disposition = "reject"
)

// Result is what a check found: a word of RFC 8601, or "" if the reporter used no word that is known.
type Result string

const (
	Pass      Result = "pass"
	Fail      Result = "fail"
	None      Result = "none"
	Neutral   Result = "neutral"
	SoftFail  Result = "softfail"
	PolicyBad Result = "policy"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// Row is a number of messages from one address that are alike.
type Row struct {
	Source       netip.Addr // the client's address, IPv4 as such; the zero Addr if the report holds none
	Count        int64      // messages, at least 1
	Disposition  Disposition
	DKIM, SPF    Result   // Pass or Fail: whether a check passed for a domain that is aligned
	Reasons      []Reason // why the disposition is not what the policy asked
	HeaderFrom   string   // the author's domain, lower case
	EnvelopeFrom string   // the domain of the return path; "" if it was empty or not told
	EnvelopeTo   string   // the domain of the recipients; mostly not told
	DKIMResults  []DKIMResult
	SPFResults   []SPFResult
}

// Pass tells whether the row's messages passed DMARC.
func (r Row) Pass() bool { return r.DKIM == Pass || r.SPF == Pass }

// Reason is why a reporter did something else than the policy asked: "forwarded", "mailing_list", "local_policy",
// "trusted_forwarder", "sampled_out", "policy_test_mode" or "other".
type Reason struct {
	Type    string
	Comment string
}

// DKIMResult is the check of one signature, aligned or not.
type DKIMResult struct {
	Domain   string // lower case
	Selector string
	Result   Result
}

// SPFResult is a check of SPF, aligned or not.
type SPFResult struct {
	Domain string // lower case
	Scope  string // "mfrom", "helo" or ""
	Result Result
}
