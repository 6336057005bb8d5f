package tenancy

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore/fault"
)

func TestAPlatformProvisionsACustomer(t *testing.T) {
	w := newWorld(t)
	ws := w.workspace("techcorp")
	w.domain(w.op, ws.ID, "techcorp.com")
	g, _, _ := w.key(w.op, KeyOwner{Workspace: ws.ID})
	in, password, existed, err := g.CreateInbox(w.ctx(), "", NewInbox{Username: "Sourcing", Domain: "TechCorp.com", DisplayName: "Alex — TechCorp Recruiting", Metadata: map[string]any{"n": 12345678901234567}})
	if err != nil || existed || len(password) != 32 {
		t.Fatal(in, existed, err)
	}
	if in.Address != "sourcing@techcorp.com" || in.Username != "sourcing" || in.Domain != "techcorp.com" || in.WorkspaceID != ws.ID ||
		in.DisplayName != "Alex — TechCorp Recruiting" || !reflect.DeepEqual(in.Addresses, []Address{{"sourcing@techcorp.com", true}}) || fmt.Sprint(in.Metadata["n"]) != "12345678901234567" {
		t.Errorf("made %+v", in)
	}
	again, password, existed, err := g.CreateInbox(w.ctx(), "", NewInbox{Username: "sourcing", Domain: "techcorp.com"})
	if err != nil || !existed || password != "" || again.ID != in.ID {
		t.Errorf("made again: %+v, existed %v, %v", again, existed, err)
	}
	if got := must(w.op.Workspace(w.ctx(), ws.ID)); got.Inboxes != 1 || got.Domains != 1 {
		t.Errorf("counts are %+v", got)
	}
}

func TestAllThatIsWrongWithAnInboxIsSaidAtOnce(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	_, _, _, err := g.CreateInbox(w.ctx(), "", NewInbox{Username: "a+b", Domain: "*.a.test", DisplayName: "x\r\nBcc: y", Metadata: map[string]any{"x": strings.Repeat("x", MaxMetadata)}})
	refused(t, "create", err, fault.Invalid, "validation_failed")
	if got, want := paths(err), []string{"body.username", "body.domain", "body.displayName", "body.metadata"}; !reflect.DeepEqual(got, want) {
		t.Errorf("says %v, want %v", got, want)
	}
	_, err = w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: strings.Repeat("x", MaxName+1), Metadata: map[string]any{"f": func() {}}})
	if got, want := paths(err), []string{"body.name", "body.metadata"}; !reflect.DeepEqual(got, want) {
		t.Errorf("says %v, want %v", got, want)
	}
	if _, err := w.op.CreateWorkspace(w.ctx(), NewWorkspace{Name: strings.Repeat("ü", MaxName)}); err != nil {
		t.Error(err)
	}
}

func TestAnInboxHasSeveralAddresses(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	one, _ := w.inbox(g, "", "one", "a.test")
	two, _ := w.inbox(g, "", "two", "a.test")
	in, err := g.AddAddress(w.ctx(), "", "one@a.test", "Alias@A.test", false)
	if err != nil || !reflect.DeepEqual(in.Addresses, []Address{{"one@a.test", true}, {"alias@a.test", false}}) {
		t.Fatal(in, err)
	}
	refused(t, "taken alias", err2(g.AddAddress(w.ctx(), "", string(two.ID), "alias@a.test", false)), fault.Conflict, "address_taken")
	refused(t, "taken primary", err2(g.AddAddress(w.ctx(), "", string(two.ID), "one@a.test", false)), fault.Conflict, "address_taken")
	refused(t, "an inbox at an alias", err4(g.CreateInbox(w.ctx(), "", NewInbox{Username: "alias", Domain: "a.test"})), fault.Conflict, "address_taken")
	refused(t, "suffix", err2(g.AddAddress(w.ctx(), "", string(two.ID), "x+y@a.test", false)), fault.Invalid, "validation_failed")
	in, err = g.AddAddress(w.ctx(), "", "alias@a.test", "alias@a.test", true) // found by its alias, which becomes primary
	if err != nil || in.Address != "alias@a.test" || !reflect.DeepEqual(in.Addresses, []Address{{"alias@a.test", true}, {"one@a.test", false}}) {
		t.Fatal(in, err)
	}
	refused(t, "remove the primary", err2(g.RemoveAddress(w.ctx(), "", string(one.ID), "alias@a.test")), fault.Conflict, "primary_address")
	if in, err = g.RemoveAddress(w.ctx(), "", string(one.ID), "ONE@a.test"); err != nil || len(in.Addresses) != 1 {
		t.Error(in, err)
	}
	w.goesNowhere("one@a.test")
	fresh, _ := w.inbox(g, "", "one", "a.test") // free again
	w.goesTo("one@a.test", fresh.ID, "one@a.test")
	must(0, err3(g.Once(w.ctx(), Request{}, func(ctx context.Context) (Answer, error) { // in one commit
		for i := range MaxAddressesPerInbox - 1 {
			if _, err := g.AddAddress(ctx, "", string(one.ID), fmt.Sprintf("n%d@a.test", i), false); err != nil {
				return Answer{}, err
			}
		}
		return Answer{}, nil
	})))
	refused(t, "one too many", err2(g.AddAddress(w.ctx(), "", string(one.ID), "last@a.test", false)), fault.Exhausted, "limit_reached")
}

