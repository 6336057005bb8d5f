package peers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The client of the protocol's own TypeScript library, in Node.
func TestAnAgentInNodeUsesAnInbox(t *testing.T) {
	node := need(t, "node")
	dir := filepath.Join("testdata", "mcp")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@modelcontextprotocol", "sdk")); err != nil {
		absent(t, "npm's @modelcontextprotocol/sdk (npm ci in cmd/postroom/peers/testdata/mcp)")
	}
	s := start(t, t.TempDir())
	var got struct {
		Tools                          []string
		Code, Text, URI, Told, Foreign string
	}
	if err := json.Unmarshal([]byte(run(t, "", node, filepath.Join(dir, "agent.mjs"), s.HTTP, s.WorkspaceKey, s.Inbox.Address)), &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(got.Tools, "send_message") || got.Code != "402917" || !strings.Contains(got.Text, "402917") || got.Told != got.URI || !strings.Contains(got.Foreign, "get_message: ") {
		t.Errorf("the agent says %+v", got)
	}
}
