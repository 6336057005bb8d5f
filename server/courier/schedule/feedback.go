package schedule

import "time"

// What sites teach: how many transactions at a time they bear, and when to leave them alone.

// rounding makes up for what sums of fractions lose.
const rounding = 1e-9

// note takes the result of a job that is still counted as in use.
func (t *site) note(result Result, j *job) {
	t.lastResult = result
	switch result {
	case Success, Refused:
		t.lastSuccess = t.s.now
		t.inRow, t.failures = 0, 0
		t.endRest()
		if result == Success {
			t.grow()
		}
		return
	}
	t.lastFailure = t.s.now
	if j.epoch != t.epoch {
		return // it began before the site rested, and says nothing new
	}
	if t.rests > 0 {
		t.startRest()
		return
	}
	t.inRow++
	if t.limit == 1 {
		t.failures++
	}
	t.shrink(result, j)
	if t.failures >= t.s.cfg.FailureCohort {
		t.startRest()
	}
}

// grow counts a success. The concurrency grows only where it is used.
func (t *site) grow() {
	cfg := &t.s.cfg
	most := cfg.MaxConcurrency
	if t.ceiling > 0 && t.ceilingUntil.After(t.s.now) {
		most = min(most, t.ceiling)
	}
	t.feedback += 1 / float64(t.limit)
	if t.limit >= most || t.inUse < t.limit-cfg.reserved(t.limit) {
		t.feedback = min(t.feedback, 0)
		return
	}
	if t.feedback >= float64(cfg.PositiveHysteresis)-rounding {
		t.limit++
		t.feedback = 0
	}
}

// shrink counts a failure. A site that says how many it bears is taken at its word.
func (t *site) shrink(result Result, j *job) {
	cfg := &t.s.cfg
	if result == Limited {
		bears := max(j.together-1, 1)
		if t.ceiling == 0 || !t.ceilingUntil.After(t.s.now) || bears < t.ceiling {
			t.ceiling = bears
		}
		t.ceilingUntil = t.s.now.Add(cfg.CeilingFor)
		if bears < t.limit {
			t.limit = bears
			t.feedback = 0
		}
		return
	}
	counts := 1.0
	if result == Failed {
		counts = min(float64(cfg.FailedWeight*t.inRow)/float64(t.limit), 1)
	}
	t.feedback = min(t.feedback, 0) - counts
	if t.feedback <= -float64(cfg.NegativeHysteresis)+rounding {
		t.limit = max(t.limit-cfg.NegativeHysteresis, 1)
		t.feedback = 0
	}
}

// startRest leaves the site alone: MinRest, and twice as long each time in a row, up to MaxRest.
func (t *site) startRest() {
	cfg := &t.s.cfg
	rest := cfg.MinRest
	for i := 0; i < t.rests && rest < cfg.MaxRest; i++ {
		rest *= 2
	}
	t.rests++
	t.epoch++
	t.probe = nil
	t.inRow, t.failures = 0, 0
	t.feedback = 0
	t.restUntil = t.s.now.Add(min(rest, cfg.MaxRest))
	t.s.alarms.set(&t.alarm, t.restUntil)
}

func (t *site) endRest() {
	t.rests = 0
	t.restUntil = time.Time{}
	t.s.alarms.stop(&t.alarm)
}
