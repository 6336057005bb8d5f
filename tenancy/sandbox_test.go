package tenancy

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
)

// sandboxed is a world whose workspaces have domains below inbox.operator.test.
func sandboxed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.sandbox = "inbox.operator.test"
	w.reopen()
	return w
}

func TestEachWorkspaceHasASandboxDomainFromTheStart(t *testing.T) {
	w := sandboxed(t)
	ws := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "Ärzte & Co. GmbH"}))
	word, letters, _ := strings.Cut(ws.SandboxDomain, "-gmbh-")
	if word != "arzte-co" || len(letters) != sandboxLetters+len(".inbox.operator.test") || !strings.HasSuffix(letters, ".inbox.operator.test") {
		t.Errorf("%q", ws.SandboxDomain)
	}
	other := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "Ärzte & Co. GmbH"}))
	if other.SandboxDomain == ws.SandboxDomain {
		t.Errorf("two have %q", ws.SandboxDomain)
	}
	g, _, _ := w.key(w.op, KeyOwner{Workspace: ws.ID})
	in, _, _, err := g.CreateInbox(w.ctx(), "", NewInbox{Username: "hello", Domain: ws.SandboxDomain})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := w.dir.Recipient(w.ctx(), in.Address); err != nil || r.WorkspaceID != ws.ID {
		t.Errorf("%+v, %v", r, err)
	}
	dom := must(g.Domain(w.ctx(), "", ws.SandboxDomain))
	if !dom.Sandbox || dom.Status != Verified || dom.Proof != ByOperator || !dom.CheckDue.IsZero() || dom.VerifiedAt == nil {
		t.Errorf("%+v", dom)
	}
	due := must(w.dir.DueDomains(w.ctx(), 100))
	for _, d := range due {
		if d.Sandbox {
			t.Errorf("its DNS is asked: %+v", d)
		}
	}
}

func TestASandboxDomainIsNotTheWorkspacesToChange(t *testing.T) {
	w := sandboxed(t)
	a, b := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "a"})), must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "b"}))
	g, _, _ := w.key(w.op, KeyOwner{Workspace: a.ID})
	_, rotated := g.RotateDKIM(w.ctx(), "", a.SandboxDomain)
	_, keys := g.DKIM(w.ctx(), "", a.SandboxDomain)
	_, link := g.SetupToken(w.ctx(), "", a.SandboxDomain, w.clock.now())
	for what, err := range map[string]error{"delete": g.DeleteDomain(w.ctx(), "", a.SandboxDomain), "rotate": rotated, "keys": keys, "set-up link": link} {
		if !errors.Is(err, errSandboxDomain) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, name := range []string{b.SandboxDomain, w.sandbox} {
		if _, err := g.Domain(w.ctx(), "", name); !errors.Is(err, ErrNotFound) {
			t.Errorf("another's %s: %v", name, err)
		}
		if err := g.DeleteDomain(w.ctx(), "", name); !errors.Is(err, ErrNotFound) {
			t.Errorf("another's %s: %v", name, err)
		}
	}
	if _, err := g.CheckDomain(w.ctx(), "", a.SandboxDomain); err != nil {
		t.Error(err)
	}
	if d := must(g.Domain(w.ctx(), "", a.SandboxDomain)); !d.CheckDue.IsZero() {
		t.Errorf("its DNS is asked: %+v", d)
	}
	must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "c"}))
	if err := w.op.DeleteWorkspace(w.ctx(), a.ID); err != nil {
		t.Error(err)
	}
}

func TestMailFromASandboxDomainIsSignedByTheDomainAbove(t *testing.T) {
	w := sandboxed(t)
	ws := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "a"}))
	in, _ := w.inbox(w.op, ws.ID, "hello", ws.SandboxDomain)
	l := must(w.dir.Leaving(w.ctx(), ws.ID, in.ID, ws.SandboxDomain))
	if !l.Owned || len(l.Signatures) != 2 {
		t.Fatalf("%+v", l)
	}
	published := must(w.op.DKIM(w.ctx(), "", w.sandbox))
	for i, s := range l.Signatures {
		if s.Domain != w.sandbox || s.Selector != published[i].Selector || !published[i].Active {
			t.Errorf("%+v", s)
		}
	}
	if _, isEd := l.Signatures[1].Key.(ed25519.PrivateKey); !isEd {
		t.Errorf("%T", l.Signatures[1].Key)
	}
	if keys := must(w.dir.KnownKeys(w.ctx(), must(w.op.Domain(w.ctx(), "", ws.SandboxDomain)))); len(keys) != 0 {
		t.Errorf("it has keys of its own: %+v", keys)
	}
	if other := must(w.dir.Leaving(w.ctx(), must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "b"})).ID, in.ID, ws.SandboxDomain)); other.Owned || len(other.Signatures) > 0 {
		t.Errorf("another workspace's mail is signed: %+v", other)
	}
}

