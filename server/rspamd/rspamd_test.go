package rspamd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const letter = "From: Ann <ann@example.test>\r\nTo: bob@example.net\r\nSubject: Lunch\r\n\r\nAt one?\r\n"

const good = `{"is_skipped":false,"score":7.5,"required_score":15.0,"action":"add header","symbols":{"SMALL":{"name":"SMALL","score":0.5,"metric_score":0.5},
	"BIG":{"name":"BIG","score":8.0,"metric_score":8.0,"description":"It is big","options":["a","b"]},"FINE":{"name":"FINE","score":-1.0}},"messages":{},"message-id":"1@example.test","time_real":0.07}`

var session = Session{
	IP: netip.MustParseAddr("::ffff:192.0.2.1"), HELO: "mx.example.test", Name: "mx.example.test", Sender: "ann@example.test", Recipients: []string{"bob@example.net"},
	ID: "s1.1", TLS: "TLS 1.3 TLS_AES_128_GCM_SHA256",
}

// serve runs an rspamd of the test's own.
func serve(t testing.TB, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func client(t testing.TB, address string, changes ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{Address: address, Hostname: "mail.example.net", Timeout: 10 * time.Second}
	for _, change := range changes {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func impatient(c *Config) { c.Timeout = 50 * time.Millisecond }

func (c *Client) ask(t testing.TB, s Session, message string) (Verdict, error) {
	t.Helper()
	return c.Check(t.Context(), s, strings.NewReader(message), int64(len(message)))
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, text)
	}
}

func TestAVerdictIsRead(t *testing.T) {
	got, err := client(t, serve(t, say(good)).URL).ask(t, session, letter)
	want := Verdict{Action: AddHeader, Score: 7.5, Required: 15, MessageID: "1@example.test", Symbols: []Symbol{
		{Name: "BIG", Score: 8, Description: "It is big", Options: []string{"a", "b"}}, {Name: "FINE", Score: -1}, {Name: "SMALL", Score: 0.5},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestTheQuestionSaysWhatIsKnown(t *testing.T) {
	var asked *http.Request
	var body []byte
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		body, _ = io.ReadAll(r.Body)
		io.WriteString(w, good)
	})
	secret := func(c *Config) { c.Password = "secret" }
	want := map[string][]string{
		"Ip": {"192.0.2.1"}, "Helo": {"mx.example.test"}, "Hostname": {"mx.example.test"}, "From": {"<ann@example.test>"}, "Rcpt": {"<bob@example.net>"}, "Deliver-To": {"<bob@example.net>"}, "Queue-Id": {"s1.1"},
		"Mta-Name": {"mail.example.net"}, "Mta-Tag": {"postroom"}, "Tls-Version": {"TLS 1.3"}, "Tls-Cipher": {"TLS_AES_128_GCM_SHA256"}, "Password": {"secret"}, "User": nil, "Idempotency-Key": nil, "Accept-Encoding": nil,
	}
	if _, err := client(t, s.URL+"/", secret).ask(t, session, letter); err != nil {
		t.Fatal(err)
	}
	for name, values := range want {
		if got := asked.Header[name]; !reflect.DeepEqual(got, values) {
			t.Errorf("%s is %q, want %q", name, got, values)
		}
	}
	if asked.Method != "POST" || asked.URL.Path != "/checkv2" || string(body) != letter || asked.ContentLength != int64(len(letter)) {
		t.Errorf("%s %s with %d octets: %q", asked.Method, asked.URL, asked.ContentLength, body)
	}
	if _, err := client(t, s.URL).ask(t, Session{}, ""); err != nil {
		t.Fatal(err)
	}
	if h := asked.Header; len(body) != 0 || h.Get("From") != "<>" || h["Ip"] != nil || h["Helo"] != nil || h["Rcpt"] != nil || h["Password"] != nil || h["Tls-Cipher"] != nil {
		t.Errorf("with nothing known: %v", h)
	}
}

// No client gets past rspamd by a name that HTTP cannot carry, or by one that is too long.
func TestNothingThatAClientSaysKeepsAMessageFromBeingAsked(t *testing.T) {
	var asked http.Header
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header
		say(good)(w, r)
	})
	ask := func(odd Session) {
		t.Helper()
		if _, err := client(t, s.URL).ask(t, odd, letter); err != nil {
			t.Fatal(err)
		}
	}
	odd := Session{HELO: "a\r\nPass: all\x00\x7f\xff", Sender: "\"\t\x01\"@example.test", Name: strings.Repeat("n", 100_000), ID: "\n"}
	for i := range 5000 {
		odd.Recipients = append(odd.Recipients, "r"+strconv.Itoa(i)+"@"+strings.Repeat("x", 1000))
	}
	ask(odd)
	if asked.Get("Helo") != "aPass: all\xef\xbf\xbd" || asked["Pass"] != nil || asked.Get("From") != `<""@example.test>` || len(asked.Get("Hostname")) != maxValue {
		t.Errorf("%.1000v", asked)
	}
	if got := asked["Rcpt"]; len(got) != MaxRecipients || !strings.HasPrefix(got[99], "<r99@xx") || len(got[99]) != maxValue+2 || asked["Deliver-To"] != nil {
		t.Errorf("%d recipients, the last of %d octets", len(got), len(got[len(got)-1]))
	}
	ask(Session{Sender: "grüße@example.test", Recipients: []string{"grüße@example.net", "bob@example.net", "postmaster"}})
	if asked["From"] != nil || !reflect.DeepEqual(asked["Rcpt"], []string{"<bob@example.net>"}) {
		t.Errorf("addresses that it cannot take: %v", asked)
	}
}

