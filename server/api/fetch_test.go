package api

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/postroom/postroom/server/outbound"
)

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
	s := httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s, s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
}

func TestAttachmentsAreFetched(t *testing.T) {
	from, roots := files(t)
	w := newWorld(t, Config{MaxMessageBytes: 1 << 20, Outbound: outbound.Policy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, OutboundRoots: roots})
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
