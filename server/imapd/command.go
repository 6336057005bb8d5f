package imapd

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/postroom/postroom/server/imapd/proto"
)

// incoming is one command while its octets arrive.
type incoming struct {
	text     []byte // with the literals taken out, as proto.Parse wants it
	literals [][]byte
	size     int // octets of both
}

var (
	errTooLong  = errors.New("the command is too long")
	errLiterals = errors.New("the literal is too large")
)

// limit is how many octets a command may have.
func (s *session) limit() int {
	if s.user == nil {
		return maxLineBefore
	}
	return maxCommand
}

func (s *session) options() proto.Options { return proto.Options{UTF8: s.utf8} }

// next reads one command. A message's literal is left unread: then message is true and the command is APPEND or REPLACE.
// cmd is nil if what came was answered already; the error ends the session.
func (s *session) next() (cmd *proto.Command, message bool, err error) {
	s.link.await(s.patience(), true)
	var in incoming
	for {
		line, err := s.line(&in)
		if errors.Is(err, errTooLong) {
			return nil, false, s.refuseRest(line, &in, err)
		}
		if err != nil {
			return nil, false, err
		}
		if len(in.text) == 0 && len(trimEnd(line)) == 0 { // some clients send empty lines between commands
			s.link.await(s.patience(), true)
			continue
		}
		s.awaitMore(s.server.cfg.CommandTimeout)
		in.text = append(in.text, line...)
		size, nonSync, _, ok := proto.LiteralAt(trimEnd(line))
		if !ok {
			cmd, err := proto.Parse(in.text, in.literals, s.options())
			if err != nil {
				s.bad(err)
				return nil, false, nil
			}
			return cmd, false, nil
		}
		cmd, atMessage, err := proto.ParseAppend(in.text, in.literals, s.options())
		switch {
		case err != nil:
			s.bad(err)
			return nil, false, s.passOver(size, nonSync)
		case atMessage && s.user == nil:
			s.badly(cmd, "Please log in first")
			return nil, false, s.passOver(size, nonSync)
		case atMessage:
			return cmd, true, nil
		case size > int64(s.limit()-in.size) || len(in.literals) >= maxLiterals:
			s.refuse(cmd, errLiterals)
			return nil, false, s.passOver(size, nonSync)
		}
		if err := s.literal(&in, int(size), nonSync); err != nil {
			return nil, false, err
		}
	}
}

// line reads one line with its end, at most as long as the command may still be. Of one that is too long it gives the
// beginning with errTooLong.
func (s *session) line(in *incoming) (line []byte, err error) {
	for {
		part, err := s.link.in.ReadSlice('\n')
		if in.size += len(part); in.size > s.limit() {
			return append(line, part...), errTooLong
		}
		switch {
		case err == nil && line == nil:
			return part, nil
		case err == nil:
			return append(line, part...), nil
		case errors.Is(err, bufio.ErrBufferFull):
			line = append(line, part...)
			s.awaitMore(s.server.cfg.CommandTimeout)
		default:
			return nil, err
		}
	}
}

// literal reads the octets of an argument.
func (s *session) literal(in *incoming, size int, nonSync bool) error {
	if !nonSync {
		s.goAhead()
	}
	var b []byte // grows as the octets come: what is announced costs nothing
	for len(b) < size {
		b = slices.Grow(b, min(size-len(b), readBuffer))
		n, err := io.ReadFull(s.link.in, b[len(b):min(cap(b), size)])
		if b = b[:len(b)+n]; err != nil {
			return err
		}
	}
	in.literals = append(in.literals, b)
	in.size += size
	return nil
}

// goAhead asks for a literal.
func (s *session) goAhead() {
	s.link.say("+ OK")
	s.link.flush()
}

// passOver gets to the end of a command that was refused at a literal. A client that waits for our word sends nothing
// more of it; of one that does not wait, the literal and what follows are read and thrown away, so that nothing of it is
// taken for commands (RFC 7888, 4). One that is too large for that ends the session.
func (s *session) passOver(size int64, nonSync bool) error {
	for nonSync {
		s.link.flush()
		if size > maxDiscard {
			return errLiterals
		}
		for size > 0 {
			s.awaitMore(s.server.cfg.LiteralTimeout)
			n, err := s.link.in.Discard(int(min(size, readBuffer)))
			if size -= int64(n); err != nil {
				return err
			}
		}
		end, err := s.discardLine()
		if err != nil {
			return err
		}
		var ok bool
		if size, nonSync, _, ok = proto.LiteralAt(end); !ok {
			return nil
		}
	}
	return nil
}

// refuseRest answers a line that is too long and reads to its end.
func (s *session) refuseRest(line []byte, in *incoming, cause error) error {
	tag := line
	if len(in.text) > 0 {
		tag = in.text
	}
	cmd, _, _ := proto.ParseAppend(tag[:min(len(tag), maxLineBefore)], nil, s.options())
	s.refuse(cmd, cause)
	if len(line) > 0 && line[len(line)-1] == '\n' {
		return nil
	}
	end, err := s.discardLine()
	if err != nil {
		return err
	}
	if size, nonSync, _, ok := proto.LiteralAt(end); ok {
		return s.passOver(size, nonSync)
	}
	return nil
}

// discardLine reads to the end of a line and gives its last octets, without the end.
func (s *session) discardLine() (end []byte, err error) {
	const enough = 64 // for a literal's marker
	total := 0
	for {
		part, err := s.link.in.ReadSlice('\n')
		if total += len(part); total > maxDiscard {
			return nil, errTooLong
		}
		end = append(end, part[max(0, len(part)-enough):]...)
		if len(end) > enough {
			end = end[:copy(end, end[len(end)-enough:])]
		}
		if err == nil {
			return trimEnd(end), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		s.awaitMore(s.server.cfg.CommandTimeout)
	}
}

// sentence is an error as it begins a line for a person.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

func trimEnd(line []byte) []byte {
	n := len(line)
	if n > 0 && line[n-1] == '\n' {
		n--
	}
	if n > 0 && line[n-1] == '\r' {
		n--
	}
	return line[:n]
}

// bad answers a command that cannot be read.
func (s *session) bad(err error) {
	var e *proto.Error
	if !errors.As(err, &e) {
		e = &proto.Error{Text: "Command cannot be read"}
	}
	tag := e.Tag
	if tag == "" {
		tag = "*"
	}
	s.link.say(tag + " BAD " + e.Text)
	s.badCount++
}

// refuse answers a command that is too large to be read.
func (s *session) refuse(cmd *proto.Command, cause error) {
	tag := "*"
	if cmd != nil && cmd.Tag != "" {
		tag = cmd.Tag
	}
	s.link.say(tag + " BAD [LIMIT] " + sentence(cause) + ": at most " + strconv.Itoa(s.limit()) + " octets")
	s.badCount++
}
