package imapd

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/tenancy"
)

// maxSaid is how much one input of FuzzSession says, in octets.
const maxSaid = 16 << 10

// What FuzzSession begins with: FLAGS of each kind, a tree of parts, a header that is none.
var preparedMail = []string{
	mail("plain", "Text."),
	"From: a@x.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nText\r\n--b\r\n" +
		"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"a b\"\r\n\r\nPGI+aGk8L2I+\r\n--b--\r\n",
	"no header line\r\n\xff\xfe: \x01\r\nSubject: \"{5}\r\nContent-Type: multipart/x\r\n\r\nbody",
}

var conversations = []string{
	"", "\r\n\r\n", "a NOOP\r\nb CHECK\r\nc LOGOUT\r\nd NOOP\r\n", "a IDLE\r\nDONE\r\nb IDLE\r\nx\r\nc IDLE\r\n",
	"a FETCH 1:* (FLAGS UID BODY.PEEK[] BODY[1.MIME] BODY[2.1]<0.3> BINARY[2] BINARY.SIZE[1] ENVELOPE BODYSTRUCTURE PREVIEW)\r\nb UID FETCH * FULL (CHANGEDSINCE 1)\r\n",
	"a STORE 1:2 +FLAGS (\\Deleted work)\r\nb EXPUNGE\r\nc FETCH 1 RFC822\r\nd UID EXPUNGE 1:*\r\n",
	"a SEARCH RETURN (SAVE COUNT MIN) OR SUBJECT pl (NOT 2:*) UNSEEN\r\nb UID STORE $ FLAGS.SILENT (\\Seen)\r\nc SORT (REVERSE SUBJECT) UTF-8 TEXT a\r\nd THREAD REFERENCES UTF-8 ALL\r\n",
	"a COPY 1:3 Archive\r\nb UID MOVE 2 Trash\r\nc REPLACE 1 INBOX {4+}\r\na: b\r\nd SELECT Archive (CONDSTORE)\r\ne CLOSE\r\nf UNSELECT\r\n",
	"a ENABLE QRESYNC IMAP4rev2\r\nb SELECT INBOX (QRESYNC (1 1 1:9 (1,2 1,2)))\r\nc UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)\r\nd EXAMINE INBOX\r\n",
	"a APPEND INBOX (\\Seen) \" 1-Feb-2026 13:00:00 +0000\" {4+}\r\na: b {4}\r\nc: d\r\nb APPEND \"x\" UTF8 (~{3+}\r\n\x00\r\n)\r\n",
	"a CREATE \"w&APw-x/y\"\r\nb RENAME \"w&APw-x\" z\r\nc LIST (SUBSCRIBED) \"\" (* %) RETURN (STATUS (MESSAGES SIZE))\r\nd DELETE z/y\r\ne LSUB \"\" %\r\nf STATUS INBOX (RECENT)\r\n",
	"a NOTIFY SET STATUS (SELECTED (MessageNew (FLAGS) MessageExpunge FlagChange)) (PERSONAL (MailboxName))\r\nb NOOP\r\nc NOTIFY NONE\r\n",
	"a ID (\"name\" {3+}\r\nx\"y)\r\nb GETQUOTAROOT INBOX\r\nc NAMESPACE\r\nd STARTTLS\r\ne LOGIN a b\r\nf AUTHENTICATE PLAIN =\r\n",
	"a SEARCH {99999999999999999999+}\r\n", "a FETCH 1 {5}\r\nFLAGS\r\n* BAD\r\n+ \r\n", "a UID SEARCH UID 1:*,4294967295 CHARSET x\r\n\xff\x00\xfe\r\nq\r\r\n",
	"a COMPRESS DEFLATE\r\n" + pack("b FETCH 1 BODY[]\r\nc LOGOUT\r\n"), "a COMPRESS DEFLATE\r\nb NOOP\r\n",
}

func pack(text string) string {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed)
	io.WriteString(w, text)
	w.Flush()
	return out.String()
}

// FuzzSession says arbitrary octets to a session with a mailbox selected. Whatever it is told, the server answers in the form
// of the grammar, only what was asked, with message numbers that exist, and ends when the client does.
func FuzzSession(f *testing.F) {
	for _, said := range conversations {
		f.Add([]byte(said))
	}
	say := talker(f)
	f.Fuzz(func(t *testing.T, said []byte) { say(t, said) })
}

// FuzzCommands is FuzzSession with words in place of octets, so that it gets further.
func FuzzCommands(f *testing.F) {
	f.Add([]byte{0, 30, 40, 1, 4, 30, 40})
	for i := range vocabulary {
		f.Add([]byte{byte(i), byte(i + 7), byte(i * 3), byte(i * 5), 1, byte(i * 11), byte(i * 13), 1})
	}
	say := talker(f)
	f.Fuzz(func(t *testing.T, words []byte) {
		var said []byte
		for _, w := range words {
			said = append(said, vocabulary[int(w)%len(vocabulary)]...)
		}
		say(t, said)
	})
}

