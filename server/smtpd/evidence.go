package smtpd

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"slices"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/report"
	"github.com/postroom/postroom/server/junk"
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
// have put aside. A report that comes to a return path of ours is filed nowhere else: nobody can write to one who did not get our mail.
func (s *session) judge(spool *mailstore.Spool, head int64) (j judged, err error) {
	j = judged{spool: spool, to: slices.Clone(s.tx.to)}
	text, ok := spool.Reader().(io.ReaderAt)
	if !ok {
		return j, fmt.Errorf("judge message: a spool that is no io.ReaderAt")
	}
	header := make([]byte, head)
	if _, err := text.ReadAt(header, 0); err != nil && err != io.EOF {
		return j, fmt.Errorf("judge message: %w", err)
	}
	letter := message.Parse(header).Envelope
	question := mailstore.ScreeningOf(&letter, s.tx.sender)
	s.tx.subject, s.tx.author = letter.Subject, question.Author
	circles, all, err := junk.InCircles(s.run.ctx, s.run.dir, header, j.to)
	switch {
	case err != nil:
		return j, err
	case all:
		return j, errCircles
	}
	found, err := s.look(&j, text)
	if err != nil {
		return j, err
	}
	welcome, err := junk.Place(s.run.ctx, found, question, s.reported(spool), j.to)
	switch {
	case err != nil:
		return j, err
	case found.Refuse && !welcome:
		return j, refuseJunk(found)
	case found.Later && !welcome:
		return j, errLater
	}
	junk.PutAside(found, circles, j.to)
	j.spool, err = s.withoutForeign(spool, text, header, j.auth != nil)
	return j, err
}

// reported reports whether what comes to a return path of ours is a report about mail of ours: such a one comes from nobody.
func (s *session) reported(spool *mailstore.Spool) bool {
	if s.tx.sender != "" || !slices.ContainsFunc(s.tx.to, func(r mailstore.Recipient) bool { return r.Bounce != "" }) {
		return false
	}
	raw, err := io.ReadAll(io.LimitReader(spool.Reader(), report.MaxRead))
	if err != nil {
		return false // it is a message like others
	}
	_, yes := report.Parse(raw)
	return yes
}

// look finds out who really sent a message, and fails if it is to be refused for all of its recipients.
func (s *session) look(j *judged, text io.ReaderAt) (found junk.Evidence, err error) {
	found.Source, found.HELO = s.front.link.ip.String(), s.tx.helo
	verifier, ip := s.run.cfg.Auth, s.front.link.ip
	var verdict mailauth.Verdict
	switch {
	case s.run.trusts(ip):
		return found, nil
	case verifier == nil:
		s.sift(&found, verdict, text, j.spool.Size())
		return found, nil
	}
	verdict = verifier.Verify(s.run.ctx, mailauth.Session{IP: ip, HELO: s.tx.helo, Sender: s.tx.sender, TLS: shownTLS(s.front.link.tls)}, text, j.spool.Size())
	if verdict.DMARC.Disposition == mailauth.Reject && s.tx.rejecting == len(s.tx.to) {
		return found, errForged
	}
	if !verdict.Authenticated() {
		for i := range j.to {
			j.to[i].Labels = append(slices.Clone(j.to[i].Labels), mailstore.LabelUnauthenticated)
		}
	}
	j.auth, j.front = junk.AuthOf(verdict), verdict.Header(s.run.cfg.Hostname)
	found.Forged = verdict.DMARC.Disposition == mailauth.Reject || verdict.DMARC.Disposition == mailauth.Quarantine
	found.Doubtful = !verdict.Authenticated()
	s.sift(&found, verdict, text, j.spool.Size())
	return found, nil
}

// withoutForeign takes out of a message what only this server writes: the field of simulated messages and, of one whose sender was looked
// at, Authentication-Results that claim to be this server's. Few messages have any.
func (s *session) withoutForeign(spool *mailstore.Spool, text io.ReaderAt, header []byte, looked bool) (*mailstore.Spool, error) {
	head := int64(len(header))
	kept := mailauth.StripField(header, compose.SimulatedField)
	if looked {
		kept = mailauth.Strip(kept, s.run.cfg.Hostname)
	}
	if len(kept) == len(header) {
		return spool, nil
	}
	other := mailstore.NewSpool(s.tx.to[0].Inbox)
	if _, err := io.Copy(other, io.MultiReader(bytes.NewReader(kept), io.NewSectionReader(text, head, spool.Size()-head))); err != nil {
		s.front.giveBack(other)
		return spool, fmt.Errorf("judge message: %w", err)
	}
	return other, nil
}

// shownTLS is the version and cipher of a connection, "" without TLS.
func shownTLS(state *tls.ConnectionState) string {
	if state == nil {
		return ""
	}
	return tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite)
}
