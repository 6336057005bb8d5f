package query

import (
	"strings"
	"time"
)

// operator is a name that may stand before a colon.
type operator struct {
	text    bool   // its value is text that is looked for in field
	field   Field  // of a text
	example string // of a value
	make    func(p *parser, value string) (Node, bool)
}

var operators map[string]operator

const longestOperator = 12 // octets of a name

func init() { // the functions below refer to the table
	operators = map[string]operator{
		"from": {text: true, field: From, example: "ann@example.com"}, "to": {text: true, field: To, example: "ann@example.com"},
		"cc": {text: true, field: Cc, example: "ann@example.com"}, "bcc": {text: true, field: Bcc, example: "ann@example.com"},
		"subject": {text: true, field: Subject, example: "invoice"}, "filename": {text: true, field: Filename, example: "pdf"},
		"label": {example: "todo", make: (*parser).label}, "in": {example: "inbox", make: (*parser).in}, "is": {example: "unread", make: (*parser).is},
		"has": {example: "attachment", make: (*parser).has}, "thread": {example: "thr_…", make: (*parser).thread},
		"before": {example: "2026-05-31", make: (*parser).before}, "older": {example: "2026-05-31", make: (*parser).before},
		"after": {example: "2026-05-01", make: (*parser).after}, "newer": {example: "2026-05-01", make: (*parser).after},
	}
	for _, name := range []string{"older_than", "newer_than", "larger", "smaller", "size", "category", "list", "deliveredto", "rfc822msgid"} {
		operators[name] = operator{example: "…", make: func(p *parser, value string) (Node, bool) {
			return p.refuse("The operator %s: is not known here; take before: and after: for times, or put the words in quotation marks to look for them as text.", name)
		}}
	}
}

// condition reads the value of an operator that is not text.
func (p *parser) condition(name string, o operator, value string) (Node, bool) {
	n, ok := o.make(p, value)
	if !ok || p.err != nil {
		return Node{}, false
	}
	return p.count(n)
}

func (p *parser) refuse(format string, args ...any) (Node, bool) {
	p.fail(format, args...)
	return Node{}, false
}

func (p *parser) label(value string) (Node, bool) {
	value = strings.ToLower(value)
	p.aside = p.aside || value == "spam" || value == "trash"
	return Node{Kind: Label, Value: value}, true
}

// mailboxNames are the names by which people know mailboxes that have another.
var mailboxNames = map[string]string{"spam": "Junk", "draft": "Drafts", "bin": "Trash", "all": "", "anywhere": ""}

func (p *parser) in(value string) (Node, bool) {
	p.aside = true
	if name, known := mailboxNames[strings.ToLower(value)]; known {
		value = name
	}
	if value == "" {
		return Node{Kind: And}, true
	}
	return Node{Kind: Mailbox, Value: value}, true
}

func (p *parser) is(value string) (Node, bool) {
	switch value = strings.ToLower(value); value {
	case "unread", "read", "starred", "sent", "received", "draft":
		return Node{Kind: Label, Value: value}, true
	}
	return p.refuse("is: takes unread, read, starred, sent, received or draft; other marks are labels (label:%s).", value)
}

func (p *parser) has(value string) (Node, bool) {
	switch strings.ToLower(value) {
	case "attachment", "attachments":
		return Node{Kind: Attachment}, true
	}
	return p.refuse("has: takes attachment; for a kind of file there is filename:pdf.")
}

func (p *parser) thread(value string) (Node, bool) {
	return Node{Kind: Thread, Value: value}, true
}

func (p *parser) before(value string) (Node, bool) { return p.moment(Before, "before", value) }
func (p *parser) after(value string) (Node, bool)  { return p.moment(After, "after", value) }

// moment reads a day, which begins at midnight UTC, or a time.
func (p *parser) moment(kind Kind, name, value string) (Node, bool) {
	for _, layout := range []string{"2006-1-2", "2006/1/2", time.RFC3339} {
		if at, err := time.Parse(layout, value); err == nil && at.Year() >= 1 {
			return Node{Kind: kind, Time: at.UTC()}, true
		}
	}
	return p.refuse("%s: takes a day such as 2026-05-31 or a time such as 2026-05-31T12:00:00Z.", name)
}
