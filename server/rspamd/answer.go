package rspamd

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a Verdict. What is beyond them is left out.
const (
	MaxSymbols = 200 // those of the greatest weight
	MaxOptions = 10  // of a symbol
	MaxName    = 100 // octets of the name of an action or a symbol
	MaxText    = 200 // octets of an option, a description, a message or a Message-ID
)

// Action is what rspamd would do.
type Action string

// The actions that rspamd has by itself. There may be others: an operator can name new ones.
const (
	NoAction       Action = "no action"
	Greylist       Action = "greylist"
	AddHeader      Action = "add header"
	RewriteSubject Action = "rewrite subject"
	SoftReject     Action = "soft reject"
	Reject         Action = "reject"
	Discard        Action = "discard"
	Quarantine     Action = "quarantine"
)

// Verdict is what rspamd thinks of a message. Its texts are printable UTF-8.
type Verdict struct {
	Action    Action
	Score     float64 // the more, the worse
	Required  float64 // the score from which on rspamd rejects; 0 if it says nothing
	Skipped   bool    // rspamd has decided without all of its rules; the action holds all the same
	Symbols   []Symbol
	Message   string // what to tell the client, "" if rspamd says nothing
	MessageID string // that rspamd has found, without < and >
}

// Symbol is one thing that rspamd found. Those of the greatest weight, good or bad, come first.
type Symbol struct {
	Name        string
	Score       float64
	Description string
	Options     []string // details
}

// answer is what is read of rspamd's JSON. What can be of another type in some version is read by itself.
type answer struct {
	Action    *string         `json:"action"`
	Score     json.RawMessage `json:"score"`
	Required  json.RawMessage `json:"required_score"`
	Skipped   json.RawMessage `json:"is_skipped"`
	Symbols   json.RawMessage `json:"symbols"`
	Messages  json.RawMessage `json:"messages"`
	MessageID json.RawMessage `json:"message-id"`
}

type answeredSymbol struct {
	Score       json.RawMessage `json:"score"`
	Description json.RawMessage `json:"description"`
	Options     json.RawMessage `json:"options"`
}

// parseAnswer reads an answer. Only what cannot be an answer of rspamd is an error: no JSON, or no action in it.
func parseAnswer(text []byte) (Verdict, error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return Verdict{}, fmt.Errorf("read rspamd's answer: %w", err)
	}
	if a.Action == nil || shown(*a.Action, MaxName) == "" {
		return Verdict{}, errors.New("read rspamd's answer: there is no action in it")
	}
	v := Verdict{Action: Action(shown(*a.Action, MaxName)), Score: number(a.Score), Required: number(a.Required), Skipped: string(a.Skipped) == "true", Symbols: symbols(a.Symbols)}
	var messages map[string]json.RawMessage
	if json.Unmarshal(a.Messages, &messages) == nil {
		v.Message = shown(word(messages["smtp_message"]), MaxText)
	}
	if id := shown(word(a.MessageID), MaxText); id != "undef" { // rspamd's word for none
		v.MessageID = strings.Trim(id, "<>")
	}
	return v, nil
}

func symbols(text json.RawMessage) (list []Symbol) {
	var found map[string]answeredSymbol
	if json.Unmarshal(text, &found) != nil {
		return nil // none are an empty list, in some versions
	}
	for name, s := range found {
		list = append(list, Symbol{Name: shown(name, MaxName), Score: number(s.Score), Description: shown(word(s.Description), MaxText), Options: options(s.Options)})
	}
	slices.SortFunc(list, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Score), math.Abs(a.Score)), cmp.Compare(a.Name, b.Name))
	})
	return slices.Clone(list[:min(len(list), MaxSymbols)])
}

// options are the texts of a list.
func options(text json.RawMessage) (list []string) {
	var found []json.RawMessage
	if json.Unmarshal(text, &found) != nil {
		return nil
	}
	for _, one := range found {
		if option := shown(word(one), MaxText); option != "" && len(list) < MaxOptions {
			list = append(list, option)
		}
	}
	return list
}

// number reads a number, 0 if it is none: rspamd has a word for a score that is not set.
func number(text json.RawMessage) (n float64) {
	if json.Unmarshal(text, &n) != nil {
		return 0
	}
	return n
}

// word reads a string, "" if it is none.
func word(text json.RawMessage) (s string) {
	if json.Unmarshal(text, &s) != nil {
		return ""
	}
	return s
}

// shown makes one line of printable UTF-8 from a text, of at most so many octets.
func shown(text string, most int) string {
	text = strings.TrimSpace(strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case c == utf8.RuneError || !unicode.IsPrint(c):
			return -1
		}
		return c
	}, text))
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.TrimSpace(text[:most])
}
