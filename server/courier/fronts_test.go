package courier

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/courier/mxtest"
)

func TestAMessageIsSignedOnceForAllOfItsDestinations(t *testing.T) {
	var mx *mxtest.Server
	b := newBed(t, func(b *bed) {
		mx = b.exchanger("far.test", mxtest.Options{})
		b.zones.Set("near.test.", "60 MX 10 mx.far.test.")
	})
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test", "y@near.test"), mailstore.Delivered)
	b.wait("ann@a.test", b.send("ann@a.test", nil, "x@far.test"), mailstore.Delivered)
	got := mx.Transactions()
	if len(got) != 3 || !bytes.Equal(got[0].Body, got[1].Body) || bytes.Equal(got[0].Body, got[2].Body) || strings.Count(string(got[2].Body), "DKIM-Signature:") != 2 {
		t.Errorf("%d transactions; the first two are the same: %v", len(got), bytes.Equal(got[0].Body, got[1].Body))
	}
}

func TestSignaturesAreKeptForAWhileAndNotWithoutEnd(t *testing.T) {
	var f fronts
	now := time.Now()
	f.put("msg_1", []byte("one"), now)
	if got := f.get("msg_1", now.Add(frontLife-1)); string(got) != "one" {
		t.Errorf("%q", got)
	}
	if got := f.get("msg_1", now.Add(frontLife)); got != nil {
		t.Errorf("too old: %q", got)
	}
	f.put("msg_1", []byte("again"), now.Add(frontLife))
	if got := f.get("msg_1", now.Add(frontLife)); string(got) != "again" {
		t.Errorf("signed anew: %q", got)
	}
	for i := range 3 * maxFronts {
		f.put(mailstore.MessageID(fmt.Sprint("msg_x", i)), []byte("x"), now)
	}
	if len(f.byID) != maxFronts || len(f.order) != maxFronts || f.get("msg_1", now) != nil {
		t.Errorf("%d are kept", len(f.byID))
	}
}
