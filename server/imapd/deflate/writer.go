package deflate

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

// chunk is how many octets are compressed at once at most. A client that does not read its answer blocks a Writer in its
// destination with one chunk and what it was compressed to, each of which takes 32 KiB with what is around it. On mail, chunks of
// twice the size would save 1 % of the output, and those of half the size cost 2 %.
const chunk = 32<<10 - 64

// maxChunkOutput is what a chunk is compressed to at most, in octets: stored blocks, the flush's empty block and the final one.
const maxChunkOutput = chunk + 64

// level is compress/flate's fastest. Its state is new for each chunk, for which the other levels clear 640 KiB of hash
// tables: about 20 µs for each answer, however short. On mail it is twice as fast as they are and its output 6 to 11 % longer.
const level = flate.BestSpeed

// minCompressed is the least part, in octets, that is worth a compressor: below it, that level looks for no repetitions, and
// its answers to commands are no shorter than stored blocks.
const minCompressed = 128

var errClosed = errors.New("deflate: write after the end of the stream")

// A Writer encodes DEFLATE. What is written is kept until a chunk is full, or Flush or Close.
//
// It holds a compressor only while one computes, not while its destination is being written to, and no memory at all after a
// Flush. So a stream is a sequence of parts, each from a compressor that knows nothing of those before and ended by an
// empty stored block (RFC 1951, 3.2.4), which leaves the next one at the start of an octet. That is a valid stream:
// blocks are in a row, each has its own codes, and a distance may reach back over blocks but none has to (RFC 1951, section
// 2). It costs references to earlier answers. It also means that the size of an answer tells nothing about
// another that was sent before it.
//
// A Writer is for one goroutine at a time.
type Writer struct {
	dst  io.Writer
	work *work // nil if nothing has been written since the last Flush
	err  error // the first of dst, or that the stream has ended; final
}

// work is the memory of a Writer that has something to write.
type work struct {
	n   int // in[:n] has been written
	in  [chunk]byte
	out []byte
}

// A compressor appends to out.
type compressor struct {
	flate *flate.Writer
	out   []byte
}

func (c *compressor) Write(p []byte) (int, error) {
	c.out = append(c.out, p...)
	return len(p), nil
}

// What the Writers of the process share. There are about as many compressors as processors, since none is held while
// anything is waited for.
var (
	idleWork = sync.Pool{New: func() any {
		return &work{out: make([]byte, 0, maxChunkOutput)}
	}}
	idleCompressors = sync.Pool{New: func() any {
		w, err := flate.NewWriter(nil, level)
		if err != nil {
			panic(err) // the level is wrong
		}
		return &compressor{flate: w}
	}}
)

// NewWriter gives a Writer of a DEFLATE stream to dst. dst gets a chunk, or what has been written up to a Flush, with one
// Write.
func NewWriter(dst io.Writer) *Writer {
	return &Writer{dst: dst}
}

// Write takes p. After an error of dst nothing more is written, and each method gives that error.
func (w *Writer) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) && w.err == nil {
		if w.work == nil {
			w.work = idleWork.Get().(*work)
		}
		n := copy(w.work.in[w.work.n:], p[done:])
		w.work.n += n
		done += n
		if w.work.n == chunk {
			w.send(false)
		}
	}
	return done, w.err
}

// Flush gives all that has been written to dst, with an empty stored block behind it (Z_SYNC_FLUSH in zlib), so that any peer
// can decode it. If nothing has been written since the last Flush, it does nothing.
func (w *Writer) Flush() error {
	if w.err == nil && w.work != nil {
		w.send(false)
	}
	return w.err
}

// Close gives all that has been written to dst, with a final block behind it. It does not close dst. To close again does
// nothing.
func (w *Writer) Close() error {
	if w.err == errClosed {
		return nil
	}
	if w.err == nil {
		if w.work == nil {
			w.work = idleWork.Get().(*work)
		}
		w.send(true)
	}
	err := w.err
	w.err = errClosed
	return err
}

// send compresses what has been written and gives it to dst. The memory for it goes back.
func (w *Writer) send(last bool) {
	work := w.work
	w.work = nil
	work.out = compress(work.out[:0], work.in[:work.n], last)
	n, err := w.dst.Write(work.out)
	if err == nil && n < len(work.out) {
		err = io.ErrShortWrite
	}
	w.err = err
	work.n = 0
	idleWork.Put(work)
}

// compress appends in to out, compressed, with an empty stored block or, if it is the last of the stream, a final block.
func compress(out, in []byte, last bool) []byte {
	if len(in) < minCompressed {
		if len(in) > 0 {
			out = appendStored(out, in, false)
		}
		return appendStored(out, nil, last)
	}
	c := idleCompressors.Get().(*compressor)
	c.out = out
	c.flate.Reset(c)
	// Its errors are those of c.Write, which has none.
	c.flate.Write(in)
	if last {
		c.flate.Close()
	} else {
		c.flate.Flush()
	}
	out, c.out = c.out, nil
	idleCompressors.Put(c)
	return out
}

// appendStored appends a stored block (RFC 1951, 3.2.4) that starts with an octet, as it ends.
func appendStored(out, in []byte, last bool) []byte {
	head := byte(typeStored << 1)
	if last {
		head |= 1
	}
	n := uint16(len(in))
	out = append(out, head)
	out = binary.LittleEndian.AppendUint16(out, n)
	out = binary.LittleEndian.AppendUint16(out, ^n)
	return append(out, in...)
}
