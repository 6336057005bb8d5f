package smtpd

import (
	"cmp"
	"fmt"
	"io"
	"sync"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/junk"
	"github.com/postroom/postroom/server/mailauth"
	"github.com/postroom/postroom/server/rspamd"
)

// sift asks DNS lists and rspamd about a message, both at once, and adds what they say to what was found. Where they cannot be
// asked the message is taken without. verdict is empty if the sender was not looked at.
func (s *session) sift(found *junk.Evidence, verdict mailauth.Verdict, text io.ReaderAt, size int64) {
	cfg, ctx, ip := s.run.cfg, s.run.ctx, s.front.link.ip
	var listed dnsbl.Result
	var thought rspamd.Verdict
	var failure error
	var both sync.WaitGroup
	if cfg.Lists != nil {
		names := []string{verdict.DMARC.Domain, verdict.SPF.Domain, verdict.IPRev.Name}
		both.Go(func() { listed = cfg.Lists.Ask(ctx, dnsbl.Question{IP: ip, Domains: names}) })
	}
	if cfg.Scanner != nil {
		asked := rspamd.Session{IP: ip, HELO: s.tx.helo, Name: verdict.IPRev.Name, Sender: s.tx.sender, ID: s.front.link.id, TLS: shownTLS(s.front.link.tls)}
		for _, r := range s.tx.to {
			asked.Recipients = append(asked.Recipients, r.Address)
		}
		both.Go(func() { thought, failure = cfg.Scanner.Check(ctx, asked, text, size) })
	}
	both.Wait()
	addLists(found, listed)
	if failure != nil {
		s.front.link.log.Warn("rspamd gave no verdict", "err", failure)
		found.Found.Failed = append(found.Found.Failed, "rspamd")
		return
	}
	addVerdict(found, thought)
}

func addLists(found *junk.Evidence, r dnsbl.Result) {
	for _, h := range r.Hits {
		found.Found.Lists = append(found.Found.Lists, mailstore.JunkList{Name: h.List, Reason: h.Reason})
		found.Reason = mailstore.ReasonDNSBL
		found.Detail = cmp.Or(found.Detail, fmt.Sprintf("%s is on the list %s", h.Subject, h.List))
		found.Refuse = found.Refuse || h.Action == dnsbl.Reject
	}
	for _, f := range r.Failures {
		found.Found.Failed = append(found.Found.Failed, f.List)
	}
}

func addVerdict(found *junk.Evidence, v rspamd.Verdict) {
	f := &found.Found
	f.Action, f.Score, f.Required = string(v.Action), v.Score, v.Required
	for _, x := range v.Symbols {
		f.Symbols = append(f.Symbols, mailstore.JunkSymbol{Name: x.Name, Score: x.Score, Description: x.Description})
	}
	switch v.Action {
	case rspamd.Reject:
		found.Refuse = true
		fallthrough
	case rspamd.AddHeader, rspamd.RewriteSubject, rspamd.Discard, rspamd.Quarantine:
		found.Reason = cmp.Or(found.Reason, mailstore.ReasonSpam)
		found.Detail = cmp.Or(found.Detail, fmt.Sprintf("rspamd gives it %.1f of %.1f points: %s", v.Score, v.Required, v.Action))
	case rspamd.SoftReject, rspamd.Greylist:
		found.Later = true
	}
}
