package smtpd

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/mailauth"
	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/server/rspamd"
	"github.com/postroom/postroom/tenancy"
)

// newForge is a bed whose rspamd would reject all mail, with a friend's domain of each kind. None of them may send from here.
func newForge(t *testing.T) *bed {
	zones := zonetest.Start(t, `
		hard.test. 60 TXT "v=spf1 -all"
		none.test. 60 TXT "v=spf1 -all"
		_dmarc.none.test. 60 TXT "v=DMARC1; p=none"
		reject.test. 60 TXT "v=spf1 -all"
		_dmarc.reject.test. 60 TXT "v=DMARC1; p=reject"
		open.test. 60 A 192.0.2.1
		evil.test. 60 TXT "v=spf1 ip4:127.0.0.1 -all"
		_dmarc.evil.test. 60 TXT "v=DMARC1; p=reject"
	`)
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, `{"action":"reject","score":30,"required_score":15,"symbols":{}}`)
	}))
	t.Cleanup(engine.Close)
	scanner, err := rspamd.New(rspamd.Config{Address: engine.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scanner.Close)
	return newBed(t, func(c *Config) {
		c.Auth, c.Scanner = mailauth.New(mailauth.Config{Resolver: resolver.New(resolver.Config{Servers: []string{zones.Addr()}})}), scanner
	}).listen()
}

// write has ann write to an address.
func (b *bed) write(to string) mailstore.Submitted {
	b.t.Helper()
	in := b.inbox("ann@example.com")
	sp := mailstore.NewSpool(in)
	defer sp.Close()
	fmt.Fprint(sp, "From: ann@example.com\r\nTo: "+to+"\r\nSubject: hi\r\n\r\nx\r\n")
	sent, err := in.Submit(b.t.Context(), mailstore.Submission{Sender: "ann@example.com", To: []string{to}, Spool: sp})
	b.must(err)
	return sent
}

// try gives a message and tells where it lies: "" is refused.
func (b *bed) where(sender, header string, to string) string {
	b.t.Helper()
	before := len(b.messages("ann@example.com", mailstore.InboxMailbox))
	c := b.dial().hello()
	c.envelope(sender, to)
	c.do("DATA", "354 ")
	c.send(header + "Subject: buy\r\nMessage-ID: <" + fmt.Sprint(len(header)) + "@x>\r\n\r\nspam " + header + "\r\n.\r\n")
	switch reply := c.reply(); {
	case reply[0] != '2':
		return ""
	case len(b.messages("ann@example.com", mailstore.InboxMailbox)) > before:
		return mailstore.InboxMailbox
	}
	return mailstore.JunkMailbox
}

// Who once got a message knows its return path: that is a way for reports, not for whatever he likes.
func TestTheReturnPathIsNoWayAroundTheFilter(t *testing.T) {
	b := newForge(t)
	sent := b.write("rob@evil.test")
	path, err := b.dir.ReturnPath(t.Context(), b.homes["example.com"], sent.ID, "example.com")
	b.must(err)
	lists, _, err := b.dir.Operator().Lists(t.Context(), b.homes["example.com"], "", tenancy.ListsCreate)
	b.must(err)
	_, _, err = lists.Add(t.Context(), mailstore.ListEntry{List: mailstore.List{Direction: mailstore.ListReceive, Kind: mailstore.ListBlock}, Entry: "evil.test"})
	b.must(err)
	if at := b.where("rob@evil.test", "From: rob@evil.test\r\n", "ann@example.com"); at == mailstore.InboxMailbox {
		t.Fatal("the block list does not work at all")
	}
	if at := b.where("rob@evil.test", "From: rob@evil.test\r\n", path); at == mailstore.InboxMailbox {
		t.Error("a blocked author whose mail rspamd rejects got into INBOX by the return path")
	}
	if at := b.where("rob@evil.test", "From: Your Bank <service@quarantine.test>\r\n", path); at == mailstore.InboxMailbox {
		t.Error("a message that is no report, from a stranger, got into INBOX by the return path")
	}
}

// A friend's name alone gets nobody in.
func TestAFriendsNameIsNotEnough(t *testing.T) {
	for domain, says := range map[string]string{"hard.test": "SPF fails (-all), there is no DMARC policy", "open.test": "there is no SPF record and no signature", "none.test": "DMARC fails, p=none", "reject.test": "p=reject"} {
		t.Run(domain, func(t *testing.T) {
			b := newForge(t)
			b.write("friend@" + domain)
			if at := b.where("x@"+domain, "From: friend@"+domain+"\r\n", "ann@example.com"); at == mailstore.InboxMailbox {
				t.Errorf("%s, and rspamd rejects it with 30 of 15 points: it is in INBOX", says)
			}
		})
	}
}

