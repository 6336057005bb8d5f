package main

import (
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/server/dnscheck"
)

func TestTheOperatorsProbeSaysWhatItFound(t *testing.T) {
	for name, c := range map[string]struct {
		script, said, fails string
	}{
		"reached":     {"echo open; echo more", "open", ""},
		"not reached": {"echo timed out >&2; exit 1", "", "exit status 1 timed out"},
		"talkative":   {"yes long | head -c 100000; true", "long", ""},
		"a long line": {"yes long | head -c 100000 | tr '\\n' x", strings.Repeat("longx", maxProbeSay/5), ""},
	} {
		said, err := runProbe(t.Context(), probeTime, []string{"/bin/sh", "-c", c.script})
		if said != c.said || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %q, %v", name, said, err)
		}
	}
	if _, err := runProbe(t.Context(), probeTime, []string{"/nowhere"}); err == nil {
		t.Error("a program that is not there reaches the server")
	}
	if _, err := runProbe(t.Context(), 50*time.Millisecond, []string{"/bin/sleep", "600"}); err == nil || err.Error() != "it did not end within 50ms" {
		t.Error(err)
	}
}

func TestOnlyOurOwnGreetingIsOurs(t *testing.T) {
	for banner, ours := range map[string]bool{"220 mail.shop.com ESMTP Postroom": true, "220 MAIL.shop.com": true, "220 mx.others.net ESMTP": false, "220": false} {
		if err := greeted(dnscheck.ProbeResult{OK: true, Banner: banner}, "mail.shop.com"); (err == nil) != ours {
			t.Errorf("%q: %v", banner, err)
		}
	}
	if err := greeted(dnscheck.ProbeResult{Reason: "refused"}, "mail.shop.com"); err == nil || err.Error() != "refused" {
		t.Error(err)
	}
}
