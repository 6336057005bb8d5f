package tenancy

import (
	"fmt"
	"testing"
)

// benchWorld has 1,000 workspaces with an inbox each.
func benchWorld(b *testing.B) (w *world, secret string) {
	w = newWorld(b)
	for i := range 1000 {
		ws := w.workspace("w")
		domain := fmt.Sprintf("d%d.test", i)
		w.domain(w.op, ws.ID, domain)
		w.inbox(w.op, ws.ID, "one", domain)
		_, secret, _ = w.key(w.op, KeyOwner{Workspace: ws.ID})
	}
	b.ResetTimer()
	return w, secret
}

func BenchmarkAuthenticate(b *testing.B) {
	w, secret := benchWorld(b)
	for b.Loop() {
		w.authenticate(secret)
	}
}

func BenchmarkRecipient(b *testing.B) {
	w, _ := benchWorld(b)
	for b.Loop() {
		must(w.dir.Recipient(b.Context(), "one+tag@d500.test"))
	}
}

func BenchmarkMail(b *testing.B) {
	w, secret := benchWorld(b)
	g := w.authenticate(secret)
	for b.Loop() {
		must(g.Mail(b.Context(), "", "one@d999.test", Read))
	}
}
