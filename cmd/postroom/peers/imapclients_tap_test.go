package peers

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// imapTap shows what clients and server said, for the search of a failure. COMPRESS is hidden from clients then.
var imapTap = flag.String("imaptap", "", "write the conversations of the client tests into this directory, without TLS")

// tap stands between clients and a server and writes each connection into a file.
type tap struct {
	t         testing.TB
	near, far *tls.Config
	dir       string

	mu          sync.Mutex
	connections int
}

// tapped is the same account, reached through a tap if there is to be one.
func tapped(t testing.TB, at imapTarget) imapTarget {
	t.Helper()
	if *imapTap == "" {
		return at
	}
	certificate, key, err := dovecotCertificate()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{t: t, near: &tls.Config{Certificates: []tls.Certificate{pair}}, far: clientTLS(t, at), dir: filepath.Join(*imapTap, strings.ReplaceAll(t.Name(), "/", "_"))}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	at.CA = filepath.Join(t.TempDir(), "tap.pem")
	if err := os.WriteFile(at.CA, certificate, 0o644); err != nil {
		t.Fatal(err)
	}
	at.Port, at.TLSPort = p.listen(at.Port, false), p.listen(at.TLSPort, true)
	return at
}

func (p *tap) listen(port string, secure bool) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go p.relay(near, port, secure)
		}
	}()
	_, own, _ := net.SplitHostPort(l.Addr().String())
	return own
}

// tapSide is one end of a connection, read line by line, literals too.
type tapSide struct {
	conn net.Conn
	r    *bufio.Reader
}

func (p *tap) relay(near net.Conn, port string, secure bool) {
	defer near.Close()
	far, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return
	}
	defer far.Close()
	p.mu.Lock()
	p.connections++
	name := fmt.Sprintf("%03d", p.connections)
	p.mu.Unlock()
	file, err := os.Create(filepath.Join(p.dir, name))
	if err != nil {
		return
	}
	defer file.Close()
	log := &lockedWriter{w: file}
	if secure {
		near, far = tls.Server(near, p.near), tls.Client(far, p.far)
	}
	client, server := tapSide{near, bufio.NewReader(near)}, tapSide{far, bufio.NewReader(far)}
	if !secure && !p.plain(&client, &server, log) {
		return
	}
	ended := make(chan struct{})
	go func() {
		copyLines(client.conn, server.r, log, "S")
		client.conn.Close()
		close(ended)
	}()
	copyLines(server.conn, client.r, log, "C")
	server.conn.Close()
	<-ended
}

// plain relays command by command until both sides have TLS or the client does something else than to ask for it.
func (p *tap) plain(client, server *tapSide, log io.Writer) bool {
	if copyLine(client.conn, server.r, log, "S") == nil {
		return false
	}
	for {
		line := copyLine(server.conn, client.r, log, "C")
		if line == nil {
			return false
		}
		words := strings.Fields(strings.ToUpper(string(line)) + " . .")
		if words[1] != "STARTTLS" && words[1] != "CAPABILITY" && words[1] != "ID" {
			return true
		}
		answer := copyLine(client.conn, server.r, log, "S")
		for bytes.HasPrefix(answer, []byte("* ")) {
			answer = copyLine(client.conn, server.r, log, "S")
		}
		if answer == nil {
			return false
		}
		if words[1] == "STARTTLS" && bytes.Contains(answer, []byte(" OK ")) {
			near, far := tls.Server(client.conn, p.near), tls.Client(server.conn, p.far)
			*client, *server = tapSide{near, bufio.NewReader(near)}, tapSide{far, bufio.NewReader(far)}
			return true
		}
	}
}

func copyLines(to io.Writer, from *bufio.Reader, log io.Writer, who string) {
	for copyLine(to, from, log, who) != nil {
	}
}

// copyLine is nil at the end.
func copyLine(to io.Writer, from *bufio.Reader, log io.Writer, who string) []byte {
	line, err := from.ReadBytes('\n')
	if len(line) > 0 {
		fmt.Fprintf(log, "%s: %s\n", who, bytes.TrimRight(line, "\r\n"))
		if _, err := to.Write(bytes.ReplaceAll(line, []byte("COMPRESS=DEFLATE"), []byte("XCOMPRES=DEFLATE"))); err != nil {
			return nil
		}
	}
	if err != nil {
		return nil
	}
	return line
}

// lockedWriter takes lines from both directions.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