func TestWithoutAGoodAnswerThereIsNoVerdict(t *testing.T) {
	cases := map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"silent":             {func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() }, "deadline"},
		"stops in between":   {halting, "deadline"},
		"cut":                {cut, "unexpected EOF"},
		"closed":             {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"huge":               {endless, "more than 1048576 octets"},
		"huge header":        {hugeHeader, "header"},
		"no JSON":            {say("no action"), "invalid character"},
		"half of JSON":       {say(good[:100]), "unexpected end"},
		"a list":             {say("[]"), "cannot unmarshal"},
		"null":               {say("null"), "no action"},
		"empty":              {say(""), "unexpected end"},
		"no action":          {say(`{"score":1}`), "no action"},
		"an empty action":    {say(`{"action":"\u0000 "}`), "no action"},
		"action of a number": {say(`{"action":1}`), "cannot unmarshal"},
		"deep":               {say(strings.Repeat(`{"a":`, 20_000)), "depth"},
		"403":                {refuse(403, `{"error":"Unauthorized\u0007"}`+"\n"), `it answered 403: {"error":"Unauthorized\u0007"}`},
		"500":                {refuse(500, strings.Repeat("x", 10_000)), "it answered 500: xxx"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, "it answered 307"},
		"204": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "it answered 204"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			patience := func(*Config) {}
			if c.says == "deadline" {
				patience = impatient
			}
			s := serve(t, c.answer)
			got, err := client(t, s.URL, patience).ask(t, session, letter)
			if err == nil || !strings.Contains(err.Error(), c.says) || len(err.Error()) > 2000 {
				t.Errorf("error is %v, want %q", err, c.says)
			} else if strings.Contains(err.Error(), s.URL) {
				t.Errorf("the error names the address: %v", err)
			}
			if !reflect.DeepEqual(got, Verdict{}) {
				t.Errorf("with the error comes %+v", got)
			}
		})
	}
}

func halting(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, good[:10])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, good[:100])
}

func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := w.Write(bytes.Repeat([]byte("{"), 4096)); err != nil {
			return
		}
	}
}

func hugeHeader(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Long", strings.Repeat("x", 2*maxHeader))
	io.WriteString(w, good)
}

func refuse(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		io.WriteString(w, text)
	}
}

