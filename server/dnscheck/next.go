package dnscheck

import (
	"slices"
	"time"
)

// How often a domain is looked at.
const (
	FirstWait    = 10 * time.Second   // after the first look
	HourlyWait   = time.Hour          // the longest in the first days, and of a verified domain with which something is wrong
	LateWait     = 6 * time.Hour      // of a claim that is older than firstDays
	DailyWait    = 24 * time.Hour     // of a verified domain, and of an old claim
	FailedWait   = time.Minute        // the least after a DNS that did not answer
	firstDays    = 3 * 24 * time.Hour // in which somebody is likely to be at it
	oldClaim     = 14 * 24 * time.Hour
	maxNegative  = 15 * time.Minute // for which a resolver's "there is none" is waited out
	attemptsToHr = 16               // looks after which HourlyWait is reached
)

// Next is when to look at a domain again: soon after it was claimed and more and more seldom, once a day when it is verified.
// attempts is how many looks there were, lastCheck when the last was, and r what it found.
//
// Authorities remember nothing, so that they can be asked at any time. Where they could not be asked and a recursive resolver
// has said that a record is missing, asking before it has forgotten that would show the same; this is waited for, within
// bounds.
func Next(created, lastCheck time.Time, verified bool, attempts int, r Report) time.Time {
	if attempts <= 0 || lastCheck.IsZero() {
		return lastCheck
	}
	wait := growing(attempts)
	age := lastCheck.Sub(created)
	switch {
	case verified && r.Known() && r.Complete():
		wait = DailyWait
	case verified:
		wait = HourlyWait
	case age > oldClaim:
		wait = DailyWait
	case age > firstDays:
		wait = LateWait
	}
	if !r.Known() {
		wait = max(wait, FailedWait)
	}
	next := lastCheck.Add(wait)
	if until := forgotten(r); !verified && until.After(next) {
		next = earlier(until, lastCheck.Add(max(wait, maxNegative)))
	}
	return next
}

// growing is FirstWait after one look, and half as much more after each, up to HourlyWait.
func growing(attempts int) time.Duration {
	wait := FirstWait
	for range min(attempts, attemptsToHr) - 1 {
		wait += wait / 2
	}
	return min(wait, HourlyWait)
}

// forgotten is when the resolver has forgotten the first of the missing records, zero if it was not asked.
func forgotten(r Report) (first time.Time) {
	for _, f := range r.Findings {
		if f.Recursive && slices.Contains([]Status{Missing, Different}, f.Status) && !f.Until.IsZero() {
			if first.IsZero() || f.Until.Before(first) {
				first = f.Until
			}
		}
	}
	return first
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
