package aggregate

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"time"
)

// TLSReport says how others' connections to a domain's servers went (RFC 8460, 4). All strings are valid UTF-8 on one line, of
// at most MaxText octets.
type TLSReport struct {
	Organization string
	Contact      string
	ID           string
	Begin, End   time.Time
	Policies     []TLSPolicy // at least one
}

// TLSPolicy is a policy that was applied, and what came of it.
type TLSPolicy struct {
	Type      string   // "tlsa", "sts" or "no-policy-found"
	Domain    string   // lower case
	Lines     []string // of the policy, at most MaxResults
	MXHosts   []string // at most MaxResults
	Successes int64    // sessions
	Failed    int64
	Failures  []TLSFailure
}

// TLSFailure is a number of sessions that failed alike.
type TLSFailure struct {
	Type        string     // a result type of RFC 8460, 4.3, such as "certificate-expired"
	From        netip.Addr // who connected
	Host        string     // the MX host, lower case
	To          netip.Addr // its address
	Sessions    int64
	Information string // more about it
	Reason      string // a code or an error message
}

// looksLikeJSON tells whether a document begins like a TLS report.
func looksLikeJSON(start []byte) bool {
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\ufeff")), " \t\r\n")
	return bytes.HasPrefix(start, []byte("{")) && (bytes.Contains(start, []byte(`"policies"`)) || bytes.Contains(start, []byte(`"organization-name"`)) || bytes.Contains(start, []byte(`"date-range"`)))
}

// parseJSON reads a TLS report from a document.
func parseJSON(r io.Reader) (TLSReport, error) {
	var doc tlsDocument
	if err := json.NewDecoder(&limited{r: asUTF8(r), left: maxJSON}).Decode(&doc); err != nil {
		return TLSReport{}, invalid(err)
	}
	report := TLSReport{Organization: line(doc.Organization), Contact: line(doc.Contact), ID: line(doc.ID), Begin: moment(doc.Range.Start), End: moment(doc.Range.End)}
	for _, p := range doc.Policies.items {
		report.Policies = append(report.Policies, p.policy())
	}
	switch {
	case doc.Policies.more:
		return TLSReport{}, ErrTooLarge
	case len(report.Policies) == 0:
		return TLSReport{}, invalid(errors.New("the report has no policies"))
	}
	return report, nil
}

type tlsDocument struct {
	Organization string `json:"organization-name"`
	Contact      string `json:"contact-info"`
	ID           string `json:"report-id"`
	Range        struct {
		Start string `json:"start-datetime"`
		End   string `json:"end-datetime"`
	} `json:"date-range"`
	Policies list[tlsEntry] `json:"policies"`
}

type tlsEntry struct {
	Policy struct {
		Type   string       `json:"policy-type"`
		Lines  list[string] `json:"policy-string"`
		Domain string       `json:"policy-domain"`
		Hosts  list[string] `json:"mx-host"`
	} `json:"policy"`
	Summary struct {
		Successes number `json:"total-successful-session-count"`
		Failed    number `json:"total-failure-session-count"`
	} `json:"summary"`
	Failures list[tlsDetail] `json:"failure-details"`
}

type tlsDetail struct {
	Type        string `json:"result-type"`
	From        string `json:"sending-mta-ip"`
	Host        string `json:"receiving-mx-hostname"`
	To          string `json:"receiving-ip"`
	Sessions    number `json:"failed-session-count"`
	Information string `json:"additional-information"`
	Reason      string `json:"failure-reason-code"`
}

func (e tlsEntry) policy() TLSPolicy {
	p := TLSPolicy{Type: word(e.Policy.Type), Domain: domain(e.Policy.Domain), Lines: lines(e.Policy.Lines.items), MXHosts: lines(e.Policy.Hosts.items),
		Successes: int64(e.Summary.Successes), Failed: int64(e.Summary.Failed)}
	for _, d := range e.Failures.items {
		p.Failures = append(p.Failures, TLSFailure{Type: word(d.Type), From: address(d.From), Host: domain(d.Host), To: address(d.To), Sessions: int64(d.Sessions),
			Information: line(d.Information), Reason: line(d.Reason)})
	}
	return p
}

func lines(texts []string) []string {
	var list []string
	for _, text := range texts[:min(len(texts), MaxResults)] {
		list = append(list, line(text))
	}
	return list
}

// list is an array of JSON, or one value instead of it, as some reporters write. It keeps MaxEntries values that are not empty,
// and knows whether there were more.
type list[T any] struct {
	items []T
	more  bool
}

// UnmarshalJSON reads the array value by value, so that what is dropped takes no memory.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	*l = list[T]{}
	if !bytes.HasPrefix(data, []byte("[")) {
		if string(data) == "null" {
			return nil
		}
		l.items = make([]T, 1)
		return json.Unmarshal(data, &l.items[0])
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		var item T
		if err := decoder.Decode(&item); err != nil {
			return err
		}
		switch {
		case reflect.ValueOf(&item).Elem().IsZero():
		case len(l.items) == MaxEntries:
			l.more = true
			return nil
		default:
			l.items = append(l.items, item)
		}
	}
	return nil
}

// number is a count, which some write as a string.
type number int64

// UnmarshalJSON never fails: what is no number counts as 0.
func (n *number) UnmarshalJSON(data []byte) error {
	*n = number(count(string(bytes.Trim(data, `"`))))
	return nil
}

// TLSSummary is how others' connections for a domain went, as many reports together show it.
type TLSSummary struct {
	Reports   int   // without those that came twice
	Successes int64 // sessions
	Failed    int64
}

// TLSPicture is what TLS reports show of one domain together. The zero value but for Domain is ready.
type TLSPicture struct {
	Domain string
	sum    TLSSummary
	seen   map[reportKey]bool
}

// Add takes in a report. One that came twice, with the same reporter, id and time, counts once; policies of other domains do not.
func (p *TLSPicture) Add(r *TLSReport) {
	key := reportKey{r.Organization, r.Contact, r.ID, p.Domain, r.Begin.Unix(), r.End.Unix()}
	if r.ID != "" && p.seen[key] {
		return
	}
	if p.seen == nil {
		p.seen = map[reportKey]bool{}
	}
	p.seen[key] = true
	p.sum.Reports++
	for _, policy := range r.Policies {
		if policy.Domain == p.Domain {
			p.sum.Successes, p.sum.Failed = p.sum.Successes+policy.Successes, p.sum.Failed+policy.Failed
		}
	}
}

// Summary is the picture as it is now.
func (p *TLSPicture) Summary() TLSSummary { return p.sum }
