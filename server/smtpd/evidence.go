package smtpd

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/mailauth"
)

// judged is a message whose sender was looked at: its bytes, what is put in front of them, and who gets it where.
type judged struct {
	spool *mailstore.Spool // the message without fields that claim to be ours; the one that it was read into, or another
	front []byte           // our Authentication-Results
	auth  *mailstore.Auth
	to    []mailstore.Recipient
}

// judge finds out who really sent a message whose header has head octets, and what follows from it: whose domain asks to
// have it rejected is refused, if all recipients' workspaces want that, and is else filed as junk, as is what it asks to
// have put aside. What comes to a return path of ours is filed nowhere else: nobody can write to one who did not get our mail.
func (s *session) judge(spool *mailstore.Spool, head int64) (j judged, err error) {
	j = judged{spool: spool, to: slices.Clone(s.tx.to)}
	verifier, ip := s.run.cfg.Auth, s.front.link.ip
	if verifier == nil || slices.ContainsFunc(s.run.cfg.Trusted, func(n netip.Prefix) bool { return n.Contains(ip) }) {
		return j, nil
	}
	message, ok := spool.Reader().(io.ReaderAt)
	if !ok {
		return j, fmt.Errorf("judge message: a spool that is no io.ReaderAt")
	}
	verdict := verifier.Verify(s.run.ctx, mailauth.Session{IP: ip, HELO: s.tx.helo, Sender: s.tx.sender, TLS: shownTLS(s.front.link.tls)}, message, spool.Size())
	if verdict.DMARC.Disposition == mailauth.Reject && s.tx.rejecting == len(s.tx.to) {
		return j, errForged
	}
	aside := verdict.DMARC.Disposition == mailauth.Reject || verdict.DMARC.Disposition == mailauth.Quarantine
	for i := range j.to {
		if !verdict.Authenticated() {
			j.to[i].Labels = append(slices.Clone(j.to[i].Labels), mailstore.LabelUnauthenticated)
		}
		if aside && j.to[i].Bounce == "" {
			j.to[i].Mailbox = mailstore.JunkMailbox
		}
	}
	j.auth, j.front = evidence(verdict), verdict.Header(s.run.cfg.Hostname)
	j.spool, err = s.withoutForeign(spool, message, head)
	return j, err
}

// withoutForeign takes Authentication-Results out of a message that claim to be this server's. Few messages have any.
func (s *session) withoutForeign(spool *mailstore.Spool, message io.ReaderAt, head int64) (*mailstore.Spool, error) {
	header := make([]byte, head)
	if _, err := message.ReadAt(header, 0); err != nil && err != io.EOF {
		return spool, fmt.Errorf("judge message: %w", err)
	}
	kept := mailauth.Strip(header, s.run.cfg.Hostname)
	if len(kept) == len(header) {
		return spool, nil
	}
	other := mailstore.NewSpool(s.tx.to[0].Inbox)
	if _, err := io.Copy(other, io.MultiReader(bytes.NewReader(kept), io.NewSectionReader(message, head, spool.Size()-head))); err != nil {
		s.front.giveBack(other)
		return spool, fmt.Errorf("judge message: %w", err)
	}
	return other, nil
}

// evidence is a verdict as it is kept.
func evidence(v mailauth.Verdict) *mailstore.Auth {
	a := &mailstore.Auth{
		SPF:  mailstore.AuthSPF{Result: string(v.SPF.Result), Domain: v.SPF.Domain, Reason: v.SPF.Reason},
		DKIM: []mailstore.AuthDKIM{},
		DMARC: mailstore.AuthDMARC{Result: string(v.DMARC.Result), Domain: v.DMARC.Domain, Policy: string(v.DMARC.Policy), Disposition: string(v.DMARC.Disposition),
			Reason: v.DMARC.Reason},
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

// shownTLS is the version and cipher of a connection, "" without TLS.
func shownTLS(state *tls.ConnectionState) string {
	if state == nil {
		return ""
	}
	return tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite)
}
