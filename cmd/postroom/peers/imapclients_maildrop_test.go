package peers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mailDrop is where a client's delivery program leaves each message as a file.
type mailDrop struct {
	t       testing.TB
	program string // takes one message on its standard input
	dir     string
}

func newMailDrop(c *client) mailDrop {
	c.t.Helper()
	d := mailDrop{t: c.t, dir: filepath.Join(c.home, "in")}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	d.program = c.write("store", "#!/bin/sh\nf=$(mktemp "+c.home+"/message.XXXXXX) && cat >\"$f\" && mv \"$f\" "+d.dir+"\n")
	return d
}

// messages are the files by Message-ID.
func (d mailDrop) messages() map[string]string {
	d.t.Helper()
	files, err := os.ReadDir(d.dir)
	if err != nil {
		d.t.Fatal(err)
	}
	messages := map[string]string{}
	for _, file := range files {
		text := mustRead(d.t, filepath.Join(d.dir, file.Name()))
		id := messageID([]byte(text))
		if _, twice := messages[id]; twice {
			d.t.Errorf("%s was delivered twice", id)
		}
		messages[id] = text
	}
	return messages
}

// check wants exactly these messages, byte for byte but for local line ends, an end of the last line and a field of the client's own.
func (d mailDrop) check(want []testMail, ownField string) {
	d.t.Helper()
	got := d.messages()
	for _, m := range want {
		text, ok := got[m.ID]
		if !ok {
			d.t.Errorf("%s was not delivered", m.ID)
		} else if here, there := strings.TrimSuffix(withoutField(toCRLF(text), ownField), "\r\n"), strings.TrimSuffix(m.Text, "\r\n"); here != there {
			d.t.Errorf("%s is\n%q, not\n%q", m.ID, tail(here, 600), tail(there, 600))
		}
	}
	if len(got) != len(want) {
		d.t.Errorf("%d messages were delivered, not %d", len(got), len(want))
	}
}
