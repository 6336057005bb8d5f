package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// relayPassword is the variable of the environment that may hold a relay's password: a command line can be read by every user of a machine.
const relayPassword = "POSTROOM_RELAY_PASSWORD"

// maxPassword is how long a relay's password may be, in octets.
const maxPassword = 1024

// parseRelay reads "smtp://user@host:587" (STARTTLS) or "smtps://user@host:465" (TLS from the first octet on).
func parseRelay(text string) (RelayConfig, error) {
	r := DefaultConfig().Relay
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return r, fmt.Errorf("%q is no relay: write one such as smtp://user@smtp.example.com:587", text)
	}
	switch u.Scheme {
	case "smtp":
	case "smtps":
		r.TLS, r.Port = "implicit", 465
	default:
		return r, fmt.Errorf("%q is no relay: it begins with smtp:// (STARTTLS) or smtps:// (TLS from the first octet on)", text)
	}
	if _, has := u.User.Password(); has {
		return r, fmt.Errorf("every user of this machine can read a command line: leave the password out of it, and give it with --relay-password-file or in %s", relayPassword)
	}
	if u.Port() != "" {
		if r.Port, err = strconv.Atoi(u.Port()); err != nil || r.Port < 1 || r.Port > 65535 {
			return r, fmt.Errorf("%q is no port", u.Port())
		}
	}
	r.Host, r.Username = strings.ToLower(u.Hostname()), u.User.Username()
	return r, nil
}

// relay is the one of the command line, with its password; without one, none.
func (c *setupCommand) relay(in io.Reader) (*RelayConfig, error) {
	if c.Relay == "" {
		return nil, nil
	}
	r, err := parseRelay(c.Relay)
	if err != nil || r.Username == "" {
		return &r, err
	}
	switch {
	case c.RelayPasswordFile == "-":
		r.Password, err = readPassword(in)
	case c.RelayPasswordFile != "":
		var file *os.File
		if file, err = os.Open(c.RelayPasswordFile); err == nil {
			r.Password, err = readPassword(file)
			file.Close()
		}
	default:
		r.Password = os.Getenv(relayPassword)
	}
	if err == nil && r.Password == "" {
		err = fmt.Errorf("give it with --relay-password-file, which may be - for the standard input, or in %s", relayPassword)
	}
	if err != nil {
		return nil, fmt.Errorf("the password of %s at the relay: %w", r.Username, err)
	}
	return &r, nil
}

// readPassword reads a line.
func readPassword(in io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(in, maxPassword+1))
	line, rest, _ := strings.Cut(string(raw), "\n")
	switch {
	case err != nil:
		return "", err
	case len(raw) > maxPassword || strings.TrimSpace(rest) != "":
		return "", errors.New("write it alone, on one line")
	}
	return strings.TrimSuffix(line, "\r"), nil
}
