// Package deflate is the two byte streams of IMAP's COMPRESS=DEFLATE (RFC 4978): raw DEFLATE (RFC 1951), one stream each
// way for the life of a connection. It knows nothing of IMAP and of networks: a Reader takes compressed octets from any
// io.Reader, a Writer gives them to any io.Writer.
//
// It exists for two properties that the standard library's compress/flate has not:
//
//   - A Reader gives everything that the octets which have arrived can tell before it waits for more. flate.Reader keeps
//     decoded octets back until its window is full or the peer has sent an empty stored block; a client that flushes in
//     another way (an empty static block, as zlib's Z_PARTIAL_FLUSH, or no block's end at all) then waits for a server that
//     waits for it.
//   - A connection that is silent holds no compressor (1.2 MB each in compress/flate) and no decoding tables, only the window
//     that the peer may still refer to, as far as it has been filled.
package deflate

import (
	"errors"
	"fmt"
)

// ErrCorrupt is in the chain of every error of a Reader whose input is not DEFLATE. Nothing can be read after it.
var ErrCorrupt = errors.New("deflate: corrupt stream")

// What is wrong with a corrupt stream.
var (
	errBlockType   = corrupt("block of the reserved type")
	errStored      = corrupt("length of a stored block does not match its complement")
	errCounts      = corrupt("more codes than the format has")
	errLengthsCode = corrupt("code of the code lengths is not a complete prefix code")
	errRepeat      = corrupt("repeated code length without a previous one")
	errTooMany     = corrupt("more code lengths than announced")
	errNoEnd       = corrupt("no code for the end of the block")
	errLitlenCode  = corrupt("code of literals and lengths is not a complete prefix code")
	errDistCode    = corrupt("code of distances is not a complete prefix code")
	errLitlen      = corrupt("bits that are no literal or length")
	errDist        = corrupt("bits that are no distance")
	errTooFar      = corrupt("distance to before the start of the data")
)

func corrupt(what string) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, what)
}
