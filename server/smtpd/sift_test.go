package smtpd

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/dnsbl"
	"github.com/postroom/postroom/server/mailauth"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/server/rspamd"
	"github.com/postroom/postroom/tenancy"
)

// newSieve is a bed that asks a list of domains, which has listed.test, and an rspamd that answers what action holds.
func newSieve(t *testing.T, does dnsbl.Action) (b *bed, action *atomic.Value) {
	zones := zonetest.Start(t, `
		listed.test. 60 TXT "v=spf1 ip4:127.0.0.1 -all"
		good.test. 60 TXT "v=spf1 ip4:127.0.0.1 -all"
		listed.test.dbl.test. 60 A 127.0.0.2
		listed.test.dbl.test. 60 TXT "see https://dbl.test/"
	`)
	action = &atomic.Value{}
	action.Store("no action")
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if action.Load() == "" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, `{"action":%q,"score":7.5,"required_score":15,"symbols":{"BIG":{"name":"BIG","score":7.5,"description":"It is big"}}}`, action.Load())
	}))
	t.Cleanup(engine.Close)
	dns := resolver.New(resolver.Config{Servers: []string{zones.Addr()}})
	lists, err := dnsbl.New(dnsbl.Config{Resolver: dns, Lists: []dnsbl.List{{Zone: "dbl.test", Domains: true, Action: does}}})
	if err != nil {
		t.Fatal(err)
	}
	scanner, err := rspamd.New(rspamd.Config{Address: engine.URL})
	if err != nil {
		t.Fatal(err)
	}
	b = newBed(t, func(c *Config) {
		c.Auth, c.Lists, c.Scanner = mailauth.New(mailauth.Config{Resolver: dns}), lists, scanner
	}).listen()
	t.Cleanup(scanner.Close)
	return b, action
}

func TestWhatRspamdSaysIsDone(t *testing.T) {
	b, action := newSieve(t, dnsbl.Junk)
	c := b.dial().hello()
	for i, tc := range []struct {
		says, answer, mailbox, reason string
	}{
		{"no action", "250 ", mailstore.InboxMailbox, ""},
		{"greylist", "250 ", mailstore.InboxMailbox, ""},
		{"add header", "250 ", mailstore.JunkMailbox, mailstore.ReasonSpam},
		{"rewrite subject", "250 ", mailstore.JunkMailbox, mailstore.ReasonSpam},
		{"discard", "250 ", mailstore.JunkMailbox, mailstore.ReasonSpam},
		{"an operator's own", "250 ", mailstore.InboxMailbox, ""},
		{"reject", "550 5.7.1", "", mailstore.ReasonSpam},
		{"soft reject", "451 4.7.1", "", mailstore.ReasonLater},
	} {
		action.Store(tc.says)
		author := fmt.Sprintf("a%d@good.test", i)
		before := len(b.messages("ann@example.com", mailstore.InboxMailbox)) + len(b.messages("ann@example.com", mailstore.JunkMailbox))
		c.give(tc.answer, author, "ann@example.com")
		after := len(b.messages("ann@example.com", mailstore.InboxMailbox)) + len(b.messages("ann@example.com", mailstore.JunkMailbox))
		if tc.mailbox == "" {
			records := b.rejections("example.com")
			if last := records[len(records)-1]; after != before || last.Action != mailstore.Refused || last.Reason != tc.reason || last.Author != author {
				t.Errorf("%s: %+v", tc.says, last)
			}
			continue
		}
		m := b.messages("ann@example.com", tc.mailbox)[0]
		if after != before+1 || m.Envelope.From[0].Address != author || m.Junk == nil || m.Junk.Reason != tc.reason || m.Junk.Action != tc.says || m.Junk.Score != 7.5 || m.Junk.Required != 15 ||
			len(m.Junk.Symbols) != 1 || m.Junk.Symbols[0].Name != "BIG" {
			t.Errorf("%s: %+v", tc.says, m.Junk)
		}
	}
}

func TestMailIsTakenWhereRspamdFails(t *testing.T) {
	b, action := newSieve(t, dnsbl.Junk)
	action.Store("")
	b.dial().hello().give("250 ", "a@good.test", "ann@example.com")
	if in := b.messages("ann@example.com", mailstore.InboxMailbox); len(in) != 1 || in[0].Junk == nil || !slices.Equal(in[0].Junk.Failed, []string{"rspamd"}) {
		t.Errorf("%+v", in)
	}
}

