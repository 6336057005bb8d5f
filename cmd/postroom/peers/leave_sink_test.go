package peers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// sink is a mail server that takes every message and keeps nothing of it but who sent it and when. It listens on one port of
// several loopback addresses, so that it can be several destinations.
type sink struct {
	port      int
	listeners []net.Listener
	record    bool          // each transaction is kept, by its Message-ID
	hold      time.Duration // how long each message waits for its answer, as a far network would make it wait

	mu    sync.Mutex
	conns map[*sinkConn]bool
	first time.Time
	last  time.Time
	taken int
	want  int
	all   chan struct{}          // closed when want messages were taken
	begun map[string][]time.Time // by envelope sender: when MAIL came
	list  []arrival
	news  chan struct{}   // closed and made anew with each message
	seen  map[string]bool // Message-IDs
	most  int
	total int
	cuts  int // connections that ended without QUIT
}

// arrival is a message that was taken.
type arrival struct {
	messageID string
	sender    string
	at        time.Time
	conn      *sinkConn
	last      bool // nothing came over its connection behind it
}

// sinkConn is one connection to a sink.
type sinkConn struct {
	net.Conn
	cut bool // it ended without QUIT: the client died
}

// startSink listens on 127.0.0.1, 127.0.0.2, and so on. It is closed at the end of the test.
func startSink(t testing.TB, addresses int) *sink {
	t.Helper()
	s := &sink{conns: map[*sinkConn]bool{}, begun: map[string][]time.Time{}, all: make(chan struct{}), news: make(chan struct{}), seen: map[string]bool{}}
	for tries := 0; len(s.listeners) < addresses; tries++ {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:%d", len(s.listeners)+1, s.port))
		if err != nil {
			if tries > 100 {
				t.Fatal(err)
			}
			for _, l := range s.listeners { // the port is taken on one of them: another port
				l.Close()
			}
			s.listeners, s.port = nil, 0
			continue
		}
		s.port = ln.Addr().(*net.TCPAddr).Port
		s.listeners = append(s.listeners, ln)
	}
	var sessions sync.WaitGroup
	for _, ln := range s.listeners {
		sessions.Go(func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				sessions.Go(func() { s.serve(&sinkConn{Conn: conn}) })
			}
		})
	}
	t.Cleanup(func() {
		for _, ln := range s.listeners {
			ln.Close()
		}
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		sessions.Wait()
	})
	return s
}

// expect sets back what was measured and waits for n messages more.
func (s *sink) expect(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken, s.want, s.first, s.last, s.all, s.most, s.total = 0, n, time.Time{}, time.Time{}, make(chan struct{}), 0, 0
	return s.all
}

// measured is from the first MAIL to the last message that was taken.
func (s *sink) measured() (first, last time.Time, most, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first, s.last, s.most, s.total
}

// until waits until a condition holds, which it looks at after each message. It reports whether it came to hold in time.
func (s *sink) until(patience time.Duration, holds func(seen map[string]bool, taken int) bool) bool {
	timeout := time.After(patience)
	for {
		s.mu.Lock()
		ok, news := holds(s.seen, len(s.list)), s.news
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-news:
		case <-timeout:
			return false
		}
	}
}

func (s *sink) serve(c *sinkConn) {
	s.mu.Lock()
	s.conns[c] = true
	s.most, s.total = max(s.most, len(s.conns)), s.total+1
	s.mu.Unlock()
	left := s.talk(c)
	c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	if c.cut = !errors.Is(left, errQuit); c.cut {
		s.cuts++
	}
	s.mu.Unlock()
}

var errQuit = errors.New("the client left")

// talk serves a connection until the client leaves.
func (s *sink) talk(c *sinkConn) error {
	in, out := bufio.NewReaderSize(c, 64<<10), bufio.NewWriter(c)
	out.WriteString("220 sink.test ESMTP\r\n")
	sender := ""
	for {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		verb, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
		switch strings.ToUpper(string(verb)) {
		case "EHLO":
			out.WriteString("250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 0\r\n250 ENHANCEDSTATUSCODES\r\n")
		case "MAIL":
			sender = string(cutAngle(line))
			s.mail(sender)
			out.WriteString("250 2.1.0 ok\r\n")
		case "DATA":
			out.WriteString("354 go on\r\n")
			if err := out.Flush(); err != nil {
				return err
			}
			id, err := readMessage(in)
			if err != nil {
				return err
			}
			if s.hold > 0 {
				<-time.After(s.hold)
			}
			s.take(c, id, sender)
			out.WriteString("250 2.0.0 taken\r\n")
		case "QUIT":
			out.WriteString("221 2.0.0 bye\r\n")
			return errors.Join(out.Flush(), errQuit)
		default:
			out.WriteString("250 2.0.0 ok\r\n")
		}
	}
}

func cutAngle(line []byte) []byte {
	_, rest, _ := bytes.Cut(line, []byte("<"))
	path, _, _ := bytes.Cut(rest, []byte(">"))
	return path
}

// readMessage reads up to the final dot and gives the Message-ID.
func readMessage(in *bufio.Reader) (id string, err error) {
	header := true
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		switch {
		case len(line) == 3 && line[0] == '.':
			return id, nil
		case len(line) <= 2:
			header = false
		case header && len(line) > 11 && strings.EqualFold(string(line[:11]), "Message-ID:"):
			id = string(cutAngle(line))
		}
	}
}

func (s *sink) mail(sender string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.first.IsZero() {
		s.first = now
	}
	if s.record {
		s.begun[sender] = append(s.begun[sender], now)
	}
}

func (s *sink) take(c *sinkConn, id, sender string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
	s.taken++
	if s.record {
		s.list = append(s.list, arrival{messageID: id, sender: sender, at: s.last, conn: c})
		s.seen[id] = true
		close(s.news)
		s.news = make(chan struct{})
	}
	if s.taken == s.want {
		close(s.all)
	}
}

// arrivals are the messages that were taken, in order, by Message-ID; the times of MAIL by its sender; and how many connections
// ended without QUIT.
func (s *sink) arrivals() (byID map[string][]arrival, senders map[string][]time.Time, cuts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byID, senders = map[string][]arrival{}, map[string][]time.Time{}
	latest := map[*sinkConn]int{}
	for i, a := range s.list {
		latest[a.conn] = i
	}
	for i, a := range s.list {
		a.last = latest[a.conn] == i
		byID[a.messageID] = append(byID[a.messageID], a)
	}
	for sender, times := range s.begun {
		senders[sender] = append(senders[sender], times...)
	}
	return byID, senders, s.cuts
}
