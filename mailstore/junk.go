package mailstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// LabelBlocked is the label of a message that a list keeps out of INBOX.
const LabelBlocked = "blocked"

// Junk is why a message lies in Junk, or what was found in a message that does not.
type Junk struct {
	Reason   string       `json:"reason,omitempty"`   // Reason…; "": it was not put aside
	Detail   string       `json:"detail,omitempty"`   // in words
	Spared   string       `json:"spared,omitempty"`   // why it was not put aside all the same: Spared…
	Score    float64      `json:"score,omitempty"`    // of rspamd
	Required float64      `json:"required,omitempty"` // score from which rspamd rejects
	Action   string       `json:"action,omitempty"`   // that rspamd proposes
	Symbols  []JunkSymbol `json:"symbols,omitempty"`  // what rspamd saw
	Lists    []JunkList   `json:"lists,omitempty"`    // DNS lists that have the client's address
	Failed   []string     `json:"failed,omitempty"`   // what could not be asked
}

// Why a message was not put aside though something speaks against it.
const (
	SparedAllowed = "allowed" // an allow list has the author
	SparedWritten = "written" // the inbox has written to the author
	SparedWanted  = "wanted"  // a user of the workspace moved mail of the author out of Junk, or answered it
)

// JunkSymbol is one rule of rspamd's that matched.
type JunkSymbol struct {
	Name        string  `json:"name"`
	Score       float64 `json:"score"`
	Description string  `json:"description,omitempty"`
}

// JunkList is one DNS list that has the client's address.
type JunkList struct {
	Name   string `json:"name"`
	Reason string `json:"reason,omitempty"`
}

func (j *Junk) encode() (string, error) {
	if j == nil {
		return "", nil
	}
	text, err := json.Marshal(j)
	if err != nil {
		return "", fmt.Errorf("encode junk: %w", err)
	}
	return string(text), nil
}

func decodeJunk(text string) (*Junk, error) {
	if text == "" {
		return nil, nil
	}
	var j Junk
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return nil, fmt.Errorf("decode junk: %w", err)
	}
	return &j, nil
}

// Screening is what is asked about a message that comes in.
type Screening struct {
	Author     string   // address in From; "" if that is nobody or several
	Sender     string   // reverse-path
	References []string // RFC Message-IDs that it answers or refers to
}

// ScreeningOf asks about a message by its header and reverse-path.
func ScreeningOf(e *message.Envelope, sender string) Screening {
	return Screening{Author: authorOf(e), Sender: sender, References: slices.Concat(e.References, e.InReplyTo)}
}

// Standing is what an inbox knows of who wrote a message.
type Standing struct {
	Listed     Ruling // what its lists say
	Written    bool   // the inbox has written to the author
	Judged     string // Wanted, Unwanted or "": what the users of the workspace have shown, this inbox's first
	JudgedHere bool   // it is this inbox's
	Answer     bool   // the message refers to one that the inbox has sent
}

// maxReferences is how many of a message's references are looked for.
const maxReferences = 50

// Screen tells what the inbox knows of who wrote a message. The lists for what is received hold for all that comes; an answer to
// what the inbox sent goes by the lists for replies where they say something, and need not be on the allow list of the others.
func (in Inbox) Screen(ctx context.Context, q Screening) (s Standing, err error) {
	author, envelope := "", ""
	if q.Author != "" {
		author = addressKey(q.Author)
	}
	if q.Sender != "" {
		envelope = addressKey(q.Sender)
	}
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		s = Standing{}
		if author != "" {
			if err := in.standing(tx, author, &s); err != nil {
				return err
			}
		}
		if s.Answer, err = in.sentAny(tx, q.References); err != nil {
			return err
		}
		s.Listed, err = in.listed(tx, author, envelope, s.Answer)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("screen message: %w", err)
	}
	return s, nil
}

// standing reads what is known of an address: by this inbox, and if it has shown nothing by the others of the workspace.
func (in Inbox) standing(tx *sqlite.Tx, author string, s *Standing) error {
	const latestFirst = "SELECT inbox_id, sent, sent_at, judged, judged_at FROM senders WHERE address = ? AND (judged <> '' OR inbox_id = ?) ORDER BY inbox_id = ? DESC, judged_at DESC LIMIT 2"
	return tx.Each(latestFirst, sqlite.Args(author, string(in.id), string(in.id)), func(scan func(...any) error) error {
		var inbox InboxID
		var sent int
		var sentAt, judgedAt int64
		var judged string
		if err := scan(&inbox, &sent, &sentAt, &judged, &judgedAt); err != nil {
			return err
		}
		if inbox == in.id {
			s.Written = sent > 0
		}
		if s.Judged == "" {
			s.Judged, s.JudgedHere = judged, inbox == in.id && judged != ""
		}
		return nil
	})
}

// sentAny tells whether the inbox sent one of the messages.
func (in Inbox) sentAny(tx *sqlite.Tx, ids []string) (sent bool, err error) {
	if len(ids) == 0 {
		return false, nil
	}
	encoded, _ := json.Marshal(ids[max(0, len(ids)-maxReferences):]) // strings always encode
	err = tx.Row("SELECT EXISTS (SELECT 1 FROM messages WHERE inbox_id = ? AND direction = 2 AND message_id IN (SELECT value FROM json_each(?)))",
		sqlite.Args(string(in.id), string(encoded)), &sent)
	return sent, err
}

// listed asks the lists.
func (in Inbox) listed(tx *sqlite.Tx, author, envelope string, answer bool) (r Ruling, err error) {
	var some bool
	if err := tx.Row("SELECT EXISTS (SELECT 1 FROM lists WHERE direction <> ?)", sqlite.Args(ListSend), &some); err != nil || !some {
		return r, err
	}
	if answer {
		if r, err = ruling(tx, in.id, ListReply, author, true); err != nil || r.Kind != "" {
			return r, err
		}
	}
	if r, err = ruling(tx, in.id, ListReceive, author, !answer); err != nil || r.Kind == ListBlock && r.Entry != "" || envelope == "" || envelope == author {
		return r, err
	}
	by, err := ruling(tx, in.id, ListReceive, envelope, false)
	if by.Kind == ListBlock {
		r = by
	}
	return r, err
}
