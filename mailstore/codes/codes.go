// Package codes finds one-time codes and verification links in a message, by rules and tables of words in many languages.
//
// It is pure: text in, values out. It asks nobody and opens no link. It looks at what a reader sees of the newest message:
// not at quoted history, and not at replies, whose writers speak of codes that are old. Time is linear and memory bounded
// by the limits below, for any input.
package codes

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/sight"
)

// The bounds of what is looked at and given. What is beyond them is left out without a sign.
const (
	MaxText     = 64 << 10  // octets of the text, and of what is shown of the HTML, in which is looked
	MaxDocument = 512 << 10 // octets of the HTML itself
	MaxCodes    = 10        // codes that Find gives
	MaxLinks    = 20        // links that Find gives
	MaxExcerpt  = 120       // characters (not octets) of an Excerpt, and of a link's Text
	MaxURL      = 4 << 10   // octets of a URL; a longer one is none

	maxCandidates = 500  // codes and links of one page that are weighed
	maxSubject    = 1000 // octets of the subject in which is looked
)

// Place is where something was found.
type Place string

// The places, in the order in which Find looks.
const (
	Subject Place = "subject"
	Text    Place = "text" // the plain form
	HTML    Place = "html" // what is shown of the HTML
)

// Code is a one-time code.
type Code struct {
	Value   string // as a person would type it: "123456", "ABCD-EFGH"
	Written string // as it stands in the message, with digits of ASCII: "123 456", "G-123456"
	Word    string // the word by which it was found, as in the table of words: "verification code"; may be empty
	Place   Place  // where it was seen first
	Excerpt string // the line that holds it, at most MaxExcerpt characters
	Rule    string // the name of the rule, as in rule.go
}

// Link is a link that verifies an address, signs in, resets a password or accepts an invitation.
type Link struct {
	URL   string // whole, as it stands in the message
	Kind  string // confirm, signIn, reset or invite
	Text  string // of the link, or what stands before it where the text is plain; at most MaxExcerpt characters
	Place Place  // where it was seen first
	Rule  string // what spoke for it: "text", "context", "address", joined by "+"
}

// Found is what a message holds. Both lists are ordered by place, and hold each value once.
type Found struct {
	Codes []Code
	Links []Link
}

// Find looks for codes and links. text and html are those of message.Body: where text was made from the HTML, it is
// looked at once, as HTML. What the HTML does not show is no place to find anything, nor is a code found in the plain form
// that it does not have.
func Find(subject, text, html string) Found {
	subject = clip(subject, maxSubject)
	if isReply(subject) {
		return Found{}
	}
	html = clip(html, MaxDocument)
	var view sight.View
	if html != "" {
		view = sight.Read(html, MaxText)
	}
	shown := view.Text
	text = clip(text, MaxText)
	if html != "" && strings.Trim(text, "\n") == strings.Trim(shown, "\n") {
		text = ""
	}
	pages := []*page{}
	if !isForward(subject) {
		pages = append(pages, newPage(Subject, subject))
	}
	var links []Link
	if text = newest(text); text != "" {
		p := newPage(Text, text)
		pages, links = append(pages, p), append(links, linksOfText(text)...)
	}
	if shown = newest(shown); shown != "" {
		pages = append(pages, newPage(HTML, shown))
	}
	links = append(links, linksOfHTML(view)...)
	found := Found{Codes: findCodes(pages), Links: distinctLinks(links)}
	if shown != "" {
		found.Codes = seen(found.Codes, view.Text)
	}
	return found
}

// seen drops the codes of the plain form that the HTML, which people are shown instead, does not have.
func seen(list []Code, shown string) []Code {
	shown = strings.Map(lettersAndDigits, shown)
	return slices.DeleteFunc(list, func(c Code) bool {
		return c.Place == Text && !strings.Contains(shown, strings.Map(lettersAndDigits, c.Value))
	})
}

func lettersAndDigits(r rune) rune {
	if r = plain(r); unicode.IsLetter(r) || isDigit(r) {
		return unicode.ToLower(r)
	}
	return -1
}

// newest is the text without the conversation that it answers or quotes.
func newest(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	var b strings.Builder
	for line := range strings.Lines(message.ReplyText(text)) {
		if strings.HasPrefix(line, "diff --git ") || strings.HasPrefix(line, "@@ -") { // a patch: what follows is program text
			break
		}
		if !strings.HasPrefix(strings.TrimLeft(line, " "), ">") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// isReply tells whether a subject says that the message answers another.
func isReply(subject string) bool { return hasPrefixOf(subject, replyPrefixes) }

// isForward tells whether a subject is that of a message which was sent on.
func isForward(subject string) bool { return hasPrefixOf(subject, forwardPrefixes) }

func hasPrefixOf(subject string, prefixes []string) bool {
	subject = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(subject)), "：", ":")
	for _, prefix := range prefixes {
		if rest, ok := strings.CutPrefix(subject, prefix); ok {
			rest = strings.TrimLeft(rest, " ")
			if strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "[") && strings.Contains(rest, "]:") {
				return true
			}
		}
	}
	return false
}

// clip cuts s to at most n octets, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