func TestNobodyThereIsAnErrorAtOnce(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	for _, address := range []string{"http://" + ln.Addr().String(), "unix:" + filepath.Join(t.TempDir(), "none")} {
		if _, err := client(t, address).ask(t, session, letter); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestOneThatHangsIsLeftAlone(t *testing.T) {
	vain, now := context.DeadlineExceeded, time.Now()
	var r rest
	for range maxInVain {
		if !r.begin(now) {
			t.Fatal("left alone too early")
		}
		r.end(vain, now)
	}
	later := now.Add(restTime)
	if r.begin(now) || r.begin(later.Add(-1)) {
		t.Error("not left alone")
	}
	if !r.begin(later) || r.begin(later) {
		t.Error("one message asks after the time, and no other")
	}
	r.end(context.Canceled, later)
	if r.begin(later) {
		t.Error("a question that was given up is taken for an answer")
	}
	if later = later.Add(restTime); !r.begin(later) {
		t.Error("nobody asks any more")
	}
	r.end(vain, later)
	if r.begin(later) {
		t.Error("asked too early")
	}
	r.end(errors.New("500"), later)
	if first, second := r.begin(later), r.begin(later); !first || !second {
		t.Error("left alone though it answers")
	}
}

func TestMessagesDoNotWaitForOneThatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	c := client(t, s.URL, impatient)
	for range maxInVain {
		if _, err := c.ask(t, session, letter); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	if _, err := c.ask(t, session, letter); !errors.Is(err, errResting) {
		t.Error(err)
	}
}

func TestTheEndOfTheContextEndsAQuestion(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then does the server see that the client goes
		end()
		<-r.Context().Done()
	})
	if _, err := client(t, s.URL).Check(ctx, session, strings.NewReader(letter), int64(len(letter))); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestAUnixSocketIsAnAddress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(say(good))
	s.Listener.Close()
	s.Listener = ln
	s.Start()
	t.Cleanup(s.Close)
	if v, err := client(t, "unix:"+path).ask(t, session, letter); err != nil || v.Action != AddHeader {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestAConnectionServesManyMessages(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(say(good))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := client(t, s.URL)
	for range 5 {
		if _, err := c.ask(t, session, letter); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// An rspamd that closes a connection just as the next message is on its way is asked again.
func TestAConnectionThatEndedMeanwhileCostsNoVerdict(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	t.Cleanup(func() { ln.Close(); served.Wait() })
	served.Go(func() {
		for range 2 { // the first connection serves one message and reads a second one
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			for i := range 2 {
				req, err := http.ReadRequest(in)
				if err != nil {
					break
				}
				body, _ := io.ReadAll(req.Body)
				if string(body) != letter {
					t.Errorf("the message is %q", body)
				}
				if i == 0 {
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: "+strconv.Itoa(len(good))+"\r\n\r\n"+good)
				}
			}
			conn.Close()
		}
	})
	c := client(t, "http://"+ln.Addr().String())
	for range 2 {
		if v, err := c.ask(t, session, letter); err != nil || v.Action != AddHeader {
			t.Errorf("%+v, %v", v, err)
		}
	}
	c.Close()
}

// watched is a long message that must not be read any more once it is over.
type watched struct {
	t    *testing.T
	over atomic.Bool
	most atomic.Int64 // octets of one read
}

func (w *watched) ReadAt(p []byte, _ int64) (int, error) {
	if w.over.Load() {
		w.t.Error("read after the end")
	}
	w.most.Store(max(w.most.Load(), int64(len(p))))
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestAMessageIsReadInPartsAndNotAfterTheEnd(t *testing.T) {
	const size = 50 << 20
	ended := make(chan struct{})
	answers := map[string]http.HandlerFunc{
		"all of it read": func(w http.ResponseWriter, r *http.Request) {
			if n, _ := io.Copy(io.Discard, r.Body); n != size {
				t.Errorf("%d octets came", n)
			}
			io.WriteString(w, good)
		},
		"refused at once":  refuse(413, "too large"),
		"answered at once": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, good) },
		"never answered":   func(_ http.ResponseWriter, r *http.Request) { r.Body.Read(make([]byte, 1)); <-ended },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			patience := func(*Config) {}
			if name == "never answered" {
				patience = impatient
			}
			message := &watched{t: t}
			c := client(t, serve(t, answer).URL, patience)
			if name == "never answered" {
				defer close(ended)
			}
			_, err := c.Check(t.Context(), session, message, size)
			message.over.Store(true)
			known := name != "answered at once" // there the connection may break before the answer is seen
			if got, want := err == nil, name == "all of it read"; known && got != want {
				t.Errorf("error is %v", err)
			}
			if most := message.most.Load(); most > 1<<20 {
				t.Errorf("%d octets were read at once", most)
			}
		})
	}
}

func TestABrokenMessageIsNoVerdict(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("the whole message came")
		}
		io.WriteString(w, good)
	})
	if v, err := client(t, s.URL).Check(t.Context(), session, strings.NewReader(letter), int64(len(letter))+1); err == nil {
		t.Errorf("%+v", v)
	}
}

func TestWhatCanBeNoAddressIsRefused(t *testing.T) {
	for _, text := range []string{"", "127.0.0.1:11333", "ftp://127.0.0.1", "http://", "http://:11333", "http://u:p@127.0.0.1", "http://h/?a=b", "http://h/#f", "unix:", "unix:run/socket", "http://[::1", "\x00"} {
		if err := ParseAddress(text); err == nil {
			t.Errorf("%q is an address", text)
		}
		if _, err := New(Config{Address: text}); err == nil {
			t.Errorf("New takes %q", text)
		}
	}
	for _, text := range []string{"http://127.0.0.1:11333", "https://rspamd.example.test/behind/", "unix:/run/rspamd/worker.sock", "http://[::1]:11333"} {
		if err := ParseAddress(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
