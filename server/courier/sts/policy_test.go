package sts

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPoliciesAreReadAsTheStandardSays(t *testing.T) {
	for body, want := range map[string]Policy{
		good: {Mode: Enforce, MX: []string{"mx.example.test", "*.mail.example.test"}, MaxAge: week},
		"version: STSv1\nmode: testing\nmx: A.Example\nmax_age: 31557600":                               {Mode: Testing, MX: []string{"a.example"}, MaxAge: MaxMaxAge},
		"max_age:0\nmx:a\nmode:enforce\nversion:STSv1\n":                                                {Mode: Enforce, MX: []string{"a"}},
		"version: STSv1\nmode: none\nmax_age: 1\n":                                                      {MaxAge: time.Second},
		"version: STSv1\nmode: none\nmx: a.b\nmax_age: 1\n":                                             {MX: []string{"a.b"}, MaxAge: time.Second},
		"version: STSv1\r\nmode: none\nmax_age: 1\r\n":                                                  {MaxAge: time.Second},
		"version:\t STSv1 \t\nmode: none \nmax_age: 0000000001\n":                                       {MaxAge: time.Second},
		"version: STSv1\nmode: none\nmax_age: 1\n\r\n\n":                                                {MaxAge: time.Second},
		"version: STSv1\nx-1._y: a=b; ü c\nmode: none\nmax_age: 1\nMode: enforce\n":                     {MaxAge: time.Second},
		"version: STSv1\nmode: none\nmode: enforce\nmax_age: 1\nmax_age: 2\nversion: STSv2\nmode: wild": {MaxAge: time.Second},
	} {
		if got, err := ParsePolicy([]byte(body)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v; want %+v", body, got, err, want)
		}
	}
}

func TestWhatIsNoPolicyIsRefused(t *testing.T) {
	for _, body := range []string{
		"",
		"\n",
		"mode: none\nmax_age: 1\n",
		"version: STSv1\nmax_age: 1\n",
		"version: STSv1\nmode: none\n",
		"version: STSv1\nmode: testing\nmax_age: 1\n",
		"version: STSv2\nmode: none\nmax_age: 1\n",
		"version: stsv1\nmode: none\nmax_age: 1\n",
		"Version: STSv1\nmode: none\nmax_age: 1\n",
		"version: STSv1\nmode: Enforce\nmx: a\nmax_age: 1\n",
		"version: STSv1\nmode: none\nmax_age: -1\n",
		"version: STSv1\nmode: none\nmax_age: +1\n",
		"version: STSv1\nmode: none\nmax_age: 1_0\n",
		"version: STSv1\nmode: none\nmax_age: 1s\n",
		"version: STSv1\nmode: none\nmax_age: 31557601\n",
		"version: STSv1\nmode: none\nmax_age: 00000000001\n",
		"version: STSv1\nmode: none\nmax_age: 99999999999999999999\n",
		"version: STSv1\n\nmode: none\nmax_age: 1\n",
		"\nversion: STSv1\nmode: none\nmax_age: 1\n",
		"version: STSv1\rmode: none\rmax_age: 1\r",
		"version: STSv1\nmode: none\nmax_age: 1\r",
		"version: STSv1\nmode: none\nmax_age: 1\r\r\n",
		" version: STSv1\nmode: none\nmax_age: 1\n",
		"version : STSv1\nmode: none\nmax_age: 1\n",
		"version: STSv1\nmode: none\nmax_age: 1\nx:\n",
		"version: STSv1\nmode: none\nmax_age: 1\nx\n",
		"version: STSv1\nmode: none\nmax_age: 1\n: y\n",
		"version: STSv1\nmode: none\nmax_age: 1\nx: \x00\n",
		"version: STSv1\nmode: none\nmax_age: 1\nx: \xff\n",
		"\ufeffversion: STSv1\nmode: none\nmax_age: 1\n",
		"version: STSv1\nmode: none\nmax_age: 1\n" + strings.Repeat("k", 33) + ": x\n",
		"<html>version: STSv1</html>",
	} {
		if p, err := ParsePolicy([]byte(body)); !errors.Is(err, ErrInvalidPolicy) || !reflect.DeepEqual(p, Policy{}) {
			t.Errorf("%q: %+v, %v", body, p, err)
		}
	}
	for _, mx := range []string{
		"*", "*.", ".example", "a..b", "a.b.", "*.*.b", "a.*.b", "a*.b", "*a.b", "-a.b", "a-.b", "a b", "a_b.c", "bücher.example", "192.0.2.1", "[192.0.2.1]", "a@b",
		strings.Repeat("a", 64) + ".b", strings.Repeat("a.", 127) + "b", "*. a", "*.192.0.2.1",
	} {
		if p, err := ParsePolicy(fmt.Appendf(nil, "version: STSv1\nmode: enforce\nmx: ok.example\nmx: %s\nmax_age: 1\n", mx)); err == nil {
			t.Errorf("mx %q: %q", mx, p.MX)
		}
	}
}

