package courier

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/server/courier/mxtest"
	"github.com/postroom/postroom/server/courier/sts"
	"github.com/postroom/postroom/server/junk"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
)

func TestAMessageIsSignedAndHandedOver(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{TLS: mxtest.Offered}) })
	id := b.send("ann@a.test", nil, "x@far.test", "y@far.test")
	list := b.wait("ann@a.test", id, mailstore.Delivered)
	if len(list) != 2 || len(list[0].Tries) != 1 || list[0].Tries[0].Host != "mx.far.test" || list[0].Tries[0].TLS != "TLS 1.3" || list[0].Tries[0].Verified != "webpki" || list[0].Tries[0].Code != 250 {
		t.Errorf("delivery: %+v", list)
	}
	got := mx.Transactions()
	if len(got) != 1 || !slices.Equal(got[0].Recipients, []string{"x@far.test", "y@far.test"}) || !got[0].TLS || got[0].Hello != ourHost {
		t.Fatalf("transactions: %+v", got)
	}
	body := string(got[0].Body)
	if strings.Contains(strings.ToLower(body), "\nbcc") || strings.Contains(body, "hidden") {
		t.Errorf("Bcc leaks:\n%s", body)
	}
	if !strings.HasSuffix(body, "\r\n\r\nhello\r\n.dot\r\n") {
		t.Errorf("body: %q", body)
	}
	sent, err := b.dir.Recipient(t.Context(), got[0].Sender)
	if err != nil || sent.Bounce != id || domainOf(got[0].Sender) != "a.test" {
		t.Errorf("return path %s: %+v, %v", got[0].Sender, sent, err)
	}
	keys, err := b.dir.Operator().DKIM(t.Context(), b.homes["a.test"], "a.test")
	b.must(err)
	verified, err := dkim.VerifyWithOptions(strings.NewReader(body), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		for _, k := range keys {
			if k.Name() == name {
				return []string{k.Record()}, nil
			}
		}
		return nil, fmt.Errorf("no key %s", name)
	}})
	if err != nil || len(verified) != 2 || verified[0].Err != nil || verified[1].Err != nil || verified[0].Domain != "a.test" {
		t.Errorf("signatures: %+v, %v", verified, err)
	}
	for _, v := range verified {
		if !slices.Contains(v.HeaderKeys, "feedback-id") || strings.Count(strings.Join(v.HeaderKeys, ","), "subject") != 2 {
			t.Errorf("signed fields: %q", v.HeaderKeys)
		}
	}
}

func TestAMessageThatIsRefusedForNowIsTriedAgain(t *testing.T) {
	var tries atomic.Int32
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		mx = b.exchanger("far.test", mxtest.Options{Rcpt: func(_, to string) string {
			if tries.Add(1) <= 2 {
				return "451 4.7.1 try later"
			}
			return ""
		}})
	})
	id := b.send("ann@a.test", nil, "x@far.test")
	list := b.wait("ann@a.test", id, mailstore.Delivered)
	if len(list[0].Tries) != 3 || list[0].Tries[0].Code != 451 || list[0].Tries[0].Reply != "try later" || list[0].Tries[0].TLS != "" {
		t.Errorf("tries: %+v", list[0].Tries)
	}
	if got := mx.Transactions(); len(got) != 1 {
		t.Errorf("%d transactions", len(got))
	}
}

func TestWhatIsRefusedForGoodComesBackAsANotice(t *testing.T) {
	b := newBed(t, func(b *bed) {
		b.exchanger("far.test", mxtest.Options{Rcpt: func(_, to string) string {
			if strings.HasPrefix(to, "nobody") {
				return "550 5.1.1 <nobody@far.test>: no such user"
			}
			return ""
		}})
	})
	id := b.send("ann@a.test", nil, "nobody@far.test", "x@far.test")
	list := b.wait("ann@a.test", id, mailstore.Bounced)
	if list[0].Status != mailstore.Bounced || list[0].Reason != "userUnknown" || list[1].Status != mailstore.Delivered {
		t.Errorf("delivery: %+v", list)
	}
	notice := b.mails("ann@a.test", 1)[0]
	for _, want := range []string{"Return-Path: <>", "Auto-Submitted: auto-replied", "report-type=delivery-status", "Final-Recipient: rfc822; nobody@far.test", "Action: failed", "no such user", "@a.test>"} {
		if !strings.Contains(notice, want) {
			t.Errorf("the notice lacks %q:\n%s", want, notice)
		}
	}
	if strings.Contains(notice, "hidden@") || strings.Contains(notice, "x@far.test>") && strings.Contains(notice, "Final-Recipient: rfc822; x@far.test") {
		t.Errorf("the notice tells too much:\n%s", notice)
	}
	if why, _, err := b.box("a.test").Suppressions(t.Context(), nil, 0); err != nil || len(why) != 1 {
		t.Errorf("suppressed: %v, %v", why, err)
	}
	if in, err := b.inbox("ann@a.test").Message(t.Context(), id); err != nil || in.ThreadID == "" {
		t.Error(err)
	} else if list, _, err := b.inbox("ann@a.test").Messages(t.Context(), mailstore.MessageFilter{ThreadID: in.ThreadID}, nil, 10); err != nil || len(list) != 2 {
		t.Errorf("the notice is not in its thread: %d, %v", len(list), err)
	}
}

