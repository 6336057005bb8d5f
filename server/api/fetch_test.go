package api

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/outbound"
)

var nearby = outbound.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// files is a server that attachments are fetched from.
func files(t *testing.T) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/report.pdf", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("%PDF-1.4 fetched")) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/report.pdf", http.StatusFound) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "99999999")
		w.Write(make([]byte, 1000))
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for block := make([]byte, 64<<10); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).Flush() // so that its length is not told
		w.Write([]byte("short"))
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/halting", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("half"))
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s := httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s, s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
}

func TestAttachmentsAreFetched(t *testing.T) {
	from, roots := files(t)
	w := newWorld(t, Config{MaxMessageBytes: 1 << 20, Outbound: nearby, OutboundRoots: roots})
	m := w.send(w.a, `{"to":"ann@x.example","text":"x","attachments":[{"filename":"a.txt","content":"aGk="},{"filename":"r.pdf","url":"`+from.URL+`/report.pdf"}]}`)
	if _, raw := w.queued(w.a, m.ID); !strings.Contains(raw, base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 fetched"))) || !strings.Contains(raw, "r.pdf") {
		t.Errorf("sent %s", raw)
	}
	var d messageObject
	w.must(201, "POST", "/v1/inboxes/"+w.a.inbox+"/drafts", w.a.key, `{"text":"x","attachments":[{"filename":"r.pdf","url":"`+from.URL+`/report.pdf"}]}`, &d)
	if len(d.Attachments) != 1 || d.Attachments[0].Size != 16 {
		t.Errorf("drafted %+v", d.Attachments)
	}
	for path, want := range map[string]string{"/moved": "302", "/none": "404", "/large": "larger", "/endless": "larger"} {
		a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example","attachments":[{"filename":"r","url":"`+from.URL+path+`"}]}`)
		if p := a.problem(t); a.status != 400 || p.Code != notFetched || p.Errors[0].Path != "body.attachments[0].url" || !strings.Contains(p.Errors[0].Message, want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if w.api.room.used != 0 {
		t.Errorf("%d octets were not given back", w.api.room.used)
	}
}

func TestNothingIsFetchedFromPrivateAddresses(t *testing.T) {
	from, roots := files(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(from.URL, "https://"), ":")
	w := newWorld(t, Config{OutboundRoots: roots})
	for _, target := range []string{from.URL + "/report.pdf", "https://localhost:" + port + "/report.pdf", "https://[::ffff:127.0.0.1]:" + port + "/", "https://169.254.169.254/latest/", "http://example.com/", "file:///etc/passwd", "https://user@/", "x"} {
		a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example","attachments":[{"filename":"r","url":"`+target+`"}]}`)
		if p := a.problem(t); a.status != 400 || len(p.Errors) != 1 || p.Errors[0].Path != "body.attachments[0].url" || strings.Contains(a.body, "refused") {
			t.Errorf("%s: %d %s", target, a.status, a.body)
		}
	}
}

func TestWhatDoesNotTellItsLengthTakesNoMoreRoomThanItHas(t *testing.T) {
	from, roots := files(t)
	w := newWorld(t, Config{Outbound: nearby, OutboundRoots: roots})
	short := `{"filename":"a.txt","url":"` + from.URL + `/short"}`
	body := `{"to":"ann@x.example","text":"x","attachments":[` + strings.Join(slices.Repeat([]string{short}, MaxFetched), ",") + `]}`
	w.must(202, "POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, body, nil)
	if w.api.room.used != 0 {
		t.Errorf("%d octets were not given back", w.api.room.used)
	}
	give, err := w.api.room.take(mailstore.WorkspaceID(w.a.id), MaxWorkspaceLargeBodies)
	if err != nil {
		t.Fatal(err)
	}
	defer give()
	if a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, body); a.status != 429 {
		t.Errorf("without room: %d %s", a.status, a.body)
	}
}

func TestNoMoreIsFetchedThanMayBe(t *testing.T) {
	from, roots := files(t)
	w := newWorld(t, Config{Outbound: nearby, OutboundRoots: roots})
	one := `{"filename":"r.pdf","url":"` + from.URL + `/silent"}` // would be waited for
	a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example","attachments":[`+strings.Join(slices.Repeat([]string{one}, MaxFetched+1), ",")+`]}`)
	if p := a.problem(t); a.status != 400 || len(p.Errors) != 1 || p.Errors[0].Path != fmt.Sprintf("body.attachments[%d].url", MaxFetched) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestWhatDoesNotComeInTimeIsNotWaitedFor(t *testing.T) {
	from, roots := files(t)
	w := newWorld(t, Config{Outbound: nearby, OutboundRoots: roots, FetchTimeout: 100 * time.Millisecond})
	for _, path := range []string{"/silent", "/halting"} {
		a := w.do("POST", "/v1/inboxes/"+w.a.inbox+"/messages", w.a.key, `{"to":"ann@x.example","attachments":[{"filename":"r","url":"`+from.URL+path+`"}]}`)
		if p := a.problem(t); a.status != 400 || p.Code != notFetched || !strings.Contains(p.Errors[0].Message, "did not come within") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if w.api.room.used != 0 {
		t.Errorf("%d octets were not given back", w.api.room.used)
	}
	if d := (Config{}).withDefaults().FetchTimeout; d != FetchTimeout {
		t.Errorf("unless told, %s", d)
	}
}
