package tenancy

import (
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
)

// goesTo checks where mail for addr goes.
func (w *world) goesTo(addr string, want mailstore.InboxID, canonical string) {
	w.t.Helper()
	r, err := w.dir.Recipient(w.ctx(), addr)
	if err != nil || r.InboxID != want || r.Inbox.ID() != want || r.Inbox.WorkspaceID() != r.WorkspaceID || r.Address != canonical {
		w.t.Errorf("%q goes to %s as %q, %v; want %s as %q", addr, r.InboxID, r.Address, err, want, canonical)
	}
}

func (w *world) goesNowhere(addrs ...string) {
	w.t.Helper()
	for _, addr := range addrs {
		_, err := w.dir.Recipient(w.ctx(), addr)
		refused(w.t, addr, err, fault.NotFound, "not_found")
	}
}

func TestMailFindsItsInbox(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	w.domain(w.op, g.WorkspaceID(), "bücher.test")
	one, _ := w.inbox(g, "", "One", "a.test")
	two, _ := w.inbox(g, "", "jürgen", "bücher.test")
	must(g.AddAddress(w.ctx(), "", string(one.ID), "sales@xn--bcher-kva.test", false))

	w.goesTo("one@a.test", one.ID, "one@a.test")
	w.goesTo("ONE@A.Test", one.ID, "one@a.test")
	w.goesTo(`"one"@a.test`, one.ID, "one@a.test")
	w.goesTo("one+Tag+More@a.test", one.ID, "one+Tag+More@a.test")
	w.goesTo("Sales@BÜCHER.test", one.ID, "sales@xn--bcher-kva.test")
	w.goesTo("JÜRGEN+x@bücher.test", two.ID, "jürgen+x@xn--bcher-kva.test")
	w.goesNowhere("two@a.test", "+one@a.test", "one@b.test", "one@a.test.", "one@sub.a.test", "one", "", "@a.test", "one@[127.0.0.1]", "one\x00@a.test", "two+one@a.test")

	if _, err := g.UpdateDomain(w.ctx(), "", "a.test", DomainChange{CatchAll: &one.Address}); err != nil {
		t.Fatal(err)
	}
	w.goesTo("Anybody+x@a.test", one.ID, "anybody+x@a.test")
	w.goesTo(`"any body"@a.test`, one.ID, `"any body"@a.test`)
	w.goesNowhere("anybody@bücher.test")
	if _, err := g.UpdateDomain(w.ctx(), "", "a.test", DomainChange{CatchAll: ptr("")}); err != nil {
		t.Fatal(err)
	}
	w.goesNowhere("anybody@a.test")
}

func TestPostmasterAndAbuseReachSomebody(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	w.domain(w.op, ws.ID, "second.test")
	if _, err := w.dir.Postmaster(w.ctx()); fault.KindOf(err) != fault.NotFound {
		t.Errorf("with no inbox, Postmaster gives %v", err)
	}
	w.goesNowhere("postmaster@a.test") // there is nobody at all
	first, _ := w.inbox(g, "", "first", "a.test")
	second, _ := w.inbox(g, "", "second", "a.test")
	w.goesTo("Postmaster@a.test", first.ID, "postmaster@a.test")
	w.goesTo("abuse+x@a.test", first.ID, "abuse+x@a.test")
	w.goesTo("postmaster@second.test", first.ID, "postmaster@second.test") // nobody there: the workspace's oldest
	w.goesNowhere("webmaster@a.test", "postmaster@b.test")
	if r, err := w.dir.Postmaster(w.ctx()); err != nil || r.Address != "postmaster@a.test" || r.InboxID != first.ID {
		t.Errorf("Postmaster gives %+v, %v", r, err)
	}
	if _, err := g.UpdateDomain(w.ctx(), "", "a.test", DomainChange{CatchAll: ptr(string(second.ID))}); err != nil {
		t.Fatal(err)
	}
	w.goesTo("postmaster@a.test", second.ID, "postmaster@a.test")
	own, _ := w.inbox(g, "", "postmaster", "a.test")
	w.goesTo("POSTMASTER@a.test", own.ID, "postmaster@a.test")
	w.goesTo("postmaster+x@a.test", own.ID, "postmaster+x@a.test")
	w.dir.opts.Hostname = "second.test"
	if r, err := w.dir.Postmaster(w.ctx()); err != nil || r.Address != "postmaster@second.test" {
		t.Errorf("with a hostname, Postmaster gives %+v, %v", r, err)
	}
	w.dir.opts.Hostname = "mx.elsewhere.test"
	if r, err := w.dir.Postmaster(w.ctx()); err != nil || r.Address != "postmaster@a.test" {
		t.Errorf("with a foreign hostname, Postmaster gives %+v, %v", r, err)
	}
}