func TestAStarStandsForOneLabel(t *testing.T) {
	p := Policy{MX: []string{"mail.example.com", "*.example.net", "*.a.example.org"}}
	for host, want := range map[string]bool{
		"mail.example.com": true, "MAIL.example.com.": true, "x.mail.example.com": false, "example.com": false, "xmail.example.com": false,
		"a.example.net": true, "A.Example.Net.": true, "example.net": false, "a.b.example.net": false, ".example.net": false, "*.example.net": true,
		"x.a.example.org": true, "a.example.org": false, "": false, ".": false, "..": false, "net": false,
	} {
		if got := p.Matches(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	if (Policy{}).Matches("mail.example.com") {
		t.Error("no policy allows a host")
	}
}

func TestAnnouncementsAreReadAsTheStandardSays(t *testing.T) {
	id32 := strings.Repeat("a", 32)
	for text, want := range map[string]string{
		"v=STSv1; id=20160831085700Z;":     "20160831085700Z",
		"v=STSv1;id=1":                     "1",
		"v=STSv1 \t; \tid=1 \t; \t":        "1",
		"v=STSv1; id=" + id32:              id32,
		"v=STSv1; x=y; id=1; a-b_c.d=!<>~": "1",
		"v=STSv1; id=1; id=2;":             "1",
		"v=STSv1; ID=2; id=1":              "1",
		"v=STSv1; id=1; v=STSv2":           "1",
	} {
		if got, err := ParseRecord(text); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "v=STSv1", "v=STSv1;", "v=STSv1; ", "V=STSv1; id=1", "v=stsv1; id=1", "v=STSv2; id=1", " v=STSv1; id=1", "id=1; v=STSv1;", "v=STSv11; id=1",
		"v=STSv1; id=", "v=STSv1; id", "v=STSv1; id=a-b", "v=STSv1; id=" + id32 + "a", "v=STSv1; id=1 2", "v=STSv1; id =1", "v=STSv1; id= 1",
		"v=STSv1;; id=1", "v=STSv1; id=1;;", "v=STSv1; id=1 ", "v=STSv1; id=1; x", "v=STSv1; id=1; x=", "v=STSv1; id=1; =y", "v=STSv1; id=1; x=a=b",
		"v=STSv1; id=1; x=a b", "v=STSv1; id=1; -x=y", "v=STSv1; id=1; x=ü", "v=STSv1; id=1\n", "v=STSv1; id=1; " + id32 + "a=b", "v=STSv1; ID=1", "v=STSv1; id=1; id=-",
	} {
		if id, err := ParseRecord(text); !errors.Is(err, ErrInvalidRecord) || id != "" {
			t.Errorf("%q: %q, %v", text, id, err)
		}
	}
}

func TestOneAnnouncementAmongOtherRecordsCounts(t *testing.T) {
	for _, c := range []struct {
		texts []string
		id    string
		err   error
	}{
		{nil, "", errNoRecord},
		{[]string{"v=spf1 -all", "v=STSv2; id=2", "v=STSv1"}, "", errNoRecord},
		{[]string{"v=spf1 -all", "v=STSv1; id=1", "v=STSv2; id=2"}, "1", nil},
		{[]string{"v=STSv1; id=1", "v=STSv1; id=1"}, "", ErrInvalidRecord},
		{[]string{"v=STSv1; id=1", "v=STSv1; "}, "", ErrInvalidRecord},
	} {
		if id, err := ParseRecords(c.texts); id != c.id || !errors.Is(err, c.err) {
			t.Errorf("%q: %q, %v", c.texts, id, err)
		}
	}
}

// What was read can be written down and reads the same again.
func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("version: STSv1\nmode: none\nmax_age: 1\n\r\n"))
	f.Add([]byte("version:STSv1\nx: y\nmode: testing \nmx: *.a.b\nmx: c\nmax_age: 31557600"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := ParsePolicy(body)
		if err != nil {
			if !errors.Is(err, ErrInvalidPolicy) {
				t.Fatal(err)
			}
			return
		}
		text := fmt.Appendf(nil, "version: STSv1\nmode: %v\nmax_age: %d\n", p.Mode, p.MaxAge/time.Second)
		for _, mx := range p.MX {
			text = fmt.Appendf(text, "mx: %s\n", mx)
			if host := strings.Replace(mx, "*", "x", 1); len(host) <= maxDomain && !p.Matches(host) {
				t.Errorf("%q does not match %q", host, mx)
			}
			if p.Matches("x."+strings.Replace(mx, "*", "x", 1)) && !slices.ContainsFunc(p.MX, func(other string) bool { return other != mx }) {
				t.Errorf("%q matches below itself", mx)
			}
		}
		if p.Mode != None && len(p.MX) == 0 || p.MaxAge < 0 || p.MaxAge > MaxMaxAge {
			t.Errorf("%+v", p)
		}
		if again, err := ParsePolicy(text); len(text) <= MaxPolicySize && (err != nil || !reflect.DeepEqual(again, p)) {
			t.Errorf("%+v, then %+v, %v", p, again, err)
		}
	})
}

func FuzzParseRecord(f *testing.F) {
	f.Add("v=STSv1; id=20160831085700Z;")
	f.Add("v=STSv1 ;\tx=y; id=1")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseRecord(text)
		if err != nil {
			if !errors.Is(err, ErrInvalidRecord) || id != "" {
				t.Fatal(id, err)
			}
			return
		}
		if !isID(id) || !strings.Contains(text, "id="+id) {
			t.Errorf("%q from %q", id, text)
		}
		if again, err := ParseRecords([]string{"v=spf1", text}); err != nil || again != id {
			t.Errorf("%q, then %q, %v", id, again, err)
		}
	})
}