func TestADeletedInboxLeavesItsAddressToANewOne(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	old, password := w.inbox(g, "", "one", "a.test")
	key, secret, _ := w.key(g, KeyOwner{Inbox: "one@a.test"})
	must(g.UpdateDomain(w.ctx(), "", "a.test", DomainChange{CatchAll: ptr("one@a.test")}))
	if err := g.DeleteInbox(w.ctx(), "", "one@a.test"); err != nil {
		t.Fatal(err)
	}
	w.goesNowhere("one@a.test", "any@a.test")
	refused(t, "its key", err2(w.dir.Authenticate(w.ctx(), secret, anywhere)), fault.Forbidden, "unauthenticated")
	refused(t, "its password", err2(w.dir.Login(w.ctx(), "one@a.test", password, anywhere)), fault.Forbidden, "unauthenticated")
	refused(t, "its grant", key.Check(w.ctx()), fault.Forbidden, "unauthenticated")
	refused(t, "its mail", err2(key.Mail(w.ctx(), "", string(old.ID), Read)), fault.NotFound, "not_found")
	refused(t, "its journal", err3(key.Journal(w.ctx(), "")), fault.NotFound, "not_found")
	fresh, _ := w.inbox(g, "", "one", "a.test")
	if fresh.ID == old.ID {
		t.Error("the new inbox has the old one's id")
	}
	refused(t, "its mail, by the address it had", err2(key.Mail(w.ctx(), "", "one@a.test", Read)), fault.NotFound, "not_found")
}

func TestAWorkspaceIsDeletedWithAllThatIsInIt(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	w.inbox(g, "", "one", "a.test")
	refused(t, "by its own key", g.DeleteWorkspace(w.ctx(), ws.ID), fault.Forbidden, "permission_denied")
	if err := w.op.DeleteWorkspace(w.ctx(), ws.ID); err != nil {
		t.Fatal(err)
	}
	w.goesNowhere("one@a.test", "postmaster@a.test")
	refused(t, "its key", g.Check(w.ctx()), fault.Forbidden, "unauthenticated")
	refused(t, "its key makes an inbox", err4(g.CreateInbox(w.ctx(), "", NewInbox{Username: "x", Domain: "a.test"})), fault.NotFound, "not_found")
	refused(t, "its key lists", err3(g.Inboxes(w.ctx(), "", InboxFilter{}, Page{})), fault.NotFound, "not_found")
	refused(t, "again", w.op.DeleteWorkspace(w.ctx(), ws.ID), fault.NotFound, "not_found")
	if lines, _, err := w.dir.pendingNews(w.ctx(), ws.ID); err != nil || len(lines) != 0 {
		t.Errorf("news of what is gone: %v, %v", lines, err)
	}
	w.tenant("B", "a.test") // the domain is free
}

