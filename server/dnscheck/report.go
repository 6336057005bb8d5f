package dnscheck

import (
	"slices"
	"time"
)

// Status is what is found of a record.
type Status string

const (
	OK          Status = "ok"          // it does what it is for, whether or not it is written as was asked
	Missing     Status = "missing"     // the DNS says that it is not there
	Different   Status = "different"   // something else is there
	Propagating Status = "propagating" // some name servers of the zone have it, and others do not yet
	Failed      Status = "failed"      // the DNS did not answer, which says nothing about the record
)

// Proof is whether the record of ownership was found.
type Proof string

const (
	Proven   Proof = "proven"
	Unproven Proof = "unproven" // the DNS says that it is not there, or not on all servers
	Unknown  Proof = "unknown"  // the DNS did not answer, or proof was not asked for
)

// Report is what a domain's DNS says at one time.
type Report struct {
	At       time.Time    `json:"at"`
	Zone     string       `json:"zone,omitempty"` // that the domain lies in; "": it could not be found
	Servers  []NameServer `json:"servers,omitempty"`
	Findings []Finding    `json:"findings"` // one of each record, in the order of Records
	Owner    Proof        `json:"owner"`
	Problems []Problem    `json:"problems,omitempty"` // that belong to no record, or to one that works nonetheless
}

// NameServer is an authority that was asked.
type NameServer struct {
	Name    string `json:"name"`
	Zone    string `json:"zone"`
	Address string `json:"address,omitempty"`
	Problem string `json:"problem,omitempty"` // "" if it answers as it should
}

// Finding is what is known of one record.
type Finding struct {
	Record Record   `json:"record"`
	Status Status   `json:"status"`
	Found  []string `json:"found,omitempty"`  // what is there instead or beside, at most MaxFound of MaxFoundText characters
	Advice string   `json:"advice,omitempty"` // a sentence that says what to do; "" if there is nothing

	// Until is when others will have forgotten what is there now, or that nothing is: so long they may not see a change. It is
	// zero where that does not matter.
	Until time.Time `json:"until,omitzero"`

	// Ours says that the domain's own record is right, and what it leads to in the operator's zone is not.
	Ours bool `json:"ours,omitempty"`

	// Recursive says that no authority has answered: this is what a recursive resolver says, which may be old.
	Recursive bool `json:"recursive,omitempty"`
}

// Codes of problems.
const (
	ProblemNoZone     = "no_zone"     // the domain is not registered, or its registry leads nowhere
	ProblemNameServer = "name_server" // one does not answer, or is no authority
	ProblemRecursive  = "recursive"   // no authority answers us
	ProblemWildcard   = "wildcard"    // names that nobody wrote have records
	ProblemSPF        = "spf"
	ProblemDisagree   = "disagree" // the name servers have different records
)

// Problem is something that is wrong or remarkable beside the records.
type Problem struct {
	Code string `json:"code"`
	Name string `json:"name"` // that it is about
	Text string `json:"text"` // a sentence for people
}

// Bounds of a finding.
const (
	MaxFound     = 10  // values
	MaxFoundText = 500 // characters of one
)

// Complete reports whether all required records are there.
func (r Report) Complete() bool {
	return len(r.Findings) > 0 && !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Record.Required && f.Status != OK })
}

// Known reports whether anything is known: at least one record could be looked up.
func (r Report) Known() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Status != Failed })
}

// Find gives the finding of a record, or of the one whose place it takes.
func (r Report) Find(record Record) (Finding, bool) {
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return sameRecord(f.Record, record) })
	if i < 0 {
		return Finding{}, false
	}
	return r.Findings[i], true
}

// sameRecord tells records that take each other's place: of a purpose and a name.
func sameRecord(a, b Record) bool { return a.Purpose == b.Purpose && a.Name == b.Name }

// Change is a record whose state is another than before.
type Change struct {
	Before Status  `json:"before"` // "" if it was not asked for then
	After  Finding `json:"after"`
}

// Diff is what has changed from one report to a later one, in the order of the later. What failed in the later one is no
// change: a DNS that does not answer says nothing. Records that are not asked for any more are left out. The earlier
// report should be one that Remember has made.
func Diff(before, after Report) []Change {
	var changes []Change
	for _, f := range after.Findings {
		old, known := before.Find(f.Record)
		if f.Status == Failed || known && old.Status == f.Status && (f.Status == OK || slices.Equal(old.Found, f.Found)) {
			continue
		}
		changes = append(changes, Change{old.Status, f})
	}
	return changes
}

// Remember gives the report to keep after another: what failed in the later one is as the earlier one knew it, so that a
// change is seen once, however long the DNS failed in between.
func Remember(before, after Report) Report {
	kept := after
	kept.Findings = slices.Clone(after.Findings)
	for i, f := range kept.Findings {
		if old, known := before.Find(f.Record); known && f.Status == Failed {
			kept.Findings[i] = old
		}
	}
	if after.Owner == Unknown && before.Owner != "" {
		kept.Owner = before.Owner
	}
	return kept
}
