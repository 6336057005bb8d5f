package tenancy

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/sqlite"
)

// keepAnswers is how long an answer is given again.
const keepAnswers = 24 * time.Hour

// maxRequestKey bounds an Idempotency-Key, in octets.
const maxRequestKey = 255

// Request is what an idempotency key stands for.
type Request struct {
	Method    string
	Path      string
	Key       string                // the Idempotency-Key; "" = remember nothing
	Body      []byte                // another body under the same key is a Conflict
	Workspace mailstore.WorkspaceID // the workspace that an operator works in, if it is one; others work in their own
}

// Answer is what the caller of a POST is told.
type Answer struct {
	Status int
	Body   []byte
	Public []byte // Body without its secret; nil if it holds none
}

// Once runs do in one transaction of the directory and keeps its answer in the same commit for 24 hours, under the
// request's key: when that key comes again, from a grant of the same reach, the answer is given again with replayed, also
// after a restart. Methods of this package that are called with the ctx handed to do join the transaction; called with
// any other they wait for it for ever. do runs on the one writer's goroutine: it must be quick, touch no network, and
// bear to be run twice. A failed do leaves nothing, and an answer that is no success (2xx) is not kept.
//
// An answer with a secret is kept encrypted under a key derived from the API key behind the grant, which alone is told
// it again; to others, and without an API key, Public is given.
func (g *Grant) Once(ctx context.Context, r Request, do func(ctx context.Context) (Answer, error)) (a Answer, replayed bool, err error) {
	slot, err := g.slot(r)
	if err != nil {
		return Answer{}, false, err
	}
	err = g.dir.change(ctx, func(tx *sqlite.Tx) (err error) {
		a, replayed, err = g.once(g.dir.join(ctx, tx), tx, slot, do)
		return err
	})
	if err != nil {
		return Answer{}, false, err
	}
	return a, replayed, nil
}

func (g *Grant) once(ctx context.Context, tx *sqlite.Tx, s slot, do func(ctx context.Context) (Answer, error)) (a Answer, replayed bool, err error) {
	if s.key == "" {
		a, err = do(ctx)
		return a, false, err
	}
	if s.ws != "" {
		if err := workspaceExists(tx, s.ws); err != nil {
			return Answer{}, false, err
		}
	}
	if a, replayed, err = g.recall(tx, s); replayed || err != nil {
		return a, replayed, err
	}
	if a, err = do(ctx); err != nil || a.Status < 200 || a.Status > 299 {
		return a, false, err
	}
	return a, false, g.remember(tx, s, a)
}

// slot is where the answer to a request is kept.
type slot struct {
	scope             string
	method, path, key string
	ws                mailstore.WorkspaceID
	body              [sha256.Size]byte
}

// slot separates grants of different reach, so that nobody is told an answer that was given to one who may more.
func (g *Grant) slot(r Request) (slot, error) {
	if len(r.Key) > maxRequestKey || strings.ContainsFunc(r.Key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return slot{}, fault.New(fault.Invalid, "invalid_idempotency_key", "An Idempotency-Key is 1 to %d printable ASCII characters.", maxRequestKey).At("header.Idempotency-Key")
	}
	s, err := g.within(r.Workspace)
	if err != nil {
		return slot{}, err
	}
	return slot{fmt.Sprintf("%s:%s:%s", g.Kind(), s.ws, s.inbox), r.Method, r.Path, r.Key, s.ws, sha256.Sum256(r.Body)}, nil
}

// Repeatable names a request for what is committed in a workspace's own store, under the same rule as Once: by whose reach,
// method, path and key. It is nil if the request has no key.
func (g *Grant) Repeatable(r Request) (*mailstore.Repeatable, error) {
	s, err := g.slot(r)
	if err != nil || s.key == "" {
		return nil, err
	}
	return &mailstore.Repeatable{Name: strings.Join([]string{s.scope, s.method, s.path, s.key}, "\x00"), BodyHash: s.body[:]}, nil
}

// context binds an encrypted answer to its place, so that it opens nowhere else.
func (s slot) context() []byte {
	return []byte(strings.Join([]string{s.scope, s.method, s.path, s.key, string(s.body[:])}, "\x00"))
}

// recall finds the answer that was given before, as this grant may be told it.
func (g *Grant) recall(tx *sqlite.Tx, s slot) (a Answer, found bool, err error) {
	var body, sealed []byte
	var keyID KeyID
	err = tx.Row("SELECT body_hash, key_id, status, answer, sealed FROM idempotency WHERE scope = ? AND method = ? AND path = ? AND name = ? AND expires_at > ?",
		sqlite.Args(s.scope, s.method, s.path, s.key, g.dir.now().UnixMicro()), &body, &keyID, &a.Status, &a.Body, &sealed)
	switch {
	case sqlite.NoRows(err):
		return Answer{}, false, nil
	case err != nil:
		return Answer{}, false, fmt.Errorf("recall answer: %w", err)
	case subtle.ConstantTimeCompare(body, s.body[:]) != 1:
		return Answer{}, false, errReused
	case sealed == nil || keyID != g.KeyID() || g.seal == nil:
		return a, true, nil
	}
	a.Public = a.Body
	a.Body, err = unseal(g.seal, sealed, s.context())
	return a, err == nil, err
}

// remember keeps an answer. Without an API key nothing secret can be kept, so nothing is.
func (g *Grant) remember(tx *sqlite.Tx, s slot, a Answer) (err error) {
	open, sealed := a.Body, []byte(nil)
	if a.Public != nil {
		open = a.Public
		if g.seal != nil {
			if sealed, err = seal(g.seal, a.Body, s.context()); err != nil {
				return err
			}
		}
	}
	if open == nil {
		open = []byte{}
	}
	_, err = tx.Exec(`INSERT OR REPLACE INTO idempotency (scope, method, path, name, workspace_id, body_hash, key_id, status, answer, sealed, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.scope, s.method, s.path, s.key, orNull(s.ws), s.body[:], g.KeyID(), a.Status, open, sealed, g.dir.now().Add(keepAnswers).UnixMicro())
	if err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	return nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts with AES-GCM; the nonce, which is random, goes in front.
func seal(key, text, context []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, fmt.Errorf("seal answer: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, text, context), nil
}

func unseal(key, sealed, context []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err == nil && len(sealed) < aead.NonceSize() {
		err = errors.New("too short")
	}
	if err != nil {
		return nil, fmt.Errorf("open answer: %w", err)
	}
	n := aead.NonceSize()
	text, err := aead.Open(nil, sealed[:n], sealed[n:], context)
	if err != nil {
		return nil, fmt.Errorf("open answer: %w", err)
	}
	return text, nil
}