// Whatever From a forger writes, what a reader takes for the author is what was checked.
func TestOddFromFieldsDoNotBorrowAFriend(t *testing.T) {
	const friend = "friend@none.test" // whose DMARC fails, and asks for nothing: a plain forgery goes to Junk
	for _, header := range []string{
		"From: " + friend + "\r\n", "From: " + friend + " x\r\n", "From: x " + friend + "\r\n", "From: <" + friend + "> x\r\n", "From: <" + friend + "\r\n", "From: " + friend + ">\r\n", "From: \"x <" + friend + ">\r\n", "From: <" + friend + ">,\r\n",
		"From: rob@evil.test\r\nFrom: " + friend + "\r\n", "From: " + friend + "\r\nFrom: rob@evil.test\r\n", "From : " + friend + "\r\nFrom: rob@evil.test\r\n",
		"From: rob@evil.test\r\nFrom : " + friend + "\r\n", "From: " + friend + " <rob@evil.test>\r\n", "From: <" + friend + "> <rob@evil.test>\r\n", "From: rob@evil.test (" + friend + ")\r\n",
		"From: g:" + friend + ";\r\n", "From: \"" + friend + "\" <rob@evil.test>\r\n", "From: <@evil.test:" + friend + ">\r\n", "From: friend@none.test.\r\n", "From: rob@evil.test, " + friend + "\r\n",
		"From: friend @ none . test\r\n", "From: <friend(@evil.test>)@none.test>\r\n", "From: =?utf-8?q?friend=40none.test?= <rob@evil.test>\r\n", "From: =?utf-8?q?friend=40none.test?=\r\n", "From:\r\n " + friend + "\r\n", "From: \"friend\"@reject.test\r\n",
		"From: friend@none.test\x00\r\n", "From: friend@none.test@evil.test\r\n", "From: undisclosed:;\r\nSender: " + friend + "\r\n", "Sender: " + friend + "\r\n", "Resent-From: rob@evil.test\r\nFrom: " + friend + "\r\n", "From: friend@\u200bnone.test\r\n",
		"From: friend@none.test\r\n\tevil\r\n", "From: ;" + friend + "\r\n", "From: ," + friend + "\r\n", "From: rob@evil.test\r\nbroken line\r\n " + friend + "\r\n", "From: friend%40none.test@evil.test\r\n", "From: FRIEND@NONE.TEST\r\n",
		"From: friend@N\u24c4NE.test\r\n", "From: friend@none\u3002test\r\n", "From: friend@n\u24deone.test\r\n", "From: friend@[none.test]\r\n",
	} {
		if strings.ContainsRune(header, 0) {
			continue
		}
		b := newForge(t)
		b.write(friend)
		if at := b.where("rob@evil.test", header, "ann@example.com"); at == mailstore.InboxMailbox {
			t.Errorf("%q is in INBOX", header)
		}
	}
}

// What a client that is too fast is told costs no record each: it may ask as often as it likes.
func TestOneClientDoesNotFillTheRecords(t *testing.T) {
	b := newBed(t, func(c *Config) { c.Messages = Rate{PerSource: 2} }).listen()
	c := b.dial().hello()
	for range 2 {
		c.do("MAIL FROM:<x@envelope.test>", "250 ")
		c.do("RSET", "250 ")
	}
	for i := range DefaultMaxErrors + 1 { // the command after the last that is borne ends it
		c.do(fmt.Sprintf("MAIL FROM:<x%d@envelope.test>", i), "450 4.7.1")
	}
	c.do("MAIL FROM:<x@envelope.test>", "421 4.7.0")
	if list := b.rejections(""); len(list) != 1 || list[0].Count < 10 {
		t.Errorf("%+v", list)
	}
}

// Records that wait are small, however long the texts that strangers write.
func TestRecordsThatWaitAreSmall(t *testing.T) {
	var r records
	before := heap()
	for i := range 200 {
		r.add("", mailstore.Rejection{Recipient: fmt.Sprint(i), Subject: strings.Repeat("s", 900<<10)})
	}
	if grown := heap() - before; grown > 200*10<<10 {
		t.Errorf("200 records hold %d octets: %d of them hold %d MB", grown, maxRecords, grown/200*maxRecords>>20)
	}
	runtime.KeepAlive(&r)
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// A refusal says why.
func TestTheReasonOfARefusalIsItsReason(t *testing.T) {
	b, action := newSieve(t, "junk")
	action.Store("reject")
	c := b.dial().hello()
	c.envelope("x@listed.test", "ann@example.com")
	c.do("DATA", "354 ")
	c.send("From: a@listed.test\r\nSubject: s\r\n\r\nx\r\n.\r\n")
	reply := c.reply()
	if got := reasons(b.rejections("example.com")); !slices.Equal(got, []string{"refused spam ann@example.com 1"}) {
		t.Errorf("rspamd has it refused, the list only put aside; recorded as %q, told %q", got, reply)
	}
}
