package deflate

import "io"

// What one Reader holds, in octets. Between blocks, which is where a flush leaves a connection, it is the input and the
// window: 3.2 KiB for a peer that has sent little, 34.2 KiB at most. A peer that stops within a block of its own codes
// holds their tables too, 8 KiB.
const (
	inputSize = 2 << 10
	minWindow = 1 << 10
	maxWindow = 32 << 10 // as far as a distance reaches (RFC 1951, 3.2.5)
)

// maxMatch is how many octets one symbol can stand for (RFC 1951, 3.2.5). A power of two above it is the least window.
const maxMatch = 258

// A Reader decodes DEFLATE. It never asks its source for more while it holds a decoded octet, so what a peer has flushed
// in whatever way is read at once. It decodes no further ahead of its caller than one window.
//
// A Reader is for one goroutine at a time.
type Reader struct {
	src    io.Reader
	srcErr error // came with the last octets of src, to be told after them

	in       []byte // allocated by the first Read
	pos, end int    // in[pos:end] has not been looked at

	hold  uint64 // the next bits of the input, the first one lowest; those above nbits are 0
	nbits uint   // how many bits are in hold; whole octets are put there, so nbits modulo 8 is where in an octet we are

	step   step
	last   bool    // the block is the final one
	stored int     // octets to come of a stored block
	tables *tables // the codes of a block; the shared ones in a static block, nil outside of blocks that have codes

	// The window is a buffer that grows until it has maxWindow octets; from then on it is a ring.
	window  []byte
	next    int  // where the next decoded octet goes
	wrapped bool // the whole window is history, not only window[:next]
	unread  int  // decoded octets before next that have not been given to the caller

	fail error // io.EOF after the final block, or how the stream is corrupt; final
}

// step is what comes next in the input.
type step uint8

const (
	atBlock       step = iota // a block's three bits of header, with the fixed numbers that follow them
	atStored                  // octets of a stored block
	atLengthsCode             // lengths of the code that the code lengths are written in
	atLengths                 // code lengths
	atSymbols                 // symbols
)

// NewReader gives a Reader of the DEFLATE stream that src starts with. The Reader reads ahead of what it decodes, so
// nothing else can use src after it. Nothing is allocated, and src is not read, before the first Read.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src}
}

// Read gives what has been decoded, or waits for its source until there is something.
//
// After the final block the error is io.EOF, and what follows that block is ignored. If the source ends before, with io.EOF, it
// is io.ErrUnexpectedEOF: so too for a peer that hangs up without a final block, as IMAP clients do. An error of another kind
// has ErrCorrupt in its chain or is the source's own. One of the source is told once everything before it has been read and is
// not remembered: after a deadline that has passed, reading can go on where it stopped.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if r.unread == 0 && r.fail == nil {
			r.decode()
		}
		if r.unread > 0 {
			return r.give(p), nil
		}
		if r.fail != nil {
			r.release()
			return 0, r.fail
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
}

// give copies out the oldest of what has not been read.
func (r *Reader) give(p []byte) int {
	start := r.next - r.unread
	n := 0
	if start < 0 {
		n = copy(p, r.window[len(r.window)+start:])
		start = 0
	}
	n += copy(p[n:], r.window[start:r.next])
	r.unread -= n
	return n
}

// release lets go of what no later Read needs.
func (r *Reader) release() {
	r.dropTables()
	r.in, r.window, r.pos, r.end = nil, nil, 0, 0
}

// maxEmptyReads is how many times in a row a source may give neither an octet nor an error.
const maxEmptyReads = 100

// fill waits for input. All of the input before has been looked at.
func (r *Reader) fill() error {
	if err := r.srcErr; err != nil {
		r.srcErr = nil
		return sourceError(err)
	}
	if r.in == nil {
		r.in = make([]byte, inputSize)
	}
	for range maxEmptyReads {
		n, err := r.src.Read(r.in)
		if n > 0 {
			r.pos, r.end, r.srcErr = 0, n, err
			return nil
		}
		if err != nil {
			return sourceError(err)
		}
	}
	return io.ErrNoProgress
}

func sourceError(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// decode goes on until the input is used up, the window is full of what has not been read, or the stream has ended in
// one way or the other.
func (r *Reader) decode() {
	more := true
	for more && r.fail == nil && r.makeRoom() {
		switch r.step {
		case atBlock:
			more = r.block()
		case atStored:
			more = r.copyStored()
		case atLengthsCode:
			more = r.lengthsCode()
		case atLengths:
			more = r.lengths()
		case atSymbols:
			r.symbols()
			if r.makeRoom() {
				more = r.symbol()
			}
		}
	}
}

// makeRoom sees to it that the longest match can be put into the window without touching what has not been read. Until the
// window has its full size, there is room for it without going round. It is false if the caller must read first.
func (r *Reader) makeRoom() bool {
	if len(r.window) == maxWindow {
		return r.unread <= maxWindow-maxMatch
	}
	if r.next+maxMatch > len(r.window) {
		larger := make([]byte, max(minWindow, 2*len(r.window)))
		copy(larger, r.window[:r.next])
		r.window = larger
	}
	return true
}

// advance counts n octets that have been put at next without going beyond the window's end.
func (r *Reader) advance(n int) {
	r.next += n
	r.unread += n
	if r.next == maxWindow {
		r.next, r.wrapped = 0, true
	}
}

// history is how far back a distance may reach.
func (r *Reader) history() int {
	if r.wrapped {
		return maxWindow
	}
	return r.next
}

// bits sees to it that hold has n bits, at most 57, and is false if the input has not got them.
func (r *Reader) bits(n uint) bool {
	for r.nbits < n {
		if r.pos == r.end {
			return false
		}
		r.hold |= uint64(r.in[r.pos]) << r.nbits
		r.pos++
		r.nbits += 8
	}
	return true
}

// load puts as many octets as fit into hold: at least 57 bits, unless the input is used up.
func (r *Reader) load() {
	for r.nbits <= 56 && r.pos < r.end {
		r.hold |= uint64(r.in[r.pos]) << r.nbits
		r.pos++
		r.nbits += 8
	}
}

// drop takes n bits off hold.
func (r *Reader) drop(n uint) {
	r.hold >>= n
	r.nbits -= n
}
