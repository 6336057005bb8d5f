package tenancy

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
)

func TestWhatAClientMakesTwiceUnderItsOwnWordIsThereOnce(t *testing.T) {
	w := newWorld(t)
	one := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "A", ClientID: "customer-1"}))
	again := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "B", ClientID: "customer-1"}))
	other := must(w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: "A"}))
	if again.ID != one.ID || again.Name != "A" || again.ClientID != "customer-1" || other.ID == one.ID {
		t.Errorf("made %+v, %+v and %+v", one, again, other)
	}
	w.domain(w.op, one.ID, "a.test")
	w.domain(w.op, other.ID, "b.test")
	in, password, existed, err := w.op.CreateInbox(w.ctx(), one.ID, NewInbox{Username: "x", Domain: "a.test", ClientID: "agent"})
	if err != nil || existed || password == "" || in.ClientID != "agent" {
		t.Fatal(in, existed, err)
	}
	same, password, existed, err := w.op.CreateInbox(w.ctx(), one.ID, NewInbox{Username: "y", Domain: "a.test", ClientID: "agent"})
	if err != nil || !existed || password != "" || same.ID != in.ID {
		t.Error(same, existed, err)
	}
	theirs, _, existed, err := w.op.CreateInbox(w.ctx(), other.ID, NewInbox{Username: "x", Domain: "b.test", ClientID: "agent"})
	if err != nil || existed || theirs.ID == in.ID {
		t.Error("another workspace's word is taken", theirs, existed, err)
	}
	_, _, _, err = w.op.CreateInbox(w.ctx(), one.ID, NewInbox{Username: "z", Domain: "a.test", ClientID: strings.Repeat("x", MaxClientID+1)})
	refused(t, "a long word", err, fault.Invalid, "validation_failed")
}

func TestInboxesAreFoundByTheBeginningOfTheirWords(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	for _, n := range []NewInbox{{Username: "sales", DisplayName: "Ann 100%"}, {Username: "support", DisplayName: "Bob Sawyer"}, {Username: "ops"}} {
		n.Domain = "a.test"
		if _, _, _, err := g.CreateInbox(w.ctx(), ws.ID, n); err != nil {
			t.Fatal(err)
		}
	}
	for words, want := range map[string]string{"sa": "support sales", "saw": "support", "bob saw": "support", "ales": "", "100%": "sales", "1%": "", "OPS": "ops", "a.te ann": "sales", "sales@a": "sales"} {
		list, _, err := g.Inboxes(w.ctx(), "", InboxFilter{Words: words}, Page{})
		var got []string
		for _, in := range list {
			got = append(got, in.Username)
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q finds %v, %v", words, got, err)
		}
	}
	first, next, err := g.Inboxes(w.ctx(), "", InboxFilter{}, Page{Limit: 2, OldestFirst: true})
	if err != nil || len(first) != 2 || first[0].Username != "sales" {
		t.Fatal(first, err)
	}
	if rest, _, err := g.Inboxes(w.ctx(), "", InboxFilter{}, Page{After: next, OldestFirst: true}); err != nil || len(rest) != 1 || rest[0].Username != "ops" {
		t.Error(rest, err)
	}
}

func TestALinkToDownloadIsGoodForItsBytesUntilItEnds(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	what := Download{Message: "msg_1", Attachment: "1.2"}
	token := must(g.DownloadToken(w.ctx(), "", "one@a.test", what, w.clock.now().Add(time.Hour)))
	box, got, err := w.dir.Download(w.ctx(), token)
	if err != nil || got != what || box.ID() != in.ID || box.WorkspaceID() != in.WorkspaceID {
		t.Fatal(got, err)
	}
	for name, bad := range map[string]string{"nothing": "", "cut": token[:len(token)-1], "a set-up link's": strings.Join([]string{"a", "b", "c"}, "."), "another message": strings.Replace(token, "msg_1", "msg_2", 1)} {
		if _, _, err := w.dir.Download(w.ctx(), bad); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.clock.advance(time.Hour)
	if _, _, err := w.dir.Download(w.ctx(), token); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
	fresh := must(g.DownloadToken(w.ctx(), "", string(in.ID), what, w.clock.now().Add(time.Hour)))
	if err := g.DeleteInbox(w.ctx(), "", string(in.ID)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.dir.Download(w.ctx(), fresh); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its inbox: %v", err)
	}
}

func TestAnInboxWithoutADomainGetsTheWorkspacesSandboxDomain(t *testing.T) {
	w := newWorld(t)
	ws := w.workspace("A")
	_, err := w.op.DefaultDomain(w.ctx(), ws.ID)
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("without a domain: %v", err)
	}
	w.domain(w.op, ws.ID, "a.test")
	w.domain(w.op, ws.ID, "b.test")
	if name := must(w.op.DefaultDomain(w.ctx(), ws.ID)); name != "a.test" {
		t.Errorf("of two: %s", name)
	}
	w.sandbox = "try.test"
	w.reopen()
	if name := must(w.op.DefaultDomain(w.ctx(), ws.ID)); !strings.HasSuffix(name, ".try.test") {
		t.Errorf("with a sandbox: %s", name)
	}
	if a, b := AnyUsername(), AnyUsername(); a == b || len(a) != anyUsername {
		t.Errorf("made up %q and %q", a, b)
	}
	var none mailstore.WorkspaceID
	_, err = w.op.DefaultDomain(w.ctx(), none)
	refused(t, "of no workspace", err, fault.Invalid, "workspace_required")
}

func TestAWebhookIsMadeOnceUnderItsClientsWordAndTellsItsSecretToWhoMayGiveAnother(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	hook, secret, err := g.CreateWebhook(w.ctx(), "", NewWebhook{URL: "https://x.test/", Dialect: "v0", ClientID: "hook", Headers: map[string]string{"Authorization": "one", "X-Two": "two"}})
	if err != nil || hook.Dialect != "v0" || hook.ClientID != "hook" || secret == "" {
		t.Fatal(hook, err)
	}
	again, same, err := g.CreateWebhook(w.ctx(), "", NewWebhook{URL: "https://y.test/", ClientID: "hook"})
	if err != nil || again.ID != hook.ID || again.URL != "https://x.test/" || same != secret {
		t.Errorf("made again: %+v, %v", again, err)
	}
	if shown := must(g.WebhookSecret(w.ctx(), "", hook.ID)); shown != secret {
		t.Error("another secret is shown")
	}
	_, reader, err := w.op.CreateKey(w.ctx(), KeyOwner{Workspace: ws.ID}, NewKey{Name: "reader", Permissions: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	may := must(w.dir.Authenticate(w.ctx(), reader, netip.Addr{}))
	_, err = may.WebhookSecret(w.ctx(), "", hook.ID)
	refused(t, "who only reads", err, fault.Forbidden, "permission_denied")

	three := "three"
	hook = must(g.UpdateWebhook(w.ctx(), "", hook.ID, WebhookChange{Merge: map[string]*string{"authorization": nil, "X-Three": &three}}))
	if strings.Join(hook.HeaderNames, " ") != "X-Three X-Two" {
		t.Errorf("headers %v", hook.HeaderNames)
	}
	bad := "a\r\nb"
	_, err = g.UpdateWebhook(w.ctx(), "", hook.ID, WebhookChange{Merge: map[string]*string{"X-Four": &bad}})
	refused(t, "a header of two lines", err, fault.Invalid, "validation_failed")
}
