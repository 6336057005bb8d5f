package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/miekg/dns"
)

// query puts a question to the servers until one answers. The answer's code is NOERROR or NXDOMAIN; authentic is its AD bit,
// if the server is one to be believed.
func (r *Resolver) query(ctx context.Context, q question) (msg *dns.Msg, authentic bool, err error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, false, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
	list := r.servers.list(r.clock(), r.log)
	answered := make([]bool, len(list)) // with a refusal, which asking again would not change
	for range r.tries {
		for i, s := range list {
			if answered[i] {
				continue
			}
			msg, failure := r.ask(ctx, s.addr, q)
			if failure == nil {
				r.servers.note(s.addr, true, r.clock())
				return msg, msg.AuthenticatedData && s.loopback, nil
			}
			err = fmt.Errorf("ask %s: %w", s.addr, failure)
			if ctx.Err() != nil {
				return nil, false, err
			}
			_, answered[i] = errors.AsType[rcodeError](failure)
			r.servers.note(s.addr, answered[i], r.clock())
		}
	}
	return nil, false, err
}

// ask puts a question to one server, which is to look it up.
func (r *Resolver) ask(ctx context.Context, server string, q question) (*dns.Msg, error) {
	reply, err := r.putTo(ctx, server, q, true)
	if err != nil {
		return nil, err
	}
	if reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
		return nil, rcodeError(reply.Rcode)
	}
	return reply, nil
}

// putTo puts a question to one server. A server that does not know EDNS (RFC 6891, 7) is asked without.
func (r *Resolver) putTo(ctx context.Context, server string, q question, recursion bool) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	m := new(dns.Msg).SetQuestion(q.name, q.qtype)
	m.RecursionDesired = recursion
	m.AuthenticatedData = true // asks whether the answer was validated (RFC 6840, 5.7)
	m.SetEdns0(udpSize, false)
	reply, err := r.exchange(ctx, server, m)
	if err == nil && (reply.Rcode == dns.RcodeFormatError || reply.Rcode == dns.RcodeNotImplemented) {
		m.Extra = nil
		m.Id = dns.Id()
		reply, err = r.exchange(ctx, server, m)
	}
	return reply, err
}

// errStrays is a flood of datagrams that are not the answer: somebody may be guessing.
var errStrays = errors.New("too many answers to other questions")

// exchange gets the whole answer to a message: over UDP, and over TCP if it does not fit or somebody interferes.
func (r *Resolver) exchange(ctx context.Context, server string, m *dns.Msg) (*dns.Msg, error) {
	packed, err := m.Pack()
	if err != nil {
		return nil, fmt.Errorf("write the question: %w", err)
	}
	reply, err := r.overUDP(ctx, server, m, packed)
	if err == nil && reply.Truncated || errors.Is(err, errStrays) {
		reply, err = r.overTCP(ctx, server, m, packed)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("wait for an answer: %w", ctx.Err())
	}
	return reply, err
}

func (r *Resolver) overUDP(ctx context.Context, server string, m *dns.Msg, packed []byte) (*dns.Msg, error) {
	conn, err := r.dialer.DialContext(ctx, "udp", server) // connected: the kernel drops what comes from elsewhere
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer limit(ctx, conn)()
	if _, err := conn.Write(packed); err != nil {
		return nil, err
	}
	buf := make([]byte, maxDatagram)
	for range maxStrays {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, err
		}
		if reply := match(m, buf[:n]); reply != nil {
			return reply, nil
		}
	}
	return nil, errStrays
}

func (r *Resolver) overTCP(ctx context.Context, server string, m *dns.Msg, packed []byte) (*dns.Msg, error) {
	conn, err := r.dialer.DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer limit(ctx, conn)()
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(packed)), uint16(len(packed)))
	if _, err := conn.Write(append(framed, packed...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, buf); err != nil {
		return nil, err
	}
	reply := match(m, buf)
	if reply == nil || reply.Truncated {
		return nil, errors.New("the answer over TCP is none")
	}
	return reply, nil
}

// limit ends reads and writes with ctx, which has a deadline. What it returns is to be called when they are over.
func limit(ctx context.Context, conn net.Conn) (stop func()) {
	ended := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return func() { ended() }
}

// match reads a message and returns it if it is the answer to m, as a whole or marked as truncated; else nil.
func match(m *dns.Msg, packed []byte) *dns.Msg {
	reply := new(dns.Msg)
	err := reply.Unpack(packed)
	if reply.Id != m.Id || !reply.Response || reply.Opcode != dns.OpcodeQuery || len(packed) < headerSize {
		return nil
	}
	if len(reply.Question) == 0 && err == nil && reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
		return reply // an error may come as a header alone
	}
	if len(reply.Question) != 1 {
		return nil
	}
	asked, told := m.Question[0], reply.Question[0]
	if told.Qtype != asked.Qtype || told.Qclass != asked.Qclass || dns.CanonicalName(told.Name) != asked.Name {
		return nil
	}
	if !reply.Truncated && (err != nil || !whole(reply, packed)) {
		return nil
	}
	return reply
}

const headerSize = 12 // RFC 1035, 4.1.1

// whole reports whether there are as many records as the header says: the library takes a message for good that ends
// between two records, and a missing answer would read as "no records".
func whole(reply *dns.Msg, packed []byte) bool {
	return len(reply.Answer) == int(binary.BigEndian.Uint16(packed[6:])) && len(reply.Ns) == int(binary.BigEndian.Uint16(packed[8:]))
}