func TestTheNextServerIsTriedIfTheFirstIsDown(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		mx = mxtest.Start(t, mxtest.Options{Addr: "127.0.0.2:0"})
		b.cfg.Port = int(mx.Addr().Port())
		b.zones.Set("far.test.", "60 MX 10 down.far.test.", "60 MX 20 up.far.test.")
		b.zones.Set("down.far.test.", "60 A 127.0.0.3")
		b.zones.Set("up.far.test.", "60 A 127.0.0.4", "60 A 127.0.0.2")
	})
	list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Delivered)
	if len(list[0].Tries) != 1 || list[0].Tries[0].Host != "up.far.test" || !strings.HasPrefix(list[0].Tries[0].Address, "127.0.0.2:") {
		t.Errorf("tries: %+v", list[0].Tries)
	}
}

func TestWhatTheDNSRefusesIsRefused(t *testing.T) {
	b := newBed(t, func(b *bed) {
		b.zones.Set("null.test.", "60 MX 0 .")
		b.zones.Set("us.test.", "60 MX 5 mail.postroom.test.")
		b.zones.Set("broken.test.", "60 MX 5 mx.broken.test.")
		b.zones.Fail("broken.test.", zonetest.ServFail)
	})
	for domain, want := range map[string]string{"null.test": "5.1.10", "nowhere.test": "5.1.2", "us.test": "5.4.6"} {
		list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@"+domain), mailstore.Bounced)
		if list[0].Enhanced != want || !strings.Contains(list[0].Reply, domain) {
			t.Errorf("%s: %+v", domain, list[0])
		}
	}
	list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@broken.test"), mailstore.Deferred)
	if list[0].Enhanced != "4.4.3" {
		t.Errorf("broken.test: %+v", list[0])
	}
}

func TestMailBetweenInboxesGoesThroughTheOutbox(t *testing.T) {
	b := newBed(t, nil)
	id := b.send("ann@a.test", nil, "cat@b.test", "bob@a.test", "ann@a.test")
	b.wait("ann@a.test", id, mailstore.Delivered)
	for _, address := range []string{"cat@b.test", "bob@a.test", "ann@a.test"} {
		got := b.mails(address, 1)
		if len(got) != 1 || !strings.HasPrefix(got[0], "Return-Path: <bounce+") || !strings.Contains(got[0], "Received: by "+ourHost) || strings.Contains(got[0], "Bcc") {
			t.Errorf("%s got %q", address, got)
		}
	}
	gone := b.wait("ann@a.test", b.send("ann@a.test", nil, "nobody@b.test"), mailstore.Bounced)
	if gone[0].Enhanced != "5.1.1" {
		t.Errorf("to nobody: %+v", gone[0])
	}
}

func TestListsHoldForMailBetweenInboxes(t *testing.T) {
	b := newBed(t, nil)
	lists, _, err := b.dir.Operator().Lists(t.Context(), b.homes["b.test"], "", tenancy.ListsCreate)
	b.must(err)
	_, _, err = lists.Add(t.Context(), mailstore.ListEntry{List: mailstore.List{Direction: mailstore.ListReceive, Kind: mailstore.ListBlock}, Entry: "ann@a.test"})
	b.must(err)
	b.wait("ann@a.test", b.send("ann@a.test", nil, "cat@b.test", "bob@a.test"), mailstore.Delivered)
	b.wait("bob@a.test", b.send("bob@a.test", nil, "cat@b.test"), mailstore.Delivered)
	in := b.inbox("cat@b.test")
	for mailbox, author := range map[string]string{mailstore.InboxMailbox: "bob@a.test", mailstore.JunkMailbox: "ann@a.test"} {
		list, _, err := in.Messages(t.Context(), mailstore.MessageFilter{Mailbox: mailbox}, nil, 0)
		if err != nil || len(list) != 1 || list[0].Envelope.From[0].Address != author {
			t.Errorf("%s: %+v, %v", mailbox, list, err)
		}
	}
}

