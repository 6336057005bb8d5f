package peers

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// diffExchange is a step and what came for it.
type diffExchange struct {
	step    diffStep
	command string // the first word in upper case, UID before it dropped
	lines   []diffLine
}

// diffLine is one response, taken apart. The first value is "*", "+" or "tagged".
type diffLine struct {
	mailbox string // that the session had selected
	values  []imapValue
}

// kind is the word that names an untagged response, "" for others.
func (l diffLine) kind() string {
	if len(l.values) < 2 || !l.values[0].isAtom("*") {
		return ""
	}
	if kind := strings.ToUpper(l.values[1].text); kind == "" || kind[0] < '0' || kind[0] > '9' {
		return kind
	}
	if len(l.values) < 3 {
		return ""
	}
	return strings.ToUpper(l.values[2].text)
}

// transcript is a dialogue with one server: what each step got, in the form in which answers that mean the same are the same.
type transcript struct {
	server string
	steps  []diffStep
	lines  [][]string // for each step
	raw    [][]string // and as it came, for people
}

// converse runs a dialogue on a new account. An error means that the dialogue could not be had, not that an answer was bad.
func converse(target diffTarget, d diffDialogue, mail diffMail) (transcript, error) {
	user, password, err := target.account()
	if err != nil {
		return transcript{}, err
	}
	r := &diffRunner{target: target, user: user, password: password, mail: mail, sessions: map[string]*diffSession{}, variables: map[string]string{"user": user, "password": password}}
	defer r.close()
	var exchanges []*diffExchange
	var clock modseqClock
	t := transcript{server: target.name, steps: d.steps}
	for i, step := range d.steps {
		x, raw, err := r.step(step)
		if err != nil {
			return t, fmt.Errorf("step %d, %s: %w", i+1, step, err)
		}
		exchanges, t.raw = append(exchanges, x), append(t.raw, raw)
		if d.countsChanges() {
			highest, _, err := r.status("INBOX")
			if err != nil {
				return t, err
			}
			clock = append(clock, highest)
		}
	}
	t.lines = written(exchanges, clock)
	return t, nil
}

// diffRunner has one dialogue with one server.
type diffRunner struct {
	target         diffTarget
	user, password string
	mail           diffMail
	sessions       map[string]*diffSession
	variables      map[string]string
}

func (r *diffRunner) close() {
	for _, s := range r.sessions {
		s.conn.Close()
	}
}

// session is the connection of a name. It logs in when it first speaks.
func (r *diffRunner) session(name string) (*diffSession, error) {
	if s := r.sessions[name]; s != nil {
		return s, nil
	}
	s, err := r.target.login(name, r.user, r.password)
	if err == nil {
		r.sessions[name] = s
	}
	return s, err
}

// hidden is the connection for what no dialogue sees. Its name is none that a dialogue has.
func (r *diffRunner) hidden() (*diffSession, error) { return r.session("h") }

func (r *diffRunner) step(step diffStep) (*diffExchange, []string, error) {
	x := &diffExchange{step: step}
	if step.session == "" {
		return x, nil, r.silent(step.text)
	}
	if step.text == "!connect" {
		s, err := r.target.connect(step.session)
		r.sessions[step.session] = s
		return x, nil, err
	}
	s, err := r.session(step.session)
	if err != nil {
		return x, nil, err
	}
	a, err := r.speak(s, step.text)
	if err != nil {
		return x, nil, err
	}
	x.command = commandWord(step.text)
	s.follow(x.command, step.text, a.final())
	x.take(s, a)
	return x, a.raw, nil
}

