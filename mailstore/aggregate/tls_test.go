package aggregate

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestATLSReportIsRead(t *testing.T) {
	document := sample(t, "tls.json")
	want := TLSReport{
		Organization: "Company-X", Contact: "sts-reporting@company-x.example", ID: "5065427c-23d3-47ca-b6e0-946ea0e8c4be", Begin: dayBegin, End: dayEnd,
		Policies: []TLSPolicy{
			{Type: "sts", Domain: "example.com", Lines: []string{"version: STSv1", "mode: testing", "mx: *.mail.example.com", "max_age: 86400"}, MXHosts: []string{"*.mail.example.com"},
				Successes: 5326, Failed: 303, Failures: []TLSFailure{
					{Type: "certificate-expired", From: netip.MustParseAddr("2001:db8:abcd:12::1"), Host: "mx1.mail.example.com", Sessions: 100},
					{Type: "starttls-not-supported", From: netip.MustParseAddr("192.0.2.58"), Host: "mx2.mail.example.com", To: netip.MustParseAddr("203.0.113.56"), Sessions: 200,
						Information: "https://reports.company-x.example/report_info", Reason: "x"},
					{Type: "validation-failure", From: netip.MustParseAddr("198.51.100.62"), Host: "mx-backup.mail.example.com", To: netip.MustParseAddr("203.0.113.58"), Sessions: 3,
						Reason: "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"},
				}},
			{Type: "no-policy-found", Domain: "example.com", Successes: 1},
		},
	}
	for name, raw := range map[string][]byte{
		"gzip":    mail(part{"Content-Type: application/tlsrpt+gzip; name=\"company-x.example!example.com!1795392000!1795478399.json.gz\"", gzipped(document)}),
		"plain":   mail(part{"Content-Type: application/tlsrpt+json", document}),
		"marked":  mail(part{"Content-Type: application/json", append([]byte("\xef\xbb\xbf"), document...)}),
		"zip":     mail(part{"Content-Type: application/zip", zipped("a.json", string(document))}),
		"alone":   bare(part{"Content-Type: application/tlsrpt+gzip", gzipped(document)}),
		"trailed": mail(part{"Content-Type: application/tlsrpt+gzip", append(gzipped(document), "junk"...)}),
	} {
		if got, err := readTLS(raw); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v\n%+v\nnot\n%+v", name, err, got, want)
		}
	}
}

func TestBadTLSReportsAreRefused(t *testing.T) {
	begin := `{"organization-name":"x","policies":`
	for document, want := range map[string]error{
		"":                                   ErrNone,
		`{"a":1}`:                            ErrNone,
		"<feedback>":                         ErrNone,
		begin + `[]}`:                        ErrInvalid,
		begin + `null}`:                      ErrInvalid,
		begin + `[{}]}`:                      ErrInvalid,
		begin + `[1]}`:                       ErrInvalid,
		begin + `[{"a"`:                      ErrInvalid,
		begin + `"a"}`:                       ErrInvalid,
		begin + strings.Repeat("[", 100_000): ErrInvalid,
		begin + "[" + strings.Repeat(`{"policy":{"policy-type":"sts"}},`, MaxEntries+1) + "{}]}": ErrTooLarge,
		begin + "[" + strings.Repeat(" ", maxJSON) + "]}":                                        ErrTooLarge,
	} {
		if r, err := readTLS(mail(part{"Content-Type: application/tlsrpt+gzip", gzipped([]byte(document))})); !errors.Is(err, want) {
			t.Errorf("%.60q: %v %+v", document, err, r)
		}
	}
	many := begin + `{"policy":{"policy-type":"STS","mx-host":["a","b\r\nc"]},"summary":{"total-failure-session-count":-5},"failure-details":[` +
		strings.Repeat(`{},`, 10_000) + strings.Repeat(`{"result-type":"a"},`, MaxEntries+1) + `{}]}}`
	r, err := parseJSON(strings.NewReader(many))
	if err != nil || len(r.Policies) != 1 || len(r.Policies[0].Failures) != MaxEntries || r.Policies[0].Failed != 0 || r.Policies[0].MXHosts[1] != "b c" || r.Policies[0].Type != "sts" {
		t.Errorf("%v %d", err, len(r.Policies))
	}
}
