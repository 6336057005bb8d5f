package api

import (
	"slices"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
)

// Each value that is answered stands in the document.
func TestTheDocumentKnowsEachReason(t *testing.T) {
	w := newWorld(t, Config{})
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Enum []string `json:"enum"`
				} `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	w.must(200, "GET", "/openapi.json", "", "", &doc)
	for _, c := range []struct{ schema, value string }{{"Unsent", mailstore.ReasonListed}, {"JunkObject", mailstore.ReasonInCircles}} {
		if enum := doc.Components.Schemas[c.schema].Properties["reason"].Enum; !slices.Contains(enum, c.value) {
			t.Errorf("%s.reason is one of %q, and %q is answered", c.schema, enum, c.value)
		}
	}
}

// What an operator is shown in the list can be got by its id.
func TestAnOperatorGetsRecordsOfTheServer(t *testing.T) {
	w := newWorld(t, Config{})
	at := time.Now()
	if err := w.dir.RecordRejections(t.Context(), "", []mailstore.Rejection{{Action: mailstore.Refused, Reason: mailstore.ReasonNotServed, Recipient: "x@far.example", FirstAt: at, LastAt: at}}); err != nil {
		t.Fatal(err)
	}
	var list rejectionList
	w.must(200, "GET", "/v1/rejections", w.operator, "", &list)
	if a := w.do("GET", "/v1/rejections/"+list.Rejections[0].ID, w.operator, ""); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A reason that is none is told.
func TestAFilterThatCanMatchNothingIsRefused(t *testing.T) {
	w := newWorld(t, Config{})
	if a := w.do("GET", "/v1/rejections?reason=unknownuser", w.a.key, ""); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A cursor belongs to the list that gave it.
func TestACursorOfAnotherFilterIsRefused(t *testing.T) {
	w := newWorld(t, Config{})
	w.quarantine(w.a, w.a.address)
	w.quarantine(w.a, w.a.address)
	w.quarantine(w.a, w.a.address)
	var list rejectionList
	w.must(200, "GET", "/v1/rejections?limit=1&action=quarantined", w.a.key, "", &list)
	if a := w.do("GET", "/v1/rejections?limit=1&action=refused&cursor="+list.NextCursor, w.a.key, ""); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
