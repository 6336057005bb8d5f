package tenancy

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/sqlite"
)

const (
	rsaBits = 2048

	// DKIMOverlap is how long the pair that signed last stays published as it is: what it signed is still on its way.
	DKIMOverlap = 7 * 24 * time.Hour
)

// DKIMKey is a key that a domain's mail is signed with, or will be (RFC 6376, RFC 8463).
type DKIMKey struct {
	Domain    string
	Selector  string
	Algorithm string // "rsa" or "ed25519"
	Public    string // base64, as p= tells it
	Active    bool   // its pair signs
	CreatedAt time.Time
	file      string
}

// Name is the DNS name of the key's record.
func (k DKIMKey) Name() string { return k.Selector + "._domainkey." + k.Domain }

// Record is the text of the key's record (RFC 6376, 3.6.1).
func (k DKIMKey) Record() string { return "v=DKIM1; k=" + k.Algorithm + "; p=" + k.Public }

// pairs of selectors: one signs, the other is published so that changing places needs no new DNS.
var pairs = map[string][]struct{ selector, algorithm string }{
	"a": {{"pr-a-rsa", "rsa"}, {"pr-a-ed", "ed25519"}},
	"b": {{"pr-b-rsa", "rsa"}, {"pr-b-ed", "ed25519"}},
}

// signers keeps private keys that were read, by the name of their file.
type signers struct {
	mu     sync.Mutex
	keys   map[string]crypto.Signer
	making map[DomainID]chan struct{} // domains whose keys are being made; closed when that ends
}

// turn waits until nobody else makes keys for a domain; done ends it.
func (s *signers) turn(ctx context.Context, id DomainID) (done func(), err error) {
	for {
		s.mu.Lock()
		other := s.making[id]
		if other == nil {
			break
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer s.mu.Unlock()
	if s.making == nil {
		s.making = map[DomainID]chan struct{}{}
	}
	mine := make(chan struct{})
	s.making[id] = mine
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.making, id)
		close(mine)
	}, nil
}

// maxSigners is how many private keys are kept in memory.
const maxSigners = 2000

// DKIM gives the keys of a claim on a domain, which are made when they are asked for the first time.
func (g *Grant) DKIM(ctx context.Context, ws mailstore.WorkspaceID, nameOrID string) ([]DKIMKey, error) {
	dom, err := g.Domain(ctx, ws, nameOrID)
	if err != nil {
		return nil, err
	}
	if dom.Sandbox {
		return nil, errSandboxDomain
	}
	return g.dir.dkimKeys(ctx, dom)
}

// RotateDKIM has the other pair of a domain's keys sign from now on, and gives the keys as they are then. The pair that
// signed so far stays published for DKIMOverlap and is then made anew. A domain whose other pair was not made anew since
// is a Conflict.
func (g *Grant) RotateDKIM(ctx context.Context, ws mailstore.WorkspaceID, nameOrID string) ([]DKIMKey, error) {
	s, err := g.reach(DomainsUpdate, ws)
	if err != nil {
		return nil, err
	}
	var dom Domain
	if err := g.dir.view(ctx, func(tx *sqlite.Tx) (err error) { dom, err = findDomain(tx, s, nameOrID); return err }); err != nil {
		return nil, err
	}
	if dom.Sandbox {
		return nil, errSandboxDomain
	}
	if dom.Status != Verified {
		return nil, errNotVerified
	}
	if _, err := g.dir.dkimKeys(ctx, dom); err != nil {
		return nil, err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) error {
		if dom, err = findDomain(tx, s, nameOrID); err != nil {
			return err
		}
		if now := g.dir.now(); !dom.dkimSince.IsZero() && now.Sub(dom.dkimSince) < DKIMOverlap {
			return errRotatedLately
		}
		_, err := tx.Exec("UPDATE domains SET dkim_pair = ?, dkim_since = ? WHERE id = ?", otherPair(dom.dkimPair), g.dir.now().UnixMicro(), dom.ID)
		if err == nil {
			dom, err = selectDomain(tx, "id = ?", dom.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return g.dir.dkimKeys(ctx, dom)
}

func otherPair(pair string) string {
	if pair == "a" {
		return "b"
	}
	return "a"
}

// dkimKeys gives the keys of a domain, active ones first, and makes those that are missing or that are to be made anew.
func (d *Directory) dkimKeys(ctx context.Context, dom Domain) ([]DKIMKey, error) {
	list, due, err := d.readDKIM(ctx, dom)
	if err != nil || len(due) == 0 {
		return list, err
	}
	done, err := d.signers.turn(ctx, dom.ID)
	if err != nil {
		return nil, err
	}
	defer done()
	if list, due, err = d.readDKIM(ctx, dom); err != nil { // another may have made them
		return nil, err
	}
	for _, pair := range due {
		if err := d.makeDKIM(ctx, dom, pair); err != nil {
			return nil, err
		}
	}
	if len(due) > 0 {
		list, _, err = d.readDKIM(ctx, dom)
	}
	return list, err
}

// readDKIM reads the keys of a domain, and which pairs are to be made.
func (d *Directory) readDKIM(ctx context.Context, dom Domain) (list []DKIMKey, due []string, err error) {
	made := map[string]time.Time{}
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT selector, pair, algorithm, public, file, created_at FROM dkim_keys WHERE domain_id = ? ORDER BY pair <> ?, algorithm DESC", sqlite.Args(dom.ID, dom.dkimPair),
			func(scan func(...any) error) error {
				k := DKIMKey{Domain: dom.Name}
				var pair string
				var created int64
				err := scan(&k.Selector, &pair, &k.Algorithm, &k.Public, &k.file, &created)
				k.Active, k.CreatedAt = pair == dom.dkimPair, fromMicro(created)
				made[pair] = k.CreatedAt
				list = append(list, k)
				return err
			})
	})
	now := d.now()
	for _, pair := range []string{"a", "b"} {
		at, there := made[pair]
		retired := pair != dom.dkimPair && !dom.dkimSince.IsZero() && !at.After(dom.dkimSince) && now.Sub(dom.dkimSince) >= DKIMOverlap
		if !there || retired {
			due = append(due, pair)
		}
	}
	return list, due, err
}

