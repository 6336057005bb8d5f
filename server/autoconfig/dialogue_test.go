package autoconfig

import (
	"bufio"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the server answers into the dialogue files")

// exchange is one request of a dialogue and its answer, both as lines.
type exchange struct {
	comments []string
	secure   bool
	request  []string
	answer   []string
}

// readDialogue reads a file of exchanges. Each begins with a line "https" or "http"; then come the request's lines after
// "C: ", and the answer's after "S: ". Lines that begin with # are comments. In a request "Content-Length: *" stands for the
// body's.
func readDialogue(t *testing.T, name string) (list []exchange) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var comments []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		last := len(list) - 1
		switch kind, text, _ := strings.Cut(line, ":"); {
		case line == "" || strings.HasPrefix(line, "#"):
			comments = append(comments, line)
		case line == "https" || line == "http":
			list = append(list, exchange{comments: comments, secure: line == "https"})
			comments = nil
		case last >= 0 && kind == "C":
			list[last].request = append(list[last].request, strings.TrimPrefix(text, " "))
		case last >= 0 && kind == "S":
			list[last].answer = append(list[last].answer, strings.TrimPrefix(text, " "))
		default:
			t.Fatalf("%s: what is %q?", name, line)
		}
	}
	return list
}

// wire is the request as octets.
func (e exchange) wire() string {
	blank := slices.Index(e.request, "")
	body := ""
	if blank >= 0 && blank < len(e.request)-1 {
		body = strings.Join(e.request[blank+1:], "\r\n")
	}
	head := strings.Join(e.request[:blank], "\r\n")
	return strings.Replace(head, "Content-Length: *", "Content-Length: "+strconv.Itoa(len(body)), 1) + "\r\n\r\n" + body
}

// say sends a request and gives the answer as lines, its fields sorted, without Date.
func (e exchange) say(t *testing.T, conn net.Conn) []string {
	t.Helper()
	if _, err := io.WriteString(conn, e.wire()); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(e.request[0], " ")
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer.Header.Del("Date")
	var fields []string
	for name, values := range answer.Header {
		fields = append(fields, name+": "+values[0])
	}
	slices.Sort(fields)
	lines := append([]string{fmt.Sprintf("%s %s", answer.Proto, answer.Status)}, fields...)
	for line := range strings.Lines(string(body)) {
		if len(lines) == len(fields)+1 {
			lines = append(lines, "")
		}
		lines = append(lines, strings.NewReplacer("\r", `\r`, "\n", "").Replace(line))
	}
	return lines
}

// TestClientsFindTheirSettings replays what clients ask when they set up an account, octet by octet, over real connections.
func TestClientsFindTheirSettings(t *testing.T) {
	h := testHandler(t)
	plain, secure := httptest.NewServer(h), httptest.NewTLSServer(h)
	defer plain.Close()
	defer secure.Close()
	trusted := secure.Client().Transport.(*http.Transport).TLSClientConfig
	dial := func(overTLS bool) (net.Conn, error) {
		if overTLS {
			return tls.Dial("tcp", secure.Listener.Addr().String(), trusted)
		}
		return net.Dial("tcp", plain.Listener.Addr().String())
	}
	names, _ := filepath.Glob("testdata/*.txt")
	if len(names) < 5 {
		t.Fatalf("only %d dialogues", len(names))
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			list := readDialogue(t, name)
			for i, e := range list {
				conn, err := dial(e.secure)
				if err != nil {
					t.Fatal(err)
				}
				got := e.say(t, conn)
				conn.Close()
				if *update {
					list[i].answer = got
				} else if !slices.Equal(got, e.answer) {
					t.Errorf("%s\nanswered:\n%s\nnot:\n%s", e.request[0], strings.Join(got, "\n"), strings.Join(e.answer, "\n"))
				}
			}
			if *update {
				writeDialogue(t, name, list)
			}
		})
	}
}

func writeDialogue(t *testing.T, name string, list []exchange) {
	t.Helper()
	var b strings.Builder
	for _, e := range list {
		for _, line := range e.comments {
			b.WriteString(line + "\n")
		}
		b.WriteString(map[bool]string{true: "https\n", false: "http\n"}[e.secure])
		for _, line := range e.request {
			b.WriteString(strings.TrimSuffix("C: "+line, " ") + "\n")
		}
		for _, line := range e.answer {
			b.WriteString(strings.TrimSuffix("S: "+line, " ") + "\n")
		}
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
