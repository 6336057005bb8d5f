package junk

import (
	"slices"
	"testing"

	"github.com/postroom/postroom/mailstore"
)

func TestDecide(t *testing.T) {
	spam := Evidence{Reason: mailstore.ReasonSpam, Detail: "rspamd gives it 9 of 15", Found: mailstore.Junk{Score: 9, Required: 15, Action: "add header"}}
	forged := Evidence{Forged: true, Doubtful: true}
	doubtful := spam
	doubtful.Doubtful = true
	allow, block := mailstore.Ruling{Kind: mailstore.ListAllow, Entry: "x.example"}, mailstore.Ruling{Kind: mailstore.ListBlock, Entry: "x.example"}
	for name, c := range map[string]struct {
		found  Evidence
		known  mailstore.Standing
		reason string // "" is into the inbox
		spared string
	}{
		"nothing is known":                        {Evidence{}, mailstore.Standing{}, "", ""},
		"spam":                                    {spam, mailstore.Standing{}, mailstore.ReasonSpam, ""},
		"spam of one who was written to":          {spam, mailstore.Standing{Written: true}, "", mailstore.SparedWritten},
		"spam of one who is wanted":               {spam, mailstore.Standing{Judged: mailstore.Wanted}, "", mailstore.SparedWanted},
		"spam of one who is on the allow list":    {spam, mailstore.Standing{Listed: allow}, "", mailstore.SparedAllowed},
		"spam under the name of one who is known": {doubtful, mailstore.Standing{Written: true, Judged: mailstore.Wanted, Listed: allow}, mailstore.ReasonSpam, ""},
		"forged":                   {forged, mailstore.Standing{Written: true, Judged: mailstore.Wanted, Listed: allow}, mailstore.ReasonForged, ""},
		"blocked":                  {Evidence{}, mailstore.Standing{Written: true, Judged: mailstore.Wanted, Listed: block}, mailstore.ReasonBlocked, ""},
		"not on the allow list":    {Evidence{}, mailstore.Standing{Written: true, Listed: mailstore.Ruling{Kind: mailstore.ListBlock}}, mailstore.ReasonNotAllowed, ""},
		"moved to Junk":            {Evidence{}, mailstore.Standing{Judged: mailstore.Unwanted, JudgedHere: true}, mailstore.ReasonUnwanted, ""},
		"moved to Junk by another": {Evidence{}, mailstore.Standing{Judged: mailstore.Unwanted}, mailstore.ReasonUnwanted, ""},
		"moved to Junk by another, but written to":  {Evidence{}, mailstore.Standing{Judged: mailstore.Unwanted, Written: true}, "", mailstore.SparedWritten},
		"moved to Junk after it was written to":     {Evidence{}, mailstore.Standing{Judged: mailstore.Unwanted, JudgedHere: true, Written: true}, mailstore.ReasonUnwanted, ""},
		"moved to Junk, but on the allow list":      {Evidence{}, mailstore.Standing{Judged: mailstore.Unwanted, JudgedHere: true, Listed: allow}, "", mailstore.SparedAllowed},
		"moved to Junk, and spam for other reasons": {spam, mailstore.Standing{Judged: mailstore.Unwanted}, mailstore.ReasonSpam, ""},
	} {
		d := Decide(c.found, c.known)
		if d.Aside != (c.reason != "") || d.Spared != c.spared {
			t.Errorf("%s: %+v", name, d)
			continue
		}
		if d.Aside != (d.Record != nil) || d.Aside && (d.Record.Reason != c.reason || d.Junk.Reason != c.reason || d.Junk.Detail == "") {
			t.Errorf("%s: junk %+v, record %+v", name, d.Junk, d.Record)
		}
		if blocked := slices.Contains(d.Labels, mailstore.LabelBlocked); blocked != (c.known.Listed.Kind == mailstore.ListBlock) {
			t.Errorf("%s: labels %q", name, d.Labels)
		}
		if c.found.Reason != "" && (d.Junk == nil || d.Junk.Score != 9 || !d.Aside && d.Junk.Spared != c.spared) {
			t.Errorf("%s: what was found is lost: %+v", name, d.Junk)
		}
	}
	if d := Decide(Evidence{}, mailstore.Standing{}); d.Junk != nil {
		t.Errorf("%+v", d.Junk)
	}
}

func TestApplyKeepsTheLabelsOfOthersApart(t *testing.T) {
	labels := make([]string, 1, 4)
	labels[0] = "mine"
	a, b := mailstore.Recipient{Labels: labels}, mailstore.Recipient{Labels: labels}
	block := mailstore.Standing{Listed: mailstore.Ruling{Kind: mailstore.ListBlock}}
	Decide(Evidence{}, block).Apply(&a)
	if Decide(Evidence{}, mailstore.Standing{}).Apply(&b); len(b.Labels) != 1 || b.Mailbox != "" || len(a.Labels) != 2 || a.Mailbox != mailstore.JunkMailbox {
		t.Errorf("%+v, %+v", a, b)
	}
}
