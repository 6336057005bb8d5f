package imapd

import (
	"bufio"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The conversations in testdata/conversations are text files, each against a server of its own. A line is one of:
//
//	# ...               a comment
//	set: NAME VALUE     a field of Config; TLS on offers STARTTLS
//	KEY: NAME ADDRESS P…  makes an API key of the inbox with these permissions
//	DELIVER: ADDRESS SUBJECT  a small message comes in
//	SESSION: NAME       what follows is said on another connection, which is opened when it is first named
//	LOGIN: ADDRESS [SECRET]  reads the greeting and logs in, with the inbox's password if nothing else is given
//	C: text             the client sends the text and CRLF; lines that follow one another go out together
//	R: "text"           the client sends what the Go string holds, as it is
//	B: N "text"         the client sends the Go string N times
//	S: text             the next line of the server begins so
//	S= text             the next line of the server is this
//	S~ text             one of the lines since the client's last is this; those before it are untagged
//	TLS:                the handshake
//	COMPRESS:           from here on octets are compressed both ways
//	HANGUP:             the client sends nothing more, and the server closes the connection
//	END:                the server closes the connection, having sent nothing more
//	STORED: ADDRESS MAILBOX N  the mailbox holds so many messages
//
// What the server says is one line with its literals; ¶ stands for a line end in it, and … for any octets. In what either says,
// {password:ADDRESS} is an inbox's password, {plain:ADDRESS} and {bearer:ADDRESS SECRET} are responses of SASL,
// {base64:text} is the text in base64, and {literal} and {literal+} announce what the next R: or B: line sends. {=name} in a line of the server
// remembers a word, which is {name} from there on, as a key is by its name.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			converse(t, file, strings.Split(strings.TrimRight(string(text), "\n"), "\n"))
		})
	}
}

// talk is a conversation that is being held.
type talk struct {
	*bed
	script   []string
	at       int               // the line of the script
	words    map[string]string // what {name} stands for
	sessions map[string]*speaker
	*speaker
}

// speaker is one connection of a conversation.
type speaker struct {
	c       *client
	pending strings.Builder // not sent yet
	heard   []string        // lines since then that nothing has asked for
}

func converse(t *testing.T, file string, script []string) {
	var setup []func(*Config)
	for _, line := range script {
		if text, ok := strings.CutPrefix(line, "set: "); ok {
			setup = append(setup, setting(t, text))
		}
	}
	k := &talk{script: script, words: map[string]string{}, sessions: map[string]*speaker{}}
	k.bed = newBed(t, func(c *Config) {
		for _, set := range setup {
			set(c)
		}
	})
	defer func() {
		if t.Failed() {
			t.Logf("%s:%d: %s", file, min(k.at, len(script)-1)+1, script[min(k.at, len(script)-1)])
		}
	}()
	for k.at = range script {
		word, text, _ := strings.Cut(script[k.at], " ")
		if word != "" && word[0] != '#' && word != "set:" {
			k.step(word, text)
		}
	}
	k.flush()
}

// setting reads a field of Config by its name.
func setting(t *testing.T, text string) func(*Config) {
	name, value, _ := strings.Cut(text, " ")
	if name == "TLS" {
		return func(c *Config) { c.TLS = testTLS() }
	}
	return func(c *Config) {
		f := reflect.ValueOf(c).Elem().FieldByName(name)
		if !f.IsValid() {
			t.Fatalf("set: %s is not a setting", name)
		}
		d, err := time.ParseDuration(value)
		n := int64(d)
		if err != nil {
			n, err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil {
			t.Fatalf("set: %s: %v", text, err)
		}
		f.SetInt(n)
	}
}

func (k *talk) step(word, text string) {
	k.t.Helper()
	if k.speaker == nil && word != "SESSION:" && word != "KEY:" && word != "DELIVER:" {
		k.session("")
	}
	switch word {
	case "C:", "R:", "B:":
		k.pending.WriteString(k.said(word, text))
		return
	}
	k.flush()
	switch word {
	case "S:", "S=":
		k.match(k.listen(), text, word == "S=")
	case "S~":
		k.find(text)
	case "TLS:":
		k.c.startTLS()
	case "COMPRESS:":
		k.compress()
	case "SESSION:":
		k.session(text)
	case "LOGIN:":
		k.login(text)
	case "KEY:":
		part := strings.Fields(text)
		k.words[part[0]] = k.key(part[1], part[2:]...)
	case "DELIVER:":
		address, subject, _ := strings.Cut(text, " ")
		k.deliver(address, mail(subject, "Text of "+subject+"."))
	case "HANGUP:":
		if err := k.c.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			k.t.Fatal(err)
		}
		k.closed()
	case "END:":
		k.closed()
	case "STORED:":
		k.stored(text)
	default:
		k.t.Fatalf("what is %q?", word)
	}
}

// said is what a line of the client sends.
func (k *talk) said(word, text string) string {
	k.t.Helper()
	switch word {
	case "C:":
		return k.fill(text) + "\r\n"
	case "R:":
		return k.fill(k.unquote(text))
	}
	number, unit, _ := strings.Cut(text, " ")
	return strings.Repeat(k.fill(k.unquote(unit)), k.number(number))
}

// flush sends what the client has said.
func (k *talk) flush() {
	k.t.Helper()
	if k.speaker != nil && k.pending.Len() > 0 {
		k.c.send(k.pending.String())
		k.pending.Reset()
		k.heard = nil
	}
}

// listen reads one line of the server.
func (k *talk) listen() string {
	k.t.Helper()
	line := k.c.line()
	if line == "" {
		k.t.Fatal("the server closed the connection")
	}
	return line
}

