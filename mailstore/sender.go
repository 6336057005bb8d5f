package mailstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/postroom/postroom/mailstore/journal"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// What a user's own acts say of a sender.
const (
	Wanted   = "wanted"   // a message of theirs was moved out of Junk, or answered
	Unwanted = "junk"     // a message of theirs was moved to Junk
	Unproven = "unproven" // one was that bears their name, and nothing proved that it is theirs: the next one like it is junk, and not what is proven to be theirs
)

// StrangerAge is how long it is remembered that somebody wrote to an inbox to whom it never wrote and of whom its user has said
// nothing.
const StrangerAge = 365 * 24 * time.Hour

// strangersAtOnce is how many are forgotten when another one comes.
const strangersAtOnce = 20

// The breaker between two robots that answer each other: each change of direction between an inbox and an address raises a
// level by one, which falls by one in each TurnEvery. Above MaxTurns nothing is sent to the address for PauseFor.
const (
	MaxTurns  = 30
	TurnEvery = time.Minute
	PauseFor  = time.Hour
)

// ReasonLoop is why a message waits whose sender and recipient answer each other too fast.
const ReasonLoop = "loop"

// Acquaintance is what an inbox knows of an address. Zero times are of what never was.
type Acquaintance struct {
	Received   int       // messages from it that did not begin in Junk
	ReceivedAt time.Time // the first
	Sent       int       // messages to it
	SentAt     time.Time // the first
	Judged     string    // Wanted, Unwanted, Unproven, or "" where the user said nothing
}

// Acquaintance tells what the inbox knows of an address.
func (in Inbox) Acquaintance(ctx context.Context, address string) (a Acquaintance, err error) {
	err = in.ws.view(ctx, func(tx *sqlite.Tx) error {
		s, err := readSender(tx, addressKey(address), in.id)
		a = Acquaintance{s.received, optionalTime(s.receivedAt), s.sent, optionalTime(s.sentAt), s.judged}
		return err
	})
	return a, err
}

