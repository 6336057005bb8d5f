// Package junk decides where a message goes that came in: into the inbox or aside, by what was found out about it and what the
// recipient's inbox knows of its author. Evidence and decisions are values.
package junk

import (
	"context"
	"fmt"

	"github.com/postroom/postroom/mailstore"
)

// Evidence is what was found out about a message, the same for all of its recipients.
type Evidence struct {
	Forged bool // the author's domain asks to have it rejected or put aside (DMARC)

	// Doubtful is set where nothing proves that the message is from its author. Then it does not help to be known.
	Doubtful bool

	Source, HELO string // the client's IP address, and how it greeted; "" for mail from here

	Found  mailstore.Junk // what rspamd and DNS lists say, without Reason and Detail
	Refuse bool           // what Reason says suffices to refuse it
	Later  bool           // it should come again later
	Reason string         // mailstore.Reason… of what speaks against it, beside Forged; "": nothing does
	Detail string         // in words
}

// Decision is what becomes of a message for one recipient.
type Decision struct {
	Aside  bool   // into Junk
	Spared string // mailstore.Spared…: something speaks against it, and is outweighed
	Labels []string
	Junk   *mailstore.Junk // to keep with the message; nil: nothing was found
	Record *mailstore.Rejection
}

// Decide weighs. A list has the last word where it says something; then comes what proves the message to be forged; then what
// the user did: whom the inbox has written to, and whoever's mail was moved out of Junk, goes to the inbox whatever else is found, and
// whoever's mail was moved to Junk goes there. Known is nobody whose domain does not stand behind the message.
func Decide(e Evidence, s mailstore.Standing) Decision {
	if s.Listed.Kind == mailstore.ListBlock {
		reason, detail := mailstore.ReasonNotAllowed, "the author is not on the allow list"
		if s.Listed.Entry != "" {
			reason, detail = mailstore.ReasonBlocked, fmt.Sprintf("%s is on the block list", s.Listed.Entry)
		}
		d := e.aside(reason, detail)
		d.Labels = []string{mailstore.LabelBlocked}
		return d
	}
	if e.Forged {
		return e.aside(mailstore.ReasonForged, "the author's domain asks for it: neither SPF nor DKIM proves that the message is from there")
	}
	spared := ""
	switch {
	case e.Doubtful:
	case s.Listed.Kind == mailstore.ListAllow:
		spared = mailstore.SparedAllowed
	case s.Judged == mailstore.Unwanted && (s.JudgedHere || !s.Written): // Unproven counts only for what is doubtful
	case s.Written:
		spared = mailstore.SparedWritten
	case s.Judged == mailstore.Wanted:
		spared = mailstore.SparedWanted
	}
	switch {
	case e.Reason != "" && spared == "":
		return e.aside(e.Reason, e.Detail)
	case spared == "" && (s.Judged == mailstore.Unwanted || s.Judged == mailstore.Unproven && e.Doubtful):
		return e.aside(mailstore.ReasonUnwanted, "mail of this author was moved to Junk")
	}
	d := Decision{Junk: e.found()}
	if d.Spared = spared; e.Reason != "" {
		d.Junk.Spared, d.Junk.Detail = spared, e.Detail
	}
	return d
}

func (e Evidence) aside(reason, detail string) Decision {
	found := e.Found
	found.Reason, found.Detail = reason, detail
	return Decision{Aside: true, Junk: &found, Record: &mailstore.Rejection{Reason: reason, Detail: detail, Source: e.Source, HELO: e.HELO}}
}

// found is what is kept of a message that was not put aside.
func (e Evidence) found() *mailstore.Junk {
	f := e.Found
	if e.Reason == "" && f.Action == "" && len(f.Lists)+len(f.Failed) == 0 {
		return nil
	}
	return &f
}

// Place decides for each recipient where the message goes. A report that comes to the return path of a message of ours is put aside
// nowhere: nobody can write to one who did not get our mail. Where Refuse or Later are set and nobody welcomes the message it is not to be taken.
func Place(ctx context.Context, e Evidence, q mailstore.Screening, report bool, to []mailstore.Recipient) (welcome bool, err error) {
	for i, r := range to {
		if r.Bounce != "" && report {
			welcome = true
			continue
		}
		if r.Report {
			continue // it has a mailbox of its own
		}
		standing, err := r.Inbox.Screen(ctx, q)
		if err != nil {
			return false, err
		}
		d := Decide(e, standing)
		d.Apply(&to[i])
		welcome = welcome || d.Spared != ""
	}
	return welcome, nil
}

// Apply gives a recipient what was decided.
func (d Decision) Apply(r *mailstore.Recipient) {
	r.Junk, r.Rejection = d.Junk, d.Record
	r.Labels = append(r.Labels[:len(r.Labels):len(r.Labels)], d.Labels...)
	if d.Aside {
		r.Mailbox = mailstore.JunkMailbox
	}
}
