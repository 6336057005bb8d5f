package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/postroom/postroom/mailstore"
)

// rebuildCommand remakes indexes from the message files, while no server runs on the data directory.
type rebuildCommand struct {
	Data      string `help:"Data directory; its server must be stopped." default:"${data}" placeholder:"DIR"`
	JSON      bool   `name:"json" help:"Print JSON."`
	Workspace string `help:"Only this workspace; all of them without." placeholder:"ID"`
}

// rebuilt is a workspace's report as a program reads it.
type rebuilt struct {
	WorkspaceID string   `json:"workspaceId"`
	Mailboxes   int      `json:"mailboxes"`
	Messages    int      `json:"messages"`
	Recorded    int      `json:"recorded"` // messages whose UID and keywords were known
	Queued      int      `json:"queued"`   // recipients that a message waits for to leave
	Problems    []string `json:"problems"`
}

// Run says for each workspace what was found. Problems with single files do not stop it; they are told, and the exit code is 0.
func (c *rebuildCommand) Run(ctx context.Context, t terminal) error {
	if _, err := os.Stat(filepath.Join(c.Data, "workspaces")); err != nil {
		return fmt.Errorf("there is no data of Postroom in %s: name its directory with --data", c.Data)
	}
	log := newLog(LogConfig{Level: slog.LevelWarn.String(), Format: "text"}, t)
	reports, err := mailstore.Rebuild(ctx, c.Data, mailstore.WorkspaceID(c.Workspace), mailstore.Options{Log: log})
	if errors.Is(err, mailstore.ErrNotFound) {
		return fmt.Errorf("there is no workspace %s in %s", c.Workspace, c.Data)
	}
	list := make([]rebuilt, 0, len(reports))
	for _, r := range reports {
		list = append(list, rebuilt{WorkspaceID: string(r.Workspace), Mailboxes: r.Mailboxes, Messages: r.Messages, Recorded: r.Recorded, Queued: r.Queued, Problems: append([]string{}, r.Problems...)})
	}
	return errors.Join(err, c.print(t, list))
}

func (c *rebuildCommand) print(t terminal, list []rebuilt) error {
	if c.JSON {
		return json.NewEncoder(t.out).Encode(map[string]any{"workspaces": list})
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "WORKSPACE\tMAILBOXES\tMESSAGES\tRECORDED\tPROBLEMS")
	for _, r := range list {
		fmt.Fprintln(tw, r.WorkspaceID+"\t"+strconv.Itoa(r.Mailboxes)+"\t"+strconv.Itoa(r.Messages)+"\t"+strconv.Itoa(r.Recorded)+"\t"+strconv.Itoa(len(r.Problems)))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, r := range list {
		for _, problem := range r.Problems {
			fmt.Fprintf(t.err, "%s: %s\n", r.WorkspaceID, printable(problem))
		}
	}
	return nil
}
