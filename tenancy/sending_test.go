package tenancy

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
)

func (w *world) submit(s Sender, to string) mailstore.Submitted {
	w.t.Helper()
	sp := mailstore.NewSpool(s.Mail)
	defer sp.Close()
	io.WriteString(sp, "From: "+s.Inbox.Address+"\r\nMessage-ID: <x@y>\r\n\r\nhi\r\n")
	return must(s.Mail.Submit(w.ctx(), mailstore.Submission{Sender: s.Inbox.Address, To: []string{to}, Spool: sp}))
}

func TestOnlyWhoMaySendGetsASender(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	w.inbox(g, "", "one", "a.test")

	must(g.AddAddress(w.ctx(), "", "one@a.test", "other@a.test", false))
	s := must(g.MaySend(w.ctx(), "", "one@a.test"))
	for addr, own := range map[string]bool{"one@a.test": true, "ONE@A.TEST": true, "other@a.test": true, "one+tag@a.test": true, "two@a.test": false, "one@b.test": false, "": false, "one": false, "+one@a.test": false} {
		if s.Owns(addr) != own {
			t.Errorf("owns %q: %v", addr, !own)
		}
	}
	for _, permission := range []string{"read", "draft", "manage"} {
		key, _, _ := w.key(g, KeyOwner{Inbox: "one@a.test"}, permission)
		refused(t, permission, err2(key.MaySend(w.ctx(), "", "one@a.test")), fault.Forbidden, "permission_denied")
	}
	key, _, _ := w.key(g, KeyOwner{Inbox: "one@a.test"}, "messages:send")
	must(key.MaySend(w.ctx(), "", "one@a.test"))
}

func TestABounceComesHomeAndAForgedOneDoesNot(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	other, _ := w.tenant("B", "b.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	sent := w.submit(must(g.MaySend(w.ctx(), "", "one@a.test")), "x@far.example")
	path := must(w.dir.ReturnPath(w.ctx(), ws.ID, sent.ID, "a.test"))
	if len(path[:strings.IndexByte(path, '@')]) > 64 {
		t.Errorf("%s: its local part is too long", path)
	}
	w.reopen()
	for _, addr := range []string{path, strings.ToUpper(path)} {
		r, err := w.dir.Recipient(w.ctx(), addr)
		if err != nil || r.InboxID != in.ID || r.Bounce != sent.ID || r.Address != path {
			t.Errorf("%s: %+v, %v", addr, r, err)
		}
	}
	flip := func(at int) string {
		c := byte('0')
		if path[at] == c {
			c = '1'
		}
		return path[:at] + string(c) + path[at+1:]
	}
	forged := []string{flip(len("bounce+")), flip(strings.IndexByte(path, '@') - 1), strings.Replace(path, "@a.test", "@b.test", 1),
		must(w.dir.ReturnPath(w.ctx(), other.ID, sent.ID, "a.test")), must(w.dir.ReturnPath(w.ctx(), ws.ID, "msg_00000000000000000000000000", "a.test"))}
	must(w.op.UpdateDomain(w.ctx(), "", "a.test", DomainChange{CatchAll: ptr("one@a.test")})) // a catch-all takes no forged ones
	for _, addr := range forged {
		if _, err := w.dir.Recipient(w.ctx(), addr); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", addr, err)
		}
	}
	w.inbox(w.op, ws.ID, "bounce", "a.test")
	if r, err := w.dir.Recipient(w.ctx(), "bounce+anything@a.test"); err != nil || r.Bounce != "" {
		t.Errorf("an inbox that is called bounce: %+v, %v", r, err)
	}
}