func TestWhatLeavesIsKnownWhenItComesBack(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{}) })
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Delivered)
	b.wait("ann@a.test", b.send("ann@a.test", nil, "cat@b.test"), mailstore.Delivered)
	for _, raw := range append(b.mails("cat@b.test", 1), string(mx.Transactions()[0].Body)) {
		header, err := headerOf(strings.NewReader(raw))
		b.must(err)
		list := compose.Passages(header)
		for address, want := range map[string]int{"ann@a.test": 1, "bob@a.test": 0, "cat@b.test": 0} {
			if n, err := b.dir.Passages(t.Context(), b.inbox(address).ID(), list); err != nil || n != want {
				t.Errorf("%d of %q are of %s: %v", n, list, address, err)
			}
		}
	}
}

func TestMailBetweenInboxesDoesNotGoInCircles(t *testing.T) {
	b := newBed(t, nil)
	circle := func(n int) func(*mailstore.Submission) {
		return func(s *mailstore.Submission) {
			for i := range n {
				passage, err := b.dir.Passage(t.Context(), b.inbox("cat@b.test").ID(), mailstore.MessageID(fmt.Sprintf("msg_%026d", i)))
				b.must(err)
				s.Front = fmt.Appendf(s.Front, "%s: %s\r\n", compose.PassageField, passage)
			}
		}
	}
	b.wait("ann@a.test", b.send("ann@a.test", circle(junk.MaxReturns), "cat@b.test"), mailstore.Delivered)
	id := b.send("ann@a.test", circle(junk.MaxReturns+1), "cat@b.test", "bob@a.test")
	var codes []string
	for _, r := range b.wait("ann@a.test", id, mailstore.Bounced) {
		codes = append(codes, r.Recipient+" "+string(r.Status)+" "+r.Enhanced)
	}
	slices.Sort(codes)
	if !slices.Equal(codes, []string{"bob@a.test delivered 2.1.5", "cat@b.test bounced 5.4.6"}) {
		t.Errorf("%q", codes)
	}
	rejections, _, err := b.dir.Operator().Rejections(t.Context(), b.homes["b.test"], "")
	b.must(err)
	list, _, err := rejections.List(t.Context(), mailstore.RejectionFilter{}, nil, 0)
	if err != nil || len(list) != 1 || list[0].Reason != mailstore.ReasonInCircles || list[0].Sender != "ann@a.test" || list[0].Recipient != "cat@b.test" || len(b.mails("cat@b.test", 1)) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if suppressed, err := b.inbox("ann@a.test").Refused(t.Context(), []string{"cat@b.test"}); err != nil || len(suppressed) != 0 {
		t.Errorf("suppressed: %v, %v", suppressed, err)
	}
}

func TestCaughtMailIsKeptWithItsSignatures(t *testing.T) {
	caught := &Caught{}
	b := newBed(t, func(b *bed) { b.cfg.Catch = caught })
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Delivered)
	b.wait("ann@a.test", b.send("ann@a.test", nil, "bob@a.test"), mailstore.Delivered)
	list := caught.List()
	if len(list) != 1 || list[0].To[0] != "x@far.test" || strings.Count(string(list[0].Raw), "DKIM-Signature:") != 2 || list[0].WorkspaceID != b.homes["a.test"] {
		t.Errorf("caught: %+v", list)
	}
}

