package smtpd

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/mailauth"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
)

// newJudge is a bed whose server looks at who sends, with domains of each kind: good.test may send from here, the others may not.
func newJudge(t *testing.T) *bed {
	zones := zonetest.Start(t, `
		good.test. 60 TXT "v=spf1 ip4:127.0.0.1 -all"
		_dmarc.good.test. 60 TXT "v=DMARC1; p=reject"
		reject.test. 60 TXT "v=spf1 -all"
		_dmarc.reject.test. 60 TXT "v=DMARC1; p=reject"
		quarantine.test. 60 TXT "v=spf1 -all"
		_dmarc.quarantine.test. 60 TXT "v=DMARC1; p=quarantine"
		open.test. 60 A 192.0.2.1
	`)
	return newBed(t, func(c *Config) {
		c.Auth = mailauth.New(mailauth.Config{Resolver: resolver.New(resolver.Config{Servers: []string{zones.Addr()}})})
	}).listen()
}

// messages are those of an address in a mailbox, oldest first.
func (b *bed) messages(address, mailbox string) []mailstore.Message {
	b.t.Helper()
	in, err := b.dir.Operator().Mail(context.Background(), "", address, tenancy.MessagesRead)
	b.must(err)
	list, _, err := in.Messages(context.Background(), mailstore.MessageFilter{Mailbox: mailbox}, nil, 100)
	b.must(err)
	return list
}

func TestWhatATrustedRelayBringsIsNotLookedAt(t *testing.T) {
	zones := zonetest.Start(t, "reject.test. 60 TXT \"v=spf1 -all\"\n_dmarc.reject.test. 60 TXT \"v=DMARC1; p=reject\"\n")
	b := newBed(t, func(c *Config) {
		c.Auth = mailauth.New(mailauth.Config{Resolver: resolver.New(resolver.Config{Servers: []string{zones.Addr()}})})
		c.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}).listen()
	c := b.dial().hello()
	c.envelope("x@reject.test", "ann@example.com")
	c.do("DATA", "354 ")
	c.send(from("reject.test"))
	c.want("250 ")
	if list := b.messages("ann@example.com", mailstore.InboxMailbox); len(list) != 1 || list[0].Auth != nil || zones.Queries("_dmarc.reject.test.") != 0 {
		t.Errorf("%+v", list)
	}
}

func from(domain string, more ...string) string {
	return strings.Join(more, "") + "From: x@" + domain + "\r\nSubject: hello\r\n\r\ntext\r\n.\r\n"
}

func TestAMessageBearsWhatIsKnownOfItsSender(t *testing.T) {
	b := newJudge(t)
	c := b.dial().hello()
	for _, domain := range []string{"good.test", "open.test"} {
		c.envelope("x@"+domain, "ann@example.com")
		c.do("DATA", "354 ")
		c.send(from(domain, "Authentication-Results: "+testHost+"; dmarc=pass header.from=bank.example\r\n", "Authentication-Results: other.example; spf=fail\r\n", "POSTROOM-Simulated : code\r\n more\r\n"))
		c.want("250 ")
	}
	list := b.messages("ann@example.com", mailstore.InboxMailbox)
	if len(list) != 2 {
		t.Fatalf("%d messages", len(list))
	}
	good, open := list[1], list[0]
	if good.Auth.DMARC.Result != "pass" || good.Auth.SPF.Result != "pass" || good.Auth.SPF.Domain != "good.test" || strings.Contains(strings.Join(good.Labels, " "), "unauthenticated") {
		t.Errorf("good.test: %+v, %q", good.Auth, good.Labels)
	}
	if open.Auth.DMARC.Result != "none" || open.Auth.SPF.Result != "none" || !strings.Contains(strings.Join(open.Labels, " "), "unauthenticated") {
		t.Errorf("open.test: %+v, %q", open.Auth, open.Labels)
	}
	raw := b.mail("ann@example.com")[0]
	if strings.Contains(strings.ToLower(raw), "simulated") {
		t.Errorf("a stranger's message says that it is simulated:\n%s", raw)
	}
	if strings.Count(raw, "Authentication-Results: "+testHost) != 1 || strings.Contains(raw, "bank.example") || !strings.Contains(raw, "Authentication-Results: other.example; spf=fail\r\n") {
		t.Errorf("the message:\n%s", raw)
	}
	if at, received := strings.Index(raw, "Authentication-Results: "+testHost), strings.Index(raw, "Received: "); !strings.HasPrefix(raw, "Return-Path: ") || at > received || !strings.Contains(raw[at:received], "dmarc=pass") {
		t.Errorf("ours is not where it belongs:\n%s", raw)
	}
}

func TestForgedMailIsRefusedOrPutAside(t *testing.T) {
	b := newJudge(t)
	c := b.dial().hello()
	give := func(domain, answer string, to ...string) {
		t.Helper()
		c.envelope("x@elsewhere.test", to...)
		c.do("DATA", "354 ")
		c.send(from(domain))
		c.want(answer)
	}
	give("reject.test", "550 5.7.26", "ann@example.com", "bob@example.com")
	give("quarantine.test", "250 ", "ann@example.com")
	if in, junk := b.messages("ann@example.com", mailstore.InboxMailbox), b.messages("ann@example.com", mailstore.JunkMailbox); len(in) != 0 || len(junk) != 1 || junk[0].Auth.DMARC.Disposition != "quarantine" {
		t.Errorf("in INBOX %d, in Junk %d", len(in), len(junk))
	}
	choice := tenancy.JunkForged
	if _, err := b.dir.Operator().UpdateWorkspace(t.Context(), b.homes["example.net"], tenancy.WorkspaceChange{Forged: &choice}); err != nil {
		t.Fatal(err)
	}
	give("reject.test", "250 ", "cat@example.net")
	if junk := b.messages("cat@example.net", mailstore.JunkMailbox); len(junk) != 1 {
		t.Errorf("%d in Junk", len(junk))
	}
	give("reject.test", "250 ", "cat@example.net", "ann@example.com") // one of them wants it
	if junk := b.messages("ann@example.com", mailstore.JunkMailbox); len(junk) != 2 {
		t.Errorf("%d in Junk", len(junk))
	}
}
