package deflate

import (
	"errors"
	"io"
	"sort"
)

// A reference decodes a whole stream bit by bit, as slowly as RFC 1951 describes it, and notes how much of the input each
// octet of the output needs. It shares nothing with the Reader but the names of the errors.
type reference struct {
	in   []byte
	bit  int
	out  []byte
	need []int // need[i]: out[i] can be told from in[:need[i]]
}

// decodeSlowly gives what can be decoded of in and how it ends: io.EOF after a final block, ErrCorrupt, or
// io.ErrUnexpectedEOF if more must follow.
func decodeSlowly(in []byte) (d *reference, err error) {
	d = &reference{in: in}
	for last := uint(0); err == nil && last == 0; {
		last, err = d.block()
	}
	if err == nil {
		err = io.EOF
	}
	return d, err
}

// decodable tells how much of the output the first n octets of the input are enough for.
func (d *reference) decodable(n int) int {
	return sort.SearchInts(d.need, n+1)
}

func (d *reference) block() (last uint, err error) {
	last, err = d.bits(1)
	if err != nil {
		return last, err
	}
	kind, err := d.bits(2)
	if err != nil {
		return last, err
	}
	switch kind {
	case 0:
		return last, d.stored()
	case 1:
		var litlens [288]int
		for i := range litlens {
			litlens[i] = 8
			if i >= 144 && i < 256 {
				litlens[i] = 9
			} else if i >= 256 && i < 280 {
				litlens[i] = 7
			}
		}
		var dists [32]int
		for i := range dists {
			dists[i] = 5
		}
		return last, d.symbols(newPrefixCode(litlens[:]), newPrefixCode(dists[:]))
	case 2:
		return last, d.dynamic()
	}
	return last, ErrCorrupt
}

func (d *reference) bits(n int) (uint, error) {
	if d.bit+n > 8*len(d.in) {
		return 0, io.ErrUnexpectedEOF
	}
	v := uint(0)
	for i := range n {
		v |= uint(d.in[d.bit/8]>>(d.bit%8)&1) << i
		d.bit++
	}
	return v, nil
}

func (d *reference) emit(b byte) {
	d.out = append(d.out, b)
	d.need = append(d.need, (d.bit+7)/8)
}

func (d *reference) stored() error {
	d.bit = (d.bit + 7) / 8 * 8
	// Both numbers, or neither: half of them decides nothing.
	v, err := d.bits(32)
	if err != nil {
		return err
	}
	n := v & 0xffff
	if n != ^v>>16&0xffff {
		return ErrCorrupt
	}
	for range n {
		b, err := d.bits(8)
		if err != nil {
			return err
		}
		d.emit(byte(b))
	}
	return nil
}

func (d *reference) dynamic() error {
	head, err := d.bits(14)
	if err != nil {
		return err
	}
	litlens, dists, codes := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if litlens > 286 || dists > 30 {
		return ErrCorrupt
	}
	var of [19]int
	for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:codes] {
		n, err := d.bits(3)
		if err != nil {
			return err
		}
		of[symbol] = int(n)
	}
	code := newPrefixCode(of[:])
	if code.left != 0 {
		return ErrCorrupt
	}
	var lengths []int
	for len(lengths) < litlens+dists {
		symbol, err := d.symbol(code)
		if err != nil {
			return err
		}
		if symbol < 16 {
			lengths = append(lengths, symbol)
			continue
		}
		repeat := []struct{ bits, least int }{{2, 3}, {3, 3}, {7, 11}}[symbol-16]
		more, err := d.bits(repeat.bits)
		if err != nil {
			return err
		}
		value := 0
		if symbol == 16 {
			if len(lengths) == 0 {
				return ErrCorrupt
			}
			value = lengths[len(lengths)-1]
		}
		for range repeat.least + int(more) {
			lengths = append(lengths, value)
		}
	}
	if len(lengths) > litlens+dists || lengths[256] == 0 {
		return ErrCorrupt
	}
	l, ds := newPrefixCode(lengths[:litlens]), newPrefixCode(lengths[litlens:])
	if !l.allowed() || !ds.allowed() {
		return ErrCorrupt
	}
	return d.symbols(l, ds)
}

func (d *reference) symbols(litlens, dists *prefixCode) error {
	for {
		symbol, err := d.symbol(litlens)
		switch {
		case err != nil:
			return err
		case symbol < 256:
			d.emit(byte(symbol))
			continue
		case symbol == 256:
			return nil
		case symbol > 285:
			return ErrCorrupt
		}
		more, err := d.bits(lengthExtra[symbol-257])
		if err != nil {
			return err
		}
		length := lengthLeast[symbol-257] + int(more)
		symbol, err = d.symbol(dists)
		if err != nil {
			return err
		}
		if symbol > 29 {
			return ErrCorrupt
		}
		more, err = d.bits(distExtra[symbol])
		if err != nil {
			return err
		}
		dist := distLeast[symbol] + int(more)
		if dist > len(d.out) {
			return ErrCorrupt
		}
		for range length {
			d.emit(d.out[len(d.out)-dist])
		}
	}
}

// The tables of RFC 1951, 3.2.5, as they are printed there.
var (
	lengthExtra = []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	lengthLeast = []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	distExtra   = []int{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
	distLeast   = []int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
)

// A prefixCode is a canonical code (RFC 1951, 3.2.2).
type prefixCode struct {
	of      map[[2]int]int // length and code, to the symbol
	codes   [][2]int       // of each symbol
	longest int
	used    int
	left    int // of 1<<15 codes, those that mean nothing; less than 0 if it has too many
}

func newPrefixCode(lengths []int) *prefixCode {
	c := &prefixCode{of: map[[2]int]int{}, codes: make([][2]int, len(lengths)), left: 1 << 15}
	code := 0
	for n := 1; n <= 15; n++ {
		for symbol, length := range lengths {
			if length == n {
				c.of[[2]int{n, code}] = symbol
				c.codes[symbol] = [2]int{n, code}
				code++
				c.used++
				c.longest = n
				c.left -= 1 << (15 - n)
			}
		}
		code <<= 1
	}
	return c
}

// allowed: complete, or one code of one bit, or none.
func (c *prefixCode) allowed() bool {
	return c.left == 0 || c.left > 0 && c.longest <= 1
}

func (d *reference) symbol(c *prefixCode) (int, error) {
	code := 0
	for n := 1; n <= max(1, c.longest); n++ {
		bit, err := d.bits(1)
		if err != nil {
			return 0, err
		}
		code = code<<1 | int(bit)
		if symbol, ok := c.of[[2]int{n, code}]; ok {
			return symbol, nil
		}
	}
	return 0, ErrCorrupt
}

// sameEnd tells whether two errors of different decoders say the same about a stream.
func sameEnd(a, b error) bool {
	return end(a) == end(b)
}

func end(err error) error {
	for _, e := range []error{ErrCorrupt, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, e) {
			return e
		}
	}
	return err
}
