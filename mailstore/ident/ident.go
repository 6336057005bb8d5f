// Package ident makes the ids of things: a readable prefix, then 26 characters that sort by time of creation.
//
// The characters are Crockford's base 32 in lower case: 48 bits of milliseconds since 1970, then 80 bits that are
// random and, within one millisecond of one process, counted upward, so that ids made one after the other sort so.
// An id is opaque to everybody else.
package ident

import (
	"crypto/rand"
	"strings"
	"sync"
	"time"
)

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// Length is the number of characters behind the prefix and its underscore.
const Length = 26

var last struct {
	sync.Mutex
	ms  int64
	low [10]byte
}

// New makes an id: New("msg", now) gives "msg_" and 26 characters.
func New(prefix string, now time.Time) string {
	var b [16]byte
	ms := now.UnixMilli()

	last.Lock()
	if ms > last.ms {
		last.ms = ms
		rand.Read(last.low[:])
		last.low[0] &= 0x7f // room to count upward
	} else {
		for i := len(last.low) - 1; i >= 0; i-- {
			last.low[i]++
			if last.low[i] != 0 {
				break
			}
		}
	}
	ms = last.ms
	copy(b[6:], last.low[:])
	last.Unlock()

	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	return prefix + "_" + encode(b)
}

func encode(b [16]byte) string {
	var out [Length]byte
	var acc uint32
	bits := 2 // 130 bits for 128: two zero bits in front
	j := 0
	for _, x := range b {
		acc = acc<<8 | uint32(x)
		bits += 8
		for bits >= 5 {
			bits -= 5
			out[j] = alphabet[acc>>bits&31]
			j++
		}
	}
	return string(out[:])
}

// Valid reports whether s has the form of an id with this prefix. It says nothing of whether such a thing exists.
func Valid(prefix, s string) bool {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != Length {
		return false
	}
	for i := range len(rest) {
		if strings.IndexByte(alphabet, rest[i]) < 0 {
			return false
		}
	}
	return true
}