var vocabulary = strings.Split("a FETCH |\r\n|\r\nb UID FETCH |\r\nc STORE |\r\nd UID STORE |\r\ne SEARCH |\r\nf UID SEARCH |\r\ng SORT (|\r\nh UID THREAD REFERENCES UTF-8 |\r\ni COPY |\r\nj UID MOVE |"+
	"\r\nk EXPUNGE|\r\nl UID EXPUNGE |\r\nm APPEND INBOX |\r\nn REPLACE |\r\no SELECT INBOX|\r\np EXAMINE |\r\nq CLOSE|\r\nr CREATE |\r\ns DELETE |\r\nt RENAME |\r\nu LIST |\r\nv LSUB \"\" |\r\nw STATUS INBOX (|"+
	"\r\nx IDLE\r\nDONE|\r\ny NOTIFY SET |\r\nz ENABLE |\r\naa UNSELECT|\r\nab NOOP|\r\nac SUBSCRIBE |"+
	"1|2|3|*|1:*|2:3|4294967295|,|$| | (|)|(| FLAGS| +FLAGS.SILENT | -FLAGS | (\\Deleted)| \\Seen| work| BODY[]| BODY.PEEK[| BINARY[|]|1.|2.|MIME|HEADER|TEXT|HEADER.FIELDS (Subject)|<0.5>|<3.9>| ENVELOPE| BODYSTRUCTURE| UID| MODSEQ|"+
	" (CHANGEDSINCE 1)| (CHANGEDSINCE 1 VANISHED)| (UNCHANGEDSINCE 1)| RETURN (SAVE)| RETURN (MIN MAX COUNT ALL)| RETURN (PARTIAL 1:2)| ALL| OR | NOT | SUBJECT | BODY | HEADER X-A | SINCE 1-Jan-2020| SMALLER 200| UNSEEN| KEYWORD work|"+
	"REVERSE |DATE|SUBJECT|FROM|) UTF-8 | CHARSET UTF-8| INBOX| Archive| Trash| Work| \"W x\"| \"&APw-\"|/y| \"\" | %| \"*\"| {1+}\r\nx| {4+}\r\na: b| {4}\r\nc: d| ~{3+}\r\n\x00\r\n| UTF8 (~{4+}\r\ne: f)|"+
	" (CONDSTORE)| (QRESYNC (1 1 1:9))| (QRESYNC (1 1 1:9 (1,2 1,2)))|CONDSTORE|QRESYNC|IMAP4rev2|UTF8=ACCEPT| (SELECTED (MessageNew (FLAGS) MessageExpunge FlagChange))| (PERSONAL (MailboxName MessageNew MessageExpunge))|MESSAGES |RECENT |UNSEEN |HIGHESTMODSEQ |SIZE |"+
	" (SUBSCRIBED)| RETURN (STATUS (MESSAGES))| PREVIEW| EMAILID| RFC822.SIZE| INTERNALDATE|NIL|\"|\\|\xff|\x00|\r\nad NOTIFY NONE|\r\nae CHECK|\r\naf LOGOUT", "|")

// talker makes a server and gives how something is said to it.
func talker(f *testing.F) func(t *testing.T, said []byte) {
	whole := newBed(f, nil)
	var in prepared
	return func(t *testing.T, said []byte) {
		if len(said) > maxSaid {
			t.Skip("it says too much")
		}
		b := *whole
		b.t = t
		in.refresh(&b)
		said = append([]byte(in.opening), said...)
		check(t, said, b.converse(said))
		b.logs.mu.Lock()
		defer b.logs.mu.Unlock()
		if strings.Contains(b.logs.b.String(), "panic") || strings.Contains(b.logs.b.String(), "level=ERROR") {
			t.Errorf("the log:\n%s", b.logs.b.String())
		}
		b.logs.b.Reset()
	}
}

// prepared is an inbox with the same messages at each beginning: one that was changed is replaced.
type prepared struct {
	count   int
	address string
	opening string // how a client logs in and selects INBOX
	version uint64
}