func TestMailFromASandboxDomainBearsTheSignatureOfTheDomainAbove(t *testing.T) {
	caught := &Caught{}
	b := newBed(t, func(b *bed) {
		b.dir.Close()
		b.store.Close()
		b.cfg.Catch, b.sandbox = caught, "inbox.operator.test"
		b.open()
		ws, err := b.dir.Operator().Workspace(t.Context(), b.homes["a.test"])
		b.must(err)
		b.homes[ws.SandboxDomain] = ws.ID
		_, _, _, err = b.dir.Operator().CreateInbox(t.Context(), ws.ID, tenancy.NewInbox{Username: "ann", Domain: ws.SandboxDomain})
		b.must(err)
		b.sandboxed = "ann@" + ws.SandboxDomain
	})
	b.wait(b.sandboxed, b.send(b.sandboxed, nil, "x@far.test"), mailstore.Delivered)
	list := caught.List()
	if len(list) != 1 || !strings.HasSuffix(list[0].From, b.sandboxed[strings.IndexByte(b.sandboxed, '@'):]) {
		t.Fatalf("caught: %+v", list)
	}
	keys, err := b.dir.Operator().DKIM(t.Context(), "", b.sandbox)
	b.must(err)
	records := map[string]string{}
	for _, k := range keys {
		records[k.Name()] = k.Record()
	}
	found, err := dkim.VerifyWithOptions(bytes.NewReader(list[0].Raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return []string{records[strings.TrimSuffix(name, ".")]}, nil }})
	if err != nil || len(found) != 2 {
		t.Fatalf("%d signatures, %v", len(found), err)
	}
	for _, v := range found {
		if v.Err != nil || v.Domain != b.sandbox {
			t.Errorf("%+v", v)
		}
	}
}

func TestARelayTakesTheMail(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		mx = b.exchanger("relay.test", mxtest.Options{TLS: mxtest.Required, Auth: func(user, password string) bool { return user == "u" && password == "secret" }})
		b.cfg.Port = 1
		b.must(b.dir.Operator().SetSending(t.Context(), "", tenancy.SendingOwner{Workspace: b.homes["a.test"]},
			tenancy.Sending{Relay: &tenancy.Smarthost{Host: "mx.relay.test", Port: int(mx.Addr().Port()), Username: "u", Password: "secret"}, Hostname: "out.a.test"}))
	})
	list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@anywhere.test"), mailstore.Relayed)
	if list[0].Tries[0].Verified != "webpki" || list[0].Tries[0].Host != "mx.relay.test" {
		t.Errorf("tries: %+v", list[0].Tries)
	}
	if got := mx.Transactions(); len(got) != 1 || got[0].User != "u" || got[0].Hello != "out.a.test" {
		t.Errorf("transactions: %+v", got)
	}
	b.must(b.dir.Operator().SetSending(t.Context(), "", tenancy.SendingOwner{Inbox: "bob@a.test"}, tenancy.Sending{Relay: &tenancy.Smarthost{Host: "mx.relay.test", Port: int(mx.Addr().Port()), Username: "u", Password: "wrong"}}))
	if list := b.wait("bob@a.test", b.send("bob@a.test", nil, "x@anywhere.test"), mailstore.Deferred); list[0].Code/100 != 4 {
		t.Errorf("with a wrong password: %+v", list[0])
	}
}

func TestTheRelayIsTheWayOutWhenNoServerCanBeReached(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		mx = b.exchanger("relay.test", mxtest.Options{TLS: mxtest.Implicit})
		b.cfg.Port = 1
		b.cfg.Relay = &tenancy.Smarthost{Host: "mx.relay.test", Port: int(mx.Addr().Port()), Mode: tenancy.RelayFallback, TLS: "implicit"}
		b.zones.Set("far.test.", "60 A 127.0.0.9")
	})
	if list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Relayed); list[0].Tries[0].Host != "mx.relay.test" {
		t.Errorf("tries: %+v", list[0].Tries)
	}
}

func TestMailGoesInTheClearWhereTLSIsBroken(t *testing.T) {
	for name, o := range map[string]mxtest.Options{"handshake": {TLS: mxtest.Offered, HandshakeFails: true}, "refused": {TLS: mxtest.Refused}, "untrusted": {TLS: mxtest.Offered, Certificate: mxtest.Untrusted}, "expired": {TLS: mxtest.Offered, Certificate: mxtest.Expired}} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, func(b *bed) { b.exchanger("far.test", o) })
			list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Delivered)
			if clear := name == "handshake" || name == "refused"; (list[0].Tries[0].TLS == "") != clear || list[0].Tries[0].Verified != "" {
				t.Errorf("tries: %+v", list[0].Tries)
			}
		})
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{}) })
	b.halt()
	var ids []mailstore.MessageID
	for range 40 {
		ids = append(ids, b.send("ann@a.test", nil, "x@far.test"))
	}
	b.start()
	for _, id := range ids {
		b.wait("ann@a.test", id, mailstore.Delivered)
	}
	if total, _, most := mx.Connections(); total >= 30 || most > 20 || len(mx.Transactions()) != 40 {
		t.Errorf("%d connections, %d at a time, for %d messages", total, most, len(mx.Transactions()))
	}
}

