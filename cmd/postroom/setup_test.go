package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/server/dnscheck"
	"github.com/postroom/postroom/server/resolver/zonetest"
	"github.com/postroom/postroom/tenancy"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what setup decides into testdata/setup")

// madeUp is a machine of a test, as JSON tells it.
type madeUp struct {
	System  string              // its host name
	IPs     []netip.Addr        // of its interfaces
	Reverse map[string][]string // names of addresses
	DNS     string              // validates, answers or nothing
	Reached []string            // mail servers of others that answer
	Busy    map[string]string   // addresses that are taken, and by whom
	Low     bool                // ports below 1024 are not for this user
	Certs   map[string]string   // directories of certificates, by name
	Disk    int64
	Adrift  bool // nothing keeps the clock right

	Domain, Named string   // what the command line says: the address's domain, --hostname
	Asked         []string // --probe
	Relay_        string   `json:"Relay"` // --relay
	RelayFails    string   // why it cannot be used
	As, User      string   // who runs setup, "root" or a user; --user
	Accounts      map[string]int
	DataOf        *int   // to whom the data directory belongs
	Kept          string // a configuration that is there, below hostname and data_dir
	Running       bool
}

var errNothing = errors.New("no answer")

func (m *madeUp) Hostname() string                 { return m.System }
func (m *madeUp) Addresses() ([]netip.Addr, error) { return m.IPs, nil }
func (m *madeUp) Free(string) (int64, error)       { return m.Disk, nil }
func (m *madeUp) ClockKept() (bool, error)         { return !m.Adrift, nil }
func (m *madeUp) Names(_ context.Context, ip netip.Addr) ([]string, error) {
	if names := m.Reverse[ip.String()]; len(names) > 0 {
		return names, nil
	}
	return nil, errNothing
}

func (m *madeUp) Validates(context.Context) (bool, error) {
	if m.DNS == "nothing" {
		return false, errNothing
	}
	return m.DNS == "validates", nil
}

func (m *madeUp) Probe(_ context.Context, hosts []string) (list []dnscheck.ProbeResult) {
	for _, h := range hosts {
		r := dnscheck.ProbeResult{Host: h, Reason: "timed out"}
		for _, there := range m.Reached {
			r.OK = r.OK || there == h
		}
		list = append(list, r)
	}
	return list
}

func (m *madeUp) Port(_ context.Context, address string) portState {
	if by, busy := m.Busy[address]; busy {
		return portState{Taken: true, By: by}
	}
	a, err := parseListen(address)
	return portState{Forbidden: m.Low && err == nil && a.port < 1024}
}

func (m *madeUp) Certificate(hostname string) (certFile, keyFile string) {
	if dir := m.Certs[hostname]; dir != "" {
		return dir + "/fullchain.pem", dir + "/privkey.pem"
	}
	return "", ""
}

func (m *madeUp) Relay(context.Context, Config) error {
	if m.RelayFails != "" {
		return errors.New(m.RelayFails)
	}
	return nil
}

func (m *madeUp) Root() bool { return m.As == "root" }

func (m *madeUp) Account(name string) (account, error) {
	for known, uid := range m.Accounts {
		if known == name || strconv.Itoa(uid) == name {
			return account{known, uid, uid}, nil
		}
	}
	return account{}, errors.New("there is no user " + name)
}

func (m *madeUp) Owner(string) (int, bool) {
	if m.DataOf == nil {
		return 0, false
	}
	return *m.DataOf, true
}

// Each file of testdata/setup is a machine, what setup decides on it, and the configuration that comes of it. 'go test -run Machine -update'
// writes the last two.
func TestEachMachineGetsItsDecisionsAndItsConfiguration(t *testing.T) {
	files, err := filepath.Glob("testdata/setup/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := &madeUp{Disk: 50 << 30, DNS: "validates", Domain: "shop.com"}
			if err := json.Unmarshal(archive.Files[0].Data, m); err != nil {
				t.Fatal(err)
			}
			decisions, config := m.decide(t)
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "decisions", Data: []byte(decisions)}, txtar.File{Name: "config.toml", Data: []byte(config)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for i, got := range []string{decisions, config} {
				if want := string(archive.Files[1+i].Data); got != want {
					t.Errorf("%s:\n%s\nwant:\n%s", archive.Files[1+i].Name, got, want)
				}
			}
		})
	}
}

