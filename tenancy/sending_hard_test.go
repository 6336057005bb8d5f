package tenancy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
)

func TestADomainWithTheLongestNameSigns(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat(strings.Repeat("a", 61)+".", 4) + "test" // 252 octets
	ws, g := w.tenant("A", long)
	in, _ := w.inbox(g, "", "one", long)
	if l := must(w.dir.Leaving(w.ctx(), ws.ID, in.ID, long)); len(l.Signatures) != 2 {
		t.Errorf("%+v", l)
	}
}

func TestADomainThatMovedIsNotItsFormerOwnersToSendFrom(t *testing.T) {
	w := newWorld(t)
	a, g := w.tenant("A", "a.test")
	w.domain(w.op, a.ID, "new.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	sent := w.submit(must(g.MaySend(w.ctx(), "", "one@a.test")), "x@far.example")
	path := must(w.dir.ReturnPath(w.ctx(), a.ID, sent.ID, "a.test"))
	if l := must(w.dir.Leaving(w.ctx(), a.ID, in.ID, "a.test")); !l.Owned || len(l.Signatures) != 2 {
		t.Errorf("while it is its own: %+v", l)
	}
	must(g.AddAddress(w.ctx(), "", string(in.ID), "one@new.test", true))
	must(g.RemoveAddress(w.ctx(), "", string(in.ID), "one@a.test"))
	if err := g.DeleteDomain(w.ctx(), "", "a.test"); err != nil {
		t.Fatal(err)
	}
	if l := must(w.dir.Leaving(w.ctx(), a.ID, in.ID, "a.test")); l.Owned || len(l.Signatures) != 0 {
		t.Errorf("after it was given up: %+v", l)
	}
	b := w.workspace("B")
	w.domain(w.op, b.ID, "a.test")
	two, _ := w.inbox(w.op, b.ID, "one", "a.test")
	if l := must(w.dir.Leaving(w.ctx(), a.ID, in.ID, "a.test")); l.Owned || len(l.Signatures) != 0 {
		t.Errorf("after it moved: %+v", l)
	}
	if l := must(w.dir.Leaving(w.ctx(), b.ID, two.ID, "a.test")); !l.Owned || len(l.Signatures) != 2 {
		t.Errorf("the new owner: %+v", l)
	}
	if r, err := w.dir.Recipient(w.ctx(), path); !errors.Is(err, ErrNotFound) {
		t.Errorf("a bounce for the former owner comes to %+v, %v", r, err)
	}
	if r, err := w.dir.Home(w.ctx(), a.ID, in.ID); err != nil || r.Address != "one@new.test" || r.Inbox != w.store.Workspace(a.ID).Inbox(in.ID) {
		t.Errorf("the sender's home: %+v, %v", r, err)
	}
	if _, err := w.dir.Home(w.ctx(), b.ID, in.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("another's inbox: %v", err)
	}
	if err := g.DeleteInbox(w.ctx(), "", string(in.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.dir.Home(w.ctx(), a.ID, in.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("an inbox that is gone: %v", err)
	}
}

func TestADomainThatWasOnlyClaimedSendsNothing(t *testing.T) {
	w := newWorld(t)
	a, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	if d := w.domain(g, "", "victim.test"); d.Status != Pending {
		t.Fatal(d.Status)
	}
	must(g.DKIM(w.ctx(), "", "victim.test")) // may be looked at before it is proven
	if _, err := g.RotateDKIM(w.ctx(), "", "victim.test"); !errors.Is(err, errNotVerified) {
		t.Errorf("a rotation: %v", err)
	}
	if l := must(w.dir.Leaving(w.ctx(), a.ID, in.ID, "victim.test")); l.Owned || len(l.Signatures) != 0 {
		t.Errorf("%+v", l)
	}
	s := must(g.MaySend(w.ctx(), "", "one@a.test"))
	for _, addr := range []string{"one@victim.test", `"one"@victim.test`, "one+x@victim.test", "one@a.test@victim.test", "one@a.test.", "one@a.test\x00", "one@[a.test]", "a.test@one"} {
		if s.Owns(addr) {
			t.Errorf("owns %q", addr)
		}
	}
	for _, addr := range []string{`"one"@a.test`, `"one+x"@A.test`, "ONE+x+y@a.test", "one+@a.test"} {
		if !s.Owns(addr) {
			t.Errorf("does not own %q", addr)
		}
	}
}

func TestATenantKeepsTheAddressThatAnOperatorBound(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	o := SendingOwner{Inbox: in.Address}
	bound := Sending{SourceIP: netip.MustParseAddr("192.0.2.7"), Hostname: "out.a.test"}
	if err := w.op.SetSending(w.ctx(), "", o, bound); err != nil {
		t.Fatal(err)
	}
	check := func(what string, s Sending) {
		t.Helper()
		if err := g.SetSending(w.ctx(), "", o, s); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if l := must(w.dir.Leaving(w.ctx(), ws.ID, in.ID, "a.test")).Sending; l.SourceIP != bound.SourceIP || l.Hostname != bound.Hostname || (l.Relay == nil) != (s.Relay == nil) {
			t.Errorf("%s: leaves by %+v", what, l)
		}
	}
	check("nothing", Sending{})
	shown := must(g.Sending(w.ctx(), "", o))
	shown.Relay = &Smarthost{Host: "relay.example"}
	check("what it was shown, with a relay", shown)
	if ips := must(w.dir.SourceIPs(w.ctx(), 10)); len(ips) != 1 || ips[0] != bound.SourceIP {
		t.Errorf("addresses %v", ips)
	}
	refused(t, "another address", g.SetSending(w.ctx(), "", o, Sending{SourceIP: netip.MustParseAddr("192.0.2.8")}), fault.Invalid, "validation_failed")
	check("another name", Sending{Hostname: "mail.other.test"})
	if err := w.op.SetSending(w.ctx(), "", o, Sending{}); err != nil {
		t.Fatal(err)
	}
	if l := must(w.dir.Leaving(w.ctx(), ws.ID, in.ID, "a.test")).Sending; l.SourceIP.IsValid() || l.Hostname != "" {
		t.Errorf("the operator cannot take it back: %+v", l)
	}
}

func TestARelaysPasswordGoesNowhereElse(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	o := SendingOwner{Workspace: ws.ID}
	set := func(r Smarthost) {
		t.Helper()
		if err := g.SetSending(w.ctx(), "", o, Sending{Relay: &r}); err != nil {
			t.Fatal(err)
		}
	}
	set(Smarthost{Host: "relay.example", Username: "u", Password: "hunter2"})
	shown := must(g.Sending(w.ctx(), "", o))
	if text := fmt.Sprintf("%+v %+v", shown, shown.Relay); strings.Contains(text, "hunter2") {
		t.Errorf("shown: %s", text)
	}
	for what, r := range map[string]Smarthost{"another host": {Host: "evil.example", Username: "u"}, "another user": {Host: "relay.example", Username: "v"}, "no user": {Host: "relay.example"}} {
		set(Smarthost{Host: "relay.example", Username: "u", Password: "hunter2"})
		set(r)
		if l := must(w.dir.Leaving(w.ctx(), ws.ID, in.ID, "a.test")); l.Sending.Relay.Password != "" {
			t.Errorf("%s gets the password", what)
		}
	}
	refused(t, "a password without TLS", g.SetSending(w.ctx(), "", o, Sending{Relay: &Smarthost{Host: "relay.example", Username: "u", Password: "hunter2", TLS: "none"}}), fault.Invalid, "validation_failed")
}

func TestAQuotedLocalPartIsWrittenInOneWay(t *testing.T) {
	for addr, want := range map[string]string{
		`"john"@far.example`: "john@far.example", `"jo\hn"@Far.example`: "john@far.example", `"John.Doe"@far.example`: "John.Doe@far.example",
		`"a b"@far.example`: `"a b"@far.example`, `"a\ b"@far.example`: `"a b"@far.example`, `"a\"b"@far.example`: `"a\"b"@far.example`, `"a@b"@far.example`: `"a@b"@far.example`, `".a"@far.example`: `".a"@far.example`,
		"a..b@far.example": "a..b@far.example", "a.@far.example": "a.@far.example", // no addresses by the book, and there are such
		`""@far.example`: "", "a@far.example.": "", "a@far..example": "", "a\r\nb@far.example": "", `"a\"@far.example`: "",
	} {
		if got, ok := Canonical(addr); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", addr, got, ok)
		}
	}
}

func TestABrokenWorkspaceKeepsNoOtherDomainFromRotating(t *testing.T) {
	w := newWorld(t)
	a, g := w.tenant("A", "a.test")
	w.inbox(g, "", "one", "a.test")
	w.submit(must(g.MaySend(w.ctx(), "", "one@a.test")), "x@far.example")
	w.tenant("B", "b.test")
	for _, domain := range []string{"a.test", "b.test"} {
		must(w.op.DKIM(w.ctx(), "", domain))
		must(w.op.RotateDKIM(w.ctx(), "", domain))
	}
	w.clock.advance(30 * 24 * time.Hour)
	dir, data := w.dir, filepath.Dir(w.path)
	if err := errors.Join(dir.Close(), w.store.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(data, "workspaces", string(a.ID), "index.db")); err != nil {
		t.Fatal(err)
	}
	w.store = must(mailstore.Open(data, mailstore.Options{Clock: w.clock.now}))
	w.open()
	list, _, err := w.dir.DKIMDue(w.ctx(), 20*24*time.Hour, "", 10)
	if err != nil || len(list) != 1 || list[0].Domain != "b.test" {
		t.Errorf("due: %+v, %v", list, err)
	}
}

func TestKeysOfOneDomainAreMadeWhileAnothersAre(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	b := w.domain(w.op, ws.ID, "b.test")
	done := must(w.dir.signers.turn(w.ctx(), b.ID))
	if keys := must(g.DKIM(w.ctx(), "", "a.test")); len(keys) != 4 {
		t.Errorf("%+v", keys)
	}
	ctx, cancel := context.WithCancel(w.ctx())
	waits := make(chan error)
	go func() { waits <- err2(g.DKIM(ctx, "", "b.test")) }()
	cancel()
	if err := <-waits; !errors.Is(err, context.Canceled) {
		t.Errorf("who waits cannot go away: %v", err)
	}
	made := make(chan []DKIMKey)
	for range 4 {
		go func() { made <- must(g.DKIM(w.ctx(), "", "b.test")) }()
	}
	done()
	first := <-made
	for range 3 {
		if keys := <-made; len(keys) != 4 || keys[0].Public != first[0].Public {
			t.Errorf("made twice: %+v", keys)
		}
	}
}