func TestWorkspacesThatAreThereGetTheirsAtStart(t *testing.T) {
	w := newWorld(t)
	old := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "日本"}))
	if old.SandboxDomain != "" {
		t.Errorf("%+v", old)
	}
	w.sandbox = "inbox.operator.test"
	w.reopen()
	got := must(w.op.Workspace(w.ctx(), old.ID))
	if !strings.HasPrefix(got.SandboxDomain, "inbox-") {
		t.Errorf("%+v", got)
	}
	w.reopen()
	if again := must(w.op.Workspace(w.ctx(), old.ID)); again.SandboxDomain != got.SandboxDomain || again.Domains != 1 {
		t.Errorf("%+v", again)
	}
	all, _, err := w.op.Workspaces(w.ctx(), Page{})
	if err != nil || len(all) != 2 { // with that of the domain above, which has no other
		t.Errorf("%+v, %v", all, err)
	}
	for _, ws := range all {
		if ws.Name == sandboxName && (ws.Domains != 1 || ws.SandboxDomain != "") {
			t.Errorf("%+v", ws)
		}
	}
}

func TestSandboxDomainsStayWhereTheyWereMade(t *testing.T) {
	w := sandboxed(t)
	old := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "old"}))
	in, _ := w.inbox(w.op, old.ID, "hello", old.SandboxDomain)
	w.sandbox = "trial.operator.test"
	w.reopen()
	if got := must(w.op.Workspace(w.ctx(), old.ID)); got.SandboxDomain != old.SandboxDomain {
		t.Errorf("%+v", got)
	}
	if l := must(w.dir.Leaving(w.ctx(), old.ID, in.ID, old.SandboxDomain)); len(l.Signatures) != 2 || l.Signatures[0].Domain != "inbox.operator.test" {
		t.Errorf("%+v", l)
	}
	if r, err := w.dir.Recipient(w.ctx(), in.Address); err != nil || r.WorkspaceID != old.ID {
		t.Errorf("%+v, %v", r, err)
	}
	if fresh := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "new"})); !strings.HasSuffix(fresh.SandboxDomain, ".trial.operator.test") {
		t.Errorf("%+v", fresh)
	}
	plain, _, err := w.op.CreateDomain(w.ctx(), old.ID, NewDomain{Domain: "plain.test"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"inbox.operator.test": true, "trial.operator.test": true, plain.Name: false, old.SandboxDomain: false} {
		if shared := must(w.dir.IsShared(w.ctx(), must(w.op.Domain(w.ctx(), "", name)))); shared != want {
			t.Errorf("%s: %v", name, shared)
		}
	}
}

func TestATenantsDomainIsNoSandboxOfAll(t *testing.T) {
	w := newWorld(t)
	ws := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "a"}))
	g, _, _ := w.key(w.op, KeyOwner{Workspace: ws.ID})
	d, _, err := g.CreateDomain(w.ctx(), "", NewDomain{Domain: "taken.test"})
	if err != nil {
		t.Fatal(err)
	}
	must(w.dir.Checked(w.ctx(), d.ID, Checkup{At: w.clock.now(), Owned: true, Here: true}))
	if err := w.dir.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), w.path, w.store, Options{Clock: w.clock.now, Sandbox: "taken.test"}); err == nil || !strings.Contains(err.Error(), string(ws.ID)) {
		t.Errorf("%v", err)
	}
	w.open()
}

func TestLabelsOfSandboxDomainsAreLabels(t *testing.T) {
	for name, want := range map[string]string{"Acme": "acme-", "a--b": "a-b-", "xn--bcher-kva": "xn-bcher-kva-", "-": "inbox-", "": "inbox-", strings.Repeat("long name ", 20): "long-name-long-name-long-name-", "ÄÖÜ": "aou-", "日本": "inbox-"} {
		label := sandboxLabel(name)
		if len(label) > maxLabel || label[:len(label)-sandboxLetters] != want {
			t.Errorf("%q: %q", name, label)
		}
		if canonical, reason := parseDomain(label + ".inbox.operator.test"); reason != "" || canonical != label+".inbox.operator.test" {
			t.Errorf("%q: %q %s", name, canonical, reason)
		}
	}
	for name, good := range map[string]bool{"inbox.example.com": true, "Inbox.example.com": false, "example": false, "*.example.com": false, strings.Repeat("a.", 80) + "com": false} {
		if err := CheckSandbox(name); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
