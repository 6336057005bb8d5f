package peers

import (
	"net"
	"net/smtp"
	"slices"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/resolver/zonetest"
)

// sifted is a message with what was found out about whether it is junk.
type sifted struct {
	Mailboxes []string
	Junk      *struct {
		Reason, Action  string
		Score, Required float64
		Symbols         []struct {
			Name, Description string
			Score             float64
		}
		Lists  []struct{ Name, Reason string }
		Failed []string
	}
}

// relayFrom hands a message over by SMTP from an address of this machine.
func (s *server) relayFrom(address, subject, text string) error {
	s.t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := dialer.DialContext(s.t.Context(), "tcp", s.SMTP)
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		s.t.Fatal(err)
	}
	return transact(c, "ann@sender.test", s.Inbox.Address, scanned(subject, text))
}

// sift waits for the message with a subject.
func (s *server) sift(subject string) (m sifted) {
	s.t.Helper()
	id := s.judged(subject).ID
	if code := s.call("GET", "/v1/inboxes/"+s.Inbox.ID+"/messages/"+id, s.WorkspaceKey, nil, &m); code != 200 {
		s.t.Fatalf("message %s answered %d", id, code)
	}
	return m
}

// lies reports whether a message is in one mailbox alone.
func (m sifted) lies(mailbox string) bool { return slices.Equal(m.Mailboxes, []string{mailbox}) }

// What the real rspamd thinks of a message is shown with it, and what it would mark lies in Junk.
func TestTheVerdictOfRspamdIsShown(t *testing.T) {
	scanner := startRspamd(t)
	zones := zonetest.Start(t, "")
	s := startWith(t, t.TempDir(), []string{"--authenticate", "--dns", zones.Addr(), "--rspamd", scanner.URL})
	for _, subject := range []string{"Lunch", "Buy now"} {
		if err := s.relayFrom("127.0.0.1", subject, "At one?"); err != nil {
			t.Fatal(err)
		}
	}
	if m := s.sift("Lunch"); !m.lies("INBOX") || m.Junk == nil || m.Junk.Action != "no action" || m.Junk.Score != 0 || m.Junk.Required != 15 {
		t.Errorf("what is no junk is %+v", m)
	}
	m := s.sift("Buy now")
	if !m.lies("Junk") || m.Junk == nil || m.Junk.Reason == "" || m.Junk.Action != "add header" || m.Junk.Score != 7 || m.Junk.Required != 15 {
		t.Fatalf("junk is %+v", m)
	}
	if first := m.Junk.Symbols[0]; first.Name != "POSTROOM_WORD" || first.Score != 7 || first.Description != "A word of the test" {
		t.Errorf("the symbols are %+v", m.Junk.Symbols)
	}
	if err := s.relayFrom("127.0.0.1", "worst", gtube); err != nil && !strings.HasPrefix(err.Error(), "55") {
		t.Errorf("GTUBE was answered with %v", err)
	} else if err == nil {
		if m := s.sift("worst"); !m.lies("Junk") || m.Junk == nil || m.Junk.Action != "reject" {
			t.Errorf("GTUBE is %+v", m)
		}
	}
	if !strings.Contains(scanner.log(), "from: <ann@sender.test>") {
		t.Error("rspamd does not know the sender")
	}
}

// Without rspamd mail is taken, and says that it was not asked.
func TestMailIsTakenWhenRspamdIsGone(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	zones := zonetest.Start(t, "")
	s := startWith(t, t.TempDir(), []string{"--authenticate", "--dns", zones.Addr(), "--rspamd", "http://" + ln.Addr().String()})
	if err := s.relayFrom("127.0.0.1", "Lunch", "At one?"); err != nil {
		t.Fatal(err)
	}
	if m := s.sift("Lunch"); !m.lies("INBOX") || m.Junk == nil || len(m.Junk.Failed) != 1 {
		t.Errorf("it is %+v", m)
	}
}

// A block list's hit puts mail aside and is shown; a list that fails does neither.
func TestTheHitOfABlockListIsShown(t *testing.T) {
	zones := zonetest.Start(t, `
		2.0.0.127.bl.test. A 127.0.0.2
		3.0.0.127.bl.test. A 127.0.0.2
		3.0.0.127.bl.test. TXT "Sent spam"
	`)
	zones.Fail("5.0.0.127.bl.test", zonetest.ServFail)
	s := startWith(t, t.TempDir(), []string{"--authenticate", "--dns", zones.Addr(), "--dnsbl", "bl.test"})
	for address, subject := range map[string]string{"127.0.0.3": "listed", "127.0.0.4": "not listed", "127.0.0.5": "not known"} {
		if err := s.relayFrom(address, subject, "At one?"); err != nil {
			t.Fatal(err)
		}
	}
	if m := s.sift("listed"); !m.lies("Junk") || m.Junk == nil || len(m.Junk.Lists) != 1 || m.Junk.Lists[0].Name != "bl.test" || m.Junk.Lists[0].Reason != "Sent spam" {
		t.Errorf("listed: %+v", m)
	}
	if m := s.sift("not listed"); !m.lies("INBOX") || m.Junk != nil {
		t.Errorf("not listed: %+v", m)
	}
	if m := s.sift("not known"); !m.lies("INBOX") || m.Junk == nil || len(m.Junk.Failed) != 1 || len(m.Junk.Lists) != 0 {
		t.Errorf("not known: %+v", m)
	}
}
