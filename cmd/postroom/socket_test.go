package main

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

func TestTheSocketIsForItsOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	ln, err := listenSocket(dir, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	info, err := os.Stat(socketPath(dir))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, error %v", info.Mode(), err)
	}
}

func TestASocketLeftByACrashIsReplaced(t *testing.T) {
	dir := t.TempDir()
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: socketPath(dir), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	ln, err := listenSocket(dir, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}

func TestASocketThatWouldBeTooLongIsExplained(t *testing.T) {
	_, err := listenSocket("/"+strings.Repeat("d", 100), quietLog())
	if err == nil || !strings.Contains(err.Error(), "too long") {
		t.Fatalf("error is %v", err)
	}
}

// dialSocket connects and sends a mark.
func dialSocket(t *testing.T, dir, mark string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", socketPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, mark); err != nil && mark != "" {
		t.Fatal(err)
	}
	return conn
}

func TestThePeersUserIsKnown(t *testing.T) {
	dir := t.TempDir()
	ln, err := listenSocket(dir, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialSocket(t, dir, "")
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if uid, err := peerUID(conn.(*net.UnixConn)); err != nil || int(uid) != os.Getuid() {
		t.Fatalf("uid %d, error %v", uid, err)
	}
}

func TestOtherUsersAreHungUpOn(t *testing.T) {
	dir := t.TempDir()
	inner, err := listenSocket(dir, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	uids := make(chan uint32, 2)
	uids <- 4242 // somebody
	uids <- 0    // root
	ln := inner.(*peerListener)
	ln.peer = func(*net.UnixConn) (uint32, error) { return <-uids, nil }

	refused := dialSocket(t, dir, "")
	dialSocket(t, dir, "root")
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	mark := make([]byte, 4)
	if _, err := io.ReadFull(conn, mark); err != nil || string(mark) != "root" {
		t.Errorf("let in: %q, error %v", mark, err)
	}
	if _, err := refused.Read(mark); err != io.EOF {
		t.Errorf("the other user read %v", err)
	}
}
