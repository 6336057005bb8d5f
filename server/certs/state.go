package certs

import "time"

// Source is where a certificate is from.
type Source string

// The sources.
const (
	FromAuthority Source = "acme"
	FromFile      Source = "file"
	SelfMadeHere  Source = "self-made" // there is no other yet
	None          Source = "none"      // of a customer's name: the server's own certificate is shown
)

// State is how it stands with the certificate of a name.
type State struct {
	Name     string
	Source   Source
	NotAfter time.Time // of the certificate that is shown; zero with None
	Err      string    // why there is none, or no newer one; "" if all is well
	NextTry  time.Time // when it is ordered, looked at or renewed next; zero: not planned
}

// States are those of the server's own names and of the operator's files, the hostname's first.
func (c *Certs) States() (states []State) {
	for _, text := range c.ownNames() {
		name, ok := canonical(text)
		if !ok {
			name = text
		}
		states = append(states, c.State(name))
	}
	for _, p := range c.pairs {
		for _, name := range p.certificate().Leaf.DNSNames {
			if states = append(states, p.state(name)); len(states) >= maxStates {
				return states
			}
		}
	}
	return states
}

// maxStates is how many names States tells of.
const maxStates = 1000

// State is that of one name, the server's or a customer's. Of a name that nobody asked for it says None.
func (c *Certs) State(text string) State {
	name, ok := canonical(text)
	if !ok {
		name = text
	}
	if p := c.pairOf(name); p != nil {
		return p.state(name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subjects[name]
	switch {
	case s == nil && name == c.cfg.Hostname && len(c.pairs) > 0:
		return c.pairs[0].state(name)
	case s == nil && name == c.cfg.Hostname:
		return State{Name: name, Source: SelfMadeHere, NotAfter: c.selfMade.Load().Leaf.NotAfter}
	case s == nil:
		return State{Name: name, Source: None}
	case s.held:
		return State{Name: name, Source: FromAuthority, NotAfter: s.notAfter, Err: s.err, NextTry: s.due}
	case s.own:
		return State{Name: name, Source: SelfMadeHere, NotAfter: c.selfMade.Load().Leaf.NotAfter, Err: s.err, NextTry: s.due}
	}
	return State{Name: name, Source: None, Err: s.err, NextTry: s.due}
}

func (p *pair) state(name string) State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return State{Name: name, Source: FromFile, NotAfter: p.cert.Leaf.NotAfter, Err: p.err}
}
