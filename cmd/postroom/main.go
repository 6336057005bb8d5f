// Command postroom is the mail server and the tool to administer it.
//
// It reads the configuration, puts the stores and the wires together and runs them (serve, dev), or talks to a running
// server through the socket in its data directory (all else). It holds no logic about mail or tenants: that lies in
// the packages to the right of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// commandLine is every subcommand.
type commandLine struct {
	Dev         devCommand         `cmd:"" help:"Run a server on this machine to develop against, with a demo workspace."`
	Setup       setupCommand       `cmd:"" help:"Make a server of this machine: a configuration, the first workspace, domain, inbox and keys, and the DNS records to write."`
	Serve       serveCommand       `cmd:"" help:"Run the server."`
	Workspace   workspaceCommands  `cmd:"" help:"Workspaces: one for each tenant."`
	Domain      domainCommands     `cmd:"" help:"Domains of a workspace."`
	Inbox       inboxCommands      `cmd:"" help:"Inboxes of a workspace."`
	Key         keyCommands        `cmd:"" help:"API keys of a workspace or an inbox."`
	Message     messageCommands    `cmd:"" help:"Messages of an inbox."`
	Webhook     webhookCommands    `cmd:"" help:"Webhooks: where a workspace's events are posted to."`
	MCP         mcpCommand         `cmd:"" name:"mcp" help:"Serve the Model Context Protocol over standard input and output, for an assistant on this machine."`
	Queue       queueCommands      `cmd:"" help:"What a workspace has to send, and why it waits."`
	Check       checkCommand       `cmd:"" help:"Look at a running server: what is wrong, and how to mend it. Exit code 1 if something does not work."`
	Bench       benchCommands      `cmd:"" help:"Measure a mail server, this one or another."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running server whether it is ready: exit code 0 if so, else 1."`
	Rebuild     rebuildCommand     `cmd:"" help:"Remake lost indexes from the message files, while the server is stopped."`
	PDFText     pdftextCommand     `cmd:"" name:"pdftext" hidden:"" help:"Write the text of a PDF; the server reads them in a process of its own."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// terminal is where a command reads and writes. Results go to out, everything else to err.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is a command line that cannot be meant.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	syscall.Umask(0o077) // nothing that is written here is for others
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// The first signal asks for a clean stop; then the default is back, and a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	code := execute(ctx, terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute runs one command line and returns its exit code: 0, 1 for a failure, 2 for wrong use.
func execute(ctx context.Context, t terminal, args []string) int {
	parser, err := kong.New(&commandLine{},
		kong.Name("postroom"),
		kong.Description("Postroom is a mail server for platforms: inboxes for many customers, each behind a wall."),
		kong.Vars{"data": defaultDataDir},
		kong.Writers(t.out, t.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(t),
	)
	if err != nil {
		return complain(t, fmt.Errorf("build command line: %w", err), 1)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return complain(t, fmt.Errorf("%w (%s says how it is used)", err, helpFor(err)), 2)
	}
	if err := command.Run(); err != nil {
		if wrong := usageError(""); errors.As(err, &wrong) {
			return complain(t, err, 2)
		}
		return complain(t, err, 1)
	}
	return 0
}

// helpFor is the command that explains the part of the command line that was understood.
func helpFor(err error) string {
	words := []string{"postroom"}
	if wrong := (*kong.ParseError)(nil); errors.As(err, &wrong) {
		for _, step := range wrong.Context.Path {
			if step.Command != nil {
				words = append(words, step.Command.Name)
			}
		}
	}
	return "'" + strings.Join(append(words, "--help"), " ") + "'"
}

func complain(t terminal, err error, code int) int {
	fmt.Fprintln(t.err, "postroom:", err)
	return code
}
