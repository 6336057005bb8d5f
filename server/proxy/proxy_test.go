package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// The proxy of the tests is at 127.0.0.1, others are at 127.0.0.2.
var trusted = Trusted{netip.MustParsePrefix("127.0.0.1/32")}

// listen is a listener behind the proxy, closed at the end of the test.
func listen(t *testing.T) *Listener {
	t.Helper()
	inner, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := NewListener(inner, trusted, slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(func() { l.Close() })
	return l
}

// dial connects from an address of this machine and sends what begins the connection.
func dial(t *testing.T, l net.Listener, from string, begin []byte) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := d.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write(begin); err != nil {
		t.Fatal(err)
	}
	return conn
}

func header(t *testing.T, version byte, client string) []byte {
	t.Helper()
	from := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(client))
	to := &net.TCPAddr{IP: net.ParseIP("192.0.2.25"), Port: 25}
	if from.IP.To4() == nil {
		to.IP = net.ParseIP("2001:db8::25")
	}
	text, err := proxyproto.HeaderProxyFromAddrs(version, from, to).Format()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestTheClientsAddressIsThatOfTheHeader(t *testing.T) {
	for _, client := range []string{"198.51.100.7:4321", "[2001:db8::7]:4321"} {
		for _, version := range []byte{1, 2} {
			l := listen(t)
			dial(t, l, "127.0.0.1", append(header(t, version, client), "EHLO x\r\n"...))
			conn := accept(t, l)
			if conn.RemoteAddr().String() != client {
				t.Errorf("version %d: client is %v, want %s", version, conn.RemoteAddr(), client)
			}
			if line, err := bufio.NewReader(conn).ReadString('\n'); line != "EHLO x\r\n" {
				t.Errorf("version %d: read %q, error %v", version, line, err)
			}
			if _, ok := conn.(syscall.Conn); !ok {
				t.Error("the connection cannot be asked what waits in it")
			}
		}
	}
}

// A proxy speaks for itself, or for a client that it does not know: the connection's own address is what there is.
func TestAProxyThatNamesNoClientIsTheClient(t *testing.T) {
	for name, begin := range map[string]string{
		"LOCAL":             "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00",
		"LOCAL, address":    "\r\n\r\n\x00\r\nQUIT\n\x20\x11\x00\x0c\xc6\x33\x64\x07\xc0\x00\x02\x19\x00\x01\x00\x19",
		"UNKNOWN":           "PROXY UNKNOWN\r\n",
		"UNKNOWN, address":  "PROXY UNKNOWN ffff:f::1 ffff:f::2 65535 65535\r\n",
		"UNKNOWN, nonsense": "PROXY UNKNOWN  what\x00ever\r\n",
	} {
		l := listen(t)
		dial(t, l, "127.0.0.1", []byte(begin+"EHLO x\r\n"))
		conn := accept(t, l)
		if !strings.HasPrefix(conn.RemoteAddr().String(), "127.0.0.1:") {
			t.Errorf("%s: client is %v", name, conn.RemoteAddr())
		}
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != "EHLO x\r\n" {
			t.Errorf("%s: read %q, error %v", name, line, err)
		}
	}
}

// What a proxy adds to the addresses is passed over (version 2, 2.2).
func TestAHeaderMayHaveMoreThanAddresses(t *testing.T) {
	l := listen(t)
	more := "\x20\x00\x08\x07\x00\x00\x00\x00x\x00\x00\x02\x00\x03abc" // PP2_TYPE_SSL, PP2_TYPE_AUTHORITY
	dial(t, l, "127.0.0.1", []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00"+string(rune(12+len(more)))+"\xc6\x33\x64\x07\xc0\x00\x02\x19\x00\x01\x00\x19"+more+"EHLO x\r\n"))
	conn := accept(t, l)
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != "EHLO x\r\n" || conn.RemoteAddr().String() != "198.51.100.7:1" {
		t.Errorf("%v: read %q, error %v", conn.RemoteAddr(), line, err)
	}
}

func TestAListedProxyMustSendAHeader(t *testing.T) {
	for name, begin := range map[string]string{
		"no header":      "EHLO mail.example.com\r\n",
		"no family":      "\r\n\r\n\x00\r\nQUIT\n\x21\x00\x00\x00",
		"datagrams":      "\r\n\r\n\x00\r\nQUIT\n\x21\x12\x00\x0c\xc6\x33\x64\x07\xc0\x00\x02\x19\x00\x01\x00\x19",
		"no address":     "PROXY TCP4 198.51.100.7 192.0.2.25 0\r\n",
		"nobody":         "PROXY TCP4 0.0.0.0 192.0.2.25 1 25\r\n",
		"endless":        "PROXY TCP4 " + strings.Repeat("1", 5000),
		"version 3":      "\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c............",
		"long version 2": "\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff" + strings.Repeat("x", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t)
			bad := dial(t, l, "127.0.0.1", []byte(begin))
			good := dial(t, l, "127.0.0.1", header(t, 2, "198.51.100.7:1"))
			_ = good
			if conn := accept(t, l); conn.RemoteAddr().String() != "198.51.100.7:1" {
				t.Errorf("accepted %v", conn.RemoteAddr())
			}
			gone(t, bad)
		})
	}
}

// gone waits for the other end to close.
func gone(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d octets, error %v", n, err)
	}
}

