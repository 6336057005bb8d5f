package dnscheck

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postroom/postroom/server/resolver"
	"github.com/postroom/postroom/server/resolver/authtest"
)

var update = flag.Bool("update", false, "write what is found into the scenarios, to be read with care")

// now is when all checks of the tests are made.
var now = time.Unix(1_800_000_000, 0)

// hostZone is the operator's own zone, which the resolver knows.
const hostZone = `
mail.host.test. A 192.0.2.1
mail.host.test. AAAA 2001:db8::1
`

// orgZone is what every resolver knows that has a way to the DNS.
const orgZone = "org. NS a0.org.test.\n"

// scenario is a file of testdata: zones by the address of their server, domains to check, and what is to be found.
type scenario struct {
	servers  map[string]string
	resolver string
	server   Server
	domains  []Domain
	want     string

	timeout, question time.Duration
	public            bool // private name servers are refused
	lost              bool // the resolver has no way to the DNS
}

func testServer() Server {
	return Server{
		Hostname: "mail.host.test", PublicHost: "web.host.test", PolicyID: "20261124", ReportAddress: "reports@host.test",
		IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
	}
}

func testDomain(name string) Domain {
	rsa := "v=DKIM1; k=rsa; p=" + strings.Repeat("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", 12) + "AQAB"
	ed := "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	return Domain{Name: name, Token: "token1", DKIM: []Key{
		{"pr-a-rsa", rsa, true}, {"pr-a-ed", ed, true}, {"pr-b-rsa", strings.Replace(rsa, "MIIB", "MIIC", 1), false},
	}}
}

// readScenario reads an archive. Its files are named for the address of a server, or are "resolver" (more records that the
// resolver knows), "config" and "want".
func readScenario(t *testing.T, path string) (*scenario, *txtar.Archive) {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario{servers: map[string]string{}, server: testServer(), timeout: 30 * time.Second, question: 5 * time.Second}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	for line := range strings.Lines(files["config"]) {
		s.configure(t, strings.Fields(line))
	}
	if len(s.domains) == 0 {
		s.domains = []Domain{testDomain("example.test")}
	}
	for name, text := range files {
		switch name {
		case "config":
		case "want":
			s.want = text
		case "resolver":
			s.resolver = text
		default:
			s.servers[name] = s.expand(t, text)
		}
	}
	return s, archive
}

func (s *scenario) configure(t *testing.T, words []string) {
	t.Helper()
	if len(words) == 0 {
		return
	}
	switch words[0] {
	case "domain":
		d := testDomain(words[1])
		d.TargetZone = slices.Contains(words, "target")
		s.domains = append(s.domains, d)
	case "zone":
		s.server.Zone = words[1]
	case "return-path":
		s.server.ReturnPath = words[1]
	case "question":
		s.question, _ = time.ParseDuration(words[1])
	case "public":
		s.public = true
	case "lost":
		s.lost = true
	default:
		t.Fatalf("config: %q", words)
	}
}

// expand writes the records of a domain where a line says "%good domain", without those whose purpose or name follows with a
// minus; "%operator" stands for what the operator's zone has to hold.
func (s *scenario) expand(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) > 0 && words[0] == "%operator":
			b.WriteString(ZoneFile(OperatorRecords(s.server, s.domains...)))
		case len(words) > 1 && words[0] == "%good":
			i := slices.IndexFunc(s.domains, func(d Domain) bool { return d.Name == words[1] })
			if i < 0 {
				t.Fatalf("%q is not among the domains", words[1])
			}
			records := slices.DeleteFunc(Records(s.domains[i], s.server), func(r Record) bool {
				return slices.Contains(words, "-"+r.Purpose) || slices.Contains(words, "-"+r.Name)
			})
			b.WriteString(ZoneFile(records))
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

// run checks all domains and writes down what is found.
func (s *scenario) run(t *testing.T) string {
	t.Helper()
	world := authtest.Start(t, s.servers)
	known := hostZone + s.resolver
	if !s.lost {
		known += "\n" + orgZone
	}
	recursive := world.Recursive(known)
	for line := range strings.Lines(s.resolver) {
		if words, is := strings.CutPrefix(strings.TrimSpace(line), ";@servfail "); is {
			recursive.Fail(words, 2)
		}
	}
	names := resolver.New(resolver.Config{Servers: []string{recursive.Addr()}, Tries: 1})
	c := New(Config{
		Resolver: names, Timeout: s.timeout, Question: s.question, Port: world.Port(), AllowPrivate: !s.public,
		Clock: func() time.Time { return now },
	})
	var b strings.Builder
	for _, d := range s.domains {
		b.WriteString(render(c.Check(t.Context(), d, s.server)))
	}
	for addr := range s.servers {
		if world.Server(addr).Recursed() {
			t.Errorf("%s was asked to look something up", addr)
		}
	}
	return b.String()
}

// render writes a report in lines.
func render(r Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "zone %q, owner %s, complete %v\n", r.Zone, r.Owner, r.Complete())
	good := "ok"
	for _, f := range r.Findings {
		if f.Status == OK && f.Advice == "" && !f.Recursive {
			good += " " + nick(f.Record)
			continue
		}
		fmt.Fprintf(&b, "%s %s", f.Status, nick(f.Record))
		if f.Recursive {
			b.WriteString(" (recursive)")
		}
		if !f.Until.IsZero() {
			fmt.Fprintf(&b, " until +%v", f.Until.Sub(r.At))
		}
		b.WriteByte('\n')
		for _, found := range f.Found {
			fmt.Fprintf(&b, "\tfound %s\n", found[:min(len(found), 120)])
		}
		if f.Advice != addAdvice(f.Record) {
			fmt.Fprintf(&b, "\t%s\n", f.Advice)
		}
	}
	b.WriteString(good + "\n")
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "problem %s %s: %s\n", p.Code, p.Name, p.Text)
	}
	for _, n := range r.Servers {
		fmt.Fprintf(&b, "server %s %s %s\n", n.Zone, n.Name, n.Problem)
	}
	return strings.ReplaceAll(b.String(), "\n\n", "\n")
}

// nick is a record's purpose, with the selector of a key.
func nick(r Record) string {
	if r.Purpose != PurposeDKIM {
		return r.Purpose
	}
	selector, _, _ := strings.Cut(r.Name, ".")
	return selector
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			s, archive := readScenario(t, path)
			got := s.run(t)
			if *update {
				archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
				archive.Files = append(archive.Files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != s.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, s.want)
			}
		})
	}
}