func optionalTime(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// addressKey is the one form of an address, however it is written: see suppressionKey. The domain is in A-labels.
func addressKey(address string) string {
	address = strings.TrimSuffix(suppressionKey(strings.ToValidUTF8(address, "\uFFFD")), ".")
	at := strings.LastIndexByte(address, '@')
	if ascii, err := idna.Lookup.ToASCII(address[at+1:]); at > 0 && err == nil {
		return address[:at+1] + ascii
	}
	return address
}

func init() { sqlite.Function("address_key", addressKey) }

// acquaintance is a row of what an inbox knows of an address.
type acquaintance struct {
	address              string
	inbox                InboxID
	received, sent       int
	receivedAt, sentAt   int64
	judged               string
	judgedAt             int64
	level                float64
	turnedAt, pausedTill int64
	turned               Direction // of the last message; 0: there was none
}

func readSender(tx *sqlite.Tx, address string, inbox InboxID) (acquaintance, error) {
	s := acquaintance{address: address, inbox: inbox}
	err := tx.Row("SELECT received, received_at, sent, sent_at, judged, judged_at, level, turned_at, turned, paused_till FROM senders WHERE address = ? AND inbox_id = ?",
		sqlite.Args(address, string(inbox)), &s.received, &s.receivedAt, &s.sent, &s.sentAt, &s.judged, &s.judgedAt, &s.level, &s.turnedAt, &s.turned, &s.pausedTill)
	if err != nil && !sqlite.NoRows(err) {
		return s, fmt.Errorf("read sender: %w", err)
	}
	return s, nil
}

func (s acquaintance) write(tx *sqlite.Tx) error {
	_, err := tx.Exec(`INSERT OR REPLACE INTO senders (address, inbox_id, received, received_at, sent, sent_at, judged, judged_at, level, turned_at, turned, paused_till)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.address, string(s.inbox), s.received, s.receivedAt, s.sent, s.sentAt, s.judged, s.judgedAt, s.level, s.turnedAt, s.turned, s.pausedTill)
	if err != nil {
		return fmt.Errorf("write sender: %w", err)
	}
	return nil
}

// turn counts a message to or from the address, and tells whether the two go to and fro too fast.
func (s *acquaintance) turn(d Direction, at time.Time) (tooFast bool) {
	s.level = max(0, s.level-float64(max(0, at.UnixMicro()-s.turnedAt))/float64(TurnEvery.Microseconds())) // a clock may be set back
	if s.turned != 0 && s.turned != d {
		s.level++
	}
	s.turned, s.turnedAt = d, at.UnixMicro()
	return s.level > MaxTurns
}

// authorOf is who wrote a message, as addressKey has it; "" if that is nobody or several.
func authorOf(e *message.Envelope) string {
	if len(e.From) != 1 || e.From[0].Address == "" {
		return ""
	}
	return addressKey(e.From[0].Address)
}

// meet notes whose message came, or to whom one was written.
func (w *workspace) meet(tx *sqlite.Tx, m newMessage) error {
	e := &m.record.parsed.Envelope
	if m.direction != Sent {
		author := authorOf(e)
		if author == "" || m.mailbox == JunkMailbox || m.mailbox == DraftsMailbox {
			return nil
		}
		if len(e.ReplyTo) == 1 && m.event != "" { // a robot may want its answers elsewhere
			if elsewhere := addressKey(e.ReplyTo[0].Address); elsewhere != author && elsewhere != "" {
				if err := countTurn(tx, m, elsewhere); err != nil {
					return err
				}
			}
		}
		return w.meetOne(tx, m, author)
	}
	to := m.to
	if to == nil {
		for _, list := range [][]message.Address{e.To, e.Cc, e.Bcc} {
			for _, a := range list {
				to = append(to, a.Address)
			}
		}
	}
	known := map[string]bool{"": true}
	for _, a := range to {
		if key := addressKey(a); !known[key] {
			known[key] = true
			if err := w.meetOne(tx, m, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// countTurn notes that a message came that is to be answered to an address.
func countTurn(tx *sqlite.Tx, m newMessage, address string) error {
	s, err := readSender(tx, address, m.inbox)
	if err != nil {
		return err
	}
	s.turn(m.direction, m.now)
	return s.write(tx)
}

// forgetStrangers takes some of those away who wrote long ago, and never got an answer.
func forgetStrangers(tx *sqlite.Tx, now time.Time) error {
	_, err := tx.Exec(`DELETE FROM senders WHERE (address, inbox_id) IN (SELECT address, inbox_id FROM senders
		WHERE sent = 0 AND judged = '' AND max(received_at, turned_at) < ? ORDER BY max(received_at, turned_at) LIMIT ?)`, now.Add(-StrangerAge).UnixMicro(), strangersAtOnce)
	if err != nil {
		return fmt.Errorf("forget strangers: %w", err)
	}
	return nil
}

func (w *workspace) meetOne(tx *sqlite.Tx, m newMessage, address string) error {
	s, err := readSender(tx, address, m.inbox)
	if err != nil {
		return err
	}
	if s == (acquaintance{address: address, inbox: m.inbox}) {
		if err := forgetStrangers(tx, m.now); err != nil {
			return err
		}
	}
	at := m.receivedAt.UnixMicro()
	if m.direction == Sent {
		if s.sent++; s.sent == 1 || at < s.sentAt {
			s.sentAt = at
		}
	} else {
		if s.received++; s.received == 1 || at < s.receivedAt {
			s.receivedAt = at
		}
	}
	if m.status == "" && (m.direction != Received || m.event == "") { // a client or a rebuild puts it there
		return s.write(tx)
	}
	tooFast := s.turn(m.direction, m.now)
	if m.direction == Sent {
		if len(m.record.parsed.Envelope.InReplyTo) > 0 || s.judged == Unwanted || s.judged == Unproven { // who is written to is wanted again
			s.judged, s.judgedAt = Wanted, m.now.UnixMicro()
		}
		if tooFast && m.now.UnixMicro() >= s.pausedTill {
			s.level, s.pausedTill = 0, m.now.Add(PauseFor).UnixMicro()
			if err := tellPaused(tx, s, m); err != nil {
				return err
			}
		}
	}
	return s.write(tx)
}

// tellPaused announces that nothing is sent to an address for a while.
func tellPaused(tx *sqlite.Tx, s acquaintance, m newMessage) error {
	data, err := json.Marshal(struct {
		Address string    `json:"address"`
		Reason  string    `json:"reason"`
		Until   time.Time `json:"until"`
	}{s.address, ReasonLoop, time.UnixMicro(s.pausedTill).UTC()})
	if err != nil {
		return err
	}
	return journal.Append(tx, journal.Line{Type: "conversation.paused", InboxID: string(m.inbox), At: m.now, Data: data})
}

// pausedTill is until when the inbox sends nothing to an address; 0: it is not paused.
func pausedTill(tx *sqlite.Tx, inbox InboxID, address string) (till int64, err error) {
	s, err := readSender(tx, addressKey(address), inbox)
	return s.pausedTill, err
}

// judge notes what the user's moving of messages says of those who wrote them: to Junk that they are not wanted, out of it that
// they are.
func (e *edit) judge(list []placement, to string) error {
	var ids []MessageID
	word := Wanted
	if to == JunkMailbox {
		word = Unwanted
	}
	for _, p := range list {
		if p.direction != Sent && (released(p, to) || to == JunkMailbox && p.name != JunkMailbox) {
			ids = append(ids, p.message)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if word == Wanted {
		if _, err := e.tx.Exec("UPDATE rejections SET released_at = ? WHERE released_at = 0 AND message_id IN (SELECT value FROM json_each(?))", e.at.UnixMicro(), encodeIDs(ids)); err != nil {
			return fmt.Errorf("note release: %w", err)
		}
	}
	authors := map[string]string{}
	err := e.tx.Each("SELECT envelope ->> '$.from[0].address', auth FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND json_array_length(envelope, '$.from') = 1",
		sqlite.Args(encodeIDs(ids)), func(scan func(...any) error) error {
			var a *string
			var text string
			if err := scan(&a, &text); err != nil || a == nil {
				return err
			}
			auth, err := decodeAuth(text)
			said := word
			if word == Unwanted && !auth.proves() {
				said = Unproven
			}
			if authors[*a] != Unwanted { // what is proven says more
				authors[*a] = said
			}
			return err
		})
	if err != nil {
		return fmt.Errorf("find authors: %w", err)
	}
	for a, word := range authors {
		if err := judgeSender(e.tx, e.in.id, a, word, e.at); err != nil {
			return err
		}
	}
	return nil
}

// released tells whether moving a message takes it out of Junk, other than to throw it away.
func released(p placement, to string) bool {
	return p.name == JunkMailbox && to != JunkMailbox && to != TrashMailbox
}

// judgeSender notes what the user has shown. What is said of unproven mail does not take back what was said of its author.
func judgeSender(tx *sqlite.Tx, inbox InboxID, address, word string, at time.Time) error {
	key := addressKey(address)
	if key == "" {
		return nil
	}
	s, err := readSender(tx, key, inbox)
	if err != nil || word == Unproven && s.judged == Unwanted {
		return err
	}
	s.judged, s.judgedAt = word, at.UnixMicro()
	return s.write(tx)
}
