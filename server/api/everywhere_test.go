package api

import (
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestAnOperatorsStreamWithoutAWorkspaceTellsOfAllLive(t *testing.T) {
	w := newWorld(t, Config{})
	c, e := w.dial("?types=message.received", w.operator), w.stream("?types=message.received", w.operator)
	var ids []string
	for _, to := range []string{w.a.address, w.b.address, w.a.address} {
		ids = append(ids, w.deliver(to, "Subject: to all\r\n\r\nx\r\n"))
	}
	for way, next := range map[string]func() frame{"WebSocket": func() frame { return next1(t, c) }, "server-sent events": func() frame { f, _ := e.next(); return f }} {
		got := map[string]string{}
		for range ids {
			f := next()
			got[f.Data.ID] = f.WorkspaceID
		}
		if got[ids[0]] != w.a.id || got[ids[1]] != w.b.id || got[ids[2]] != w.a.id {
			t.Errorf("%s: told of %v, not of %v", way, got, ids)
		}
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","since":"jc_AQAAAAAAAAAAAQ"}`)); err != nil {
		t.Fatal(err)
	}
	if f := next1(t, c); f.Type != "error" || !strings.Contains(f.Message, "live only") {
		t.Errorf("a cursor is answered %+v", f)
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","inboxIds":["`+w.b.inbox+`"]}`)); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"?"}`)); err != nil { // frames are read in order
		t.Fatal(err)
	}
	if f := next1(t, c); f.Type != "error" {
		t.Fatalf("%+v", f)
	}
	w.deliver(w.a.address, "Subject: not any more\r\n\r\nx\r\n")
	id := w.deliver(w.b.address, "Subject: narrowed\r\n\r\nx\r\n")
	if f := received(t, c); f.Data.ID != id {
		t.Errorf("narrowed, it is told %+v", f)
	}
}