func TestALinkUnsubscribesItsAddressOnly(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	want := Unsubscription{ws.ID, in.ID, "msg_x", "Someone@far.example"}
	token := must(w.dir.UnsubscribeToken(w.ctx(), want))
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	for _, bad := range []string{"", "x", token + "A", base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), "Someone", "Another", 1)))} {
		if _, err := w.dir.Unsubscribe(w.ctx(), bad); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for range 2 {
		if got, err := w.dir.Unsubscribe(w.ctx(), token); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	}
	box := must(w.dir.Outbox(w.ctx(), ws.ID))
	if s, err := box.Suppression(w.ctx(), "someone@far.example"); err != nil || s.Reason != mailstore.SuppressedByUnsubscribe || s.Inbox != in.ID {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestADomainSignsWithOnePairAndPublishesTwo(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	first := must(g.DKIM(w.ctx(), "", "a.test"))
	if len(first) != 4 || !first[0].Active || !first[1].Active || first[2].Active || first[0].Algorithm != "rsa" || first[1].Algorithm != "ed25519" {
		t.Fatalf("keys: %+v", first)
	}
	check := func(keys []DKIMKey) {
		t.Helper()
		l := must(w.dir.Leaving(w.ctx(), ws.ID, in.ID, "a.test"))
		if len(l.Signatures) != 2 {
			t.Fatalf("signatures: %+v", l.Signatures)
		}
		for i, s := range l.Signatures {
			k := keys[i]
			if s.Selector != k.Selector || s.Domain != "a.test" || k.Name() != k.Selector+"._domainkey.a.test" {
				t.Errorf("signs with %s, want %s", s.Selector, k.Selector)
			}
			public, err := base64.StdEncoding.DecodeString(k.Public)
			if err != nil || !strings.Contains(k.Record(), k.Public) {
				t.Fatal(err)
			}
			digest := sha256.Sum256([]byte("x"))
			if k.Algorithm == "rsa" {
				pub := must(x509.ParsePKIXPublicKey(public)).(*rsa.PublicKey)
				if pub.N.BitLen() != 2048 {
					t.Errorf("%d bits", pub.N.BitLen())
				}
				if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], must(s.Key.Sign(nil, digest[:], crypto.SHA256))); err != nil {
					t.Error(err)
				}
			} else if !ed25519.Verify(public, digest[:], must(s.Key.Sign(nil, digest[:], crypto.Hash(0)))) {
				t.Error("the record does not fit the key")
			}
		}
	}
	check(first)
	w.reopen()
	check(must(w.op.DKIM(w.ctx(), "", "a.test")))

	g = w.op
	second := must(g.RotateDKIM(w.ctx(), "", "a.test"))
	if second[0].Selector == first[0].Selector || second[0].Public != first[2].Public || second[2].Public != first[0].Public {
		t.Errorf("after a rotation: %+v", second)
	}
	check(second)
	refused(t, "a rotation too early", err2(g.RotateDKIM(w.ctx(), "", "a.test")), fault.Conflict, "rotated_lately")
	w.clock.advance(DKIMOverlap)
	third := must(g.DKIM(w.ctx(), "", "a.test"))
	if third[0].Public != second[0].Public || third[2].Selector != first[0].Selector || third[2].Public == first[0].Public {
		t.Errorf("after the overlap: %+v", third)
	}
	check(must(g.RotateDKIM(w.ctx(), "", "a.test")))

	if l := must(w.dir.Leaving(w.ctx(), ws.ID, in.ID, "foreign.test")); len(l.Signatures) != 0 {
		t.Errorf("signs for a domain that is not the workspace's: %+v", l)
	}
}

func TestDomainsWhoseKeysAreOldAreDue(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	w.domain(w.op, ws.ID, "never-signed.test")
	must(g.DKIM(w.ctx(), "", "a.test"))
	const age = 30 * 24 * time.Hour
	due := func() []DKIMDue {
		t.Helper()
		list, next, err := w.dir.DKIMDue(w.ctx(), age, "", 10)
		if err != nil || next != "" {
			t.Fatal(next, err)
		}
		return list
	}
	if list := due(); len(list) != 0 {
		t.Errorf("at once: %+v", list)
	}
	w.clock.advance(age + time.Second)
	list := due()
	if len(list) != 1 || list[0].Domain != "a.test" || list[0].Workspace != ws.ID || len(list[0].Next) != 2 || list[0].Next[0].Active {
		t.Fatalf("after a month: %+v", list)
	}
	if list, next, err := w.dir.DKIMDue(w.ctx(), age, "", 1); err != nil || len(list) != 1 || next == "" {
		t.Errorf("a page: %+v, %q, %v", list, next, err)
	}
	must(g.RotateDKIM(w.ctx(), "", "a.test"))
	if list := due(); len(list) != 0 {
		t.Errorf("after a rotation: %+v", list)
	}
	w.clock.advance(age + time.Second)
	if list := due(); len(list) != 1 {
		t.Errorf("a month later: %+v", list)
	}
}

