package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/postroom/postroom/server/courier"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver"
	"golang.org/x/sys/unix"
)

// machine is what setup looks at. Nobody outside is asked but name servers and the hosts that Probe is given.
type machine interface {
	Hostname() string                                                 // as the system knows it, whole if it does; "" if not at all
	Addresses() ([]netip.Addr, error)                                 // of its interfaces
	Names(ctx context.Context, ip netip.Addr) ([]string, error)       // that an address has (PTR)
	Validates(ctx context.Context) (bool, error)                      // see resolver.Check
	Probe(ctx context.Context, hosts []string) []dnscheck.ProbeResult // see dnscheck.Probe
	Port(ctx context.Context, address string) portState               // whether it can be listened on
	Certificate(hostname string) (certFile, keyFile string)           // that others have put there for a name; "" if none
	Free(dir string) (int64, error)                                   // octets on the disk that has the directory, or will have it
	Relay(ctx context.Context, cfg Config) error                      // tries the relay of a configuration, and sends nothing
	Root() bool                                                       // the program runs as root
	Account(name string) (account, error)                             // a user
	Owner(dir string) (uid int, there bool)                           // of a directory
	ClockKept() (bool, error)                                         // something keeps the clock right
}

// portState is what stands in the way of listening.
type portState struct {
	Taken     bool
	By        string // "process (pid)" that has it; "" if that cannot be seen
	Forbidden bool   // the user may not listen there
}

// thisMachine is the one that the program runs on.
type thisMachine struct {
	names   *resolver.Resolver
	checker *dnscheck.Checker
}

func newThisMachine(cfg Config) thisMachine {
	names := resolver.New(resolver.Config{Servers: cfg.DNS.Servers})
	return thisMachine{names, dnscheck.New(dnscheck.Config{Resolver: names})}
}

// Hostname implements machine: where the system's own name is short, /etc/hosts may have the whole.
func (thisMachine) Hostname() string {
	name, err := os.Hostname()
	if err != nil || strings.Contains(name, ".") {
		return name
	}
	file, err := os.Open("/etc/hosts")
	if err != nil {
		return name
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if !slices.Contains(words, name) {
			continue
		}
		for _, word := range words[1:] {
			if strings.HasPrefix(word, name+".") {
				return word
			}
		}
	}
	return name
}

// Addresses implements machine.
func (thisMachine) Addresses() ([]netip.Addr, error) { return ownAddresses() }

// Names implements machine.
func (m thisMachine) Names(ctx context.Context, ip netip.Addr) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, setupStep)
	defer cancel()
	found, err := m.names.PTR(ctx, ip)
	return found.Records[:min(len(found.Records), dnscheck.MaxNames)], err
}

// Validates implements machine.
func (m thisMachine) Validates(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, setupStep)
	defer cancel()
	return m.names.Check(ctx)
}

// Probe implements machine.
func (m thisMachine) Probe(ctx context.Context, hosts []string) []dnscheck.ProbeResult {
	return m.checker.Probe(ctx, hosts)
}

// Relay implements machine.
func (m thisMachine) Relay(ctx context.Context, cfg Config) error {
	roots, err := loadRoots(cfg.Outgoing.CAFile)
	if err != nil {
		return err
	}
	return courier.TryRelay(ctx, courier.Config{Hostname: cfg.Hostname, Resolver: m.names, Roots: roots, AllowPrivate: cfg.Outgoing.AllowPrivate}, *cfg.Relay.smarthost())
}

// Root implements machine.
func (thisMachine) Root() bool { return os.Geteuid() == 0 }

// Account implements machine.
func (thisMachine) Account(name string) (account, error) { return findAccount(name) }

// Owner implements machine.
func (thisMachine) Owner(dir string) (int, bool) { return ownerOf(dir) }

// Port implements machine: it listens for a moment.
func (thisMachine) Port(ctx context.Context, address string) portState {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		ln.Close()
		return portState{}
	case errors.Is(err, syscall.EACCES):
		return portState{Forbidden: true}
	case errors.Is(err, syscall.EADDRINUSE):
		a, err := parseListen(address)
		if err != nil {
			return portState{Taken: true}
		}
		return portState{Taken: true, By: whoListens(a.port)}
	}
	return portState{Taken: true}
}

// whoListens is the process that listens on a port, as far as this user may see it in /proc (proc(5)).
func whoListens(port uint16) string {
	sockets := map[string]bool{}
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			const listening = "0A"
			if len(words) > 9 && words[3] == listening && hexPort(words[1]) == port {
				sockets["socket:["+words[9]+"]"] = true
			}
		}
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // of a pattern that is none there would be an error
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && sockets[target] {
			process := filepath.Dir(filepath.Dir(link))
			name, _ := os.ReadFile(filepath.Join(process, "comm")) // it may have ended
			return printable(strings.TrimSpace(string(name))) + " (process " + filepath.Base(process) + ")"
		}
	}
	return ""
}

// hexPort reads "0100007F:0019".
func hexPort(address string) uint16 {
	_, digits, _ := strings.Cut(address, ":")
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 2 {
		return 0
	}
	return uint16(raw[0])<<8 | uint16(raw[1])
}

// Certificate implements machine: certbot's is known.
func (thisMachine) Certificate(hostname string) (certFile, keyFile string) {
	dir := filepath.Join("/etc/letsencrypt/live", hostname)
	certFile, keyFile = filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem")
	if unix.Access(certFile, unix.R_OK) != nil || unix.Access(keyFile, unix.R_OK) != nil {
		return "", ""
	}
	return certFile, keyFile
}

// Free implements machine.
func (thisMachine) Free(dir string) (int64, error) {
	for ; ; dir = filepath.Dir(dir) {
		var st unix.Statfs_t
		err := unix.Statfs(dir, &st)
		if err == nil {
			return int64(st.Bavail) * st.Bsize, nil
		}
		if !errors.Is(err, unix.ENOENT) || dir == filepath.Dir(dir) {
			return 0, fmt.Errorf("look at the disk of %s: %w", strconv.Quote(dir), err)
		}
	}
}

// ClockKept implements machine.
func (thisMachine) ClockKept() (bool, error) { return machineClock() }

// setupStep is how long a name server may take.
const setupStep = 10 * time.Second
