package simulation

import (
	"cmp"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/junk"
	"github.com/postroom/postroom/server/mailauth"
)

// Checks is what the checks of the sender are to say; what is empty follows from the scenario and from the others.
type Checks struct {
	SPF    mailauth.Result
	DKIM   mailauth.Result      // of the one signature; None: there is none
	DMARC  mailauth.Result      // Pass where SPF or DKIM pass, Fail where Policy is given, else None
	Policy mailauth.Disposition // what the author's domain asks to be done with mail that fails
}

// completed are the checks as a scenario has them.
func (c Checks) completed(s Scenario) Checks {
	passes, policy := mailauth.Pass, mailauth.NoAction
	switch s {
	case Forged:
		passes, policy = mailauth.Fail, mailauth.Reject
	case Unauthenticated:
		passes = mailauth.None
	}
	given := c.Policy != "" || s == Forged
	c.SPF, c.DKIM, c.Policy = cmp.Or(c.SPF, passes), cmp.Or(c.DKIM, passes), cmp.Or(c.Policy, policy)
	if c.DMARC == "" {
		switch {
		case c.SPF == mailauth.Pass || c.DKIM == mailauth.Pass:
			c.DMARC = mailauth.Pass
		case given:
			c.DMARC = mailauth.Fail
		default:
			c.DMARC = mailauth.None
		}
	}
	return c
}

// verdict is what would have been found of a message whose author is at domain.
func (c Checks) verdict(s Scenario, domain, sender string) mailauth.Verdict {
	c = c.completed(s)
	const simulated = "simulated"
	v := mailauth.Verdict{
		SPF:   mailauth.SPF{Result: c.SPF, Domain: cmp.Or(domainOf(sender), heloOf("")), Reason: simulated, Null: sender == ""},
		IPRev: mailauth.IPRev{Result: mailauth.Pass, IP: clientIP, Name: heloOf(sender)},
		TLS:   "TLS 1.3 TLS_AES_128_GCM_SHA256",
	}
	v.SPF.HELO = mailauth.HELO{Result: mailauth.None}
	if v.SPF.Null {
		v.SPF.HELO = mailauth.HELO{Result: c.SPF, Domain: v.SPF.Domain, Reason: simulated}
	}
	if c.DKIM != mailauth.None {
		d := mailauth.DKIM{Result: c.DKIM, Domain: domain, Selector: simulated, Algorithm: "rsa-sha256", KeyBits: 2048}
		if c.DKIM != mailauth.Pass {
			d.Reason = simulated
		}
		v.DKIM = append(v.DKIM, d)
	}
	v.DMARC = mailauth.DMARC{Result: c.DMARC, Domain: domain, Disposition: mailauth.NoAction, Reason: simulated,
		AlignedSPF: c.SPF == mailauth.Pass, AlignedDKIM: c.DKIM == mailauth.Pass}
	if c.DMARC != mailauth.None {
		v.DMARC.PolicyDomain, v.DMARC.Policy = domain, c.Policy
	}
	if c.DMARC == mailauth.Fail {
		v.DMARC.Disposition = c.Policy
	}
	return v
}

// evidence is what was found out about a message, with what rspamd would have said of one that is spam.
func (s Scenario) evidence(v mailauth.Verdict) junk.Evidence {
	e := junk.Evidence{Source: clientIP.String(), HELO: v.IPRev.Name, Doubtful: !v.Authenticated()}
	e.Forged = v.DMARC.Disposition == mailauth.Reject || v.DMARC.Disposition == mailauth.Quarantine
	if s == Spam {
		e.Reason, e.Detail = mailstore.ReasonSpam, "simulated: rspamd gives it 9.5 of 15.0 points: add header"
		e.Found = mailstore.Junk{Score: 9.5, Required: 15, Action: "add header", Symbols: []mailstore.JunkSymbol{{Name: "SIMULATED", Score: 9.5, Description: "This is a simulation"}}}
	}
	return e
}
