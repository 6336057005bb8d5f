package peers

import (
	"bufio"
	"io"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"time"
)

// from opens a connection out of one address of the loopback network.
func from(t *testing.T, source, to string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}, Timeout: patience}
	c, err := d.DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// One source that opens connections by the thousand and says nothing, or half a request, takes no place from others.
func TestThousandsOfHalfOpenConnectionsLeaveRoomForOthers(t *testing.T) {
	s := start(t, t.TempDir())
	web := strings.TrimPrefix(s.HTTP, "http://")
	welcomed, refused := 0, 0
	for range 1500 {
		line, _ := bufio.NewReader(from(t, "127.0.0.1", s.SMTP)).ReadString('\n')
		switch {
		case strings.HasPrefix(line, "220 "):
			welcomed++
		case strings.HasPrefix(line, "421 "):
			refused++
		default:
			t.Fatalf("greeted with %q", line)
		}
	}
	if welcomed > 50 || welcomed+refused != 1500 {
		t.Errorf("%d welcomed, %d refused", welcomed, refused)
	}
	for range 1500 {
		if _, err := io.WriteString(from(t, "127.0.0.1", web), "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Half: "); err != nil {
			t.Fatal(err)
		}
	}
	c, err := smtp.NewClient(from(t, "127.0.0.2", s.SMTP), "localhost")
	if err != nil {
		t.Fatal(err)
	}
	if err := transaction(c, s.Inbox.Address, "Subject: still here\r\n\r\nx\r\n"); err != nil {
		t.Fatal(err)
	}
	if m := s.message(s.waitFor(1)[0]); m.Subject != "still here" {
		t.Errorf("%+v", m)
	}
}
