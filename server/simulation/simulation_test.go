package simulation

import (
	"testing"

	"github.com/postroom/postroom/server/mailauth"
)

func TestChecksFollowFromTheScenarioAndFromEachOther(t *testing.T) {
	const pass, fail, none = mailauth.Pass, mailauth.Fail, mailauth.None
	for name, c := range map[string]struct {
		scenario    Scenario
		given       Checks
		want        Checks
		disposition mailauth.Disposition
		proven      bool
	}{
		"nothing is given":        {Message, Checks{}, Checks{pass, pass, pass, mailauth.NoAction}, mailauth.NoAction, true},
		"forged":                  {Forged, Checks{}, Checks{fail, fail, fail, mailauth.Reject}, mailauth.Reject, false},
		"forged, to put aside":    {Forged, Checks{Policy: mailauth.Quarantine}, Checks{fail, fail, fail, mailauth.Quarantine}, mailauth.Quarantine, false},
		"unauthenticated":         {Unauthenticated, Checks{}, Checks{none, none, none, mailauth.NoAction}, mailauth.NoAction, false},
		"DKIM alone":              {Message, Checks{SPF: fail}, Checks{fail, pass, pass, mailauth.NoAction}, mailauth.NoAction, true},
		"both fail under none":    {Message, Checks{SPF: fail, DKIM: none, Policy: mailauth.NoAction}, Checks{fail, none, fail, mailauth.NoAction}, mailauth.NoAction, false},
		"both fail under nothing": {Message, Checks{SPF: fail, DKIM: none}, Checks{fail, none, none, mailauth.NoAction}, mailauth.NoAction, false},
		"DMARC fails all alone":   {Message, Checks{DMARC: fail, Policy: mailauth.Reject}, Checks{pass, pass, fail, mailauth.Reject}, mailauth.Reject, false},
	} {
		if got := c.given.completed(c.scenario); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
		v := c.given.verdict(c.scenario, "x.example", "ann@x.example")
		if v.DMARC.Disposition != c.disposition || v.Authenticated() != c.proven {
			t.Errorf("%s: %+v", name, v.DMARC)
		}
		e := c.scenario.evidence(v)
		if e.Doubtful == c.proven || e.Forged != (c.disposition != mailauth.NoAction) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestReservedDomainsAreThoseThatNobodyCanHave(t *testing.T) {
	for domain, want := range map[string]bool{"example.com": true, "a.b.example.org": true, "EXAMPLE.net": true, "x.test": true, "localhost": true, "demo.localhost": true, "x.invalid": true, "example": true,
		"notexample.com": false, "example.com.evil.net": false, "test.com": false, "example.de": false, "": false} {
		if got := isReserved(domain); got != want {
			t.Errorf("%q: %v", domain, got)
		}
	}
}
