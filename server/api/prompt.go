package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/trust"
	"github.com/postroom/postroom/tenancy"
)

// Bounds of a thread's prompt. The numbers stand in the tags of threadQuery too.
const (
	DefaultPromptCharacters = 40_000
	MaxPromptCharacters     = 400_000

	maxPromptText  = 256 << 10 // octets of text, and of HTML, of one message that are looked at for a prompt
	promptOverhead = 200       // characters that a message takes in a prompt beside its text, at least
)

// threadPrompt is a thread as text for a language model.
type threadPrompt struct {
	Prompt    string `json:"prompt" doc:"The thread, oldest message first: for each a line about who and when, the new text as a person sees it within a fence that is new in each answer, and facts about links, attachments and hidden text."`
	Messages  int    `json:"messages" doc:"How many messages are in it."`
	Omitted   int    `json:"omitted" doc:"How many are not: what does not fit is left out from the middle, and what lies in Trash or Junk altogether, unless all of the thread does."`
	Truncated bool   `json:"truncated" doc:"The text of a message was cut, or not all of one was looked at."`
}

type threadQuery struct {
	ThreadPath
	View          string `query:"view" enum:"messages,prompt" doc:"prompt: the thread as text for a language model, of a form of its own; as text/plain if Accept prefers that to application/json. Otherwise the thread with its messages."`
	MaxCharacters int    `query:"maxCharacters" minimum:"2000" maximum:"400000" doc:"Of the prompt; 40000 unless told. Only with view=prompt."`
	Accept        string `header:"Accept" hidden:"true" doc:"Whether a prompt is given as text/plain."`
}

// threadAnswer is a thread in one of its views.
type threadAnswer struct {
	ContentType string `header:"Content-Type"`
	Vary        string `header:"Vary"`
	Body        any
}

