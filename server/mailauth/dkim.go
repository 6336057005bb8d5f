package mailauth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"slices"
	"sync"
)

// checkSignatures verifies the signatures of a message (RFC 6376, 6.1), and tells how many were left out. Keys are looked up
// at the same time as the body is read, once, for all.
func (v *Verifier) checkSignatures(ctx context.Context, h header, message io.ReaderAt, size int64, authors []string) ([]DKIM, int) {
	if h.err != nil {
		if errors.Is(h.err, errHeader) {
			return []DKIM{DKIM{}.with(PermError, "the header is too large")}, 0
		}
		return []DKIM{DKIM{}.with(TempError, "the message could not be read")}, 0
	}
	signatures, results, unchecked := v.signatures(h, authors)
	if len(signatures) == 0 {
		return nil, unchecked
	}
	keys := make([]key, len(signatures))
	var lookups sync.WaitGroup
	var simple, relaxed bool
	for i := range signatures {
		if results[i].Result != "" {
			continue
		}
		simple = simple || !signatures[i].relaxedBody
		relaxed = relaxed || signatures[i].relaxedBody
		lookups.Go(func() {
			keys[i], results[i].Result, results[i].Reason = v.findKey(ctx, results[i])
			results[i].KeyBits, results[i].Testing = keys[i].bits, keys[i].testing
		})
	}
	hashes := hashBody(ctx, io.NewSectionReader(message, h.body, size-h.body), size-h.body, simple, relaxed)
	lookups.Wait()
	for i := range signatures {
		if results[i].Result == "" {
			results[i] = results[i].with(h.verify(&signatures[i], keys[i], hashes))
		}
	}
	return results, unchecked
}

// signatures reads those that are to be checked. If there are too many, those of the authors' domains go first.
func (v *Verifier) signatures(h header, authors []string) (list []signature, results []DKIM, unchecked int) {
	now := v.clock()
	var at []int
	for i := range h.fields {
		if h.fields[i].name == "dkim-signature" {
			at = append(at, i)
		}
	}
	if len(at) > v.maxSignatures {
		unchecked = len(at) - v.maxSignatures
		at = preferred(h, at, authors)[:v.maxSignatures]
		slices.Sort(at)
	}
	for _, i := range at {
		s, d := parseSignature(h.fields[i], now)
		list, results = append(list, s), append(results, d)
	}
	return list, results, unchecked
}

// preferred puts the signatures of the authors' domains in front.
func preferred(h header, at []int, authors []string) []int {
	var ours, others []int
	for _, i := range at {
		t, _ := parseTags(string(h.fields[i].value))
		domain, _ := asciiDomain(t.value("d", ""))
		if slices.ContainsFunc(authors, func(author string) bool { return aligned(domain, author, false) }) {
			ours = append(ours, i)
		} else {
			others = append(others, i)
		}
	}
	return append(ours, others...)
}

// bodyHashes are those that signatures need.
type bodyHashes struct {
	simple, relaxed []byte
	err             error
}

// hashBody reads a body of about size octets in parts.
func hashBody(ctx context.Context, body io.Reader, size int64, simple, relaxed bool) bodyHashes {
	if !simple && !relaxed {
		return bodyHashes{}
	}
	plain, loose := bodyHash{hash: sha256.New()}, bodyHash{hash: sha256.New(), relaxed: true}
	part := make([]byte, min(size+1, chunk))
	for {
		if err := ctx.Err(); err != nil {
			return bodyHashes{err: err}
		}
		n, err := body.Read(part)
		if simple {
			plain.write(part[:n])
		}
		if relaxed {
			loose.write(part[:n])
		}
		switch {
		case err == io.EOF:
			return bodyHashes{simple: plain.sum(), relaxed: loose.sum()}
		case err != nil:
			return bodyHashes{err: err}
		}
	}
}

// verify compares a signature with the message.
func (h header) verify(s *signature, k key, hashes bodyHashes) (Result, string) {
	if hashes.err != nil {
		return TempError, "the message could not be read in time"
	}
	if k.exact && s.below {
		return PermError, "the key is not for subdomains" // RFC 6376, 3.6.1
	}
	hash := hashes.simple
	if s.relaxedBody {
		hash = hashes.relaxed
	}
	if subtle.ConstantTimeCompare(hash, s.bodyHash) != 1 {
		return Fail, "the body was changed"
	}
	digest, counted := h.digest(s)
	if !k.verifies(digest, s.value) {
		return Fail, "the signature is not of this message"
	}
	for name, n := range counted {
		if n > 0 && slices.Contains(singletons, name) {
			return Policy, "there is a " + name + " field that is not signed"
		}
	}
	return Pass, ""
}

// singletons are fields that a message has once (RFC 5322, 3.6; RFC 2045). Most readers show the first, and signatures begin
// with the last: one more that is added in front would be shown as if it were signed (RFC 6376, 8.15).
var singletons = []string{
	"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id",
	"mime-version", "content-type", "content-transfer-encoding",
}

// digest hashes the fields that a signature covers (RFC 6376, 3.7 and 5.4.2). It also tells of each field that is covered how
// many more there are of it.
func (h header) digest(s *signature) (sum []byte, more map[string]int) {
	places := map[string][]int{}
	for _, name := range s.signed {
		places[name] = nil
	}
	for i := range h.fields {
		if at, ok := places[h.fields[i].name]; ok {
			places[h.fields[i].name] = append(at, i)
		}
	}
	hash := sha256.New()
	var form []byte
	write := func(f field) {
		form = append(form[:0], f.raw...)
		if s.relaxedHeader {
			form = appendRelaxed(form[:0], f)
		}
	}
	for _, name := range s.signed {
		at := places[name]
		if len(at) == 0 {
			continue // that there is no other is signed
		}
		write(h.fields[at[len(at)-1]])
		hash.Write(form)
		places[name] = at[:len(at)-1]
	}
	write(s.empty())
	hash.Write(bytes.TrimRight(form, "\r\n"))
	more = map[string]int{}
	for name, at := range places {
		more[name] = len(at)
	}
	return hash.Sum(nil), more
}
