package api

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/tenancy"
)

// people are addresses as a client writes them: "ann@example.com", "Ann <ann@example.com>", {name, address}, or a list of
// these. What is wrong is found by mistakes.people, which can name the place.
type people struct{ raw json.RawMessage }

// UnmarshalJSON keeps what was written.
func (p *people) UnmarshalJSON(text []byte) error {
	p.raw = append(json.RawMessage{}, text...)
	return nil
}

func (p people) given() bool { return len(p.raw) > 0 }

// Schema tells the forms. They stand beside what the library checks, because its answer would not say where the mistake is.
func (people) Schema(huma.Registry) *huma.Schema {
	one := []any{
		map[string]any{"type": "string", "description": "local@domain, or Name <local@domain>."},
		map[string]any{"type": "object", "required": []string{"address"}, "additionalProperties": false, "properties": map[string]any{
			"name":    map[string]any{"type": "string", "description": "The name that people see."},
			"address": map[string]any{"type": "string", "description": "local@domain."},
		}},
	}
	list := map[string]any{"type": "array", "items": map[string]any{"anyOf": one}}
	return &huma.Schema{Extensions: map[string]any{"anyOf": append(one[:2:2], list)}}
}

// mailbox is one address that was written, and where.
type mailbox struct {
	message.Address
	place string
}

func addressesOf(list []mailbox) []message.Address {
	return each(list, func(m mailbox) message.Address { return m.Address })
}

// mistakes gathers all that is wrong with a body, so that it is told at once.
type mistakes []fault.Field

const maxMistakes = 100

func (m *mistakes) add(place, format string, args ...any) {
	if len(*m) < maxMistakes {
		*m = append(*m, fault.Field{Path: place, Message: fmt.Sprintf(format, args...)})
	}
}

func (m mistakes) err() error {
	if len(m) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, validationFailed, invalidRequest)
	e.Fields = m
	return e
}

// people reads addresses; those that are none are mistakes, and more than a message can have are cut.
func (m *mistakes) people(place string, p people) (list []mailbox) {
	if !p.given() {
		return nil
	}
	var written any
	if err := json.Unmarshal(p.raw, &written); err != nil {
		m.add(place, "This cannot be read.")
		return nil
	}
	all, isList := written.([]any)
	if !isList {
		return m.mailbox(nil, place, written)
	}
	for i, one := range all[:min(len(all), compose.MaxRecipients+1)] {
		list = m.mailbox(list, fmt.Sprintf("%s[%d]", place, i), one)
	}
	return list
}

func (m *mistakes) mailbox(list []mailbox, place string, written any) []mailbox {
	var a message.Address
	switch w := written.(type) {
	case string:
		var ok bool
		if a, ok = parseMailbox(w); !ok {
			m.add(place, "One address is written as local@domain or Name <local@domain>; give a list for several.")
			return list
		}
	case map[string]any:
		before := len(*m)
		for name, value := range w {
			text, isText := value.(string)
			switch {
			case name != "name" && name != "address":
				m.add(place+"."+name, "There is no such field; an address has name and address.")
			case !isText:
				m.add(place+"."+name, "This is a string.")
			case name == "name":
				a.Name = text
			default:
				a.Address = text
			}
		}
		if len(*m) > before {
			return list
		}
	default:
		m.add(place, `An address is a string or an object {"name", "address"}.`)
		return list
	}
	canonical, ok := tenancy.Canonical(a.Address)
	if !ok {
		m.add(place, "This is no address that mail can be sent to; one is written as local@domain.")
		return list
	}
	return append(list, mailbox{message.Address{Name: a.Name, Address: canonical}, place})
}

// parseMailbox reads one mailbox as people write it. A name need not be quoted, but may then hold nothing that looks like a
// second address: it would be dropped in silence.
func parseMailbox(s string) (a message.Address, ok bool) {
	s = strings.TrimSpace(s)
	if !strings.HasSuffix(s, ">") {
		return message.Address{Address: s}, true
	}
	open := strings.LastIndexByte(s, '<')
	if open < 0 {
		return a, false
	}
	name := strings.TrimSpace(s[:open])
	if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' {
		inside, quoted := name[1:len(name)-1], strings.NewReplacer(`\\`, "", `\"`, "")
		if strings.ContainsAny(quoted.Replace(inside), `"\`) {
			return a, false
		}
		name = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(inside)
	} else if strings.ContainsAny(name, `<>@"`) {
		return a, false
	}
	return message.Address{Name: name, Address: strings.TrimSpace(s[open+1 : len(s)-1])}, true
}