func TestAHeaderOfAStrangerIsNone(t *testing.T) {
	for _, version := range []byte{1, 2} {
		l := listen(t)
		client := dial(t, l, "127.0.0.2", header(t, version, "198.51.100.7:4321"))
		conn := accept(t, l)
		if !strings.HasPrefix(conn.RemoteAddr().String(), "127.0.0.2:") {
			t.Fatalf("client is %v", conn.RemoteAddr())
		}
		if text, err := io.ReadAll(struct{ io.Reader }{conn}); len(text) > 0 && version == 1 && strings.Contains(string(text), "198") || !errors.Is(err, errForgedHeader) {
			t.Errorf("version %d: read %q, error %v", version, text, err)
		}
		gone(t, client)
	}
}

func TestAStrangerIsReadAsItIs(t *testing.T) {
	for _, text := range []string{"EHLO x\r\n", "PROX", "PROXYING is no header\r\n", "\r\n\r\nGET", "P", ""} {
		l := listen(t)
		client := dial(t, l, "127.0.0.2", nil)
		conn := accept(t, l)
		go func() {
			for _, b := range []byte(text) { // octet by octet
				client.Write([]byte{b})
			}
			client.(*net.TCPConn).CloseWrite()
		}()
		var got strings.Builder
		if _, err := io.Copy(&got, conn); err != nil || got.String() != text {
			t.Errorf("read %q, error %v, want %q", got.String(), err, text)
		}
	}
}

func TestASlowProxyHoldsUpNobodyAndIsCutOffAtTheEnd(t *testing.T) {
	l := listen(t)
	slow := dial(t, l, "127.0.0.1", []byte("PROX"))
	dial(t, l, "127.0.0.2", nil)
	accept(t, l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	gone(t, slow)
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v", err)
	}
}

func TestForwardedAddressesAreBelievedFromListedProxiesOnly(t *testing.T) {
	proxies := Trusted{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		from, forwarded string
		want            string // RemoteAddr; "": 400
	}{
		{"127.0.0.1:5", "198.51.100.7", "198.51.100.7:0"},
		{"[::ffff:127.0.0.1]:5", "198.51.100.7", "198.51.100.7:0"},
		{"127.0.0.1:5", "203.0.113.9, 198.51.100.7", "198.51.100.7:0"},
		{"127.0.0.1:5", "203.0.113.9, 198.51.100.7, 10.1.2.3", "198.51.100.7:0"},
		{"127.0.0.1:5", "10.9.9.9, 10.1.2.3", "10.9.9.9:0"},
		{"127.0.0.1:5", "2001:db8::7", "[2001:db8::7]:0"},
		{"127.0.0.1:5", "[2001:db8::7]:443", "[2001:db8::7]:0"},
		{"127.0.0.1:5", "198.51.100.7:1234", "198.51.100.7:0"},
		{"127.0.0.1:5", "::ffff:198.51.100.7", "198.51.100.7:0"},
		{"127.0.0.1:5", "nonsense, 198.51.100.7", "198.51.100.7:0"},
		{"127.0.0.1:5", "198.51.100.7, nonsense", ""},
		{"127.0.0.1:5", "", ""},
		{"127.0.0.1:5", strings.Repeat("10.0.0.1,", 100) + "10.0.0.1", ""},
		{"127.0.0.1:5", "none", "127.0.0.1:5"},
		{"192.0.2.1:5", "198.51.100.7", "192.0.2.1:5"},
		{"@", "198.51.100.7", "@"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.from
		r.Header.Set("X-Forwarded-Proto", "https")
		if c.forwarded != "none" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if c.forwarded == "none" {
			r.Header.Del("X-Forwarded-For")
		}
		if c.forwarded == "nonsense, 198.51.100.7" {
			r.Header["X-Forwarded-For"] = []string{"nonsense", "198.51.100.7"}
		}
		got, kept := "", ""
		w := httptest.NewRecorder()
		Forwarded(proxies, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, kept = r.RemoteAddr, r.Header.Get("X-Forwarded-Proto")
		})).ServeHTTP(w, r)
		if got != c.want || (w.Code == http.StatusBadRequest) != (c.want == "") {
			t.Errorf("%s with %q: %q and %d, want %q", c.from, c.forwarded, got, w.Code, c.want)
		}
		if (kept == "") != (c.want == c.from && c.forwarded != "none" || c.want == "") {
			t.Errorf("%s with %q: the protocol is %q", c.from, c.forwarded, kept)
		}
	}
}

func FuzzForwarded(f *testing.F) {
	for _, text := range []string{"198.51.100.7", "a, b", "[::1]:5", ",", "10.0.0.1, 10.0.0.2", "::ffff:1.2.3.4%eth0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		client, ok := clientOf(trusted, []string{text})
		if ok != client.IsValid() || client.Is4In6() || client.Zone() != "" {
			t.Errorf("%q: %v, %v", text, client, ok)
		}
	})
}

func FuzzHeaderOctets(f *testing.F) {
	for _, text := range []string{"PROXY TCP4 198.51.100.7 192.0.2.25 1 25\r\nEHLO x\r\n", "PROXY UNKNOWN\r\n", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc6\x33\x64\x07\xc0\x00\x02\x19\x00\x01\x00\x19EHLO", "EHLO mail.example.com\r\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		text, err := headerOctets(r)
		if err != nil {
			return
		}
		if len(text) > maxHeader || !bytes.Equal(text, data[:len(text)]) || r.Len() != len(data)-len(text) {
			t.Errorf("%q: read %q, %d octets are left", data, text, r.Len())
		}
		_, _ = proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(text), maxHeader)) // must not panic
	})
}
