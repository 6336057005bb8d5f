// Package rspamd asks an rspamd what it thinks of a message, over its HTTP protocol (POST /checkv2).
//
// What it thinks is a value: an action, a score and the symbols that it is made of. That it could not be asked, or did not
// answer in time or with sense, is an error that says nothing of the message. The package knows no store and no SMTP, and
// decides nothing. The octets of a message are read where they lie, and never held as a whole.
package rspamd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// DefaultTimeout is what a Config holds where it says nothing. rspamd gives itself 8 seconds for a message unless it is told
// otherwise.
const DefaultTimeout = 15 * time.Second

// Bounds that nobody needs to change.
const (
	MaxRecipients = 100     // of a message that rspamd is told of; the first ones
	maxAnswer     = 1 << 20 // octets of an answer
	maxHeader     = 64 << 10
	maxValue      = 512 // octets of a field of a question
	maxRefusal    = 1 << 10

	maxConnections = 100 // at one time; more messages wait for their turn
	maxIdle        = 10  // connections kept open
	idleTime       = 30 * time.Second
)

// Config is what the operator decides. Zero fields but Address get the defaults above.
type Config struct {
	Address  string // "http://127.0.0.1:11333", "https://…", or "unix:/run/rspamd/worker.sock"; of a normal worker, a proxy or a controller
	Password string // which a controller may want; "" is none
	Hostname string // of this server

	Timeout time.Duration // for a message, with waiting for a turn and the answer
}

// Client asks one rspamd. Its methods may be called concurrently; goroutines of a question end with it, and those of idle
// connections with Close.
type Client struct {
	url      string
	password string
	hostname string
	timeout  time.Duration
	http     *http.Client
}

// New makes a client. It starts nothing and asks nobody. The error is that of an address that is none.
func New(c Config) (*Client, error) {
	base, socket, err := parseAddress(c.Address)
	if err != nil {
		return nil, err
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	transport := &http.Transport{ // no proxy of the environment: mail goes nowhere else
		DialContext:            (&net.Dialer{}).DialContext,
		MaxConnsPerHost:        maxConnections,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // an answer has the size that it says
	}
	if socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{url: base + "/checkv2", password: clean(c.Password), hostname: c.Hostname, timeout: c.Timeout, http: &http.Client{Transport: transport, CheckRedirect: stay}}, nil
}

// ParseAddress tells whether an address can be one. The error says what to write.
func ParseAddress(text string) error {
	_, _, err := parseAddress(text)
	return err
}

func parseAddress(text string) (base, socket string, err error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if !filepath.IsAbs(path) {
			return "", "", fmt.Errorf(`%q is no socket: write its whole path, such as "unix:/run/rspamd/worker.sock"`, text)
		}
		return "http://localhost", path, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", fmt.Errorf(`%q is no address of an rspamd: write one such as "http://127.0.0.1:11333" or "unix:/run/rspamd/worker.sock"`, text)
	}
	return strings.TrimRight(u.String(), "/"), "", nil
}

// Close ends idle connections. Questions that run go on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Session is what is known of the SMTP transaction. What is not known stays empty.
type Session struct {
	IP         netip.Addr // of the client
	HELO       string
	Name       string // of the client, that leads back to its address
	Sender     string // the reverse-path, "" for the null one
	Recipients []string
	ID         string // of the transaction, for rspamd's log
	TLS        string // version and cipher, the cipher last; "" without
}

// Check asks about a message of size octets. An error is no verdict: rspamd did not answer, not in time, or not with sense.
// The message is not read any more when Check returns.
func (c *Client) Check(ctx context.Context, s Session, message io.ReaderAt, size int64) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	source := &source{message: message}
	defer source.end()
	req, err := c.question(ctx, s, source, size)
	if err != nil {
		return Verdict{}, fmt.Errorf("ask rspamd: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Verdict{}, fmt.Errorf("ask rspamd: %w", withoutURL(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, maxRefusal)) // what there is of it
		return Verdict{}, fmt.Errorf("ask rspamd: it answered %d: %s", res.StatusCode, shown(string(text), maxRefusal))
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return Verdict{}, fmt.Errorf("read rspamd's answer: %w", err)
	case len(answer) > maxAnswer:
		return Verdict{}, fmt.Errorf("read rspamd's answer: it has more than %d octets", maxAnswer)
	}
	return parseAnswer(answer)
}

// question is the request. A connection that rspamd has closed meanwhile is no reason not to ask: the question changes
// nothing and may be put again.
func (c *Client) question(ctx context.Context, s Session, message io.ReaderAt, size int64) (*http.Request, error) {
	open := func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(message, 0, size)), nil }
	body, _ := open()
	if size == 0 {
		body = http.NoBody // else the length would not be known
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength, req.GetBody = size, open
	h := req.Header
	h["Idempotency-Key"] = nil // not sent; it says that the request may be repeated
	set := func(name, value string) {
		if value = clean(value); value != "" {
			h.Set(name, value)
		}
	}
	if ip := s.IP.Unmap().WithZone(""); ip.IsValid() {
		set("IP", ip.String())
	}
	set("Helo", s.HELO)
	set("Hostname", s.Name)
	set("From", address(s.Sender))
	for _, r := range s.Recipients[:min(len(s.Recipients), MaxRecipients)] {
		if told := address(r); told != "" {
			h.Add("Rcpt", told)
		}
	}
	if len(s.Recipients) == 1 {
		set("Deliver-To", address(s.Recipients[0]))
	}
	set("Queue-Id", s.ID)
	set("MTA-Name", c.hostname)
	set("MTA-Tag", "postroom")
	if last := strings.LastIndexByte(s.TLS, ' '); last > 0 {
		set("TLS-Version", s.TLS[:last])
		set("TLS-Cipher", s.TLS[last+1:])
	}
	set("Password", c.password)
	return req, nil
}

// clean makes a field's value of what a client said: without control characters, which HTTP does not allow, and bounded.
// Nobody gets past rspamd by a name that cannot be written.
func clean(value string) string {
	kept := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, value[:min(len(value), maxValue)])
	return strings.TrimSpace(kept)
}

// address is an address as rspamd wants it, "" if it cannot take it: one beyond ASCII (RFC 6531), or one without a domain as
// that of the postmaster (RFC 5321, 4.1.1.3), would cost the message a high score.
func address(text string) string {
	if text != "" && !strings.Contains(text, "@") || strings.ContainsFunc(text, func(c rune) bool { return c > '~' }) {
		return ""
	}
	return "<" + clean(text) + ">"
}

// withoutURL takes the address out of an error of net/http: the operator knows it.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// source is a message that can be taken away: net/http may go on reading a body after it has answered.
type source struct {
	message io.ReaderAt

	mu   sync.RWMutex
	over bool
}

// ReadAt reads until the end of the question.
func (s *source) ReadAt(p []byte, at int64) (int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.over {
		return 0, errors.New("the question is over")
	}
	return s.message.ReadAt(p, at)
}

// end waits for a read that runs; the message is not read any more.
func (s *source) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}