func TestWhatIsOnItsWayWhenTheServerStopsComesToItsEnd(t *testing.T) {
	hold, reached := make(chan struct{}), make(chan struct{})
	b := newBed(t, func(b *bed) {
		b.exchanger("far.test", mxtest.Options{Hold: func(e mxtest.Event) <-chan struct{} {
			if e.Verb == "FINAL" {
				close(reached)
				return hold
			}
			return nil
		}})
	})
	id := b.send("ann@a.test", nil, "x@far.test")
	<-reached
	b.stop()
	close(hold)
	if err := <-b.ended; err != nil {
		t.Fatal(err)
	}
	b.stop = nil
	if m, err := b.inbox("ann@a.test").Message(t.Context(), id); err != nil || m.Status != mailstore.Delivered {
		t.Errorf("%+v, %v", m.Status, err)
	}
}

func TestWhatHangsWhenTheServerStopsIsBrokenOffAndTriedAgain(t *testing.T) {
	hold, reached := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	b := newBed(t, func(b *bed) {
		b.cfg.DrainTimeout = time.Millisecond
		b.exchanger("far.test", mxtest.Options{Hold: func(e mxtest.Event) <-chan struct{} {
			if e.Verb == "DATA" && once.CompareAndSwap(false, true) {
				close(reached)
				return hold
			}
			return nil
		}})
	})
	id := b.send("ann@a.test", nil, "x@far.test")
	<-reached
	b.halt()
	close(hold)
	b.must(b.dir.Close())
	b.must(b.store.Close())
	b.open()
	b.start()
	b.wait("ann@a.test", id, mailstore.Delivered)
}

func TestNothingIsSentToPrivateAddresses(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", mxtest.Options{}); b.cfg.AllowPrivate = false })
	list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Deferred)
	if total, _, _ := mx.Connections(); total != 0 || !strings.Contains(list[0].Reply, "private") {
		t.Errorf("%d connections: %+v", total, list[0])
	}
}

func TestWhatIsTooOldIsGivenUp(t *testing.T) {
	b := newBed(t, func(b *bed) {
		b.exchanger("far.test", mxtest.Options{Rcpt: func(_, to string) string { return "451 4.2.1 not now" }})
		b.cfg.GiveUpAfter = time.Nanosecond
	})
	list := b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Bounced)
	if list[0].Reason != "expired" || list[0].Code != 451 {
		t.Errorf("%+v", list[0])
	}
	if notice := b.mails("ann@a.test", 1)[0]; !strings.Contains(notice, "Action: failed") {
		t.Errorf("notice:\n%s", notice)
	}
	if why, _, err := b.box("a.test").Suppressions(t.Context(), nil, 0); err != nil || len(why) != 0 {
		t.Errorf("suppressed: %v", why)
	}
}

func TestADelayIsToldAndTheMessageStillWaits(t *testing.T) {
	b := newBed(t, func(b *bed) {
		b.exchanger("far.test", mxtest.Options{Rcpt: func(_, to string) string { return "451 4.2.1 not now" }})
		b.cfg.DelayedAfter, b.cfg.Retry = time.Nanosecond, mailstore.Backoff{time.Hour}
	})
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Deferred)
	if notice := b.mails("ann@a.test", 1)[0]; !strings.Contains(notice, "Action: delayed") {
		t.Errorf("notice:\n%s", notice)
	}
}

func TestEachRecipientGetsALinkOfTheirOwn(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		mx = b.exchanger("far.test", mxtest.Options{})
		b.cfg.PublicURL = "https://mail.postroom.test/"
	})
	b.wait("ann@a.test", b.send("ann@a.test", func(s *mailstore.Submission) { s.Unsubscribe = true }, "x@far.test", "y@far.test"), mailstore.Delivered)
	got := mx.Transactions()
	if len(got) != 2 {
		t.Fatalf("%d transactions", len(got))
	}
	for _, tr := range got {
		_, rest, ok := strings.Cut(string(tr.Body), "List-Unsubscribe: <https://mail.postroom.test/u/")
		token, _, _ := strings.Cut(rest, ">")
		u, err := b.dir.Unsubscribe(t.Context(), token)
		if !ok || err != nil || u.Address != tr.Recipients[0] || !strings.Contains(string(tr.Body), "List-Unsubscribe-Post: List-Unsubscribe=One-Click") {
			t.Errorf("%s: %+v, %v", tr.Recipients[0], u, err)
		}
	}
}

