package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/postroom/postroom/cmd/postroom/peers"
)

func TestARelaysPasswordComesFromAnywhereButTheCommandLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("of a file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(relayPassword, "of the environment")
	for name, c := range map[string]struct {
		url, file, in string
		want          RelayConfig
		fails         string
	}{
		"environment":     {"smtp://me@smtp.relay.net", "", "", RelayConfig{Host: "smtp.relay.net", Port: 587, Username: "me", Password: "of the environment", Mode: "only", TLS: "required"}, ""},
		"a file":          {"smtps://me%40shop.com@Relay.net", file, "", RelayConfig{Host: "relay.net", Port: 465, Username: "me@shop.com", Password: "of a file", Mode: "only", TLS: "implicit"}, ""},
		"standard input":  {"smtp://me@[2001:db8::1]:2525", "-", "typed\n", RelayConfig{Host: "2001:db8::1", Port: 2525, Username: "me", Password: "typed", Mode: "only", TLS: "required"}, ""},
		"no login":        {"smtp://relay.net", "", "", RelayConfig{Host: "relay.net", Port: 587, Mode: "only", TLS: "required"}, ""},
		"in the open":     {"smtp://me:secret@relay.net", "", "", RelayConfig{}, "leave the password out"},
		"no file":         {"smtp://me@relay.net", filepath.Join(file, "none"), "", RelayConfig{}, "password of me"},
		"several lines":   {"smtp://me@relay.net", "-", "one\ntwo\n", RelayConfig{}, "on one line"},
		"nothing":         {"smtp://me@relay.net", "-", "\n", RelayConfig{}, "--relay-password-file"},
		"endless":         {"smtp://me@relay.net", "-", strings.Repeat("x", 10_000), RelayConfig{}, "on one line"},
		"another scheme":  {"https://relay.net", "", "", RelayConfig{}, "is no relay"},
		"no host":         {"smtp://", "", "", RelayConfig{}, "is no relay"},
		"more behind it":  {"smtp://relay.net/x?y", "", "", RelayConfig{}, "is no relay"},
		"no port":         {"smtp://relay.net:0", "", "", RelayConfig{}, "is no port"},
		"a port too high": {"smtp://relay.net:99999", "", "", RelayConfig{}, "is no port"},
	} {
		got, err := (&setupCommand{Relay: c.url, RelayPasswordFile: c.file}).relay(strings.NewReader(c.in))
		switch {
		case c.fails == "" && (err != nil || *got != c.want):
			t.Errorf("%s: %+v, %v", name, got, err)
		case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPasswordIsNotShown(t *testing.T) {
	was, is := DefaultConfig(), DefaultConfig()
	is.Relay.Host, is.Relay.Password = "relay.net", "hush"
	if list := strings.Join(differences(was, is), "\n"); !strings.Contains(list, "relay.password is another one") || strings.Contains(list, "hush") {
		t.Error(list)
	}
}

func TestWhoListensIsNamed(t *testing.T) {
	for name, address := range map[string]string{"IPv4": "127.0.0.1:0", "IPv6": "[::1]:0"} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", address)
			if err != nil {
				peers.Absent(t, name+" on this machine's loopback ("+err.Error()+")")
			}
			defer ln.Close()
			port := uint16(ln.Addr().(*net.TCPAddr).Port)
			if by := whoListens(port); !strings.HasSuffix(by, " (process "+strconv.Itoa(os.Getpid())+")") {
				t.Errorf("%s: %q", ln.Addr(), by)
			}
			if s := (thisMachine{}).Port(t.Context(), ln.Addr().String()); !s.Taken || s.By == "" {
				t.Errorf("%+v", s)
			}
			ln.Close()
			if by := whoListens(port); by != "" {
				t.Errorf("nobody listens, but %q", by)
			}
		})
	}
}
