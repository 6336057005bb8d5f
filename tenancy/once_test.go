package tenancy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// createInbox is a POST that makes an inbox, as a wire would do it.
func createInbox(g *Grant, username string) func(context.Context) (Answer, error) {
	return func(ctx context.Context) (Answer, error) {
		in, password, _, err := g.CreateInbox(ctx, "", NewInbox{Username: username, Domain: "a.test"})
		return Answer{Status: 201, Body: []byte(string(in.ID) + " " + password), Public: []byte(in.ID)}, err
	}
}

func post(key, body string) Request {
	return Request{Method: "POST", Path: "/v1/inboxes", Key: key, Body: []byte(body)}
}

func TestTheSameRequestIsAnsweredOnceAlsoAfterARestart(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	caller, secret, _ := w.key(g, KeyOwner{})
	first, replayed, err := caller.Once(w.ctx(), post("k1", "one"), createInbox(caller, "one"))
	if err != nil || replayed {
		t.Fatal(replayed, err)
	}
	w.reopen()
	caller = w.authenticate(secret)
	again, replayed, err := caller.Once(w.ctx(), post("k1", "one"), func(context.Context) (Answer, error) {
		t.Error("ran again")
		return Answer{}, nil
	})
	if err != nil || !replayed || string(again.Body) != string(first.Body) || again.Status != 201 || string(again.Public) != string(first.Public) {
		t.Errorf("replay %+v, %v, %v; want %+v", again, replayed, err, first)
	}
	_, _, err = caller.Once(w.ctx(), post("k1", "two"), createInbox(caller, "two"))
	refused(t, "another body", err, fault.Conflict, "idempotency_key_reused")
	elsewhere := post("k1", "two")
	elsewhere.Path = "/v1/other"
	if _, replayed, err := caller.Once(w.ctx(), elsewhere, createInbox(caller, "two")); err != nil || replayed {
		t.Error("the same key at another path", replayed, err)
	}
	w.clock.advance(keepAnswers)
	if _, replayed, err := caller.Once(w.ctx(), post("k1", "three"), createInbox(caller, "three")); err != nil || replayed {
		t.Error("the same key a day later", replayed, err)
	}
}

func TestASecretIsToldAgainOnlyToTheKeyThatWasToldIt(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	first, _, err := g.Once(w.ctx(), post("k", ""), createInbox(g, "one"))
	if err != nil {
		t.Fatal(err)
	}
	sibling, _, _ := w.key(g, KeyOwner{})
	again, replayed, err := sibling.Once(w.ctx(), post("k", ""), createInbox(sibling, "one"))
	if err != nil || !replayed || string(again.Body) != string(first.Public) {
		t.Errorf("another key is told %q, %v, %v", again.Body, replayed, err)
	}
	r := post("k", "")
	r.Path, r.Workspace = "/v1/op", g.WorkspaceID()
	op := func(ctx context.Context) (Answer, error) {
		in, password, _, err := w.op.CreateInbox(ctx, g.WorkspaceID(), NewInbox{Username: "two", Domain: "a.test"})
		return Answer{201, []byte(password), []byte(in.ID)}, err
	}
	made, _, err := w.op.Once(w.ctx(), r, op)
	if err != nil {
		t.Fatal(err)
	}
	if again, replayed, err := w.op.Once(w.ctx(), r, op); err != nil || !replayed || string(again.Body) != string(made.Public) {
		t.Errorf("the operator on the machine is told %q, %v, %v", again.Body, replayed, err)
	}
	inbox, _, _ := w.key(g, KeyOwner{Inbox: "one@a.test"})
	_, replayed, err = inbox.Once(w.ctx(), post("k", ""), func(context.Context) (Answer, error) { return Answer{Status: 204}, nil })
	if err != nil || replayed {
		t.Error("a key of another reach is told the workspace's answer", replayed, err)
	}
	secret := string(first.Body[len(first.Public)+1:])
	if n := w.occurrences(secret); n != 0 {
		t.Errorf("the secret lies in %d rows of the directory", n)
	}
}

// occurrences counts the kept answers that hold s.
func (w *world) occurrences(s string) (n int) {
	w.t.Helper()
	err := w.dir.view(w.ctx(), func(tx *sqlite.Tx) error {
		return tx.Row("SELECT COUNT(*) FROM idempotency WHERE INSTR(CAST(answer AS BLOB), CAST(?1 AS BLOB)) > 0 OR INSTR(sealed, CAST(?1 AS BLOB)) > 0 OR ?1 = ''", sqlite.Args(s), &n)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestAFailedRequestLeavesNothingAndMayBeTriedAgain(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	_, replayed, err := g.Once(w.ctx(), post("k", ""), func(ctx context.Context) (Answer, error) {
		if _, err := createInbox(g, "one")(ctx); err != nil {
			return Answer{}, err
		}
		if _, err := g.Inbox(ctx, "", "one@a.test"); err != nil {
			t.Errorf("inside the transaction the inbox is not seen: %v", err)
		}
		return Answer{}, errors.New("later step failed")
	})
	if err == nil || replayed {
		t.Fatal(replayed, err)
	}
	refused(t, "the inbox", err2(g.Inbox(w.ctx(), "", "one@a.test")), fault.NotFound, "not_found")
	if _, replayed, err := g.Once(w.ctx(), post("k", ""), createInbox(g, "one")); err != nil || replayed {
		t.Error(replayed, err)
	}
	answer, _, err := g.Once(w.ctx(), post("k2", ""), func(ctx context.Context) (Answer, error) {
		_, err := createInbox(g, "+")(ctx) // a part that fails is undone alone
		refused(t, "inside", err, fault.Invalid, "validation_failed")
		refused(t, "inside", g.DeleteDomain(ctx, "", "a.test"), fault.Conflict, "domain_in_use")
		return createInbox(g, "two")(ctx)
	})
	if err != nil || len(answer.Body) == 0 {
		t.Error(answer, err)
	}
	must(g.Inbox(w.ctx(), "", "two@a.test"))
	for range 2 {
		if _, replayed, err := g.Once(w.ctx(), post("k3", ""), func(context.Context) (Answer, error) { return Answer{Status: 422}, nil }); err != nil || replayed {
			t.Error("an answer that is no success is kept", replayed, err)
		}
	}
	_, _, err = g.Once(w.ctx(), post("k\n", ""), createInbox(g, "three"))
	refused(t, "a broken key", err, fault.Invalid, "invalid_idempotency_key")
}

func TestOfManyAtOnceOneRuns(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	var mu sync.Mutex
	bodies, fresh := map[string]int{}, 0
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			a, replayed, err := g.Once(w.ctx(), post("k", ""), createInbox(g, "one"))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if bodies[string(a.Body)]++; !replayed {
				fresh++
			}
		})
	}
	all.Wait()
	if fresh != 1 || len(bodies) != 1 {
		t.Errorf("%d ran, answers %v", fresh, bodies)
	}
}

func TestOldAnswersAreForgottenInBatches(t *testing.T) {
	w := newWorld(t)
	_, g := w.tenant("A", "a.test")
	for i := range 20 {
		if _, _, err := g.Once(w.ctx(), post(fmt.Sprint(i), ""), func(context.Context) (Answer, error) { return Answer{Status: 200}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.advance(time.Hour)
	g.Once(w.ctx(), post("young", ""), func(context.Context) (Answer, error) { return Answer{Status: 200}, nil })
	w.clock.advance(keepAnswers - time.Hour)
	if err := w.dir.forgetAnswers(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if n := w.occurrences(""); n != 1 {
		t.Errorf("%d answers are left, want the young one", n)
	}
}
