package maildir

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
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
	if errors.Is(err, fs.ErrNotExist) { // somebody took the directory away since it was made
		t.mu.Lock()
		delete(t.made, queueDir)
		t.mu.Unlock()
		if err := t.makeQueue(); err != nil {
			return err
		}
		file, err = t.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
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
	return t.note(base, "", recipients)
}

// What a line begins with that says that a recipient is held from now on, or held no more. No address has a tab in it.
const (
	heldMark     = "held\t"
	releasedMark = "released\t"
	sendAtMark   = "sendAt\t" // a time in RFC 3339 follows
)

// NoteHeld writes behind the envelope that recipients are held, or that they are not any more, as NoteSettled does.
func (t *Tree) NoteHeld(base string, recipients []string, held bool) error {
	mark := releasedMark
	if held {
		mark = heldMark
	}
	return t.note(base, mark, recipients)
}

// NoteSendAt writes behind the envelope when the message is sent now, as NoteSettled does.
func (t *Tree) NoteSendAt(base string, at time.Time) error {
	return t.note(base, sendAtMark, []string{at.UTC().Format(time.RFC3339Nano)})
}

// note begins with a line end of its own: a crash may have cut the line before.
func (t *Tree) note(base, mark string, recipients []string) error {
	file, err := t.root.OpenFile(queueDir+"/"+base+envelopeSuffix, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("note in envelope: %w", err)
	}
	_, err = file.WriteString("\n" + mark + strings.Join(recipients, "\n"+mark) + "\n")
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

// QuarantineQueued moves what lies in the outbox under a base name, bytes and envelope, into the workspace's quarantine.
// What is not there is no error.
func (t *Tree) QuarantineQueued(base string) error {
	if err := t.root.MkdirAll(quarantineDir, 0o700); err != nil {
		return fmt.Errorf("make quarantine: %w", err)
	}
	for _, name := range []string{base, base + envelopeSuffix} {
		if err := t.root.Rename(queueDir+"/"+name, quarantineDir+"/"+queueDir+"-"+name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("quarantine queued file: %w", err)
		}
	}
	return nil
}

// Queued lists the base names in the outbox, those with bytes and those with an envelope alone. What other programs leave
// there, directories and names with a dot in front, is not listed.
func (t *Tree) Queued() (bases []string, err error) {
	dir, err := t.root.Open(queueDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list outbox: %w", err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return nil, fmt.Errorf("list outbox: %w", err)
	}
	seen := map[string]bool{}
	for _, e := range entries {
		base := strings.TrimSuffix(e.Name(), envelopeSuffix)
		if !e.Type().IsRegular() || base == "" || base[0] == '.' || seen[base] {
			continue
		}
		seen[base] = true
		bases = append(bases, base)
	}
	return bases, nil
}

// QueuedSize is how many octets lie in the outbox under a base name.
func (t *Tree) QueuedSize(base string) (int64, error) {
	info, err := t.root.Lstat(queueDir + "/" + base)
	if err != nil {
		return 0, fmt.Errorf("look at queued file: %w", err)
	}
	return info.Size(), nil
}

// Noted is what was noted behind an envelope since it was written.
type Noted struct {
	Settled map[string]bool // recipients that wait no more
	Held    map[string]bool // true: held since; false: released since
	SendAt  *time.Time      // when it is sent now; nil: as the envelope says
}

// Envelope reads a queued message's envelope and what was noted behind it.
func (t *Tree) Envelope(base string) (envelope []byte, noted Noted, err error) {
	noted = Noted{Settled: map[string]bool{}, Held: map[string]bool{}}
	file, err := t.root.Open(queueDir + "/" + base + envelopeSuffix)
	if err != nil {
		return nil, noted, err
	}
	defer file.Close()
	in := bufio.NewReader(file)
	if envelope, err = in.ReadBytes('\n'); err != nil {
		return nil, noted, fmt.Errorf("read envelope: %w", err)
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return envelope, noted, nil // a line that a crash cut is none
		}
		line = strings.TrimSuffix(line, "\n")
		if recipient, ok := strings.CutPrefix(line, heldMark); ok {
			noted.Held[recipient] = true
		} else if recipient, ok := strings.CutPrefix(line, releasedMark); ok {
			noted.Held[recipient] = false
		} else if written, ok := strings.CutPrefix(line, sendAtMark); ok {
			if at, err := time.Parse(time.RFC3339Nano, written); err == nil {
				noted.SendAt = &at
			}
		} else {
			noted.Settled[line] = true
		}
	}
}
