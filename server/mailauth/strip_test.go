package mailauth

import (
	"bytes"
	"strings"
	"testing"
)

func TestFieldsInOurNameAreRemoved(t *testing.T) {
	const before, after = "Received: from a by b\r\n\twith SMTP; now\r\n", "Subject: x\r\nnot a field\r\nTo: y\r\n\r\n"
	for _, field := range []string{
		"Authentication-Results: mx.test; dkim=pass\r\n",
		"Authentication-Results:mx.test; dkim=pass\r\n",
		"authentication-RESULTS: MX.Test; dkim=pass\r\n",
		"Authentication-Results : mx.test; dkim=pass\r\n",
		"Authentication-Results\t: mx.test; dkim=pass\r\n",
		"Authentication-Results:\r\n mx.test;\r\n\tdkim=pass header.d=a.test;\r\n spf=pass\r\n",
		"Authentication-Results: (a (nested \\) one) ;) mx.test (more) 1; dkim=pass\r\n",
		"Authentication-Results: \"mx.test\"; dkim=pass\r\n",
		"Authentication-Results: \"m\\x.test\" 1; dkim=pass\r\n",
		"Authentication-Results: mx.test.; dkim=pass\r\n",
		"Authentication-Results: mx.test 1; dkim=pass\r\n",
		"Authentication-Results: mx.test 1\r\n",
		"Authentication-Results: mx.test\r\n",
		"Authentication-Results: mx.test\n",
		"Authentication-Results: mx.test dkim=pass\r\n",
		"Authentication-Results: =?utf-8?q?mx.test?=; dkim=pass\r\n",
		"Authentication-Results: (mx.test; dkim=pass\r\n",
		"Authentication-Results: \"mx.test; dkim=pass\r\n",
		"Authentication-Results: mx\r\n .test; dkim=pass\r\n",
		"Authentication-Results: ; mx.test; dkim=pass\r\n",
		"Authentication-Results:\r\n\t\r\n mx.test; dkim=pass\r\n",
		"Authentication\x00-Results: mx.test; dkim=pass\r\n",
		"Authentication-Results: mx.test; dkim=pass\r\nAuthentication-Results: mx.test; spf=pass\r\n",
	} {
		if got := string(Strip([]byte(before+field+after), "mx.test")); got != before+after {
			t.Errorf("%q: left %q", field, got)
		}
		if got := string(Strip([]byte(field+after), "mx.test")); got != after {
			t.Errorf("%q: left %q", field, got)
		}
	}
}

func TestFieldsOfOthersStay(t *testing.T) {
	const before, after = "Received: x\r\n", "Subject: x\r\n\r\nAuthentication-Results: mx.test; dkim=pass\r\n"
	for _, field := range []string{
		"Authentication-Results: other.test; dkim=pass\r\n",
		"Authentication-Results: amx.test; dkim=pass\r\n",
		"Authentication-Results: mx.test.other.test; dkim=pass\r\n",
		"Authentication-Results: a.mx.test; dkim=pass\r\n",
		"Authentication-Results: other.test; dkim=pass header.d=mx.test\r\n",
		"Authentication-Results: other.test (mx.test); dkim=pass\r\n",
		"Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.test; dkim=none\r\n",
		"X-Authentication-Results: mx.test; dkim=pass\r\n",
		"ARC-Authentication-Results: i=1; mx.test; dkim=pass\r\n",
		"Authentication-Results-Of: mx.test; dkim=pass\r\n",
		"Authentication-Results mx.test; dkim=pass\r\n",
		"Subject: a\r\n Authentication-Results: mx.test; dkim=pass\r\n",
	} {
		whole := []byte(before + field + after)
		if got := Strip(whole, "mx.test"); !bytes.Equal(got, whole) {
			t.Errorf("%q: left %q", field, got)
		}
	}
}

func TestANameOfAnotherScriptIsOurs(t *testing.T) {
	if got := Strip([]byte("Authentication-Results: Bücher.test; dkim=pass\r\n\r\n"), "xn--bcher-kva.test"); string(got) != "\r\n" {
		t.Errorf("left %q", got)
	}
}

// A message whose first line is folded would go on with the field that is put in front of it.
func TestNothingContinuesOurField(t *testing.T) {
	ours := Verdict{}.Header("mx.test")
	for _, begin := range []string{" ; dkim=pass header.d=bank.test\r\n", "\tx\r\n y\r\n", " \r\n"} {
		got := Strip([]byte(begin+"Subject: x\r\n\r\n"), "mx.test")
		if h := splitHeader(append(ours, got...)); len(h.fields) != 2 || string(h.fields[0].raw) != string(ours) {
			t.Errorf("%q: left %q", begin, got)
		}
	}
	if got := Strip([]byte("\r\n body"), "mx.test"); string(got) != "\r\n body" {
		t.Errorf("left %q", got)
	}
}

func FuzzStrip(f *testing.F) {
	for _, header := range []string{
		"Authentication-Results: mx.test; dkim=pass\r\nFrom: a\r\n\r\n", "A: b\r\nAuthentication-Results:\r\n (x) \"mx.test\" 1\r\n\r\nbody",
		" x\r\nauthentication-results : mx.test\n\n", "Authentication-Results: other.test; spf=pass\r\n", "\r\n", "A\x00uthentication-Results:((mx.test",
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		once := Strip([]byte(header), "mx.test")
		if twice := Strip(once, "mx.test"); !bytes.Equal(once, twice) {
			t.Errorf("%q becomes %q and then %q", header, once, twice)
		}
		for _, field := range splitHeader(once).fields {
			_, value, _ := strings.Cut(string(field.raw), ":")
			id, _, _ := strings.Cut(value, ";")
			if field.name == "authentication-results" && strings.EqualFold(strings.TrimSpace(id), "mx.test") {
				t.Errorf("left %q", once)
			}
		}
		// What is kept are lines of the header, in their order.
		rest := header
		for line := range strings.Lines(string(once)) {
			_, after, found := strings.Cut(rest, line)
			if !found {
				t.Fatalf("%q became %q", header, once)
			}
			rest = after
		}
	})
}

func TestAFieldIsTakenOutAndNothingElse(t *testing.T) {
	for raw, want := range map[string]string{
		"A: 1\r\nx-ours : 2\r\n 3\r\nB: 4\r\n\r\n":         "A: 1\r\nB: 4\r\n\r\n",
		" From: a\r\nSubject: begins with a space\r\n\r\n": " From: a\r\nSubject: begins with a space\r\n\r\n",
	} {
		if got := string(StripField([]byte(raw), "X-Ours")); got != want {
			t.Errorf("%q became %q", raw, got)
		}
	}
}
