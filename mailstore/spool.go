package mailstore

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/postroom/postroom/mailstore/ident"
)

// SpoolMemory is how many octets of a message are held in memory while it arrives; the rest goes to a file.
const SpoolMemory = 64 << 10

// Spool holds the bytes of one message while they arrive, before it is known what to do with them. Up to SpoolMemory
// octets stay in memory, more lie in a file without a name on the disk of the workspace it was made for. It is not durable and not safe
// for concurrent use. Close gives everything back.
type Spool struct {
	in   Inbox
	mem  []byte
	file *os.File
	size int64
	hash hash.Hash
}

// NewSpool makes an empty spool, which belongs to the workspace of one of the recipients.
func NewSpool(in Inbox) *Spool { return &Spool{in: in, hash: sha256.New()} }

// Write adds bytes.
func (sp *Spool) Write(p []byte) (int, error) {
	if sp.file == nil && len(sp.mem)+len(p) > SpoolMemory {
		if err := sp.spill(); err != nil {
			return 0, err
		}
	}
	sp.hash.Write(p)
	sp.size += int64(len(p))
	if sp.file == nil {
		sp.mem = append(sp.mem, p...)
		return len(p), nil
	}
	if n, err := sp.file.Write(p); err != nil {
		return n, errDisk.Because(fmt.Errorf("spool: %w", err))
	}
	return len(p), nil
}

// spill moves what is in memory to a file.
func (sp *Spool) spill() error {
	return sp.in.ws.use(noCtx, func(w *workspace) error {
		if err := w.enoughSpace(); err != nil {
			return err
		}
		if err := w.root.Mkdir("tmp", 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return errDisk.Because(fmt.Errorf("spool: %w", err))
		}
		name := "tmp/" + ident.New("spool", w.store.opts.Clock())
		file, err := w.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			return errDisk.Because(fmt.Errorf("spool: %w", err))
		}
		sp.file = file
		// it needs no name, and so holds nothing open but itself, however slow the client is
		if err := w.root.Remove(name); err != nil {
			return errDisk.Because(fmt.Errorf("spool: %w", err))
		}
		if _, err := sp.file.Write(sp.mem); err != nil {
			return errDisk.Because(fmt.Errorf("spool: %w", err))
		}
		sp.mem = nil
		return nil
	})
}

// Size is the number of octets so far.
func (sp *Spool) Size() int64 { return sp.size }

// Reader reads the bytes from the start. It is good until Close.
func (sp *Spool) Reader() io.ReadSeeker {
	if sp.file != nil {
		return io.NewSectionReader(sp.file, 0, sp.size)
	}
	return bytes.NewReader(sp.mem)
}

func (sp *Spool) sum() []byte { return sp.hash.Sum(nil) }

// Close gives the file back, if there is one.
func (sp *Spool) Close() error {
	sp.mem = nil
	if sp.file == nil {
		return nil
	}
	err := sp.file.Close()
	sp.file = nil
	return err
}
