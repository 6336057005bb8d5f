package tenancy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

func TestADraftOfAnInboxThatMayNotSendAnyMoreStaysAtItsTime(t *testing.T) {
	w := newWorld(t)
	home, g := w.tenant("a", "a.test")
	domain := w.checked(w.claim(g, "x.test"), Checkup{Owned: true})
	in, _ := w.inbox(g, "", "info", "x.test")
	s, err := g.MayDraft(w.ctx(), "", in.Address, DraftsCreate)
	if err != nil || !s.Owns("info@x.test") {
		t.Fatal(err)
	}
	sp := mailstore.NewSpool(s.Mail)
	defer sp.Close()
	fmt.Fprint(sp, "From: info@x.test\r\nTo: ann@far.test\r\n\r\nx\r\n")
	d, _, err := s.Mail.CreateDraft(w.ctx(), mailstore.NewDraft{Spool: sp, SendAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	w.checked(domain, Checkup{})
	for range graceDays {
		w.clock.advance(24 * time.Hour)
		w.checked(domain, Checkup{Changes: json.RawMessage(`["gone"]`)})
	}
	if _, err := g.MaySendDraft(w.ctx(), "", in.Address); !errors.Is(err, errNotVerified) {
		t.Errorf("it may send: %v", err)
	}
	due := mailstore.DueDraft{Inbox: in.ID, Draft: mailstore.DraftRef{ID: d.ID, Version: d.Version}}
	if err := w.dir.SendDueDraft(w.ctx(), home.ID, due); err != nil {
		t.Fatal(err)
	}
	now, err := s.Mail.Draft(w.ctx(), d.ID)
	if err != nil || now.Status != "" || now.Failure != errNotVerified.Message {
		t.Errorf("%+v, %v", now, err)
	}
	if err := w.dir.SendDueDraft(w.ctx(), home.ID, due); err != nil { // it is another version by now
		t.Fatal(err)
	}
	if list, err := g.Drafts(w.ctx(), ""); err != nil {
		t.Error(err)
	} else if all, _, err := list.List(w.ctx(), nil, 0); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestTheAuthorOfADraftIsItsInbox(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("a", "a.test")
	in, _ := w.inbox(g, "", "info", "a.test")
	s, err := g.MaySendDraft(w.ctx(), "", in.Address)
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"From: info@a.test":                                     "info@a.test",
		"From: Info <info+x@A.test>":                            "info+x@a.test",
		"From: info@a.test\r\nSender: info+s@a.test":            "info+s@a.test",
		"From: info@b.test":                                     "",
		"From: info@a.test, info@b.test\r\nSender: info@a.test": "",
		"From: info@a.test\r\nSender: info@b.test":              "",
		"To: info@a.test":                                       "",
	} {
		if got, err := s.Author([]byte(header + "\r\n\r\n")); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", strings.ReplaceAll(header, "\r\n", " | "), got, err)
		}
	}
}
