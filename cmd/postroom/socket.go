package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// socketPath is where a server's own door is, for those who administer it on its machine.
func socketPath(dataDir string) string { return filepath.Join(dataDir, "postroom.sock") }

// listenSocket opens the door in a data directory that this process has locked: a socket that already lies there was left by a
// crash and is replaced. The file's mode lets in its owner and root; each connection's peer is checked again, for
// whoever got at the file otherwise.
func listenSocket(dataDir string, log *slog.Logger) (net.Listener, error) {
	path := socketPath(dataDir)
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("open socket: the path %s is too long: choose a data directory of at most %d characters", path, maxSocketPath-len(socketPath("")))
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("replace socket: %w", err)
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	// Until here the directory's mode 0700 kept others away.
	if err := os.Chmod(path, 0o600); err != nil {
		ln.Close()
		return nil, fmt.Errorf("protect socket: %w", err)
	}
	return &peerListener{UnixListener: ln, log: log, allowed: operatorUIDs(), peer: peerUID}, nil
}

// operatorUIDs are the users who may do everything on this machine's server: root, and the user that it runs as.
func operatorUIDs() map[uint32]bool {
	return map[uint32]bool{0: true, uint32(os.Geteuid()): true}
}

// peerListener hands out only connections of allowed users.
type peerListener struct {
	*net.UnixListener
	log     *slog.Logger
	allowed map[uint32]bool
	peer    func(*net.UnixConn) (uint32, error)
}

// Accept waits for the next connection of an allowed user. Others are hung up on.
func (l *peerListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		uid, err := l.peer(conn)
		if err == nil && l.allowed[uid] {
			return conn, nil
		}
		l.log.Warn("socket refused", "uid", uid, "err", err)
		conn.Close()
	}
}

// peerUID is the user at the other end, as the kernel remembers it from connect (SO_PEERCRED, unix(7)).
func peerUID(conn *net.UnixConn) (uint32, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("reach socket: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, fmt.Errorf("reach socket: %w", err)
	}
	if credErr != nil {
		return 0, fmt.Errorf("read peer's user: %w", credErr)
	}
	return cred.Uid, nil
}