type policies map[string]sts.Policy

func (p policies) Policy(_ context.Context, domain string) (sts.Policy, error) { return p[domain], nil }

func TestAnEnforcedPolicyIsKept(t *testing.T) {
	enforce := func(mx ...string) policies { return policies{"far.test": {ID: "1", Mode: sts.Enforce, MX: mx}} }
	tested := policies{"far.test": {ID: "1", Mode: sts.Testing, MX: []string{"mx.other.test"}}}
	for name, x := range map[string]struct {
		server   mxtest.Options
		policies policies
		verified string // "" is not delivered
	}{
		"good certificate":        {mxtest.Options{TLS: mxtest.Offered}, enforce("*.far.test"), "mta-sts"},
		"another host":            {mxtest.Options{TLS: mxtest.Offered}, enforce("mx.other.test"), ""},
		"certificate for another": {mxtest.Options{TLS: mxtest.Offered, Certificate: mxtest.WrongName}, enforce("mx.far.test"), ""},
		"expired certificate":     {mxtest.Options{TLS: mxtest.Offered, Certificate: mxtest.Expired}, enforce("mx.far.test"), ""},
		"untrusted certificate":   {mxtest.Options{TLS: mxtest.Offered, Certificate: mxtest.Untrusted}, enforce("mx.far.test"), ""},
		"no TLS":                  {mxtest.Options{}, enforce("mx.far.test"), ""},
		"broken handshake":        {mxtest.Options{TLS: mxtest.Offered, HandshakeFails: true}, enforce("mx.far.test"), ""},
		"only tested":             {mxtest.Options{TLS: mxtest.Offered}, tested, "webpki"},
	} {
		t.Run(name, func(t *testing.T) {
			var mx *mxtest.Server
			b := newBed(t, func(b *bed) { mx = b.exchanger("far.test", x.server); b.cfg.STS = x.policies })
			id := b.send("ann@a.test", nil, "x@far.test")
			if x.verified != "" {
				if list := b.wait("ann@a.test", id, mailstore.Delivered); list[0].Tries[0].Verified != x.verified {
					t.Errorf("tries: %+v", list[0].Tries)
				}
				return
			}
			if list := b.wait("ann@a.test", id, mailstore.Deferred); list[0].Code/100 != 4 || list[0].Reply == "" || len(mx.Transactions()) != 0 {
				t.Errorf("%+v", list[0])
			}
		})
	}
}

func TestWhatMayBeTriedAtOnceDoesNotWait(t *testing.T) {
	const messages = 300
	var mu sync.Mutex
	tried := map[string]bool{}
	b := newBed(t, func(b *bed) {
		b.cfg.Retry = mailstore.Backoff{time.Nanosecond}
		b.exchanger("far.test", mxtest.Options{Rcpt: func(_, to string) string {
			mu.Lock()
			defer mu.Unlock()
			if !tried[to] {
				tried[to] = true
				return "450 4.2.1 once more"
			}
			return ""
		}})
	})
	b.halt()
	ids := make([]mailstore.MessageID, messages)
	for i := range ids {
		ids[i] = b.send("ann@a.test", nil, fmt.Sprintf("x%d@far.test", i))
	}
	b.start()
	for _, id := range ids {
		if list := b.wait("ann@a.test", id, mailstore.Delivered); len(list[0].Tries) != 2 {
			t.Fatalf("%d tries", len(list[0].Tries))
		}
	}
}

func TestWhatIsLookedUpWhenTheServerStopsIsTriedAtOnceByTheNextRun(t *testing.T) {
	release := make(chan struct{})
	b := newBed(t, func(b *bed) {
		b.exchanger("far.test", mxtest.Options{})
		b.cfg.Retry = mailstore.Backoff{time.Hour}
		b.zones.Hold("far.test.", release)
	})
	id := b.send("ann@a.test", nil, "x@far.test")
	for b.zones.Queries("far.test.") == 0 {
		runtime.Gosched()
	}
	b.halt()
	close(release)
	b.zones.Restore("far.test.")
	b.must(b.dir.Close())
	b.must(b.store.Close())
	b.open()
	b.start()
	if list := b.wait("ann@a.test", id, mailstore.Delivered); len(list[0].Tries) != 1 {
		t.Errorf("%d tries", len(list[0].Tries))
	}
}
