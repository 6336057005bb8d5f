package junk

import (
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/mailauth"
)

// AuthOf is a verdict as it is kept with a message.
func AuthOf(v mailauth.Verdict) *mailstore.Auth {
	a := &mailstore.Auth{
		SPF:  mailstore.AuthSPF{Result: string(v.SPF.Result), Domain: v.SPF.Domain, Reason: v.SPF.Reason},
		DKIM: []mailstore.AuthDKIM{},
		DMARC: mailstore.AuthDMARC{Result: string(v.DMARC.Result), Domain: v.DMARC.Domain, Policy: string(v.DMARC.Policy), Disposition: string(v.DMARC.Disposition),
			Reason: v.DMARC.Reason, Aligned: v.DMARC.AlignedSPF || v.DMARC.AlignedDKIM},
		IPRev: mailstore.AuthIPRev{Result: string(v.IPRev.Result), Name: v.IPRev.Name},
		TLS:   v.TLS,
	}
	if v.IPRev.IP.IsValid() {
		a.IPRev.IP = v.IPRev.IP.String()
	}
	for _, d := range v.DKIM {
		a.DKIM = append(a.DKIM, mailstore.AuthDKIM{Result: string(d.Result), Domain: d.Domain, Selector: d.Selector, Algorithm: d.Algorithm, KeyBits: d.KeyBits, Testing: d.Testing, Reason: d.Reason})
	}
	return a
}