func TestWhoIsOnAListIsPutAsideOrRefused(t *testing.T) {
	b, _ := newSieve(t, dnsbl.Junk)
	b.dial().hello().give("250 ", "a@listed.test", "ann@example.com")
	if junk := b.messages("ann@example.com", mailstore.JunkMailbox); len(junk) != 1 || junk[0].Junk.Reason != mailstore.ReasonDNSBL || len(junk[0].Junk.Lists) != 1 || junk[0].Junk.Lists[0].Name != "dbl.test" ||
		!strings.Contains(junk[0].Junk.Lists[0].Reason, "https://dbl.test/") {
		t.Errorf("%+v", junk)
	}
	b, _ = newSieve(t, dnsbl.Reject)
	b.dial().hello().give("550 5.7.1 not taken: listed.test is on the list dbl.test", "a@listed.test", "ann@example.com")
	if got := reasons(b.rejections("example.com")); !slices.Equal(got, []string{"refused dnsbl ann@example.com 1"}) {
		t.Errorf("%q", got)
	}
}

// Nobody loses a message that another one's filter would refuse: who knows the author gets it, the others find it in Junk.
func TestARefusalIsSparedWhereARecipientKnowsTheAuthor(t *testing.T) {
	b, action := newSieve(t, dnsbl.Junk)
	action.Store("reject")
	lists, _, err := b.dir.Operator().Lists(t.Context(), b.homes["example.com"], "ann@example.com", tenancy.ListsCreate)
	b.must(err)
	_, _, err = lists.Add(t.Context(), mailstore.ListEntry{List: mailstore.List{Direction: mailstore.ListReceive, Kind: mailstore.ListAllow, Inbox: b.inbox("ann@example.com").ID()}, Entry: "friend@good.test"})
	b.must(err)
	c := b.dial().hello()
	c.give("550 5.7.1", "friend@good.test", "bob@example.com", "cat@example.net")
	c.give("250 ", "friend@good.test", "ann@example.com", "bob@example.com", "cat@example.net")
	if in := b.messages("ann@example.com", mailstore.InboxMailbox); len(in) != 1 || in[0].Junk.Spared != mailstore.SparedAllowed || in[0].Junk.Action != "reject" {
		t.Errorf("%+v", in)
	}
	for _, address := range []string{"bob@example.com", "cat@example.net"} {
		if junk := b.messages(address, mailstore.JunkMailbox); len(junk) != 1 || junk[0].Junk.Reason != mailstore.ReasonSpam {
			t.Errorf("%s: %+v", address, junk)
		}
	}
}

func TestAMessageThatComesBackTooOftenIsNotTaken(t *testing.T) {
	b := newBed(t, nil).listen()
	ctx := t.Context()
	passages := func(address string, n int) (fields string) {
		for i := range n {
			passage, err := b.dir.Passage(ctx, b.inbox(address).ID(), mailstore.MessageID(fmt.Sprintf("msg_%026d", i)))
			b.must(err)
			fields += "Postroom-Trace: " + passage + "\r\n"
		}
		return fields
	}
	give := func(answer, fields string, to ...string) {
		t.Helper()
		c := b.dial().hello()
		c.envelope("x@far.test", to...)
		c.do("DATA", "354 ")
		c.send(fields + "From: x@far.test\r\nSubject: round\r\n\r\ntext\r\n.\r\n")
		c.want(answer)
	}
	give("250 ", passages("ann@example.com", 3), "ann@example.com")
	give("250 ", strings.Repeat(passages("ann@example.com", 1), 9), "ann@example.com") // one message that was copied
	give("250 ", passages("bob@example.com", 4), "ann@example.com")
	give("250 ", "Postroom-Trace: x\r\npostroom-trace:\r\nPostroom-Trace: "+strings.Repeat("y", 999)+"\r\n"+passages("ann@example.com", 3), "ann@example.com")
	give("554 5.4.6", passages("ann@example.com", 4), "ann@example.com")
	if got := reasons(b.rejections("example.com")); !slices.Equal(got, []string{"refused loop ann@example.com 1"}) {
		t.Errorf("%q", got)
	}
	give("250 ", passages("ann@example.com", 4), "ann@example.com", "cat@example.net")
	if junk := b.messages("ann@example.com", mailstore.JunkMailbox); len(junk) != 1 || junk[0].Junk.Reason != mailstore.ReasonInCircles {
		t.Errorf("%+v", junk)
	}
	if in := b.messages("cat@example.net", mailstore.InboxMailbox); len(in) != 1 || in[0].Junk != nil {
		t.Errorf("%+v", in)
	}
}