// match wants a line to be, or to begin, as a pattern says.
func (k *talk) match(line, pattern string, whole bool) {
	k.t.Helper()
	if !k.fits(line, pattern, whole) {
		k.t.Fatalf("the server said %q, want %q", line, pattern)
	}
}

// find looks for a line among those since the client's last, in any order; a tagged one ends them.
func (k *talk) find(pattern string) {
	k.t.Helper()
	for i, line := range k.heard {
		if k.fits(line, pattern, true) {
			k.heard = append(k.heard[:i], k.heard[i+1:]...)
			return
		}
	}
	for {
		line := k.listen()
		if k.fits(line, pattern, true) {
			return
		}
		if k.heard = append(k.heard, line); !strings.HasPrefix(line, "* ") {
			k.t.Fatalf("the server did not say %q, but %q", pattern, k.heard)
		}
	}
}

var captures = regexp.MustCompile(`\\\{=([a-z]+)\\\}`)

// fits compares a line with a pattern, and remembers what the pattern names.
func (k *talk) fits(line, pattern string, whole bool) bool {
	k.t.Helper()
	pattern = strings.ReplaceAll(k.fill(pattern), "¶", "\r\n")
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), "…", "(?:.*)")
	expression = "(?s)^" + captures.ReplaceAllString(expression, `(?P<$1>[0-9A-Za-z_-]+)`)
	if whole {
		expression += "$"
	}
	r := regexp.MustCompile(expression)
	found := r.FindStringSubmatch(line)
	for i, name := range r.SubexpNames() {
		if found != nil && name != "" {
			k.words[name] = found[i]
		}
	}
	return found != nil
}

var placeholders = regexp.MustCompile(`\{([a-z][a-z0-9]*\+?)(?::([^{}]*))?\}`)

// fill puts in what stands in braces.
func (k *talk) fill(text string) string {
	k.t.Helper()
	for placeholders.MatchString(text) {
		text = placeholders.ReplaceAllStringFunc(text, func(written string) string {
			part := placeholders.FindStringSubmatch(written)
			return k.word(part[1], part[2])
		})
	}
	return text
}

func (k *talk) word(name, argument string) string {
	k.t.Helper()
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	switch name {
	case "password":
		return k.passwords[argument]
	case "plain":
		return encoded("\x00" + argument + "\x00" + k.passwords[argument])
	case "bearer":
		address, secret, _ := strings.Cut(argument, " ")
		return encoded("n,a=" + address + ",\x01auth=Bearer " + secret + "\x01\x01")
	case "base64":
		return encoded(argument)
	case "literal", "literal+":
		return fmt.Sprintf("{%d%s}", k.next(), strings.TrimPrefix(name, "literal"))
	}
	value, known := k.words[name]
	if !known {
		k.t.Fatalf("what is {%s}?", name)
	}
	return value
}

// next is how many octets the next raw line sends.
func (k *talk) next() int {
	k.t.Helper()
	for _, line := range k.script[k.at+1:] {
		if word, text, _ := strings.Cut(line, " "); word == "R:" || word == "B:" {
			return len(k.said(word, text))
		}
	}
	k.t.Fatal("no literal follows")
	return 0
}

func (k *talk) session(name string) {
	k.t.Helper()
	if k.speaker = k.sessions[name]; k.speaker == nil {
		k.speaker = &speaker{c: k.dial()}
		k.sessions[name] = k.speaker
	}
}

func (k *talk) login(text string) {
	k.t.Helper()
	address, secret, given := strings.Cut(text, " ")
	if !given {
		secret = k.passwords[address]
	}
	k.match(k.listen(), "* OK", false)
	k.c.send("login LOGIN " + address + " " + k.fill(secret) + "\r\n")
	k.match(k.listen(), "login OK", false)
}

// compressing is a connection with DEFLATE, as the standard library does it.
type compressing struct {
	net.Conn
	out *flate.Writer
}

func (c compressing) Write(p []byte) (int, error) {
	if _, err := c.out.Write(p); err != nil {
		return 0, err
	}
	return len(p), c.out.Flush()
}

// inflating is the other way. The server need not end the stream, but the connection below it.
type inflating struct {
	from *bufio.Reader
	io.Reader
}

func (r *inflating) Read(p []byte) (int, error) {
	if r.Reader == nil {
		r.Reader = flate.NewReader(r.from)
	}
	n, err := r.Reader.Read(p)
	if err == io.ErrUnexpectedEOF {
		_, err = r.from.Peek(1)
	}
	return n, err
}

func (k *talk) compress() {
	k.t.Helper()
	out, err := flate.NewWriter(k.c.conn, flate.DefaultCompression)
	k.must(err)
	k.c.in = bufio.NewReader(&inflating{from: k.c.in})
	k.c.conn = compressing{k.c.conn, out}
}

func (k *talk) closed() {
	k.t.Helper()
	if line := k.c.line(); line != "" {
		k.t.Fatalf("the server said %q instead of closing", line)
	}
}

func (k *talk) stored(text string) {
	k.t.Helper()
	address, text, _ := strings.Cut(text, " ")
	end := strings.LastIndexByte(text, ' ')
	in := k.inbox(address)
	m, err := in.Mailbox(k.t.Context(), text[:end])
	k.must(err)
	c, err := in.Counts(k.t.Context(), m.ID)
	k.must(err)
	if want := k.number(text[end+1:]); int(c.Messages) != want {
		k.t.Fatalf("%s holds %d messages, want %d", text[:end], c.Messages, want)
	}
}

func (k *talk) unquote(s string) string {
	k.t.Helper()
	text, err := strconv.Unquote(s)
	k.must(err)
	return text
}

func (k *talk) number(s string) int {
	k.t.Helper()
	n, err := strconv.Atoi(s)
	k.must(err)
	return n
}
