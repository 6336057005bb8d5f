package aggregate

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// verify checks what the package promises of every report.
func verify(t *testing.T, r Report, err error) {
	t.Helper()
	if err != nil {
		if !errors.Is(err, ErrNone) && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("an error of no kind: %v", err)
		}
		if r.Policy.Domain != "" || r.Rows != nil {
			t.Errorf("a failure with %+v", r)
		}
		return
	}
	texts := append([]string{r.Organization, r.Email, r.Contact, r.ID, r.Generator, r.Policy.Domain, r.Policy.Discovery}, r.Errors...)
	for _, row := range r.Rows {
		texts = append(texts, row.HeaderFrom, row.EnvelopeFrom, row.EnvelopeTo)
		for _, x := range row.Reasons {
			texts = append(texts, x.Type, x.Comment)
		}
		for _, x := range row.DKIMResults {
			texts = append(texts, x.Domain, x.Selector)
		}
		for _, x := range row.SPFResults {
			texts = append(texts, x.Domain, x.Scope)
		}
		if row.Count < 1 || row.Count > MaxCount || row.DKIM != Pass && row.DKIM != Fail || row.SPF != Pass && row.SPF != Fail || row.Source.Is4In6() || row.Source.Zone() != "" ||
			len(row.Reasons) > MaxResults || len(row.DKIMResults) > MaxResults || len(row.SPFResults) > MaxResults {
			t.Errorf("a row is %+v", row)
		}
	}
	clean(t, texts)
	if r.Policy.Domain == "" || r.Policy.Percent < 0 || r.Policy.Percent > 100 || len(r.Rows) > MaxRows {
		t.Errorf("policy %+v, %d rows", r.Policy, len(r.Rows))
	}
	s := Summarize([]Report{r})
	if s.Messages != s.Passed+s.Failed || s.Messages < int64(len(r.Rows)) {
		t.Errorf("%d messages, %d passed, %d failed", s.Messages, s.Passed, s.Failed)
	}
}

func clean(t *testing.T, texts []string) {
	t.Helper()
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || len(text) > MaxText {
			t.Errorf("not one clean line of at most %d octets: %.300q", MaxText, text)
		}
	}
}

func FuzzXML(f *testing.F) {
	for _, name := range []string{"google.xml", "microsoft.xml", "old.xml", "rfc9990.xml", "bare.xml"} {
		f.Add(string(sample(f, name)))
	}
	for _, s := range []string{"", "<feedback", "<feedback/>", "</feedback>", "<feedback></a></feedback>", "<!DOCTYPE a><feedback/>", "<a:feedback><policy_published><domain>x@Y.example.</domain></policy_published></a:feedback>",
		"\xff\xfe<\x00f\x00e\x00e\x00d\x00b\x00a\x00c\x00k\x00>\x00", "<?xml version='1.0' encoding='iso-2022-jp'?><feedback>\x1b$B%(", "<?xml encoding='utf-16'?><feedback/>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, document string) {
		r, err := parse(document)
		verify(t, r, err)
	})
}

func FuzzJSON(f *testing.F) {
	f.Add(string(sample(f, "tls.json")))
	for _, s := range []string{"", "{}", `{"policies":{}}`, `{"policies":[[{}]]}`, `{"policies":[{"policy":{"policy-string":"\ud800"},"failure-details":{"failed-session-count":"1e9"}}]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, document string) {
		r, err := parseJSON(strings.NewReader(document))
		if err != nil {
			if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		texts := []string{r.Organization, r.Contact, r.ID}
		for _, p := range r.Policies {
			texts = append(append(append(texts, p.Type, p.Domain), p.Lines...), p.MXHosts...)
			for _, x := range p.Failures {
				texts = append(texts, x.Type, x.Host, x.Information, x.Reason)
			}
			if p.Successes < 0 || p.Failed < 0 || len(p.Failures) > MaxEntries {
				t.Errorf("a policy is %+v", p)
			}
		}
		clean(t, texts)
	})
}

// FuzzMessage reaches the archives: an attachment of any octets.
func FuzzMessage(f *testing.F) {
	document := sample(f, "google.xml")
	f.Add(gzipped(document))
	f.Add(gzipped(sample(f, "tls.json")))
	f.Add(zipped("a.xml", string(document)))
	f.Add(zipped("dir/", "", "a.zip", string(zipped("b.xml", string(document)))))
	f.Add(document)
	f.Add([]byte("PK\x03\x04PK\x01\x02PK\x05\x06"))
	f.Add([]byte("\x1f\x8b\x08\x1f"))
	f.Fuzz(func(t *testing.T, content []byte) {
		raw := mail(part{"Content-Type: application/octet-stream", content})
		r, err := read(raw)
		verify(t, r, err)
		if _, err := readTLS(raw); err != nil && !errors.Is(err, ErrNone) && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("an error of no kind: %v", err)
		}
	})
}
