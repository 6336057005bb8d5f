package resolver

import (
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const dnsPort = "53"

// server is a recursive name server.
type server struct {
	addr     string // host:port
	loopback bool   // on this machine: its AD bit is believed
}

// servers are whom to ask: those that were given, or those of the system.
type servers struct {
	fixed []server
	path  string // of the system's configuration (resolv.conf)

	mu       sync.Mutex
	system   []server
	modified time.Time            // of the file that system is from
	looked   time.Time            // when the file was last looked at
	ailing   map[string]time.Time // addresses that gave no answer, and until when they are asked last
}

// list gives the servers in the order in which to ask them; it is not to be changed.
func (s *servers) list(now time.Time, log *slog.Logger) []server {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.fixed
	if len(list) == 0 {
		if s.system == nil || now.Sub(s.looked) >= rereadServers {
			s.looked = now
			s.read(log)
		}
		list = s.system
	}
	if len(s.ailing) == 0 || len(list) == 1 {
		return list
	}
	ails := func(one server) int {
		if now.Before(s.ailing[one.addr]) {
			return 1
		}
		return 0
	}
	return slices.SortedStableFunc(slices.Values(list), func(a, b server) int { return ails(a) - ails(b) })
}

// note remembers whether a server answered at all, so that not every look-up waits for one that is down.
func (s *servers) note(addr string, answered bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answered {
		delete(s.ailing, addr)
		return
	}
	if s.ailing == nil {
		s.ailing = map[string]time.Time{}
	}
	s.ailing[addr] = now.Add(ailingTime)
}

// read takes over the system's configuration if it has changed. The caller holds the lock. Where there is none, a server on
// this machine is asked, as the C library does.
func (s *servers) read(log *slog.Logger) {
	info, err := os.Stat(s.path)
	if err == nil && s.system != nil && info.ModTime().Equal(s.modified) {
		return
	}
	var addrs []string
	if err == nil {
		s.modified = info.ModTime()
		var config *dns.ClientConfig
		if config, err = dns.ClientConfigFromFile(s.path); err == nil {
			addrs = config.Servers[:min(len(config.Servers), maxServers)]
		}
	}
	if err != nil {
		log.Warn("the system's name servers cannot be read", "err", err)
		if s.system != nil {
			return
		}
	}
	if len(addrs) == 0 {
		addrs = []string{"127.0.0.1"}
	}
	s.system = parseServers(addrs)
	s.ailing = nil // of servers that may be gone
}

func parseServers(addrs []string) []server {
	list := make([]server, len(addrs))
	for i, addr := range addrs {
		host, _, err := net.SplitHostPort(addr)
		if ip, isIP := netip.ParseAddr(addr); isIP == nil {
			host, addr, err = ip.String(), net.JoinHostPort(addr, dnsPort), nil
		}
		ip, _ := netip.ParseAddr(host)
		list[i] = server{addr: addr, loopback: err == nil && ip.Unmap().IsLoopback()}
	}
	return list
}