// decide runs setup's decisions on the machine.
func (m *madeUp) decide(t *testing.T) (decisions, config string) {
	t.Helper()
	base := DefaultConfig()
	if m.Kept != "" {
		var mistakes []mistake
		if base, _, mistakes = parseConfig([]byte(m.Kept)); len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
	}
	if m.Named != "" {
		base.Hostname = m.Named
	}
	base.Outgoing.ProbeHosts = append(base.Outgoing.ProbeHosts, m.Asked...)
	if m.Relay_ != "" {
		relay, err := parseRelay(m.Relay_)
		if err != nil {
			t.Fatal(err)
		}
		base.Relay, base.Relay.Password = relay, "secret"
	}
	p := decide(t.Context(), m, base, wishes{domain: m.Domain, user: m.User, relay: m.Relay_ != ""}, m.Running)
	var b strings.Builder
	if err := printFindings(&b, p.decisions); err != nil {
		t.Fatal(err)
	}
	if p.stop != nil {
		return b.String() + "stop: " + p.stop.Error() + "\n", ""
	}
	if p.account != nil {
		b.WriteString("as: " + p.account.Name + "\n")
	}
	for _, line := range differences(base, p.cfg) {
		if m.Kept != "" {
			b.WriteString("kept: " + line + "\n")
		}
	}
	text, err := configText(p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, _, mistakes := parseConfig([]byte(text))
	if len(mistakes) > 0 || len(m.Certs) == 0 && len(checkConfig(again, map[string]int{})) > 0 {
		t.Errorf("the configuration cannot be loaded: %v", append(mistakes, checkConfig(again, map[string]int{})...))
	}
	return b.String(), text
}

func TestThisMachineAsksTheNameServersOfTheConfiguration(t *testing.T) {
	for _, validates := range []bool{true, false} {
		zones := zonetest.Start(t, "org. 300 NS ns.example.\n1.2.0.192.in-addr.arpa. 300 PTR mail.shop.com.")
		zones.SetAuthentic(validates)
		cfg := DefaultConfig()
		cfg.DNS.Servers = []string{zones.Addr()}
		m := newThisMachine(cfg)
		if got, err := m.Validates(t.Context()); err != nil || got != validates {
			t.Errorf("%v, %v", got, err)
		}
		if names, err := m.Names(t.Context(), netip.MustParseAddr("192.0.2.1")); err != nil || len(names) != 1 || names[0] != "mail.shop.com" {
			t.Errorf("%v, %v", names, err)
		}
	}
}

func TestAConfigurationThatIsThereIsKept(t *testing.T) {
	dir := t.TempDir()
	c := &setupCommand{Address: "you@shop.com", Config: filepath.Join(dir, "c.toml"), DryRun: true}
	text := "hostname = \"mx.shop.com\"\ndata_dir = \"" + dir + "/d\"\n"
	if err := os.WriteFile(c.Config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	base, kept, err := c.base()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	m := &madeUp{System: "other.shop.com", IPs: []netip.Addr{netip.MustParseAddr("8.8.4.4")}, DNS: "validates", Disk: 50 << 30}
	if err := c.setUp(t.Context(), terminal{out: &out, err: &out}, m, base, kept); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"is there and kept", "domains.addresses is []; setup would write [8.8.4.4]", "mx.shop.com. 3600 IN A 8.8.4.4", "shop.com. 3600 IN MX 10 mx.shop.com."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
	if got, err := os.ReadFile(c.Config); err != nil || string(got) != text {
		t.Errorf("the file is %q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "d")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a dry run made the data directory: %v", err)
	}
	c.Data = filepath.Join(dir, "elsewhere")
	if _, _, err := c.base(); err == nil || !strings.Contains(err.Error(), "leave --data out") {
		t.Error(err)
	}
}

// A tenant's claim that nothing proves makes nobody's workspace the operator's.
func TestAStrangersClaimIsNotTakenForTheOperators(t *testing.T) {
	dir := t.TempDir()
	m := &madeUp{System: "mx.shop.com", IPs: []netip.Addr{netip.MustParseAddr("8.8.4.4")}, DNS: "validates", Disk: 50 << 30}
	setUp := func(address string) string {
		t.Helper()
		c := &setupCommand{Address: address, Config: filepath.Join(dir, "c.toml"), Data: filepath.Join(dir, "d")}
		base, kept, err := c.base()
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := c.setUp(t.Context(), terminal{out: &out, err: &out}, m, base, kept); err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(out.String(), "Workspace      ")
		ws, _, _ := strings.Cut(after, "\n")
		return ws
	}
	first := setUp("you@first.com")
	cfg, err := LoadConfig(filepath.Join(dir, "c.toml"))
	if err != nil {
		t.Fatal(err)
	}
	lend, err := lendSocket(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := lend.p.dir.Operator().CreateKey(t.Context(), tenancy.KeyOwner{Workspace: mailstore.WorkspaceID(first)}, tenancy.NewKey{Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := lend.p.dir.Authenticate(t.Context(), secret, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	if d, _, err := g.CreateDomain(t.Context(), "", tenancy.NewDomain{Domain: "shop.com"}); err != nil || d.Status != tenancy.Pending {
		t.Fatalf("%+v, %v", d, err)
	}
	if err := lend.close(); err != nil {
		t.Fatal(err)
	}
	second := setUp("you@shop.com")
	if second == first || second == "" {
		t.Errorf("the operator's domain is in the workspace %q", second)
	}
	if again := setUp("you@shop.com"); again != second {
		t.Errorf("the second time it is %q, not %q", again, second)
	}
}

func TestSetupWantsDomainsThatAreSome(t *testing.T) {
	for address, ok := range map[string]bool{"you@example.com": true, "you@bücher.example": true, "you@exa mple.com": false, "you@example": false, "you@*.example.com": false, "you@": false, "example.com": false} {
		if err := (&setupCommand{Address: address}).Validate(); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := (&setupCommand{Address: "you@example.com", Domain: []string{"exa_mple.com"}}).Validate(); err == nil {
		t.Error("another domain that is none is taken")
	}
}
