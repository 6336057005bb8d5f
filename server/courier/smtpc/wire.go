package smtpc

import (
	"errors"
	"net"
	"os"
	"time"
)

// wire is the connection below TLS, where deadlines are set: what TLS sends or waits for by itself has them too.
type wire struct {
	net.Conn
	readBy time.Time     // when the reply that is waited for must be there as a whole
	block  time.Duration // how long no octet may move in a write
	end    time.Time     // no deadline is later than that, unless it is zero
}

// expect says by when the next reply must be there.
func (w *wire) expect(d time.Duration) { w.readBy = w.bound(time.Now().Add(d)) }

func (w *wire) bound(t time.Time) time.Time {
	if !w.end.IsZero() && w.end.Before(t) {
		return w.end
	}
	return t
}

// over is true when the time of the message has run out.
func (w *wire) over() bool { return !w.end.IsZero() && !time.Now().Before(w.end) }

func (w *wire) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(w.readBy); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

// Write goes on as long as octets move: a slow receiver is waited for, a stalled one is not. If it fails with n < len(p),
// the rest was not handed to the network.
func (w *wire) Write(p []byte) (n int, err error) {
	for {
		if err := w.SetWriteDeadline(w.bound(time.Now().Add(w.block))); err != nil {
			return n, err
		}
		m, err := w.Conn.Write(p[n:])
		n += m
		if err == nil || m == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}
