package mailauth

import "slices"

// judge says whether the authors' domains stand behind the message, and whether that may be otherwise at another time.
func (v *Verifier) judge(by authors, policies []published, spf SPF, signatures []DKIM) (DMARC, bool) {
	worst := DMARC{Result: None, Disposition: NoAction, Reason: "the author has no domain"}
	if by.unread {
		return DMARC{Result: TempError, Disposition: NoAction, Reason: by.problem}, true
	}
	later := false
	for i, domain := range by.domains {
		d, open := v.judgeOne(domain, policies[i], spf, signatures)
		later = later || open
		if i == 0 || graver(d, worst) {
			worst = d
		}
	}
	if by.problem == "" {
		return worst, later
	}
	// Nobody can tell whom a reader will see: nothing is authentic, and the strictest policy holds of those that might be meant.
	worst.Result, worst.Reason = PermError, by.problem
	worst.AlignedSPF, worst.AlignedDKIM = false, false
	if by.several && worst.Disposition == NoAction {
		worst.Disposition = Quarantine
	}
	return worst, later
}

// graver compares the verdicts on two authors: of several, the strictest policy decides among the checks that fail
// (RFC 7489, 6.6.1).
func graver(a, b DMARC) bool {
	weight := func(d DMARC) int {
		w := 100 * slices.Index([]Disposition{NoAction, Quarantine, Reject}, d.Disposition)
		w += 10 * slices.Index([]Result{Pass, None, PermError, TempError, Fail}, d.Result)
		if !d.authenticated() {
			w++
		}
		return w
	}
	return weight(a) > weight(b)
}

// judgeOne is DMARC for one domain. It also tells whether a look-up that failed stands in the way of more.
func (v *Verifier) judgeOne(domain string, p published, spf SPF, signatures []DKIM) (DMARC, bool) {
	d := DMARC{
		Domain: domain, PolicyDomain: p.domain, Policy: p.policy, SubdomainPolicy: p.subdomains, Percent: p.percent,
		Disposition: NoAction,
	}
	open := false // an identifier that is aligned may yet pass
	if aligned(spf.Domain, domain, p.strictSPF) {
		d.AlignedSPF = spf.Result == Pass
		open = spf.Result == TempError
	}
	for _, s := range signatures {
		if aligned(s.Domain, domain, p.strictDKIM) {
			d.AlignedDKIM = d.AlignedDKIM || s.Result == Pass
			open = open || s.Result == TempError
		}
	}
	passed := d.AlignedSPF || d.AlignedDKIM
	switch {
	case p.result != "":
		d.Result, d.Reason = p.result, p.reason
		return d, p.result == TempError || open && !passed
	case passed:
		d.Result = Pass
		return d, false
	case open:
		d.Result, d.Reason = TempError, "an aligned domain could not be checked"
		return d, true
	}
	d.Result, d.Reason = Fail, "neither SPF nor a signature passed for an aligned domain"
	d.Disposition = v.sample(p.asks(domain), p.percent)
	return d, false
}

// sample applies pct=: the policy holds for that part of the messages, and the next weaker one for the rest (RFC 7489, 6.6.4).
func (v *Verifier) sample(asked Disposition, percent int) Disposition {
	if percent >= 100 || v.intN(100) < percent {
		return asked
	}
	if asked == Reject {
		return Quarantine
	}
	return NoAction
}
