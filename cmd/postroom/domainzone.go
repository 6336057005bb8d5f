package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	api "github.com/postroom/postroom/server/api/client"
)

// recordsOf names a domain, or the server itself. It needs no workspace, so that the sandbox domain's records are found by its name: without
// one the verified claim is meant.
type recordsOf struct {
	remote
	Workspace string `help:"The workspace that has it; without, the one that has it verified." placeholder:"ID"`
	Operator  bool   `help:"Those of the server's own name and of the operator's zone (domains.zone)."`
	Domain    string `arg:"" optional:"" help:"Its name or id."`
}

// Validate wants one of the two.
func (c *recordsOf) Validate() error {
	if (c.Domain == "") != c.Operator {
		return errors.New("name a domain, or say --operator")
	}
	return nil
}

type domainZone struct{ recordsOf }

// Run prints it, whatever the form of other answers.
func (c *domainZone) Run(ctx context.Context, t terminal) error {
	text, err := c.zoneFile(ctx, c.client())
	if err != nil {
		return c.failed(err)
	}
	defer text.Close()
	if _, err := io.Copy(t.out, text); err != nil {
		return fmt.Errorf("read zone file: %w", err)
	}
	return nil
}

func (c *recordsOf) zoneFile(ctx context.Context, a *api.Client) (io.ReadCloser, error) {
	if c.Operator {
		return a.GetOperatorZoneFile(ctx)
	}
	return a.GetZoneFile(ctx, c.Domain, api.GetZoneFileParams{WorkspaceID: c.Workspace})
}

// publish has the server write the records, or say what it would write.
func (c *recordsOf) publish(ctx context.Context, a *api.Client, dry bool) (*api.Publishing, error) {
	if c.Operator {
		return a.PublishOperator(ctx, api.PublishOperatorParams{}, api.PublishBody{DryRun: &dry})
	}
	return a.PublishDomain(ctx, c.Domain, api.PublishDomainParams{WorkspaceID: c.Workspace}, api.PublishBody{DryRun: &dry})
}

type domainPublish struct {
	recordsOf
	DryRun bool `help:"Only say what would be written."`
}

// Run writes what nothing stands in the way of, and fails if that is not all.
func (c *domainPublish) Run(ctx context.Context, t terminal) error {
	raw, done, err := answered(c.remote, func(a *api.Client) (*api.Publishing, error) { return c.publish(ctx, a, c.DryRun) })
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(t.out, raw)
	} else {
		err = printSteps(t.out, done.Steps)
	}
	if err == nil && slices.ContainsFunc(done.Steps, refused) {
		return errUnwritten
	}
	return err
}

func refused(s api.PublishStep) bool { return s.Action == "refuse" }

// errUnwritten ends a command whose list says what was not written.
var errUnwritten = errors.New("some records were not written; the list above says why")

// printSteps has a line for each record, and below it what stands in the way.
func printSteps(w io.Writer, steps []api.PublishStep) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", printable(s.Action), printable(s.Name), printable(s.Type), printable(s.Value))
		if refused(s) || s.Action == "replace" {
			fmt.Fprintf(tw, "\t\tthere is\t%s\n", printable(cmp.Or(strings.Join(s.Found, ", "), "nothing")))
		}
		if s.Advice != "" {
			fmt.Fprintf(tw, "\t\t->\t%s\n", printable(s.Advice))
		}
	}
	return tw.Flush()
}
