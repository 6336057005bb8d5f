package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
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

// place is where the API has what is named, and in which workspace.
func (c *recordsOf) place(what string) (string, url.Values) {
	if c.Operator {
		return join("operator", what), nil
	}
	return join("domains", c.Domain, what), query("workspaceId", c.Workspace)
}

type domainZone struct{ recordsOf }

// Run prints it, whatever the form of other answers.
func (c *domainZone) Run(ctx context.Context, t terminal) error {
	path, q := c.place("zone-file")
	text, err := c.client().call(ctx, "GET", path, q, nil)
	if err != nil {
		return err
	}
	_, err = t.out.Write(text)
	return err
}

type domainPublish struct {
	recordsOf
	DryRun bool `help:"Only say what would be written."`
}

// Run writes what nothing stands in the way of, and fails if that is not all.
func (c *domainPublish) Run(ctx context.Context, t terminal) error {
	path, q := c.place("publish")
	raw, err := c.client().call(ctx, "POST", path, q, map[string]any{"dryRun": c.DryRun})
	if err != nil {
		return err
	}
	steps, err := readSteps(raw)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(t.out, raw)
	} else {
		err = printSteps(t.out, steps)
	}
	if err == nil && slices.ContainsFunc(steps, publishStep.refused) {
		return errUnwritten
	}
	return err
}

// publishStep is one of the API's.
type publishStep struct {
	Action, Type, Name, Value, Advice string
	Found                             []string
}

func (s publishStep) refused() bool { return s.Action == "refuse" }

// errUnwritten ends a command whose list says what was not written.
var errUnwritten = errors.New("some records were not written; the list above says why")

func readSteps(raw []byte) ([]publishStep, error) {
	var answer struct{ Steps []publishStep }
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return answer.Steps, nil
}

// printSteps has a line for each record, and below it what stands in the way.
func printSteps(w io.Writer, steps []publishStep) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", printable(s.Action), printable(s.Name), printable(s.Type), printable(s.Value))
		if s.refused() || s.Action == "replace" {
			fmt.Fprintf(tw, "\t\tthere is\t%s\n", printable(firstOf(strings.Join(s.Found, ", "), "nothing")))
		}
		if s.Advice != "" {
			fmt.Fprintf(tw, "\t\t->\t%s\n", printable(s.Advice))
		}
	}
	return tw.Flush()
}
