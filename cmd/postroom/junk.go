package main

import (
	"fmt"
	"time"

	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/rspamd"
)

// JunkConfig is who is asked whether mail that comes in is junk. What is empty is nobody.
type JunkConfig struct {
	Rspamd         string        `toml:"rspamd"` // http://…, https://… or unix:/…
	RspamdPassword string        `toml:"rspamd_password"`
	RspamdTimeout  time.Duration `toml:"rspamd_timeout"`
	DNSBL          []string      `toml:"dnsbl"`         // lists of addresses: zone, or zone=answers
	DNSBLDomains   []string      `toml:"dnsbl_domains"` // lists of domains, likewise
	DNSBLAction    string        `toml:"dnsbl_action"`  // junk or reject
}

// blockLists reads the lists of the configuration: those of addresses, then those of domains.
func (c JunkConfig) blockLists() ([]dnsbl.List, error) {
	all, err := parseLists(c.DNSBL)
	if err != nil {
		return nil, err
	}
	names, err := parseLists(c.DNSBLDomains)
	if err != nil {
		return nil, err
	}
	for i := range names {
		names[i].Domains = true
	}
	all = append(all, names...)
	for i := range all {
		all[i].Action = dnsbl.Action(c.DNSBLAction)
	}
	return all, nil
}

func parseLists(texts []string) (lists []dnsbl.List, err error) {
	if len(texts) > dnsbl.MaxLists/2 {
		return nil, fmt.Errorf("at most %d lists", dnsbl.MaxLists/2)
	}
	for _, text := range texts {
		list, err := dnsbl.ParseList(text)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return lists, nil
}

// junk makes what finds out whether a message is junk; each is nil if the configuration does not want it. The caller runs
// the lists and closes the client.
func (p *postroom) junk() (lists *dnsbl.Lists, scanner *rspamd.Client, err error) {
	c := p.cfg.Junk
	zones, err := c.blockLists()
	if err != nil {
		return nil, nil, err
	}
	if len(zones) > 0 {
		if lists, err = dnsbl.New(dnsbl.Config{Resolver: p.names, Lists: zones, AllowPrivate: p.allowPrivate, Log: p.log}); err != nil {
			return nil, nil, err
		}
	}
	if c.Rspamd != "" {
		scanner, err = rspamd.New(rspamd.Config{Address: c.Rspamd, Password: c.RspamdPassword, Hostname: p.cfg.Hostname, Timeout: c.RspamdTimeout})
	}
	return lists, scanner, err
}

func (c *checker) junk(j JunkConfig) {
	if j.Rspamd != "" {
		if err := rspamd.ParseAddress(j.Rspamd); err != nil {
			c.wrong("junk.rspamd", "%v", err)
		}
	} else if j.RspamdPassword != "" {
		c.wrong("junk.rspamd_password", "there is no rspamd to show it to: set junk.rspamd")
	}
	c.duration("junk.rspamd_timeout", j.RspamdTimeout, time.Second, 2*time.Minute)
	for key, texts := range map[string][]string{"junk.dnsbl": j.DNSBL, "junk.dnsbl_domains": j.DNSBLDomains} {
		if _, err := parseLists(texts); err != nil {
			c.wrong(key, "%v", err)
		}
	}
	c.oneOf("junk.dnsbl_action", j.DNSBLAction, string(dnsbl.Junk), string(dnsbl.Reject))
}
