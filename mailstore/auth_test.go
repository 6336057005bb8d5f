package mailstore

import (
	"context"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"testing"
)

func TestWhatIsKnownOfTheSenderIsKeptWithTheMessage(t *testing.T) {
	b := newBed(t)
	auth := &Auth{SPF: AuthSPF{Result: "pass", Domain: "x.example"}, DKIM: []AuthDKIM{{Result: "fail", Domain: "x.example", Selector: "s", Algorithm: "rsa-sha256", KeyBits: 2048, Reason: "body hash"}},
		DMARC: AuthDMARC{Result: "fail", Domain: "y.example", Policy: "quarantine", Disposition: "quarantine"}, IPRev: AuthIPRev{Result: "pass", IP: "192.0.2.1", Name: "mx.x.example"}, TLS: "TLS 1.3"}
	sp := NewSpool(b.in)
	defer sp.Close()
	io.WriteString(sp, mail("<1@x.example>", "", "s", "a@y.example", "text"))
	r, err := Deliver(context.Background(), Arrival{Sender: "a@x.example", Spool: sp, Auth: auth, To: []Recipient{{Inbox: b.in, Address: "me@demo.localhost", Labels: []string{LabelUnauthenticated}}}})
	if err != nil {
		t.Fatal(err)
	}
	b.reopen()
	m, err := b.in.Message(t.Context(), r.IDs()[0])
	if err != nil || !reflect.DeepEqual(m.Auth, auth) || !slices.Contains(m.Labels, LabelUnauthenticated) {
		t.Errorf("%+v, %v", m, err)
	}
	lines := b.lines()
	var told Message
	if err := json.Unmarshal(lines[0].Data, &told); err != nil || lines[0].Type != "message.received.unauthenticated" || !reflect.DeepEqual(told.Auth, auth) {
		t.Errorf("%s: %s, %v", lines[0].Type, lines[0].Data, err)
	}
	if m := b.deliver(mail("<2@x.example>", "", "s", "a@y.example", "text")); m.Auth != nil {
		t.Errorf("nothing was looked at: %+v", m.Auth)
	}
}
