package main

import (
	"context"
	"fmt"
	"net/url"

	api "github.com/postroom/postroom/server/api/client"
	"github.com/postroom/postroom/server/api/mcp"
)

// mcpCommand gives a program on this machine, such as an assistant, the tools of /mcp over its standard input and output.
type mcpCommand struct {
	URL       string `help:"Where the server's API is." env:"POSTROOM_URL" required:"" placeholder:"URL"`
	Key       string `help:"An API key: of an inbox, or of a workspace. Put it into the environment, where other users of this machine do not see it." env:"POSTROOM_API_KEY" required:"" placeholder:"KEY"`
	Workspace string `help:"Which workspace is meant, if the key is an operator's." placeholder:"ID"`
}

// Validate wants a URL of a server.
func (c *mcpCommand) Validate() error {
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is no address of a server: write one such as https://mail.example.com", c.URL)
	}
	return nil
}

// Run serves until its input ends. A key that does not work is told at once, and not with the first tool.
func (c *mcpCommand) Run(ctx context.Context, t terminal) error {
	caller := &mcp.Caller{API: &api.Client{URL: c.URL, Key: c.Key}, Workspace: c.Workspace}
	if _, err := caller.API.GetMe(ctx); err != nil {
		return fmt.Errorf("ask %s: %w", c.URL, err)
	}
	return mcp.Serve(ctx, mcp.Config{Version: thisBuild().Version, PDFText: newPDFReader().text}, caller, t.in, t.out)
}
