// Package smtpc is the sending side of SMTP: it opens a session with one server, over a connection that is handed to it,
// and gives it one message after the other (RFC 5321, with STARTTLS, PIPELINING, SIZE, 8BITMIME, SMTPUTF8, AUTH, enhanced
// status codes and REQUIRETLS).
//
// It knows no queue, no DNS and no store, and it decides nothing about trying again: a caller says where, as whom and
// what, and learns for each recipient which reply of which step decided its fate. Messages come as a reader of octets
// that are sent as they are, since they may be signed.
//
// Every wait has a deadline, every reply has bounds, and a Client starts no goroutine. One goroutine uses a Client at a
// time; only Close may be called by another.
package smtpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Config says how a session is opened. It is only read.
type Config struct {
	// Hostname is our own name in EHLO: a domain name or an address literal, never localhost.
	Hostname string

	TLS         TLSMode
	ImplicitTLS bool        // TLS begins with the first octet (RFC 8314, 3.3); not with Off
	ServerName  string      // the name that the certificate is checked against; Required needs it
	TLSConfig   *tls.Config // roots and the like; nil for the defaults

	Auth *Credentials // nil for none

	Timeouts Timeouts
}

// TLSMode says what is expected of TLS.
type TLSMode uint8

const (
	// Opportunistic uses TLS where it is offered, with whatever certificate; Client.Verified tells if it was a good one. A
	// handshake that fails is an error at StepStartTLS or StepTLS: the caller may connect again with Off (RFC 7435).
	Opportunistic TLSMode = iota
	// Required wants TLS and a certificate that is valid for ServerName. A TLSConfig with InsecureSkipVerify and its own
	// VerifyConnection replaces the check of the certificate: DANE is done that way.
	Required
	// Off never asks for TLS.
	Off
)

// Credentials are for a server that relays for us. They are sent only to a server whose certificate was verified.
type Credentials struct {
	Username string
	Password string `json:"-"`
	Insecure bool   // send them without TLS as well, and to a server whose certificate is not verified
}

// String never tells the password.
func (c Credentials) String() string { return fmt.Sprintf("credentials of %q", c.Username) }

// GoString never tells the password.
func (c Credentials) GoString() string { return c.String() }

// Timeouts are how long a step may take; what is 0 gets the default named with it. Those of Greeting, Hello, Mail, Rcpt,
// Data, Block and Final are the least that RFC 5321, 4.5.3.2 asks for. A reply must be there as a whole within its time.
type Timeouts struct {
	Connect  time.Duration // DefaultConnect; used by Dial
	TLS      time.Duration // DefaultTLS; the handshake
	Greeting time.Duration // DefaultGreeting
	Hello    time.Duration // DefaultHello; EHLO, HELO, STARTTLS and RSET
	Auth     time.Duration // DefaultAuth; each answer
	Mail     time.Duration // DefaultMail
	Rcpt     time.Duration // DefaultRcpt; each answer
	Data     time.Duration // DefaultData; the answer to DATA
	Block    time.Duration // DefaultBlock; no octet moves in a write: noticed after once to twice that time
	Final    time.Duration // DefaultFinal; the answer to the final dot: impatience here doubles messages
	Quit     time.Duration // DefaultQuit
	Message  time.Duration // DefaultMessage; a Send as a whole
}

// The defaults of Timeouts.
const (
	DefaultConnect  = 30 * time.Second
	DefaultTLS      = time.Minute
	DefaultGreeting = 5 * time.Minute
	DefaultHello    = 5 * time.Minute
	DefaultAuth     = 2 * time.Minute
	DefaultMail     = 5 * time.Minute
	DefaultRcpt     = 5 * time.Minute
	DefaultData     = 2 * time.Minute
	DefaultBlock    = 3 * time.Minute
	DefaultFinal    = 10 * time.Minute
	DefaultQuit     = 5 * time.Second
	DefaultMessage  = time.Hour
)

func (t Timeouts) orDefaults() Timeouts {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	set(&t.Connect, DefaultConnect)
	set(&t.TLS, DefaultTLS)
	set(&t.Greeting, DefaultGreeting)
	set(&t.Hello, DefaultHello)
	set(&t.Auth, DefaultAuth)
	set(&t.Mail, DefaultMail)
	set(&t.Rcpt, DefaultRcpt)
	set(&t.Data, DefaultData)
	set(&t.Block, DefaultBlock)
	set(&t.Final, DefaultFinal)
	set(&t.Quit, DefaultQuit)
	set(&t.Message, DefaultMessage)
	return t
}

// check fails for a Config that no session can be opened with.
func (cfg Config) check() error {
	switch {
	case !isHelloName(cfg.Hostname):
		return fmt.Errorf("%q is no name to say in EHLO", cfg.Hostname)
	case cfg.TLS > Off:
		return errors.New("an unknown TLS mode")
	case cfg.ImplicitTLS && cfg.TLS == Off:
		return errors.New("implicit TLS and no TLS exclude each other")
	case cfg.TLS == Required && cfg.ServerName == "":
		return errors.New("verified TLS needs a server name")
	case cfg.Auth != nil && (cfg.Auth.Username == "" || strings.ContainsRune(cfg.Auth.Username+cfg.Auth.Password, 0)):
		return errors.New("credentials need a user name, and may hold no NUL")
	}
	return nil
}

// Connect opens a session over conn, a fresh connection: greeting, EHLO (or HELO), STARTTLS and AUTH as cfg wants them.
// ctx ends it at once; the Client does not depend on it afterwards. The error is an *Error, and conn is then closed.
func Connect(ctx context.Context, conn net.Conn, cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		conn.Close()
		return nil, &Error{Step: StepConnect, Err: err, Local: true}
	}
	c := newClient(conn, cfg)
	release := c.guard(ctx)
	err := c.open(ctx)
	if err != nil {
		c.quit() // where there is still a session: a server that refused waits for it (RFC 5321, 3.1)
	}
	cause := release()
	if err == nil && cause != nil {
		err = &Error{Step: StepConnect}
	}
	if err = because(err, cause); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// DialFunc is what net.Dialer.DialContext is.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// From dials from the local address, the zero one for the system's choice.
func From(local netip.Addr) DialFunc {
	var d net.Dialer
	if local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	return d.DialContext
}

// Dial connects to a TCP address (host and port) within Timeouts.Connect, and opens a session as Connect does.
func Dial(ctx context.Context, dial DialFunc, address string, cfg Config) (*Client, error) {
	dialing, cancel := context.WithTimeout(ctx, cfg.Timeouts.orDefaults().Connect)
	conn, err := dial(dialing, "tcp", address)
	cancel()
	if err != nil {
		return nil, &Error{Step: StepConnect, Err: err}
	}
	return Connect(ctx, conn, cfg)
}