func TestTheNarrowestSendingSettingsCount(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	leaving := func() Sending { t.Helper(); return must(w.dir.Leaving(w.ctx(), ws.ID, in.ID, "a.test")).Sending }
	if s := leaving(); s.Relay != nil || s.SourceIP.IsValid() {
		t.Errorf("nothing is set: %+v", s)
	}
	relay := Smarthost{Host: "Relay.example", Username: "u", Password: "secret"}
	if err := g.SetSending(w.ctx(), "", SendingOwner{Workspace: ws.ID}, Sending{Relay: &relay}); err != nil {
		t.Fatal(err)
	}
	if r := leaving().Relay; r == nil || r.Host != "relay.example" || r.Port != 587 || r.Password != "secret" || r.TLS != "required" || r.Mode != RelayOnly {
		t.Errorf("the workspace's relay: %+v", r)
	}
	shown := must(g.Sending(w.ctx(), "", SendingOwner{Workspace: ws.ID}))
	if shown.Relay.Password != "" || shown.Relay.Username != "u" {
		t.Errorf("shown: %+v", shown.Relay)
	}
	shown.Relay.Port = 2525
	if err := g.SetSending(w.ctx(), "", SendingOwner{Workspace: ws.ID}, shown); err != nil || leaving().Relay.Password != "secret" || leaving().Relay.Port != 2525 {
		t.Errorf("the password was not kept: %v", err)
	}
	source := netip.MustParseAddr("192.0.2.7")
	refused(t, "a tenant that binds", g.SetSending(w.ctx(), "", SendingOwner{Inbox: in.Address}, Sending{SourceIP: source}), fault.Invalid, "validation_failed")
	for _, o := range []SendingOwner{{Domain: "a.test"}, {Inbox: in.Address}} {
		if err := w.op.SetSending(w.ctx(), "", o, Sending{SourceIP: source, Hostname: "out.a.test"}); err != nil {
			t.Fatal(err)
		}
	}
	if s := leaving(); s.SourceIP != source || s.Hostname != "out.a.test" || s.Relay == nil {
		t.Errorf("of inbox and workspace: %+v", s)
	}
	refused(t, "a bad relay", g.SetSending(w.ctx(), "", SendingOwner{Inbox: in.Address}, Sending{Relay: &Smarthost{Host: "a b", Port: 70000, Mode: "x", TLS: "y", Username: "a\r\nb"}}), fault.Invalid, "validation_failed")
}

func TestAnUndoWindowIsKeptWithTheInbox(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	w.inbox(g, "", "one", "a.test")
	ten, much := 10, MaxUndoSeconds+1
	must(g.UpdateInbox(w.ctx(), "", "one@a.test", InboxChange{UndoSeconds: &ten}))
	if s := must(g.MaySend(w.ctx(), "", "one@a.test")); s.Undo != 10*time.Second {
		t.Errorf("%v", s.Undo)
	}
	refused(t, "too long", err2(g.UpdateInbox(w.ctx(), "", "one@a.test", InboxChange{UndoSeconds: &much})), fault.Invalid, "validation_failed")
}

func TestAnAddressIsCanonicalWhoeverHasIt(t *testing.T) {
	for addr, want := range map[string]string{"A.b@Far.EXAMPLE": "A.b@far.example", "x@bücher.example": "x@xn--bcher-kva.example", `"a b"@far.example`: `"a b"@far.example`, "x": "", "@far.example": "", "x@": "", "x@localhost": "", "x@[192.0.2.1]": ""} {
		if got, ok := Canonical(addr); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", addr, got, ok)
		}
	}
}
