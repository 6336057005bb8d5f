package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// pipeListener hands out connections in memory, whose deadlines follow the clock of a synctest bubble.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (l *pipeListener) dial() net.Conn {
	here, there := net.Pipe()
	l.conns <- there
	return here
}

// serveInBubble runs a handler and gives a connection to it; end stops the service and waits for it.
func serveInBubble(t *testing.T, s httpService) (conn net.Conn, stop func(), ended <-chan error) {
	t.Helper()
	ln := newPipeListener()
	s.listener, s.log = ln, quietLog()
	if s.grace == 0 {
		s.grace = time.Second
	}
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() { end <- s.Run(ctx) }()
	return ln.dial(), cancel, end
}

func request(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
}

func TestABodyThatStopsIsCutAfterAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan error, 1)
		conn, stop, ended := serveInBubble(t, httpService{handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			got <- err
		})})
		began := time.Now()
		request(t, conn, "POST / HTTP/1.1\nHost: x\nContent-Length: 10\n\nabc")
		if err := <-got; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the body ended with %v", err)
		}
		if took := time.Since(began); took != bodyStep {
			t.Errorf("it took %v", took)
		}
		conn.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestABodyThatDripsForEverIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan error, 1)
		conn, stop, ended := serveInBubble(t, httpService{handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			got <- err
		})})
		began := time.Now()
		request(t, conn, "POST / HTTP/1.1\nHost: x\nContent-Length: 100000\n\n")
		dripped := make(chan struct{})
		go func() {
			defer close(dripped)
			for {
				time.Sleep(bodyStep / 2)
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		}()
		if err := <-got; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the body ended with %v", err)
		}
		if took := time.Since(began); took != bodyWhole {
			t.Errorf("it took %v", took)
		}
		conn.Close()
		<-dripped
		stop()
		<-ended
	})
}

func TestALongWaitIsNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, stop, ended := serveInBubble(t, httpService{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				t.Errorf("read body: %v", err)
			}
			select {
			case <-time.After(time.Hour):
			case <-r.Context().Done():
				t.Error("the request was given up")
			}
			io.WriteString(w, "at last")
		})})
		for range 2 { // the second time on the same connection
			request(t, conn, "POST / HTTP/1.1\nHost: x\nContent-Length: 2\n\nab")
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "at last" {
				t.Errorf("answer %q, error %v", text, err)
			}
		}
		conn.Close()
		stop()
		<-ended
	})
}

func TestAReaderThatNeverReadsIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan error, 1)
		conn, stop, ended := serveInBubble(t, httpService{handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, err := w.Write(bytes.Repeat([]byte("x"), 1<<20))
			got <- err
		})})
		began := time.Now()
		request(t, conn, "GET / HTTP/1.1\nHost: x\n\n")
		if err := <-got; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the answer ended with %v", err)
		}
		if took := time.Since(began); took != writeStep {
			t.Errorf("it took %v", took)
		}
		conn.Close()
		stop()
		<-ended
	})
}

func TestAStopLetsARequestFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drained := false
		began := make(chan struct{})
		conn, stop, ended := serveInBubble(t, httpService{
			grace: time.Minute,
			drain: func(context.Context) error { drained = true; return nil },
			handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				close(began)
				time.Sleep(30 * time.Second)
				io.WriteString(w, "done")
			}),
		})
		request(t, conn, "GET / HTTP/1.1\nHost: x\n\n")
		<-began
		stop()
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "done" {
			t.Errorf("answer %q, error %v", text, err)
		}
		conn.Close()
		if err := <-ended; err != nil || !drained {
			t.Errorf("ended with %v, drained %v", err, drained)
		}
	})
}

func TestAStopCutsWhatOutlastsTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := make(chan struct{})
		conn, stop, ended := serveInBubble(t, httpService{
			grace: time.Minute,
			drain: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				close(began)
				<-r.Context().Done()
			}),
		})
		request(t, conn, "GET / HTTP/1.1\nHost: x\n\n")
		<-began
		at := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(at); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		conn.Close()
	})
}

func TestAHandlerThatDoesNotNoticeIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, release := make(chan struct{}), make(chan struct{})
		conn, stop, ended := serveInBubble(t, httpService{handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(began)
			<-release
		})})
		request(t, conn, "GET / HTTP/1.1\nHost: x\n\n")
		<-began
		stop()
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "still running") {
			t.Errorf("ended with %v", err)
		}
		close(release)
		conn.Close()
	})
}