// commandWord is the word that says what a command does.
func commandWord(text string) string {
	words := strings.Fields(strings.ToUpper(text))
	if len(words) > 1 && words[0] == "UID" {
		return words[1]
	}
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// follow keeps in mind which mailbox the session has selected. After a SELECT that failed it is the one that was asked for, since
// nothing more is told of any.
func (s *diffSession) follow(command, text, final string) {
	switch command {
	case "SELECT", "EXAMINE":
		if fields := strings.Fields(text); len(fields) > 1 {
			s.selected = strings.Trim(fields[1], `"`)
		}
	case "CLOSE", "UNSELECT":
		if strings.HasPrefix(final, "OK") {
			s.selected = ""
		}
	}
}

// silent runs a step that shows nothing.
func (r *diffRunner) silent(text string) error {
	words := strings.Fields(text)
	if len(words) != 3 {
		return fmt.Errorf("want three words")
	}
	s, err := r.hidden()
	if err != nil {
		return err
	}
	if words[0] == "fill" {
		return r.fill(s, words[1], words[2])
	}
	highest, validity, err := r.status(words[2])
	r.variables[words[1]], r.variables[words[1]+"v"] = fmt.Sprint(highest), fmt.Sprint(validity)
	return err
}

// status asks for HIGHESTMODSEQ and UIDVALIDITY on the connection that no dialogue sees.
func (r *diffRunner) status(mailbox string) (highest, validity uint64, err error) {
	s, err := r.hidden()
	if err != nil {
		return 0, 0, err
	}
	a := s.command(diffText("STATUS " + mailbox + " (HIGHESTMODSEQ UIDVALIDITY)"))
	for _, line := range a.raw {
		if _, list, ok := strings.Cut(line, " ("); ok && strings.HasPrefix(line, "* STATUS ") {
			words := strings.Fields(strings.TrimSuffix(list, ")"))
			for i := 0; i+1 < len(words); i += 2 {
				n, _ := strconv.ParseUint(words[i+1], 10, 64)
				if strings.EqualFold(words[i], "UIDVALIDITY") {
					validity = n
				} else {
					highest = n
				}
			}
			return highest, validity, nil
		}
	}
	return 0, 0, fmt.Errorf("STATUS answers %q", a.raw)
}

func (r *diffRunner) fill(s *diffSession, mailbox, set string) error {
	list, ok := r.mail.sets[set]
	if !ok {
		return fmt.Errorf("there is no set %q", set)
	}
	s.command(diffText("STATUS " + mailbox + " (HIGHESTMODSEQ)")) // from here on Dovecot counts changes
	for _, m := range list {
		a := s.command([]diffPiece{
			{text: fmt.Sprintf("APPEND %s (%s) %q ", mailbox, m.flags, m.date.Format("_2-Jan-2006 15:04:05 -0700"))},
			{text: m.text, literal: true, form: "{%d+}"},
		})
		if !strings.HasPrefix(a.final(), "OK") {
			return fmt.Errorf("message %s: %q", m.name, a.raw)
		}
	}
	return nil
}

// speak does what one step of a session says.
func (r *diffRunner) speak(s *diffSession, text string) (rawAnswer, error) {
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(r.variables))) { // the longer of two that begin alike comes first
		text = strings.ReplaceAll(text, "$"+name, r.variables[name])
	}
	verb, argument, _ := strings.Cut(text, " ")
	switch verb {
	case "!idle":
		a := s.begin(diffText("IDLE"))
		if a.err == nil {
			a = s.readUntil(a, func(line string) bool { return strings.HasPrefix(line, "+") || strings.HasPrefix(line, a.tag+" ") })
		}
		return a, nil
	case "!wait":
		return s.readUntil(rawAnswer{}, func(line string) bool { return strings.Contains(line, argument) }), nil
	case "!done":
		tag := s.name + strconv.Itoa(s.commands)
		if err := s.write("DONE\r\n"); err != nil {
			return rawAnswer{tag: tag, err: err}, nil
		}
		return s.readTo(rawAnswer{tag: tag}, tag+" "), nil
	case "!raw":
		octets, err := strconv.Unquote(argument)
		if err != nil {
			return rawAnswer{}, err
		}
		if err := s.write(octets); err != nil {
			return rawAnswer{err: err}, nil
		}
		return s.command(diffText("NOOP")), nil
	case "!close":
		s.end(nil)
		delete(r.sessions, s.name)
		return rawAnswer{}, nil
	}
	list, err := pieces(text, r.mail.byName)
	if err != nil {
		return rawAnswer{}, err
	}
	return s.command(list), nil
}

// take takes the answer apart. What cannot be taken apart is kept as it came, so that it differs from what can.
func (x *diffExchange) take(s *diffSession, a rawAnswer) {
	for _, line := range a.raw {
		x.lines = append(x.lines, diffLine{mailbox: s.selected, values: responseValues(line, a.tag)})
	}
	if a.err != nil {
		x.lines = append(x.lines, diffLine{values: []imapValue{atomOf("(" + a.err.Error() + ")")}})
	}
}

// responseValues takes one response apart. The text for people, behind OK and its like, is dropped, its code stays.
func responseValues(line, tag string) []imapValue {
	head, rest, _ := strings.Cut(line, " ")
	switch head {
	case "+":
		return []imapValue{atomOf("+")}
	case tag:
		head = "tagged"
	}
	word, text, _ := strings.Cut(rest, " ")
	switch strings.ToUpper(word) {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		values := []imapValue{atomOf(head), atomOf(strings.ToUpper(word))}
		if code, ok := responseCode(text); ok {
			values = append(values, code)
		}
		return values
	}
	values, err := parseValues(rest)
	if err != nil {
		return []imapValue{atomOf(head), atomOf("(cannot be read)"), {kind: stringValue, text: rest}}
	}
	return append([]imapValue{atomOf(head)}, values...)
}

// responseCode reads "[CODE data]" as a list.
func responseCode(text string) (imapValue, bool) {
	inner, ok := strings.CutPrefix(text, "[")
	if !ok {
		return imapValue{}, false
	}
	p := &valueParser{text: "[" + inner}
	whole, err := p.atom()
	if err != nil || !strings.HasSuffix(whole.text, "]") {
		return listOf(atomOf("(cannot be read)"), imapValue{kind: stringValue, text: text}), true
	}
	values, err := parseValues(whole.text[1 : len(whole.text)-1])
	if err != nil {
		return listOf(atomOf("(cannot be read)"), imapValue{kind: stringValue, text: whole.text}), true
	}
	return listOf(values...), true
}
