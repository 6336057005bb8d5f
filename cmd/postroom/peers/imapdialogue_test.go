package peers

import (
	"bufio"
	"compress/flate"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What clients send that cannot run here is kept as conversations in server/imapd/testdata/clients; the README there
// explains the lines. Both servers have to follow each, but for what Dovecot does not offer.
func TestServersFollowTheDialoguesOfClients(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "server", "imapd", "testdata", "clients", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	for _, name := range []string{"postroom", "dovecot"} {
		t.Run(name, func(t *testing.T) {
			server := func(t *testing.T, file string) imapTarget { return imapServer(t, name) }
			if name == "dovecot" { // which is slow to start, and makes a mailbox for whoever logs in
				at := imapServer(t, name)
				server = func(t *testing.T, file string) imapTarget {
					at.User = filepath.Base(file) + "@dovecot.localhost"
					return at
				}
			}
			for _, file := range files {
				lines, err := readDialogue(file)
				if err != nil {
					t.Fatal(err)
				}
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
					if err := newDialogue(t, server(t, file), filepath.Base(file)).run(lines); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// dialogueLine is one line of a file: its kind is C, C|, C+, S, U or X.
type dialogueLine struct {
	number int
	kind   string
	text   string
}

func readDialogue(path string) ([]dialogueLine, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseDialogue(string(raw))
}

func parseDialogue(text string) (lines []dialogueLine, err error) {
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		l := dialogueLine{number: i + 1}
		switch {
		case strings.HasPrefix(line, "C|"), strings.HasPrefix(line, "C+"):
			l.kind, l.text = line[:2], line[2:]
		case len(line) > 1 && strings.Contains("CSUX", line[:1]) && line[1] == ':':
			l.kind, l.text = line[:1], line[2:]
		default:
			return nil, fmt.Errorf("line %d is of no kind: %q", i+1, line)
		}
		l.text = strings.TrimPrefix(l.text, " ")
		lines = append(lines, l)
	}
	return lines, nil
}

// dialogue plays the client of one file against one server.
type dialogue struct {
	t    *testing.T
	at   imapTarget
	file string
	vars *strings.Replacer

	other     *imapWire // another client of the same account
	delivered int

	conn net.Conn
	r    *bufio.Reader
	w    io.Writer
	said []string // what went over the wire, for a report
}

func newDialogue(t *testing.T, at imapTarget, file string) *dialogue {
	d := &dialogue{t: t, at: at, file: file, other: dialIMAP(t, at)}
	d.other.must("SELECT", "INBOX")
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	d.vars = at.vars("{uidvalidity}", strconv.Itoa(d.other.status("INBOX", "UIDVALIDITY")), "{plain}", encode("\x00"+at.User+"\x00"+at.Password),
		"{oauthbearer}", encode("n,a="+at.User+",\x01auth=Bearer "+at.Key+"\x01\x01"))
	t.Cleanup(func() {
		d.other.close()
		if d.conn != nil {
			d.conn.Close()
		}
	})
	return d
}

func (d *dialogue) run(lines []dialogueLine) error {
	for len(lines) > 0 {
		n, err := d.step(lines)
		if err != nil {
			return fmt.Errorf("%s:%d: %w\n%s", d.file, lines[0].number, err, strings.Join(d.said[max(0, len(d.said)-25):], "\n"))
		}
		lines = lines[n:]
	}
	return nil
}

// step does the first line, or several that belong together, and says how many.
func (d *dialogue) step(lines []dialogueLine) (n int, err error) {
	switch lines[0].kind {
	case "X":
		return 1, d.arrange(strings.Fields(lines[0].text))
	case "C", "C|", "C+":
		for n < len(lines) && lines[n].kind[0] == 'C' {
			n++
		}
		return n, d.send(lines[:n], lines[n:])
	default:
		for n < len(lines) && lines[n].kind == "U" {
			n++
		}
		skip := false
		unordered := lines[:n]
		if n < len(lines) && lines[n].kind == "S" && lines[n].text == "..." {
			skip = true
			n++
		}
		if n == len(lines) || lines[n].kind != "S" {
			return 0, errors.New("here a line with S: has to follow")
		}
		return n + 1, d.expect(unordered, lines[n].text, skip || len(unordered) > 0)
	}
}

// send writes all lines at once, as a client that pipelines. A literal's size is that of the C| lines that follow, which
// may be behind the server's permission to send it.
func (d *dialogue) send(lines, rest []dialogueLine) error {
	var b strings.Builder
	for i, l := range lines {
		text := d.vars.Replace(l.text)
		if l.kind == "C" && strings.Contains(text, "{literal") {
			size := strconv.Itoa(d.literalSize(slices.Concat(lines[i+1:], rest)))
			text = strings.NewReplacer("{literal}", "{"+size+"}", "{literal+}", "{"+size+"+}").Replace(text)
		}
		b.WriteString(text)
		if l.kind != "C+" {
			b.WriteString("\r\n")
		}
		d.said = append(d.said, l.kind+" "+tail(text, 300))
	}
	if d.conn == nil {
		return errors.New("it is not connected")
	}
	d.conn.SetDeadline(time.Now().Add(wireDeadline))
	if _, err := io.WriteString(d.w, b.String()); err != nil {
		return err
	}
	if f, ok := d.w.(*flate.Writer); ok {
		return f.Flush()
	}
	return nil
}

// literalSize counts the octets of the next literal, which the server's permission may be in front of.
func (d *dialogue) literalSize(lines []dialogueLine) (n int) {
	for len(lines) > 0 && lines[0].kind[0] != 'C' {
		lines = lines[1:]
	}
	for len(lines) > 0 && len(lines[0].kind) == 2 {
		n += len(d.vars.Replace(lines[0].text))
		if lines[0].kind == "C|" {
			n += len("\r\n")
		}
		lines = lines[1:]
	}
	return n
}

// expect reads until a line matches. Without skip the next one has to; with it, others may come before, and each of the
// unordered patterns has to be among them.
func (d *dialogue) expect(unordered []dialogueLine, pattern string, skip bool) error {
	if d.conn == nil {
		return errors.New("it is not connected")
	}
	last, err := d.pattern(pattern)
	if err != nil {
		return err
	}
	missing := map[*regexp.Regexp]string{}
	for _, u := range unordered {
		p, err := d.pattern(u.text)
		if err != nil {
			return err
		}
		missing[p] = u.text
	}
	for {
		d.conn.SetDeadline(time.Now().Add(wireDeadline))
		line, err := d.r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("instead of %q: %q %w", pattern, line, err)
		}
		line = strings.TrimSuffix(line, "\r\n")
		d.said = append(d.said, "S  "+tail(line, 600))
		for p := range missing {
			if p.MatchString(line) {
				delete(missing, p)
			}
		}
		if last.MatchString(line) {
			for _, text := range missing {
				return fmt.Errorf("no line matches %q", text)
			}
			return nil
		}
		if !skip {
			return fmt.Errorf("instead of %q: %q", pattern, line)
		}
	}
}

// pattern matches a whole line; an ellipsis stands for any text.
func (d *dialogue) pattern(text string) (*regexp.Regexp, error) {
	parts := strings.Split(d.vars.Replace(text), "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.Compile("^(?s)" + strings.Join(parts, ".*") + "$")
}

// arrange does what a file asks for beside the conversation.
func (d *dialogue) arrange(words []string) error {
	what, args := words[0], words[1:]
	d.said = append(d.said, "X  "+strings.Join(words, " "))
	switch {
	case what == "connect" && len(args) == 1:
		return d.connect(args[0])
	case what == "starttls" && len(args) == 0:
		secure := tls.Client(d.conn, clientTLS(d.t, d.at))
		secure.SetDeadline(time.Now().Add(wireDeadline))
		d.use(secure)
		return secure.Handshake()
	case what == "compress" && len(args) == 0:
		w, err := flate.NewWriter(d.conn, flate.DefaultCompression)
		d.r, d.w = bufio.NewReader(flate.NewReader(d.r)), w
		return err
	case what == "deliver" && len(args) == 1:
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		for _, m := range testMails("client", d.delivered+n)[d.delivered:] {
			m.Flags = "()"
			d.other.append("INBOX", m)
		}
		d.delivered += n
		return nil
	case what == "other" && len(args) > 0:
		d.other.must(args[0], strings.Join(args[1:], " "))
		return nil
	case what == "needs" && len(args) == 1:
		for _, line := range d.other.must("CAPABILITY", "") {
			if strings.Contains(line+" ", " "+args[0]+" ") {
				return nil
			}
		}
		if d.at.Name == "dovecot" {
			d.t.Skipf("Dovecot has no %s", args[0])
		}
		return fmt.Errorf("there is no %s", args[0])
	case what == "only" && len(args) == 1:
		if d.at.Name != args[0] {
			d.t.Skipf("only %s does this", args[0])
		}
		return nil
	}
	return fmt.Errorf("nobody knows how to arrange %q", words)
}

func (d *dialogue) connect(how string) error {
	if d.conn != nil {
		d.conn.Close()
	}
	port := map[string]string{"imap": d.at.Port, "imaps": d.at.TLSPort}[how]
	if port == "" {
		return fmt.Errorf("there is no port for %s", how)
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", port), wireDeadline)
	if err != nil {
		return err
	}
	if how == "imaps" {
		conn = tls.Client(conn, clientTLS(d.t, d.at))
	}
	d.use(conn)
	return nil
}

func (d *dialogue) use(conn net.Conn) {
	d.conn, d.r, d.w = conn, bufio.NewReader(conn), conn
}

// A runner that lets everything pass would hide what servers do wrong.
func TestADialogueFailsWhereTheServerAnswersOtherwise(t *testing.T) {
	const answer = "* 1 EXISTS\r\n* FLAGS (a b)\r\n* LIST () \"/\" x\r\n1 OK done\r\n"
	for text, good := range map[string]bool{
		"S: * 1 EXISTS\nS: * FLAGS (…)\nS: …\nS: 1 OK …": true,
		"S: ...\nS: 1 OK done":                           true,
		"U: * FLAGS (…b)\nU: * 1 EXISTS\nS: 1 OK…":       true,
		"S: * 2 EXISTS":                  false,
		"S: * FLAGS (…)":                 false,
		"S: * 1 EXIST":                   false,
		"S: ...\nS: 1 NO …":              false,
		"U: * FLAGS (c)\nS: 1 OK …":      false,
		"U: * LIST (…\nS: * FLAGS …":     false,
		"S: ...\nS: 1 OK done\nS: * BYE": false,
		"X: compose":                     false,
		"C: a LOGIN {literal}\nC| ab\nC+ c\nC:  x\nS: ...\nS: 1 OK …": true,
	} {
		lines, err := parseDialogue(text)
		if err != nil {
			t.Fatal(err)
		}
		wrote := &strings.Builder{}
		near, far := net.Pipe()
		go func() {
			io.WriteString(far, answer)
			far.Close()
		}()
		d := &dialogue{t: t, file: "x", vars: imapTarget{}.vars(), conn: near, r: bufio.NewReader(near), w: wrote}
		if err := d.run(lines); (err == nil) != good {
			t.Errorf("%q gives %v", text, err)
		}
		near.Close()
		if got := wrote.String(); got != "" && got != "a LOGIN {5}\r\nab\r\nc x\r\n" {
			t.Errorf("it sent %q", got)
		}
	}
	if _, err := parseDialogue("C: a\nD: b"); err == nil {
		t.Error("a line of no kind is taken")
	}
}
