package webhook

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// backoff is how long to wait after the first, second, … attempt that failed: 23 hours and 35 minutes in all. Then a dispatch
// has failed.
var backoff = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 6 * time.Hour}

const (
	jitter        = 0.1       // of a wait, at most, in addition: those that failed together do not come together again
	maxRetryAfter = time.Hour // for which an endpoint may ask us to come back later
)

// again is when a dispatch is tried next whose attempts so far, this one included, are so many; ok is false if never.
func again(now time.Time, attempts int) (at time.Time, ok bool) {
	if attempts > len(backoff) {
		return time.Time{}, false
	}
	wait := backoff[attempts-1]
	return now.Add(wait + time.Duration(rand.Float64()*jitter*float64(wait))), true
}

// restOf is until when an endpoint asks to be left alone (RFC 9110, 10.2.3), the zero time if it does not.
func restOf(res *http.Response, now time.Time) time.Time {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return time.Time{}
	}
	text := res.Header.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) { // a number that is too large is the largest
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	if wait <= 0 {
		return time.Time{}
	}
	return now.Add(min(wait, maxRetryAfter))
}
