package peers

import (
	"os/exec"
	"testing"
)

func TestPerlsMailIMAPClientFindsItsRepertoire(t *testing.T) {
	perl := need(t, "/usr/bin/perl")
	for _, module := range []string{"Mail::IMAPClient", "IO::Socket::SSL"} {
		if exec.CommandContext(t.Context(), perl, "-M"+module, "-e1").Run() != nil {
			absent(t, "Perl's "+module)
		}
	}
	atEachIMAPServer(t, func(t *testing.T, at imapTarget) {
		t.Log(newClient(t).script(at, perl, "imapclient.pl"))
	})
}