// getThreadRoute describes the route of a thread, which has an answer of its own for each view.
func getThreadRoute(a huma.API, path string) huma.Operation {
	op := route(http.MethodGet, path, "getThread", "threads", "Get a thread with its messages, or as a prompt for a language model", 200)
	schemas := a.OpenAPI().Components.Schemas
	either := &huma.Schema{OneOf: []*huma.Schema{schemas.Schema(reflect.TypeFor[wholeThread](), true, ""), schemas.Schema(reflect.TypeFor[threadPrompt](), true, "")}}
	op.Responses = map[string]*huma.Response{"200": {Description: "The thread; with view=prompt its prompt.", Content: map[string]*huma.MediaType{
		"application/json": {Schema: either}, "text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	return op
}

func getThread(ctx context.Context, g *tenancy.Grant, in *threadQuery) (*threadAnswer, error) {
	if in.MaxCharacters != 0 && in.View != "prompt" {
		return nil, errQuery("maxCharacters", "It is for view=prompt only.")
	}
	box, err := in.mail(ctx, g, tenancy.ThreadsRead)
	if err != nil {
		return nil, err
	}
	t, err := box.Thread(ctx, in.id())
	if err != nil {
		return nil, err
	}
	if in.View != "prompt" {
		whole, err := fullThread(ctx, box, t)
		return &threadAnswer{Body: whole}, err
	}
	limit := in.MaxCharacters
	if limit == 0 {
		limit = DefaultPromptCharacters
	}
	p, err := promptOf(ctx, box, t, limit)
	if err != nil {
		return nil, err
	}
	if prefersText(in.Accept) {
		return &threadAnswer{ContentType: "text/plain; charset=utf-8", Vary: "Accept", Body: []byte(p.Text)}, nil
	}
	return &threadAnswer{Vary: "Accept", Body: threadPrompt{Prompt: p.Text, Messages: p.Messages, Omitted: p.Omitted, Truncated: p.Truncated}}, nil
}

// promptOf reads a thread's newest messages until they fill the prompt, and its first one.
func promptOf(ctx context.Context, box mailstore.Inbox, t mailstore.Thread, limit int) (trust.Prompted, error) {
	list, err := promptable(ctx, box, t)
	if err != nil {
		return trust.Prompted{}, err
	}
	gaps := trust.Gaps{Before: max(0, t.MessageCount-len(list))}
	var turns []trust.Turn
	room := limit
	for i, m := range list {
		if first := i == len(list)-1; room <= 0 && !first {
			gaps.Between++
			continue
		}
		turn, err := turnOf(ctx, box, m, limit)
		if err != nil {
			return trust.Prompted{}, err
		}
		room -= promptOverhead + utf8.RuneCountInString(turn.Text)
		turns = append(turns, turn)
	}
	slices.Reverse(turns)
	return trust.Prompt(turns, gaps, limit, rand.Reader)
}

// promptable gives the newest messages of a thread, newest first: those in Trash and Junk only if all are there.
func promptable(ctx context.Context, box mailstore.Inbox, t mailstore.Thread) ([]mailstore.Message, error) {
	list, _, err := box.Messages(ctx, mailstore.MessageFilter{ThreadID: t.ID}, nil, MaxLimit)
	if err != nil || len(list) > 0 {
		return list, err
	}
	list, _, err = box.Messages(ctx, mailstore.MessageFilter{ThreadID: t.ID, IncludeTrash: true, IncludeSpam: true}, nil, MaxLimit)
	return list, err
}

func turnOf(ctx context.Context, box mailstore.Inbox, m mailstore.Message, limit int) (trust.Turn, error) {
	f, err := box.Trust(ctx, m, maxPromptText)
	if err != nil {
		return trust.Turn{}, err
	}
	turn := trust.Turn{From: author(m), At: m.ReceivedAt, Sent: m.Direction == mailstore.Sent, Aside: asideWords(m), Subject: m.Envelope.Subject, Text: f.Text, Facts: f.Lines(limit), Partial: f.Truncated}
	if turn.Sent {
		return turn, nil
	}
	known, err := knownBefore(ctx, box, m)
	turn.Proof, turn.Contact = proofWords(m), contactWords(known)
	return turn, err
}

// proofWords says whether the domain of a message's author stands behind it.
func proofWords(m mailstore.Message) string {
	a := m.Auth
	switch {
	case m.Direction == mailstore.Appended:
		return "a mail client of this inbox put it here, and nothing is known of who really sent it"
	case a == nil:
		return "nothing is known of who really sent it"
	case a.DMARC.Result == "pass":
		return "its domain stands behind it (DMARC pass for " + trust.Quoted(a.DMARC.Domain) + ")"
	}
	return fmt.Sprintf("its domain is not known to stand behind it (DMARC %s, SPF %s)", resultWord(a.DMARC.Result), resultWord(a.SPF.Result))
}

// resultWord is a result as evidence has it.
func resultWord(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// contactWords says what knownBefore gives.
func contactWords(known mailstore.Acquaintance) string {
	var words []string
	if isFirst(known) {
		words = append(words, "first contact")
	}
	if at := known.ReceivedAt; !at.IsZero() {
		words = append(words, "mail from this address came before, first "+day(at))
	}
	if at := known.SentAt; !at.IsZero() {
		words = append(words, "this inbox wrote to it before, first "+day(at))
	}
	switch known.Judged {
	case mailstore.Wanted:
		words = append(words, "mail from it was moved out of Junk or answered")
	case mailstore.Unwanted:
		words = append(words, "mail from it was moved to Junk")
	}
	return strings.Join(words, ", ")
}

func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// asideWords says where a message was put aside, and why; "" of one that was not.
func asideWords(m mailstore.Message) string {
	switch junk := slices.Contains(m.Mailboxes, mailstore.JunkMailbox); {
	case junk && m.Junk != nil && m.Junk.Detail != "":
		return "It lies in Junk (" + m.Junk.Reason + ": " + trust.Quoted(m.Junk.Detail) + ")"
	case junk && m.Junk != nil && m.Junk.Reason != "":
		return "It lies in Junk (" + m.Junk.Reason + ")"
	case junk:
		return "It lies in Junk"
	case slices.Contains(m.Mailboxes, mailstore.TrashMailbox):
		return "It lies in Trash"
	}
	return ""
}

// prefersText tells whether an Accept header puts text/plain before JSON (RFC 9110, 12.5.1).
func prefersText(accept string) bool {
	const most = 50 // entries that are looked at
	quality := map[string]float64{}
	for i, entry := range strings.SplitN(accept, ",", most+1) {
		name, params, err := mime.ParseMediaType(entry)
		if err != nil || i == most {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		quality[name] = q
	}
	of := func(names ...string) float64 {
		for _, name := range names {
			if q, ok := quality[name]; ok {
				return q
			}
		}
		return 0
	}
	return of("text/plain", "text/*", "*/*") > of("application/json", "application/*", "*/*")
}
