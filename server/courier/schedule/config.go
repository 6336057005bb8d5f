package schedule

import "time"

// What a job's cost and a workspace's quantum are bounded by. Dearer jobs count as MaxCost, so that no job makes
// its workspace sit out more than MaxCost/quantum turns.
const (
	DefaultQuantum = 1
	MaxCost        = 64
)

// ReuseLook is how many workspaces NextFor looks at for a job that fits the connection.
const ReuseLook = 32

// Config has the numbers of a scheduler. A zero takes the value of Default.
type Config struct {
	MaxWorkers      int // transactions at a time
	MaxPerWorkspace int // transactions of one workspace at a time, even if nobody else wants to send

	InitialConcurrency int // transactions at a time to a site that is not known yet
	MaxConcurrency     int // the most that a site's concurrency grows to

	// One slot in ReservedOneIn, rounded up, is for Prompt jobs alone: of the workers, and of a site's concurrency from 2 on.
	ReservedOneIn int
	// PromptsInARow is how many Prompt jobs may go ahead of waiting Bulk where the two share one slot: within a workspace,
	// within a workspace and site, and among all at a site whose concurrency is 1. Then one Bulk job goes.
	PromptsInARow int

	// A site's concurrency grows by one when successes have added up to PositiveHysteresis, each of them counting
	// 1/concurrency, and shrinks by NegativeHysteresis when failures have outweighed successes by that much. Deferred counts 1: the site
	// wants less. Failed counts FailedWeight/concurrency times the number of failures in a row, at most 1: that a few
	// connections hang says little of how many the site bears, that all do says much.
	PositiveHysteresis int
	NegativeHysteresis int
	FailedWeight       int
	// CeilingFor is how long the concurrency does not grow again past the number at which the site said that it is too much.
	CeilingFor time.Duration

	FailureCohort int           // failures in a row, at concurrency 1, after which the site rests
	MinRest       time.Duration // the first rest; each one that ends with a failed probe is followed by twice as much
	MaxRest       time.Duration

	WindowPerSite      int // jobs held in memory for one workspace, site and lane, without those being sent
	WindowPerWorkspace int // the same for one workspace and lane

	ForgetAfter  time.Duration // what is known of a site without jobs is forgotten after this
	MaxIdleSites int           // and earlier if there are more of them; a site that rests does not count

	// Quantum is a workspace's share of each round, in units of cost; values below 1 count as 1. nil: DefaultQuantum for all.
	// It is asked when the workspace's first job is added, with the scheduler locked: it must not call back.
	Quantum func(workspace string) int
}

// Default is a configuration for one machine.
func Default() Config {
	return Config{
		MaxWorkers: 200, MaxPerWorkspace: 50,
		InitialConcurrency: 5, MaxConcurrency: 20,
		ReservedOneIn: 5, PromptsInARow: 4,
		PositiveHysteresis: 1, NegativeHysteresis: 2, FailedWeight: 2, CeilingFor: 10 * time.Minute,
		FailureCohort: 3, MinRest: time.Minute, MaxRest: time.Hour,
		WindowPerSite: 200, WindowPerWorkspace: 5000,
		ForgetAfter: time.Hour, MaxIdleSites: 10_000,
	}
}

// complete gives zeros their defaults and makes the numbers fit each other.
func (c Config) complete() Config {
	d := Default()
	for _, f := range []struct {
		value    *int
		fallback int
	}{
		{&c.MaxWorkers, d.MaxWorkers}, {&c.MaxPerWorkspace, d.MaxPerWorkspace}, {&c.InitialConcurrency, d.InitialConcurrency},
		{&c.MaxConcurrency, d.MaxConcurrency}, {&c.ReservedOneIn, d.ReservedOneIn}, {&c.PromptsInARow, d.PromptsInARow},
		{&c.PositiveHysteresis, d.PositiveHysteresis}, {&c.NegativeHysteresis, d.NegativeHysteresis}, {&c.FailedWeight, d.FailedWeight}, {&c.FailureCohort, d.FailureCohort},
		{&c.WindowPerSite, d.WindowPerSite}, {&c.WindowPerWorkspace, d.WindowPerWorkspace}, {&c.MaxIdleSites, d.MaxIdleSites},
	} {
		if *f.value <= 0 {
			*f.value = f.fallback
		}
	}
	for _, f := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.CeilingFor, d.CeilingFor}, {&c.MinRest, d.MinRest}, {&c.MaxRest, d.MaxRest}, {&c.ForgetAfter, d.ForgetAfter},
	} {
		if *f.value <= 0 {
			*f.value = f.fallback
		}
	}
	c.MaxPerWorkspace = min(c.MaxPerWorkspace, c.MaxWorkers)
	c.InitialConcurrency = min(c.InitialConcurrency, c.MaxConcurrency)
	c.MaxRest = max(c.MaxRest, c.MinRest)
	return c
}

// reserved is how many of n slots are for Prompt jobs alone. One slot is for all.
func (c *Config) reserved(n int) int {
	if n < 2 {
		return 0
	}
	return min((n+c.ReservedOneIn-1)/c.ReservedOneIn, n-1)
}
