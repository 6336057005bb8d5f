package rspamd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Ping asks whether rspamd is there at all: each of its workers answers GET /ping. Its failure is no reason to leave rspamd alone.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.url, "/checkv2")+"/ping", nil)
	if err != nil {
		return fmt.Errorf("ask rspamd: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask rspamd: %w", withoutURL(err))
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, maxRefusal)) // what there is of it
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ask rspamd: it answered %d: %s", res.StatusCode, shown(string(text), maxRefusal))
	}
	return nil
}
