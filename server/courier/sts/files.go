package sts

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	fileSuffix      = ".json"
	temporaryPrefix = "new-"
	maxFile         = 2*MaxPolicySize + 4<<10 // octets: a policy's line ends take two each, and what stands around it
)

// files are the policies that are kept: one file for each domain, replaced as a whole, its modification time that of the
// fetch. They are named by a digest, since a domain may be longer than a file's name.
type files struct {
	dir  string
	most int

	mu      sync.Mutex
	counted bool
	count   int // once counted
}

// file is what a file holds: the policy as it was served, which is read as strictly as it was then.
type file struct {
	Domain    string    `json:"domain"`
	ID        string    `json:"id"`
	FetchedAt time.Time `json:"fetchedAt"`
	Policy    string    `json:"policy"`
}

func (f *files) path(domain string) string {
	digest := sha256.Sum256([]byte(domain))
	return filepath.Join(f.dir, hex.EncodeToString(digest[:])+fileSuffix)
}

// read gives the policy that is kept for a domain; one without an ID if there is none, also with an error.
func (f *files) read(domain string) (Policy, error) {
	kept, p, err := readFile(f.path(domain))
	if errors.Is(err, fs.ErrNotExist) {
		return Policy{}, nil
	}
	if err != nil || kept.Domain != domain {
		return Policy{}, cmp.Or(err, errors.New("it is that of another domain"))
	}
	return p, nil
}

func readFile(path string) (file, Policy, error) {
	opened, err := os.Open(path)
	if err != nil {
		return file{}, Policy{}, err
	}
	defer opened.Close()
	text, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err != nil {
		return file{}, Policy{}, err
	}
	if len(text) > maxFile {
		return file{}, Policy{}, fmt.Errorf("%s is too long", path)
	}
	var kept file
	if err := json.Unmarshal(text, &kept); err != nil {
		return file{}, Policy{}, fmt.Errorf("%s: %w", path, err)
	}
	p, err := ParsePolicy([]byte(kept.Policy))
	if err != nil || !isID(kept.ID) {
		return file{}, Policy{}, cmp.Or(err, fmt.Errorf("%s has no id", path))
	}
	p.ID, p.FetchedAt = kept.ID, kept.FetchedAt
	return kept, p, nil
}

// write keeps a policy for a domain in place of an earlier one. After a crash there is the one or the other.
func (f *files) write(domain string, p Policy, body []byte) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(file{domain, p.ID, p.FetchedAt, string(body)}); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.counted {
		if err := f.recount(); err != nil {
			return err
		}
	}
	path := f.path(domain)
	_, err := os.Lstat(path)
	if isNew := errors.Is(err, fs.ErrNotExist); isNew && f.count >= f.most {
		if err := f.makeRoom(); err != nil {
			return err
		}
	}
	if err := replace(f.dir, path, text.Bytes(), p.FetchedAt); err != nil {
		return err
	}
	if err != nil {
		f.count++
	}
	return nil
}

// replace writes a file beside its place, makes it durable, and renames it.
func replace(dir, path string, text []byte, modified time.Time) (err error) {
	temporary, err := os.CreateTemp(dir, temporaryPrefix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Sync()
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chtimes(temporary.Name(), modified, modified)
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	return err
}

// recount counts the files and removes what a crash left half written. The caller holds the lock.
func (f *files) recount() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	f.count = 0
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasPrefix(name, temporaryPrefix):
			if err := os.Remove(filepath.Join(f.dir, name)); err != nil {
				return err
			}
		case strings.HasSuffix(name, fileSuffix):
			f.count++
		}
	}
	f.counted = true
	return nil
}

// makeRoom removes a tenth of the files, those that were fetched longest ago: what is in use is fetched daily. The caller
// holds the lock.
func (f *files) makeRoom() error {
	type aged struct {
		path string
		at   time.Time
	}
	var all []aged
	paths, err := f.paths()
	if err != nil {
		return err
	}
	for _, path := range paths {
		if info, err := os.Lstat(path); err == nil {
			all = append(all, aged{path, info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b aged) int { return a.at.Compare(b.at) })
	gone := max(len(all)-f.most+1, f.most/10)
	for _, old := range all[:min(gone, len(all))] {
		if err := os.Remove(old.path); err != nil {
			return err
		}
	}
	f.count = len(all) - min(gone, len(all))
	return nil
}

// paths are those of all files.
func (f *files) paths() ([]string, error) {
	return filepath.Glob(filepath.Join(f.dir, "*"+fileSuffix))
}

// removeExpired removes a file whose policy has run out, unless it has been replaced meanwhile.
func (f *files) removeExpired(path string, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, p, err := readFile(path); err == nil && !p.expired(now) {
		return nil
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	f.counted = false // counted anew at the next write
	return nil
}