func (in *prepared) refresh(b *bed) {
	b.t.Helper()
	const domain = "example.com"
	op := b.dir.Operator()
	if in.address != "" {
		if b.inbox(in.address).Version() == in.version {
			return
		}
		b.must(op.DeleteInbox(b.t.Context(), b.homes[domain], in.address))
	}
	in.count++
	user := fmt.Sprint("fuzz", in.count)
	in.address = user + "@" + domain
	_, password, _, err := op.CreateInbox(b.t.Context(), b.homes[domain], tenancy.NewInbox{Username: user, Domain: domain})
	b.must(err)
	filling := "append APPEND INBOX"
	for _, m := range preparedMail {
		filling += fmt.Sprintf(" (\\Flagged) {%d+}\r\n%s", len(m), m)
	}
	in.opening = "login LOGIN " + in.address + " " + password + "\r\nselect SELECT INBOX\r\n"
	first := []byte(in.opening + filling + "\r\n")
	check(b.t, first, b.converse(first))
	in.version = b.inbox(in.address).Version()
}

// converse says something and no more, and gives all that the server answers.
func (b *bed) converse(said []byte) []byte {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr)
	b.must(err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	go func() {
		conn.Write(said) // what the server does not want to hear any more is not sent
		conn.(*net.TCPConn).CloseWrite()
	}()
	heard, err := io.ReadAll(conn)
	if err != nil {
		b.t.Fatalf("the session does not end: %v", err)
	}
	return heard
}

// listener follows what a server says.
type listener struct {
	t       testing.TB
	asked   map[string]int // how often a tag may still be answered; nil: not known
	exists  int
	goodbye bool
	last    bool // nothing may follow
}

func check(t testing.TB, said, heard []byte) {
	l := listener{t: t, asked: map[string]int{}}
	for line := range bytes.SplitSeq(said, []byte("\n")) {
		tag, _, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\r")), []byte(" "))
		l.asked[string(tag)]++
	}
	for len(heard) > 0 && !t.Failed() {
		var line string
		line, heard = l.response(heard)
		if l.hear(line); strings.HasSuffix(line, " OK Begin compression.") {
			heard, _ = io.ReadAll(flate.NewReader(bytes.NewReader(heard))) // the stream has no end
			l.asked = nil
		}
	}
}

var announced = regexp.MustCompile(`~?\{(\d+)\}$`)

// response takes one response with its literals, of which the line gets none.
func (l *listener) response(heard []byte) (line string, rest []byte) {
	for {
		end := bytes.Index(heard, []byte("\r\n"))
		if end < 0 {
			l.t.Fatalf("the server stops within a line: %q", heard)
		}
		part := string(heard[:end])
		heard = heard[end+2:]
		if strings.ContainsAny(part, "\r\n\x00") {
			l.t.Errorf("a line holds what it may not: %q", part)
		}
		line += part
		m := announced.FindStringSubmatch(part)
		if m == nil {
			return line, heard
		}
		n, err := strconv.Atoi(m[1])
		if err != nil || n > len(heard) {
			l.t.Fatalf("%q: %d octets follow", part, len(heard))
		}
		heard = heard[n:]
	}
}

var (
	numberedAnswer = regexp.MustCompile(`^(\d+) (EXISTS|RECENT|EXPUNGE|FETCH)`)
	vanished       = regexp.MustCompile(`^VANISHED ([0-9:,]+)$`)
)

// hear checks one response.
func (l *listener) hear(line string) {
	word, text, _ := strings.Cut(line, " ")
	switch {
	case l.last:
		l.t.Errorf("after the end: %q", line)
	case strings.Contains(line, "[SERVERBUG]"):
		l.t.Errorf("%q", line)
	case word == "*":
		l.untagged(text)
	case word == "+":
	default:
		status, _, _ := strings.Cut(text, " ")
		if l.asked != nil {
			l.asked[word]--
		}
		if l.asked[word] < 0 || status != "OK" && status != "NO" && status != "BAD" {
			l.t.Errorf("nobody asked for %q", line)
		}
		l.last = l.goodbye
	}
}

func (l *listener) untagged(text string) {
	if strings.HasPrefix(text, "BYE ") {
		l.goodbye = true
		return
	}
	if strings.HasPrefix(text, "OK [CLOSED]") {
		l.exists = 0
	}
	if m := vanished.FindStringSubmatch(text); m != nil {
		for part := range strings.SplitSeq(m[1], ",") {
			first, last, ranged := strings.Cut(part, ":")
			if l.exists--; ranged {
				l.exists -= l.number(last) - l.number(first)
			}
		}
	}
	if m := numberedAnswer.FindStringSubmatch(text); m != nil {
		switch n := l.number(m[1]); m[2] {
		case "EXISTS":
			l.exists = n
		case "RECENT":
			if n > l.exists {
				l.t.Errorf("%q of %d messages", text, l.exists)
			}
		default:
			if n < 1 || n > l.exists {
				l.t.Errorf("%q of %d messages", text, l.exists)
			}
			if m[2] == "EXPUNGE" {
				l.exists--
			}
		}
	}
	if l.exists < 0 {
		l.t.Errorf("%q of too few messages", text)
	}
}

func (l *listener) number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		l.t.Errorf("%q is no number", s)
	}
	return n
}