func TestMetadataIsMergedByNameAndBoundedAsAWhole(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	one, _, _, err := g.CreateInbox(w.ctx(), "", NewInbox{Username: "one", Domain: "a.test", Metadata: map[string]any{"customer": "17", "plan": "small", "none": nil}})
	if err != nil || !reflect.DeepEqual(one.Metadata, map[string]any{"customer": "17", "plan": "small"}) {
		t.Fatalf("%+v %v", one, err)
	}
	w.inbox(g, "", "two", "a.test")
	one = must(g.UpdateInbox(w.ctx(), "", one.Address, InboxChange{Metadata: map[string]any{"plan": nil, "seats": 3, "more": map[string]any{"a": nil}}}))
	if one.Metadata["customer"] != "17" || fmt.Sprint(one.Metadata["seats"]) != "3" || len(one.Metadata) != 3 || one.Metadata["more"] == nil {
		t.Errorf("%+v", one.Metadata)
	}
	half := strings.Repeat("x", MaxMetadata/2)
	must(g.UpdateInbox(w.ctx(), "", one.Address, InboxChange{Metadata: map[string]any{"a": half}}))
	refused(t, "too much together", err2(g.UpdateInbox(w.ctx(), "", one.Address, InboxChange{Metadata: map[string]any{"b": half}})), fault.Invalid, "validation_failed")
	for f, want := range map[InboxFilter]int{{"customer", "17", ""}: 1, {"seats", "3", ""}: 1, {"customer", "1", ""}: 0, {"plan", "small", ""}: 0, {"more", "", ""}: 0, {}: 2} {
		if list, _, err := g.Inboxes(w.ctx(), "", f, Page{}); err != nil || len(list) != want {
			t.Errorf("%v: %d inboxes, %v", f, len(list), err)
		}
	}
}

func TestAPausedInboxSendsNothingUntilItIsResumed(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	for range 2 { // the second one changes nothing
		if in = must(g.PauseInbox(w.ctx(), "", in.Address)); in.PausedAt == nil {
			t.Fatalf("%+v", in)
		}
	}
	refused(t, "sending", err2(g.MaySend(w.ctx(), "", in.Address)), fault.Conflict, "inbox_paused")
	if _, err := w.dir.Recipient(w.ctx(), in.Address); err != nil {
		t.Errorf("it receives: %v", err)
	}
	for range 2 {
		if in = must(g.ResumeInbox(w.ctx(), "", in.Address)); in.PausedAt != nil {
			t.Fatalf("%+v", in)
		}
	}
	must(g.MaySend(w.ctx(), "", in.Address))
	lines, _, err := w.dir.pendingNews(w.ctx(), ws.ID)
	told := 0
	for _, l := range lines {
		if l.Type == InboxPaused || l.Type == InboxResumed {
			told++
		}
	}
	if err != nil || told != 2 {
		t.Errorf("told %d times, %v", told, err)
	}
}

func TestChangesKeepWhatTheyDoNotName(t *testing.T) {
	w := newWorld(t)
	ws, g := w.tenant("A", "a.test")
	in, _ := w.inbox(g, "", "one", "a.test")
	in = must(g.UpdateInbox(w.ctx(), "", in.Address, InboxChange{Metadata: map[string]any{"a": "b"}}))
	in = must(g.UpdateInbox(w.ctx(), "", in.Address, InboxChange{DisplayName: ptr("One")}))
	if in.DisplayName != "One" || in.Metadata["a"] != "b" {
		t.Errorf("inbox is %+v", in)
	}
	must(w.op.UpdateWorkspace(w.ctx(), ws.ID, WorkspaceChange{Metadata: map[string]any{"plan": "big"}}))
	if got := must(w.op.UpdateWorkspace(w.ctx(), ws.ID, WorkspaceChange{Name: ptr("B")})); got.Name != "B" || got.Metadata["plan"] != "big" {
		t.Errorf("workspace is %+v", got)
	}
	refused(t, "by its own key", err2(g.UpdateWorkspace(w.ctx(), ws.ID, WorkspaceChange{Name: ptr("C")})), fault.Forbidden, "permission_denied")
}
