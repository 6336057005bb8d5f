package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Deadlines of HTTP. There is none for a whole answer: long polls and WebSockets take as long as they take; each step
// of reading or writing has one.
const (
	headerTimeout  = 10 * time.Second // a request's header, and a TLS handshake
	idleTimeout    = 2 * time.Minute  // between requests
	maxHeaderBytes = 64 << 10
	bodyStep       = 30 * time.Second // for the next octets of a request's body
	bodyWhole      = 10 * time.Minute // for all of them
	writeStep      = 30 * time.Second // for the next writePiece of an answer
	writePiece     = 64 << 10
	lastWords      = 5 * time.Second // for handlers whose connection was cut to return
)

// httpService serves HTTP on one listener.
type httpService struct {
	listener net.Listener
	tls      *tls.Config // nil: plain
	handler  http.Handler
	drain    func(context.Context) error // ends what lasts: WebSockets and long polls; nil if another service does
	grace    time.Duration
	log      *slog.Logger
}

// Run serves until ctx ends. Then it takes no new connections, lets requests finish within the grace, and cuts the rest.
func (s httpService) Run(ctx context.Context) error {
	var handlers sync.WaitGroup
	srv := &http.Server{
		Handler:           paced(s.handler, &handlers),
		TLSConfig:         s.tls,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- s.serve(srv) }()
	select {
	case err := <-served:
		srv.Close()
		return errors.Join(err, wait(&handlers))
	case <-ctx.Done():
	}
	s.shutdown(context.WithoutCancel(ctx), srv)
	<-served
	return wait(&handlers)
}

func (s httpService) serve(srv *http.Server) error {
	if s.tls != nil {
		return srv.ServeTLS(s.listener, "", "")
	}
	return srv.Serve(s.listener)
}

// shutdown closes the listener and, at the same time, ends what lasts; then what is left has the grace.
func (s httpService) shutdown(ctx context.Context, srv *http.Server) {
	ctx, cancel := context.WithTimeout(ctx, s.grace)
	defer cancel()
	drained := make(chan error, 1)
	go func() {
		if s.drain == nil {
			drained <- nil
			return
		}
		drained <- s.drain(ctx)
	}()
	err := srv.Shutdown(ctx)
	if err := errors.Join(err, <-drained); err != nil {
		s.log.Warn("connections cut at the end of the grace", "err", err)
	}
	srv.Close()
}

// wait gives handlers whose connection is gone a moment to notice.
func wait(handlers *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		handlers.Wait()
		close(done)
	}()
	late := time.NewTimer(lastWords)
	defer late.Stop()
	select {
	case <-done:
		return nil
	case <-late.C:
		return fmt.Errorf("requests were still running %v after their connections were cut", lastWords)
	}
}

// paced gives every step of a request a deadline and counts the handlers that run.
func paced(next http.Handler, running *sync.WaitGroup) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		pw := &pacedWriter{ResponseWriter: w, control: http.NewResponseController(w)}
		pw.disarm() // of the request before, on a connection that is used again
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &pacedBody{ReadCloser: r.Body, control: pw.control, end: time.Now().Add(bodyWhole)}
		}
		next.ServeHTTP(pw, r)
		if pw.hijacked { // whoever took the connection sets its deadlines
			return
		}
		pw.arm() // for what net/http still has in its buffer, and the rest of a body that nobody read
		_ = pw.control.SetReadDeadline(time.Now().Add(bodyStep))
	})
}

// pacedBody is a request's body whose every read must make progress.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	end     time.Time
}

// Read waits for the next octets, no longer than a step. The deadline is lifted when the body has ended: net/http goes on
// reading to notice a client that leaves, and would take it for gone.
func (b *pacedBody) Read(p []byte) (int, error) {
	step := time.Now().Add(bodyStep)
	if b.end.Before(step) {
		step = b.end
	}
	// A connection that knows no deadlines (a test's recorder) has nobody to wait for.
	_ = b.control.SetReadDeadline(step)
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// pacedWriter is an answer whose every piece must leave within a step.
type pacedWriter struct {
	http.ResponseWriter
	control  *http.ResponseController
	hijacked bool
}

func (w *pacedWriter) arm()    { _ = w.control.SetWriteDeadline(time.Now().Add(writeStep)) }
func (w *pacedWriter) disarm() { _ = w.control.SetWriteDeadline(time.Time{}) }

// Unwrap lets http.ResponseController reach the connection.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack hands out the connection, whose deadlines are no business of this writer any more.
func (w *pacedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.control.Hijack()
	w.hijacked = err == nil
	return conn, rw, err
}

// Write writes in pieces, each with its own deadline, so that a slow reader gets all and a dead one is noticed.
func (w *pacedWriter) Write(p []byte) (int, error) {
	written := 0
	for {
		piece := p[written:min(len(p), written+writePiece)]
		w.arm()
		n, err := w.ResponseWriter.Write(piece)
		w.disarm()
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// Flush sends what is buffered.
func (w *pacedWriter) Flush() {
	w.arm()
	defer w.disarm()
	_ = w.control.Flush() // a connection that is gone shows at the next write
}
