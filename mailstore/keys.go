package mailstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"

	"github.com/postroom/postroom/mailstore/fault"
)

const (
	keysDir      = "keys"
	maxKeyOctets = 64 << 10
)

var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,199}$`)

var errKeyName = fault.New(fault.Invalid, "invalid_key_name", "A key's name is lower-case letters, digits, dots and dashes.")

// PutKey keeps a private key in the workspace's directory under a name, durably, in place of what was there. Only
// tenancy calls it.
func (h Workspace) PutKey(ctx context.Context, name string, key []byte) error {
	if !keyName.MatchString(name) {
		return errKeyName
	}
	return h.use(ctx, func(w *workspace) error {
		if err := w.root.Mkdir(keysDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return errDisk.Because(fmt.Errorf("keep key: %w", err))
		}
		if err := w.writeKey(keysDir+"/"+name, key); err != nil {
			return w.fail(fmt.Errorf("keep key: %w", err))
		}
		return nil
	})
}

// writeKey writes beside the name and takes its place, so that no crash leaves half a key.
func (w *workspace) writeKey(name string, key []byte) error {
	file, err := w.root.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(key); err == nil {
		err = w.store.opts.sync(file)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := w.root.Rename(name+".new", name); err != nil {
		return err
	}
	for _, dir := range []string{keysDir, "."} {
		d, err := w.root.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(w.store.opts.sync(d), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Key reads what PutKey kept, ErrNotFound if there is nothing.
func (h Workspace) Key(ctx context.Context, name string) (key []byte, err error) {
	if !keyName.MatchString(name) {
		return nil, errKeyName
	}
	err = h.use(ctx, func(w *workspace) error {
		file, err := w.root.Open(keysDir + "/" + name)
		if errors.Is(err, fs.ErrNotExist) {
			return ErrNotFound
		}
		if err != nil {
			return errDisk.Because(fmt.Errorf("read key: %w", err))
		}
		defer file.Close()
		key, err = io.ReadAll(io.LimitReader(file, maxKeyOctets))
		return err
	})
	return key, err
}