func TestOnlyVerifiedDomainsReceive(t *testing.T) {
	w := newWorld(t)
	wsA, a := w.tenant("A", "a.test")
	_, b := w.tenant("B", "b.test")
	d, existed, err := b.CreateDomain(w.ctx(), "", NewDomain{"shared.test"})
	if err != nil || existed || d.Status != Pending {
		t.Fatal(d, existed, err)
	}
	if local := must(w.dir.Local(w.ctx(), "shared.test")); local != "" {
		t.Error("a pending claim makes a domain local")
	}
	refused(t, "inbox at a pending domain", err4(b.CreateInbox(w.ctx(), "", NewInbox{Username: "x", Domain: "shared.test"})), fault.Conflict, "domain_not_verified")
	refused(t, "catch-all at a pending domain", err2(b.UpdateDomain(w.ctx(), "", "shared.test", DomainChange{CatchAll: ptr("x@b.test")})), fault.Conflict, "domain_not_verified")
	w.domain(a, "", "shared.test")        // claims coexist
	w.domain(w.op, wsA.ID, "shared.test") // the operator's word verifies A's
	in, _ := w.inbox(a, "", "x", "shared.test")
	w.goesTo("x@shared.test", in.ID, "x@shared.test")
	if must(w.dir.Local(w.ctx(), "SHARED.test")) == "" || must(w.dir.Local(w.ctx(), "other.test")) != "" || must(w.dir.Local(w.ctx(), "")) != "" {
		t.Error("Local is wrong")
	}
	if d := must(b.Domain(w.ctx(), "", "shared.test")); d.Status != Pending {
		t.Errorf("B's claim is %s", d.Status)
	}
	_, _, err = w.op.CreateDomain(w.ctx(), b.WorkspaceID(), NewDomain{"shared.test"})
	refused(t, "the operator for B", err, fault.Conflict, "domain_taken")
	_, _, err = w.op.CreateDomain(w.ctx(), "", NewDomain{"shared.test"})
	refused(t, "the operator for nobody", err, fault.Invalid, "workspace_required")
	if d, existed, err := w.op.CreateDomain(w.ctx(), wsA.ID, NewDomain{"Shared.test"}); err != nil || !existed || d.Status != Verified || d.VerifiedAt == nil {
		t.Error(d, existed, err)
	}
	refused(t, "delete a domain in use", a.DeleteDomain(w.ctx(), "", "shared.test"), fault.Conflict, "domain_in_use")
	if err := a.DeleteInbox(w.ctx(), "", "x@shared.test"); err != nil {
		t.Fatal(err)
	}
	w.goesNowhere("x@shared.test")
	if err := a.DeleteDomain(w.ctx(), "", "shared.test"); err != nil {
		t.Fatal(err)
	}
	if d, _, err := w.op.CreateDomain(w.ctx(), b.WorkspaceID(), NewDomain{"shared.test"}); err != nil || d.Status != Verified {
		t.Errorf("when A gave it up, B gets %+v, %v", d, err)
	}
}
