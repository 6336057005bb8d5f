package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"
)

// acceptPause is how long to wait when the process has no room for another connection.
const acceptPause = 100 * time.Millisecond

// Accept hands the connections of l to welcome, which must not block, until ctx ends; then it closes l and returns nil. A
// lack of file handles or memory is waited out; any other failure ends it with an error.
func Accept(ctx context.Context, l net.Listener, log *slog.Logger, welcome func(net.Conn)) error {
	closing := context.AfterFunc(ctx, func() { l.Close() })
	defer l.Close() // again, if ctx did it
	defer closing()
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			welcome(conn)
		case ctx.Err() != nil:
			return nil
		case !isPassing(err):
			return fmt.Errorf("accept connection: %w", err)
		default:
			log.Warn("cannot accept a connection", "err", err)
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
		}
	}
}

func isPassing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
