package report

import (
	"strings"

	"github.com/postroom/postroom/mailstore/message"
)

// candidate is an address that a text names as a recipient, with what is said of it.
type candidate struct {
	address  string
	original string // the address that became this one
	said     string
	brief    bool // what is said begins beside the address, and ends with a blank line
}

const maxSaid = 2 << 10 // octets that are kept of what is said of one recipient

// findCandidates reads the text of the notice for lines that begin with an address, the form that nearly all servers
// have in common: what follows, up to the next such line, is said of it.
func (m *mail) findCandidates() []candidate {
	var list []candidate
	current := -1 // in list
	for _, line := range m.lines[:m.marker] {
		if isQuoted(line) {
			current = -1
			continue
		}
		address, rest, complete := leadingAddress(line)
		switch {
		case address != "" && (len(list) < MaxFailures):
			current = candidateOf(&list, address)
			c := &list[current]
			if code, _, _ := findReply(c.said); code != 0 {
				current = -1 // named again
				continue
			}
			c.brief = strings.TrimSpace(rest) != ""
			if alias := aliasIn(rest); alias != "" && c.original == "" {
				c.original = alias
			}
			c.add(rest)
			if complete {
				current = -1
			}
		case current >= 0 && strings.TrimSpace(line) == "":
			if code, status, _ := findReply(list[current].said); code != 0 || status != "" || list[current].brief {
				current = -1
			}
		case current >= 0:
			c := &list[current]
			if alias := aliasIn(line); alias != "" && c.original == "" {
				c.original = alias
				continue
			}
			c.add(line)
		default:
			if alias := aliasIn(line); alias != "" && len(list) < MaxFailures { // of a pipe or a file
				current = candidateOf(&list, alias)
			}
		}
	}
	return list
}

func candidateOf(list *[]candidate, address string) int {
	for i := range *list {
		if strings.EqualFold((*list)[i].address, address) {
			return i
		}
	}
	*list = append(*list, candidate{address: address})
	return len(*list) - 1
}

func (c *candidate) add(line string) {
	if line = strings.TrimSpace(line); line != "" && len(c.said) < maxSaid {
		c.said += line + "\n"
	}
}

// isQuoted tells whether a line is of another message; ">>>" is how servers show what they sent.
func isQuoted(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, ">") && !strings.HasPrefix(line, ">>>")
}

// leadingAddress takes the address off the beginning of a line: bare, in brackets or quotes, behind a bullet, or, as
// early sendmail has it, behind a reply code; then all that is said of it is on this line.
func leadingAddress(line string) (address, rest string, complete bool) {
	line = strings.TrimLeft(line, " \t*->=\"'•")
	if len(line) > 5 && isReplyCode(line[:3]) && line[3] == ' ' && strings.HasPrefix(line[4:], "<") && strings.Contains(line, ">...") {
		code := line[:4]
		line, complete = line[4:], true
		defer func() { rest = code + rest }()
	}
	var written string
	if strings.HasPrefix(line, "<") {
		end := strings.IndexByte(line, '>')
		if end < 0 {
			return "", "", false
		}
		written, rest = line[1:end], line[end+1:]
		if rest != "" && rest[0] != ' ' && rest[0] != ':' && rest[0] != '\t' && rest[0] != '.' && rest[0] != '\r' && rest[0] != ';' && rest[0] != ',' {
			return "", "", false
		}
	} else {
		end := strings.IndexAny(line, " \t<>()[],;\"'")
		if end < 0 {
			end = len(line)
		}
		written, rest = line[:end], line[end:]
		if trimmed := strings.TrimRight(written, ":"); trimmed != written {
			written, rest = trimmed, ":"+rest
		}
	}
	if !strings.Contains(written, "@") {
		return "", "", false
	}
	if address = cleanAddress(strings.TrimSuffix(written, ".")); address == "" {
		return "", "", false
	}
	return address, strings.TrimLeft(rest, "\"':;., \t"), complete
}

// aliasIn gives the address that a recipient came from: "(expanded from <a@b>)" of Postfix, "(expanded from: a@b)" of
// sendmail, "(ultimately generated from a@b)" of Exim.
func aliasIn(line string) string {
	for _, phrase := range aliasPhrases {
		if i := strings.Index(line, phrase); i >= 0 {
			return findAddress(line[i+len(phrase):])
		}
	}
	return ""
}

// isBounceText tells whether a message without fields for programs is a bounce: a mail server wrote it, or a program
// that returned a message, and its text or subject says so.
func (m *mail) isBounceText() bool {
	if m.head.failedRecipients != "" {
		return true
	}
	if !m.fromDaemon && !m.head.isReport && m.returned == nil {
		return false
	}
	if subject := strings.ToLower(m.envelope.Subject); !strings.HasPrefix(subject, "re:") && isBounceLine(subject) {
		return true
	}
	for _, line := range m.lines[:m.marker] {
		if !isQuoted(line) && isBounceLine(line) {
			return true
		}
	}
	return false
}

func isBounceLine(line string) bool {
	line = strings.ReplaceAll(strings.ToLower(line), "’", "'")
	for _, phrase := range bouncePhrases {
		if strings.Contains(line, phrase) {
			return true
		}
	}
	return false
}

// textFailures finds the recipients that a text names: in X-Failed-Recipients, at the beginning of lines, or behind
// a phrase.
func (m *mail) textFailures() []Failure {
	found := m.findCandidates()
	if named := m.failedRecipients(); len(named) > 0 {
		found = keepNamed(found, named)
	} else if found = m.dropOwn(found); len(found) == 0 {
		found = m.markedCandidates()
	}
	var failures []Failure
	action := m.textAction()
	for _, c := range found {
		failures = append(failures, m.textFailure(c, action, len(found) == 1))
	}
	return failures
}

