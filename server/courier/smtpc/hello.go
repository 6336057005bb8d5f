package smtpc

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Extensions is what a server offers (RFC 5321, 4.1.1.1).
type Extensions struct {
	Name         string // what the server calls itself
	Pipelining   bool
	EightBitMIME bool
	UTF8         bool // SMTPUTF8
	StartTLS     bool
	RequireTLS   bool
	Status       bool // ENHANCEDSTATUSCODES
	Size         bool
	MaxSize      int64    // the largest message in octets; 0 if there is no limit, or none was told
	Auth         []string // mechanisms, in upper case
}

// maxMechanisms is how many mechanisms of AUTH are kept.
const maxMechanisms = 32

// open goes from the first octet to a session that takes messages.
func (c *Client) open(ctx context.Context) error {
	if c.cfg.ImplicitTLS {
		if err := c.handshake(ctx); err != nil {
			return err
		}
	}
	r, err := c.reply(StepGreeting, c.timeouts.Greeting, nil)
	if err := c.wants(StepGreeting, 2, r, err); err != nil {
		return err
	}
	c.greeting = r
	if err := c.hello(); err != nil {
		return err
	}
	if !c.cfg.ImplicitTLS && c.cfg.TLS != Off {
		if err := c.startTLS(ctx); err != nil {
			return err
		}
	}
	if c.cfg.Auth != nil {
		return c.auth(c.cfg.Auth)
	}
	return nil
}

// wants passes a reply of the wanted class. One that refuses is an error with the reply; another is junk, which closes.
func (c *Client) wants(step Step, class int, r Reply, err error) error {
	switch {
	case err != nil:
		return err
	case r.Code/100 == class:
		return nil
	case r.Temporary() || r.Permanent():
		return &Error{Step: step, Reply: &r}
	}
	c.Close()
	return &Error{Step: step, Reply: &r, Err: ErrUnexpected}
}

// hello says EHLO, or HELO to a server that does not know it (RFC 5321, 3.2).
func (c *Client) hello() error {
	var x Extensions
	first := true
	r, err := c.askFor(StepHello, c.timeouts.Hello, "EHLO "+c.cfg.Hostname, func(line []byte) {
		if first {
			x.Name, first = peerName(line), false
			return
		}
		x.add(string(line))
	})
	if err == nil && r.Permanent() {
		x = Extensions{}
		r, err = c.askFor(StepHello, c.timeouts.Hello, "HELO "+c.cfg.Hostname, func(line []byte) {
			if x.Name == "" {
				x.Name = peerName(line)
			}
		})
	}
	if err := c.wants(StepHello, 2, r, err); err != nil {
		return err
	}
	c.extensions = x
	return nil
}

// peerName is the first word of the first line.
func peerName(line []byte) string {
	name, _, _ := strings.Cut(strings.TrimSpace(string(appendPrintable(nil, line))), " ")
	return name
}

// add reads a line of EHLO: a keyword and its parameters.
func (x *Extensions) add(line string) {
	keyword, params, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch keyword = strings.ToUpper(keyword); keyword {
	case "PIPELINING":
		x.Pipelining = true
	case "8BITMIME":
		x.EightBitMIME = true
	case "SMTPUTF8":
		x.UTF8 = true
	case "STARTTLS":
		x.StartTLS = true
	case "REQUIRETLS":
		x.RequireTLS = true
	case "ENHANCEDSTATUSCODES":
		x.Status = true
	case "SIZE":
		x.Size = true
		if n, err := strconv.ParseUint(strings.TrimSpace(params), 10, 63); err == nil {
			x.MaxSize = int64(n)
		}
	case "AUTH":
		x.addMechanisms(params)
	default: // the form of before RFC 2554
		if rest, ok := strings.CutPrefix(keyword, "AUTH="); ok {
			x.addMechanisms(rest + " " + params)
		}
	}
}

func (x *Extensions) addMechanisms(params string) {
	for m := range strings.FieldsSeq(strings.ToUpper(params)) {
		if len(x.Auth) < maxMechanisms && !slices.Contains(x.Auth, m) {
			x.Auth = append(x.Auth, m)
		}
	}
}

// startTLS goes over to TLS (RFC 3207). A server that offers it and then refuses is gone on with in the clear if TLS is
// opportunistic.
func (c *Client) startTLS(ctx context.Context) error {
	required := c.cfg.TLS == Required
	if !c.extensions.StartTLS {
		if required {
			return &Error{Step: StepStartTLS, Err: ErrNoTLS}
		}
		return nil
	}
	r, err := c.ask(StepStartTLS, c.timeouts.Hello, "STARTTLS")
	if err := c.wants(StepStartTLS, 2, r, err); err != nil {
		if !required && !c.closed.Load() {
			return nil
		}
		return err
	}
	if c.in.Buffered() > 0 {
		return c.failed(StepStartTLS, ErrInjected)
	}
	if err := c.handshake(ctx); err != nil {
		return err
	}
	return c.hello() // what was known before is forgotten (RFC 3207, 4.2)
}

// handshake puts TLS above the wire. What was read before is not part of it: in is empty.
func (c *Client) handshake(ctx context.Context) error {
	conn := tls.Client(c.wire, c.tlsConfig())
	c.wire.expect(c.timeouts.TLS)
	c.wire.block = c.timeouts.TLS
	err := conn.HandshakeContext(ctx)
	c.wire.block = c.timeouts.Block
	if err != nil {
		return c.failed(StepTLS, fmt.Errorf("handshake: %w", err))
	}
	state := conn.ConnectionState()
	c.stream, c.tls = conn, &state
	c.verified = c.verified || c.cfg.TLS == Required
	c.in = bufio.NewReaderSize(conn, maxReplyLine)
	return nil
}

// tlsConfig is the caller's, made to check the certificate as the mode says.
func (c *Client) tlsConfig() *tls.Config {
	cfg := &tls.Config{}
	if c.cfg.TLSConfig != nil {
		cfg = c.cfg.TLSConfig.Clone()
	}
	cfg.ServerName = strings.TrimSuffix(c.cfg.ServerName, ".")
	own := cfg.VerifyConnection
	if c.cfg.TLS == Required {
		cfg.InsecureSkipVerify = cfg.InsecureSkipVerify && own != nil
		return cfg
	}
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = func(s tls.ConnectionState) error {
		c.verified = verify(cfg, s)
		if own != nil {
			return own(s)
		}
		return nil
	}
	return cfg
}

// verify tells whether the certificate would have passed.
func verify(cfg *tls.Config, s tls.ConnectionState) bool {
	if cfg.ServerName == "" || len(s.PeerCertificates) == 0 {
		return false
	}
	o := x509.VerifyOptions{Roots: cfg.RootCAs, DNSName: cfg.ServerName, Intermediates: x509.NewCertPool()}
	if cfg.Time != nil {
		o.CurrentTime = cfg.Time()
	}
	for _, cert := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(cert)
	}
	_, err := s.PeerCertificates[0].Verify(o)
	return err == nil
}