// makeDKIM makes a pair of keys: the private ones are on the disk before their rows are.
func (d *Directory) makeDKIM(ctx context.Context, dom Domain, pair string) error {
	var keys []DKIMKey
	for _, p := range pairs[pair] {
		k := DKIMKey{Selector: p.selector, Algorithm: p.algorithm, file: "dkim." + d.newID("key")}
		private, public, err := newDKIM(p.algorithm)
		if err != nil {
			return fmt.Errorf("make DKIM key: %w", err)
		}
		k.Public = base64.StdEncoding.EncodeToString(public)
		if err := d.store.Workspace(dom.WorkspaceID).PutKey(ctx, k.file, private); err != nil {
			return err
		}
		keys = append(keys, k)
	}
	return d.change(ctx, func(tx *sqlite.Tx) error {
		for _, k := range keys {
			if _, err := tx.Exec("INSERT OR REPLACE INTO dkim_keys (domain_id, selector, pair, algorithm, public, file, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
				dom.ID, k.Selector, pair, k.Algorithm, k.Public, k.file, d.now().UnixMicro()); err != nil {
				return fmt.Errorf("keep DKIM key: %w", err)
			}
		}
		return nil
	})
}

// newDKIM makes a key: private as PEM of PKCS #8, public as the p= of its record holds it (RFC 6376, 3.6.1; RFC 8463, 4).
func newDKIM(algorithm string) (private, public []byte, err error) {
	var key any
	if algorithm == "rsa" {
		k, err := rsa.GenerateKey(rand.Reader, rsaBits)
		if err != nil {
			return nil, nil, err
		}
		if public, err = x509.MarshalPKIXPublicKey(&k.PublicKey); err != nil {
			return nil, nil, err
		}
		key = k
	} else if public, key, err = newEd25519(); err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), public, err
}

func newEd25519() (public []byte, private any, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	return pub, priv, err
}

// signer reads a private key, once.
func (d *Directory) signer(ctx context.Context, ws mailstore.WorkspaceID, k DKIMKey) (crypto.Signer, error) {
	d.signers.mu.Lock()
	known := d.signers.keys[k.file]
	d.signers.mu.Unlock()
	if known != nil {
		return known, nil
	}
	text, err := d.store.Workspace(ws).Key(ctx, k.file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("read DKIM key: it is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read DKIM key: %w", err)
	}
	s, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("read DKIM key: it cannot sign")
	}
	d.signers.mu.Lock()
	defer d.signers.mu.Unlock()
	if d.signers.keys == nil || len(d.signers.keys) >= maxSigners {
		d.signers.keys = map[string]crypto.Signer{}
	}
	d.signers.keys[k.file] = s
	return s, nil
}

// DKIMDue is a domain whose signing keys are old, with the keys that would take their place.
type DKIMDue struct {
	Workspace mailstore.WorkspaceID
	Domain    string
	Next      []DKIMKey
}

// DKIMDue lists verified domains whose keys have signed for longer than age, in the order of their ids behind after, at
// most limit; next is where the following page begins, "" on the last one. A domain whose keys cannot be read or made is
// left out, and logged.
func (d *Directory) DKIMDue(ctx context.Context, age time.Duration, after DomainID, limit int) (list []DKIMDue, next DomainID, err error) {
	var domains []Domain
	before := d.now().Add(-age).UnixMicro()
	err = d.view(ctx, func(tx *sqlite.Tx) error {
		return tx.Each("SELECT "+domainColumns+` FROM domains WHERE id > ?1 AND status = 'verified' AND dkim_since < ?2
			AND EXISTS (SELECT 1 FROM dkim_keys k WHERE k.domain_id = domains.id AND k.pair = domains.dkim_pair AND k.created_at < ?2) ORDER BY id LIMIT ?3`,
			sqlite.Args(after, before, limit), func(scan func(...any) error) error {
				dom, _, err := readDomain(scan)
				domains = append(domains, dom)
				return err
			})
	})
	if err != nil {
		return nil, "", err
	}
	for _, dom := range domains {
		keys, err := d.dkimKeys(ctx, dom)
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if err != nil { // of one workspace: the others' go on
			d.opts.Log.Error("read DKIM keys", "workspace", dom.WorkspaceID, "domain", dom.Name, "err", err)
			continue
		}
		due := DKIMDue{Workspace: dom.WorkspaceID, Domain: dom.Name}
		for _, k := range keys {
			if !k.Active {
				due.Next = append(due.Next, k)
			}
		}
		list = append(list, due)
	}
	if len(domains) == limit {
		next = domains[limit-1].ID
	}
	return list, next, nil
}