func (m *mail) textFailure(c candidate, action string, only bool) Failure {
	f := Failure{Recipient: c.address, Final: c.address, Action: action}
	if c.original != "" {
		f.Recipient = c.original
	}
	said := c.said
	code, status, at := findReply(said)
	if at < 0 && only {
		if code, status, at = findReply(m.notice()); at >= 0 {
			said = m.notice()
		}
	}
	said = cutReply(said, code, at)
	f.Code, f.Status = code, status
	if f.Diagnostic = oneLine(said, MaxDiagnostic); f.Diagnostic == "" && only {
		f.Diagnostic = oneLine(m.notice(), MaxDiagnostic)
	}
	m.judge(&f, said, only)
	return f
}

// textAction tells from the text whether the message is still being tried.
func (m *mail) textAction() string {
	if isDelayLine(m.envelope.Subject) {
		return "delayed"
	}
	for _, line := range m.lines[:m.marker] {
		if !isQuoted(line) && isDelayLine(line) {
			return "delayed"
		}
	}
	return "failed"
}

func isDelayLine(line string) bool {
	line = strings.ToLower(line)
	for _, phrase := range delayPhrases {
		if strings.Contains(line, phrase) {
			return true
		}
	}
	return false
}

// failedRecipients gives the addresses of X-Failed-Recipients.
func (m *mail) failedRecipients() []string {
	var list []string
	for item := range strings.SplitSeq(m.head.failedRecipients, ",") {
		if address := cleanAddress(item); address != "" && len(list) < MaxFailures {
			list = append(list, address)
		}
	}
	return list
}

// keepNamed gives a candidate for each named address, with what the text says of it; what it says of others, such as
// the sender, is dropped.
func keepNamed(found []candidate, named []string) []candidate {
	var kept []candidate
	for _, address := range named {
		c := candidate{address: address}
		for _, other := range found {
			if strings.EqualFold(other.address, address) || strings.EqualFold(other.original, address) {
				c = other
			}
		}
		kept = append(kept, c)
	}
	return kept
}

// dropOwn drops the address that the report went to, and the one it came from, if there are others.
func (m *mail) dropOwn(found []candidate) []candidate {
	var kept []candidate
	for _, c := range found {
		own := false
		for _, list := range [][]message.Address{m.envelope.To, m.envelope.From} {
			for _, a := range list {
				own = own || strings.EqualFold(a.Address, c.address)
			}
		}
		if !own {
			kept = append(kept, c)
		}
	}
	if len(kept) == 0 {
		return found
	}
	return kept
}

// markedCandidates looks for an address behind a phrase that only a recipient follows, or that ends a line which says
// why.
func (m *mail) markedCandidates() []candidate {
	var list []candidate
	for i, line := range m.lines[:m.marker] {
		if isQuoted(line) {
			continue
		}
		lower := strings.ToLower(line)
		if len(lower) != len(line) {
			line = lower // a letter whose lower case is of another length: offsets would differ
		}
		for _, phrase := range recipientPhrases {
			at := strings.Index(lower, phrase)
			if at < 0 {
				continue
			}
			if address := findAddress(line[at+len(phrase):]); address != "" && len(list) < MaxFailures {
				c := &list[candidateOf(&list, address)]
				for j := i; j < m.marker && len(c.said) < maxSaid; j++ {
					c.add(m.lines[j])
				}
				break
			}
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, line := range m.lines[:m.marker] { // "User's mailbox is full: <a@b>"
		before, after, ok := strings.Cut(line, ": ")
		if !ok || isQuoted(line) {
			continue
		}
		if address := cleanAddress(after); address != "" {
			return []candidate{{address: address, said: before}}
		}
	}
	return nil
}

// guessFailures takes the only recipient of the returned message for the one that the report is about.
func (m *mail) guessFailures() []Failure {
	address := ""
	if named := m.failedRecipients(); len(named) == 1 {
		address = named[0]
	} else if len(m.sent.To) == 1 && len(m.sent.Cc) == 0 {
		address = cleanAddress(m.sent.To[0].Address)
	}
	if address == "" {
		return nil
	}
	return []Failure{m.textFailure(candidate{address: address}, m.textAction(), true)}
}

// namesBeside gives the addresses that stand in X-Failed-Recipients or in the text, but not among the failures: those
// of recipients whose field holds a pipe or a file.
func (m *mail) namesBeside(failures []Failure, found []candidate) []string {
	known := map[string]bool{}
	for _, f := range failures {
		known[strings.ToLower(f.Recipient)], known[strings.ToLower(f.Final)] = true, true
	}
	names := m.failedRecipients()
	if len(names) == 0 {
		for _, c := range found {
			names = append(names, c.address)
		}
	}
	var beside []string
	for _, name := range names {
		if !known[strings.ToLower(name)] {
			beside = append(beside, name)
		}
	}
	return beside
}

// saidOf gives what the text says of a recipient, or of the only one that it names.
func saidOf(found []candidate, f *Failure) string {
	for _, c := range found {
		if strings.EqualFold(c.address, f.Recipient) || strings.EqualFold(c.address, f.Final) || c.original != "" && strings.EqualFold(c.original, f.Recipient) {
			return c.said
		}
	}
	return ""
}
