package main

import (
	"encoding/json"
	"strings"
	"testing"

	api "github.com/postroom/postroom/server/api/client"
)

func TestValuesAreWrittenForPeople(t *testing.T) {
	for raw, want := range map[string]string{
		`"text"`: "text", `3`: "3", `12345678901`: "12345678901", `true`: "true", `null`: "", `[]`: "", `{}`: "",
		`["a","b"]`:                        "a, b",
		`{"name":"Ada","address":"a@b"}`:   "Ada <a@b>",
		`[{"address":"a@b","name":""}]`:    "a@b",
		`{"tier":"gold"}`:                  `{"tier":"gold"}`,
		`"red \u001b[31m and \u202e back"`: "red \ufffd[31m and \ufffd back",
		`"two\nlines"`:                     "two\ufffdlines",
		`[{"filename":"a.pdf","contentType":"application/pdf","size":12}]`: "a.pdf (application/pdf, 12 octets)",
	} {
		if got := plain(json.RawMessage(raw)); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func TestATableIsAligned(t *testing.T) {
	rows := []api.Workspace{{ID: "ws_1", Name: "short"}, {ID: "ws_22222", Name: strings.Repeat("l", 80)}}
	var b strings.Builder
	err := printTable(&b, []column[api.Workspace]{
		{"ID", func(w api.Workspace) any { return w.ID }}, {"NAME", func(w api.Workspace) any { return w.Name }}, {"MADE", func(w api.Workspace) any { return w.CreatedAt }},
	}, rows)
	if err != nil {
		t.Fatal(err)
	}
	l := strings.Repeat("l", 59) + "…"
	want := "ID        NAME" + strings.Repeat(" ", 58) + "MADE\nws_1      short" + strings.Repeat(" ", 57) + "\nws_22222  " + l + "  \n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestAnObjectKeepsItsOrder(t *testing.T) {
	var b strings.Builder
	if err := printObject(&b, json.RawMessage(`{"$schema":"x","id":"ws_1","name":"A — B","empty":"","inboxes":2}`)); err != nil {
		t.Fatal(err)
	}
	if want := "id       ws_1\nname     A — B\ninboxes  2\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestAMessageShowsWhoWhatAndText(t *testing.T) {
	var b strings.Builder
	var m api.MessageObject
	raw := `{"id":"msg_1","from":{"name":"Ada","address":"ada@example.com"},"to":[{"address":"b@c"}],"subject":"Hi \u001b[2J","text":"one\r\ntwo\tthree \u0007","size":9}`
	if err := json.Unmarshal([]byte(raw), &m); err != nil {
		t.Fatal(err)
	}
	if err := printMessage(&b, &m); err != nil {
		t.Fatal(err)
	}
	want := "id       msg_1\nfrom     Ada <ada@example.com>\nto       b@c\nsubject  Hi \ufffd[2J\n\none\ntwo    three \ufffd\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
