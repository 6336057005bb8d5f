package maildir

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// What waits to leave lies in this directory: for each message a link to its bytes, so that they do not depend on the
// copy in Sent, and beside it the envelope: JSON in the first line, then a line for each recipient that waits no more.
const (
	queueDir       = "outbox"
	envelopeSuffix = ".envelope"
)

// Queue puts the bytes that Write left in the folder's tmp into the outbox, with their envelope, a line of JSON. It is
// durable after SyncQueue.
func (t *Tree) Queue(f Folder, base string, envelope []byte) error {
	if err := t.makeQueue(); err != nil {
		return err
	}
	name := queueDir + "/" + base + envelopeSuffix
	file, err := t.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write envelope: %w", err)
	}
	if _, err = file.Write(append(bytes.Clone(envelope), '\n')); err == nil {
		err = t.sync(file)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write envelope: %w", err)
	}
	if err := t.root.Link(f.Dir()+"/tmp/"+base, queueDir+"/"+base); err != nil {
		return fmt.Errorf("queue file: %w", err)
	}
	return nil
}

func (t *Tree) makeQueue() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.made[queueDir] {
		return nil
	}
	if err := t.root.Mkdir(queueDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make outbox: %w", err)
	}
	for _, d := range []string{queueDir, "."} {
		if err := t.syncDir(d); err != nil {
			return err
		}
	}
	t.made[queueDir] = true
	return nil
}

// SyncQueue makes durable what Queue did. Calls that overlap share one sync.
func (t *Tree) SyncQueue() error { return t.syncShared(queueDir) }

// OpenQueued opens the bytes of a queued message.
func (t *Tree) OpenQueued(base string) (*os.File, error) { return t.root.Open(queueDir + "/" + base) }

// NoteSettled writes behind the envelope that a recipient waits no more. It is not synced: the index is the truth while
// it lives.
func (t *Tree) NoteSettled(base string, recipients []string) error {
	file, err := t.root.OpenFile(queueDir+"/"+base+envelopeSuffix, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("note in envelope: %w", err)
	}
	_, err = file.WriteString(strings.Join(recipients, "\n") + "\n")
	return errors.Join(err, file.Close())
}

// Unqueue removes a message from the outbox. What is not there is no error.
func (t *Tree) Unqueue(base string) error {
	for _, name := range []string{base, base + envelopeSuffix} {
		if err := t.root.Remove(queueDir + "/" + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("unqueue file: %w", err)
		}
	}
	return nil
}

// Queued lists the base names in the outbox, those with bytes and those with an envelope alone.
func (t *Tree) Queued() ([]string, error) {
	names, err := t.list(queueDir)
	seen := map[string]bool{}
	var bases []string
	for _, name := range names {
		base := strings.TrimSuffix(name, envelopeSuffix)
		if !seen[base] {
			seen[base] = true
			bases = append(bases, base)
		}
	}
	return bases, err
}

// Envelope reads a queued message's envelope and the recipients that were noted as settled.
func (t *Tree) Envelope(base string) (envelope []byte, settled []string, err error) {
	file, err := t.root.Open(queueDir + "/" + base + envelopeSuffix)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	in := bufio.NewReader(file)
	if envelope, err = in.ReadBytes('\n'); err != nil {
		return nil, nil, fmt.Errorf("read envelope: %w", err)
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return envelope, settled, nil // a line that a crash cut is none
		}
		settled = append(settled, strings.TrimSuffix(line, "\n"))
	}
}
