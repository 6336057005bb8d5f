package peers

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sample cuts the seed's code that begins with a line and ends before another.
func sample(t *testing.T, seed, from, before string) string {
	t.Helper()
	_, rest, ok := strings.Cut(seed, "\n"+from)
	code, _, ok2 := strings.Cut(rest, "\n"+before)
	if !ok || !ok2 {
		t.Fatalf("the seed has no code between %q and %q", from, before)
	}
	return from + code + "\n"
}

// The samples run as they are written: only the host is another, and esbuild strips the types. What the document leaves
// to the reader stands around them: the operator creates the domain, and handleInboundEmail.
func TestTheSeedsCodeRunsUnchanged(t *testing.T) {
	node := need(t, "node")
	modules := filepath.Join("testdata", "seed", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, ".bin", "esbuild")); err != nil {
		absent(t, "npm's esbuild (npm ci in cmd/postroom/peers/testdata/seed)")
	}
	text, err := os.ReadFile(shared(t, "seed.txt"))
	if err != nil {
		t.Fatal(err)
	}
	seed := strings.ReplaceAll(string(text), "\r\n", "\n")
	s := start(t, t.TempDir())
	code := `import WebSocket from "ws";
const say = (x) => console.log(JSON.stringify(x));
` + sample(t, seed, "async function provisionCustomer(", "Creating Inboxes per Customer") + `
const { workspaceId, apiKey: customerApiKey } = await provisionCustomer("TechCorp — Recruiting");
const domain = await fetch("https://myagentmail.com/v1/domains", { method: "POST",
	headers: { "X-API-Key": process.env.MYAGENTMAIL_ADMIN_KEY, "Content-Type": "application/json" },
	body: JSON.stringify({ domain: "techcorp.com", workspaceId }) });
if (domain.status !== 201) throw new Error("domain: " + domain.status + await domain.text());
` + sample(t, seed, "async function createInboxForCustomer(", "Handling Inbound Mail per Tenant") + `
function handleInboundEmail(workspaceId, data) { say({ step: "received", workspaceId, data }); process.exit(0); }
` + sample(t, seed, "function listenForCustomerMail(", "Use Case: Recruiting Platform") + `
const again = await createInboxForCustomer(customerApiKey, "sourcing", "techcorp.com", "Alex — TechCorp Recruiting");
const ws = listenForCustomerMail(customerApiKey, workspaceId);
ws.on("open", () => say({ step: "open", workspaceId, again }));
ws.on("error", (e) => { throw e; });
`
	code = strings.ReplaceAll(code, "https://myagentmail.com", s.HTTP)
	code = strings.ReplaceAll(code, "wss://myagentmail.com", "ws"+strings.TrimPrefix(s.HTTP, "http"))
	if strings.Contains(code, "myagentmail.com") {
		t.Fatal("a host was not replaced")
	}
	script := filepath.Join("testdata", "seed", "run.generated.mjs")
	stripped := run(t, code, filepath.Join(modules, ".bin", "esbuild"), "--loader=ts", "--format=esm", "--target=node20")
	if err := os.WriteFile(script, []byte(stripped), 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(script)

	cmd := exec.CommandContext(t.Context(), node, script)
	cmd.Env = append(os.Environ(), "MYAGENTMAIL_ADMIN_KEY="+s.OperatorKey)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || !strings.Contains(lines.Text(), `"step":"open"`) || !strings.Contains(lines.Text(), `"existed":true`) || !strings.Contains(lines.Text(), "Alex — TechCorp Recruiting") {
		t.Fatalf("the socket did not open: %q", lines.Text())
	}
	run(t, "", need(t, "swaks"), "--server", s.SMTP, "--from", "candidate@sender.example", "--to", "sourcing@techcorp.com",
		"--header", "Subject: About the role", "--body", "I am interested.")
	if !lines.Scan() {
		t.Fatal("no frame came")
	}
	got := lines.Text()
	for _, want := range []string{`"step":"received"`, `"subject":"About the role"`, `"address":"candidate@sender.example"`, `I am interested.`, `"deliveredTo":"sourcing@techcorp.com"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the frame's data has no %s:\n%s", want, got)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
