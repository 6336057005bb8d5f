package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/compose"
)

func TestStreamsAreBoundedInAll(t *testing.T) {
	c := sockets{perWorkspace: map[string]int{}}
	for i := range MaxSockets {
		if err := c.enter(fmt.Sprint(i), 1); err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
	}
	if err := c.enter("another", 1); !errors.Is(err, errTooManySockets) {
		t.Errorf("one more: %v", err)
	}
	c.leave("7")
	if err := c.enter("another", 1); err != nil {
		t.Errorf("in the place of one that has left: %v", err)
	}
	c.leave("8")
	if c.close(); !errors.Is(c.enter("8", 1), errDraining) {
		t.Error("one is let in while the server drains")
	}
}

func TestWaitsAreBoundedInAll(t *testing.T) {
	c := waits{perWorkspace: map[mailstore.WorkspaceID]int{}}
	leave := func() {}
	for i := range MaxWaits {
		var err error
		if leave, err = c.enter(mailstore.WorkspaceID(fmt.Sprint(i)), 1); err != nil {
			t.Fatalf("wait %d: %v", i, err)
		}
	}
	if _, err := c.enter("another", 1); !errors.Is(err, errTooManyWaits) {
		t.Errorf("one more: %v", err)
	}
	leave()
	if _, err := c.enter("another", 1); err != nil {
		t.Errorf("in the place of one that is answered: %v", err)
	}
}

func TestAFrameThatIsTooLargeEndsTheSocket(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("", w.a.key)
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe"`+strings.Repeat(" ", MaxFrameBytes)+`}`)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err := c.Read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
				t.Errorf("closed with %v", err)
			}
			return
		}
	}
}

func TestASubscriptionNamesNoMoreInboxesThanItMay(t *testing.T) {
	w := newWorld(t, Config{})
	c := w.dial("", w.a.key)
	ids := strings.TrimSuffix(strings.Repeat(`"`+w.a.inbox+`",`, maxFollowed+1), ",")
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","inboxIds":[`+ids+`]}`)); err != nil {
		t.Fatal(err)
	}
	_, text, err := c.Read(t.Context())
	if want := fmt.Sprintf("At most %d inboxes", maxFollowed); err != nil || !strings.Contains(string(text), want) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAListAsksForNoMoreLabelsThanItMay(t *testing.T) {
	w := newWorld(t, Config{})
	for n, want := range map[int]int{maxFilterLabels: 200, maxFilterLabels + 1: 400} {
		query := "?labels=l0"
		for i := range n - 1 {
			query += fmt.Sprintf("&labels=l%d", i+1)
		}
		if a := w.do("GET", "/v1/messages"+query, w.a.key, ""); a.status != want {
			t.Errorf("%d labels: %d %s", n, a.status, a.body)
		}
	}
}

func TestABatchThatIsReadIsBoundedInText(t *testing.T) {
	w := newWorld(t, Config{})
	text := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 9000) // 640,000 octets
	var ids []string
	for i := range 10 {
		ids = append(ids, w.deliver(w.a.address, fmt.Sprintf("Subject: %d\r\n\r\n%s", i, text)))
	}
	var read readResults
	w.must(200, "POST", "/v1/inboxes/"+w.a.inbox+"/messages/batch-get", w.a.key, `{"ids":["`+strings.Join(ids, `","`)+`"]}`, &read)
	octets := 0
	for i, r := range read.Results {
		if r.Message == nil {
			t.Fatalf("message %d: %+v", i, r.Problem)
		}
		if octets += r.Message.bodyOctets(); r.Message.Truncated != (len(r.Message.Text) < 9000*71-1) {
			t.Errorf("message %d has %d octets of text, truncated %v", i, len(r.Message.Text), r.Message.Truncated)
		}
	}
	if len(read.Results) != len(ids) || octets > maxBatchText || read.Results[0].Message.Truncated {
		t.Errorf("%d messages, %d octets", len(read.Results), octets)
	}
}

// A mail client may put a draft into Drafts that is longer than the API writes one.
func TestADraftThatIsTooLongIsNotCutByAChange(t *testing.T) {
	w := newWorld(t, Config{})
	r, err := w.dir.Recipient(t.Context(), w.a.address)
	if err != nil {
		t.Fatal(err)
	}
	sp := mailstore.NewSpool(r.Inbox)
	defer sp.Close()
	io.WriteString(sp, "From: "+w.a.address+"\r\nSubject: long\r\n\r\n"+strings.Repeat(strings.Repeat("x", 70)+"\r\n", compose.MaxText/70))
	d, _, err := r.Inbox.CreateDraft(context.Background(), mailstore.NewDraft{Spool: sp})
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/inboxes/" + w.a.inbox + "/drafts/" + string(d.ID)
	if a := w.do("PATCH", path, w.a.key, `{"subject":"shorter"}`); a.status != http.StatusConflict || a.problem(t).Code != errDraftTooLong.Code {
		t.Errorf("%d %s", a.status, a.body)
	}
	var now messageObject
	w.must(200, "PATCH", path, w.a.key, `{"labels":["kept"]}`, &now) // what is beside it can be changed
	if now.Size != d.Size {
		t.Errorf("it had %d octets, and has %d", d.Size, now.Size)
	}
}
