package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// pair is a certificate of the operator's with its key, read again when one of the files has changed.
type pair struct {
	files Pair

	mu    sync.Mutex
	cert  *tls.Certificate
	stamp stamp
	err   string // why the newer files are not used
}

// stamp tells whether files are other ones than before.
type stamp struct{ cert, key fileStamp }

type fileStamp struct {
	size     int64
	modified time.Time
}

func (c *Certs) loadPairs() error {
	if len(c.cfg.Pairs) > maxPairs {
		return fmt.Errorf("load certificates: at most %d pairs", maxPairs)
	}
	for _, files := range c.cfg.Pairs {
		p := &pair{files: files}
		stamp, err := p.look()
		if err == nil {
			err = p.load(stamp)
		}
		if err != nil {
			return fmt.Errorf("load certificate: %w", err)
		}
		c.pairs = append(c.pairs, p)
	}
	return nil
}

// pairOf is the first pair whose certificate is for a name, nil if there is none.
func (c *Certs) pairOf(name string) *pair {
	for _, p := range c.pairs {
		if p.certificate().Leaf.VerifyHostname(name) == nil {
			return p
		}
	}
	return nil
}

// watchPairs looks at the files every few seconds.
func (c *Certs) watchPairs(ctx context.Context) {
	tick := time.NewTicker(checkFiles)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.reloadPairs()
		case <-ctx.Done():
			return
		}
	}
}

// reloadPairs takes in pairs that have changed. One that cannot be used leaves the old one in its place, and is told of once. Names of the
// server's that the new one is not for any more are ordered, where there is an authority.
func (c *Certs) reloadPairs() {
	for _, p := range c.pairs {
		stamp, err := p.look()
		if err == nil && stamp == p.seen() {
			continue
		}
		if err == nil {
			err = p.load(stamp)
		}
		if err == nil {
			c.log.Info("certificate read again", "file", p.files.CertFile, "notAfter", p.certificate().Leaf.NotAfter)
			if c.cfg.ACME != nil {
				c.addOwns()
			}
		} else if p.broken(err, stamp) {
			c.log.Error("the new certificate cannot be used, the old one stays", "file", p.files.CertFile, "err", err)
		}
	}
}

func (p *pair) look() (s stamp, err error) {
	s.cert, err = stampOf(p.files.CertFile)
	if err != nil {
		return stamp{}, err
	}
	s.key, err = stampOf(p.files.KeyFile)
	return s, err
}

func stampOf(file string) (fileStamp, error) {
	info, err := os.Stat(file)
	if err != nil {
		return fileStamp{}, err
	}
	return fileStamp{info.Size(), info.ModTime()}, nil
}

// maxPairFile is the largest file that is read, in octets.
const maxPairFile = 1 << 20

var errPairTooLarge = errors.New("the file is too large for a certificate or a key")

// load reads the files, if they fit each other.
func (p *pair) load(s stamp) error {
	if s.cert.size > maxPairFile || s.key.size > maxPairFile {
		return errPairTooLarge
	}
	cert, err := tls.LoadX509KeyPair(p.files.CertFile, p.files.KeyFile)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cert, p.stamp, p.err = &cert, s, ""
	return nil
}

// broken keeps why files are not used. False: it was known.
func (p *pair) broken(err error, s stamp) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.err == shown(err)
	p.err = shown(err)
	if s != (stamp{}) {
		p.stamp = s // not read again until they change
	}
	return !known
}

func (p *pair) seen() stamp {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stamp
}

func (p *pair) certificate() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cert
}
