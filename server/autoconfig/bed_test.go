package autoconfig

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ownHost is the name of the server of the tests; example.com and xn--mller-kva.example are verified there, broken.example
// cannot be looked up, and nopolicy.example has no policy.
const ownHost = "mail.postroom.example"

var errBroken = errors.New("the directory is closed")

func testConfig() Config {
	return Config{
		Hosts: []string{ownHost, "autoconfig.postroom.example"},
		Name:  "Post & Room",
		Settings: Settings{
			IMAP: []Server{{ownHost, 993, Implicit}, {ownHost, 143, StartTLS}},
			SMTP: []Server{{ownHost, 465, Implicit}, {ownHost, 587, StartTLS}},
		},
		Domain: func(_ context.Context, name string) (bool, error) {
			switch name {
			case "example.com", "xn--mller-kva.example", "nopolicy.example":
				return true, nil
			case "broken.example":
				return false, errBroken
			}
			return false, nil
		},
		Policy: func(_ context.Context, domain string) (Policy, error) {
			if domain == "nopolicy.example" {
				return Policy{}, nil
			}
			return Policy{Mode: Testing, MX: []string{ownHost, "*.mx.postroom.example"}, MaxAge: 7 * 24 * time.Hour}, nil
		},
		Clock: func() time.Time { return time.Date(2026, 11, 24, 16, 2, 3, 0, time.UTC) },
		Log:   slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func testHandler(t testing.TB) *Handler {
	t.Helper()
	h, err := New(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends one request over TLS, without a network. target is "host/path".
func ask(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	host, path, _ := strings.Cut(target, "/")
	r := httptest.NewRequest(method, "https://x/"+path, strings.NewReader(body))
	r.Host = host
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// question is a request of Outlook's for an address.
func question(address string) string {
	return `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>` +
		address + `</EMailAddress><AcceptableResponseSchema>` + outlookSchema + `</AcceptableResponseSchema></Request></Autodiscover>`
}
