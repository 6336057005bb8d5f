package smtpd

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errStopping is what a read gives when the server is told to stop and no message is on its way.
var errStopping = errors.New("the server is stopping")

// wire is the connection below TLS, where deadlines are set anew for each read and write. One goroutine reads and
// writes; stop may be called by any.
type wire struct {
	net.Conn
	writeTimeout time.Duration
	reads        int // reads that brought something

	mu       sync.Mutex
	perRead  time.Duration // 0: until alone counts
	until    time.Time     // the latest that a read ends; zero: perRead alone counts
	yields   bool          // reads are cut short by stop
	stopping bool
}

// await says how long the next reads may take, and whether they give way when the server stops.
func (w *wire) await(perRead time.Duration, until time.Time, yields bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.perRead, w.until, w.yields = perRead, until, yields
}

// Read reads within the deadlines that await set.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.arm(); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.reads++
	}
	return n, err
}

func (w *wire) arm() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopping && w.yields {
		return errStopping
	}
	at := w.until
	if w.perRead > 0 {
		if next := time.Now().Add(w.perRead); at.IsZero() || next.Before(at) {
			at = next
		}
	}
	return w.SetReadDeadline(at)
}

// Write writes within the write timeout.
func (w *wire) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(w.writeTimeout)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

// stop ends the reads that yield, now and later.
func (w *wire) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopping = true
	if w.yields {
		w.SetReadDeadline(time.Unix(1, 0)) // a failure means that the connection is gone
	}
}

func (w *wire) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopping
}

// quiet reports whether nothing has arrived that was not read yet. Where that cannot be asked it is taken as true.
func (w *wire) quiet() bool {
	sc, ok := w.Conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	waiting := 0
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		waiting, _, _ = unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	})
	return err != nil || waiting <= 0
}

// finish ends our direction and reads what is still on its way for a moment: closing with unread input would have the
// system throw away the refusal that was just sent.
func (w *wire) finish() {
	half, ok := w.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	w.await(0, time.Now().Add(lingerTimeout), true)
	var sink [4096]byte
	for {
		if _, err := w.Read(sink[:]); err != nil {
			return
		}
	}
}

const lingerTimeout = time.Second
