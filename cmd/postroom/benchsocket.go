package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	api "github.com/postroom/postroom/server/api/client"
)

// benchWebSocket is a client of a WebSocket (RFC 6455) that does as little as it can, so that the server is measured and not
// the client: it reads frames and answers pings.
type benchWebSocket struct {
	conn  net.Conn
	r     *bufio.Reader
	frame []byte
}

// Opcodes of frames (RFC 6455, 5.2).
const (
	benchOpClose = 0x8
	benchOpPing  = 0x9
	benchOpPong  = 0xA
)

// dialWebSocket opens one at an http address. The context ends the connection.
func dialWebSocket(ctx context.Context, target, key string) (*benchWebSocket, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"X-API-Key": key, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
		request.Header.Set(name, value)
	}
	d := net.Dialer{Timeout: benchDialTimeout}
	conn, err := d.DialContext(ctx, "tcp", request.URL.Host)
	if err != nil {
		return nil, err
	}
	c := &benchWebSocket{conn: conn, r: bufio.NewReader(conn)}
	if err := c.shakeHands(request); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return c, nil
}

func (c *benchWebSocket) shakeHands(request *http.Request) error {
	if err := c.conn.SetDeadline(time.Now().Add(benchDialTimeout)); err != nil {
		return err
	}
	if err := request.Write(c.conn); err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.r, request)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("open a WebSocket: %w", api.Refusal(answer))
	}
	return c.conn.SetDeadline(time.Time{})
}

// next gives the next message, valid until it is called again.
func (c *benchWebSocket) next() ([]byte, error) {
	for {
		opcode, err := c.read()
		switch {
		case err != nil:
			return nil, err
		case opcode == benchOpClose:
			return nil, io.EOF
		case opcode == benchOpPing: // a client masks what it sends; a mask of zeros changes nothing
			if _, err := c.conn.Write(append([]byte{0x80 | benchOpPong, 0x80 | byte(len(c.frame)), 0, 0, 0, 0}, c.frame...)); err != nil {
				return nil, err
			}
		case opcode < benchOpClose:
			return c.frame, nil
		}
	}
}

// read reads one frame. The server sends each message in one, unmasked.
func (c *benchWebSocket) read() (opcode byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(c.r, head[:2]); err != nil {
		return 0, err
	}
	opcode, length := head[0]&0xF, uint64(head[1]&0x7F)
	switch length {
	case 126:
		_, err = io.ReadFull(c.r, head[:2])
		length = uint64(binary.BigEndian.Uint16(head[:2]))
	case 127:
		_, err = io.ReadFull(c.r, head[:8])
		length = binary.BigEndian.Uint64(head[:8])
	}
	if err != nil {
		return 0, err
	}
	if length > benchFrameLimit || opcode >= benchOpClose && length > 125 {
		return 0, fmt.Errorf("a frame of %d octets", length)
	}
	if uint64(cap(c.frame)) < length {
		c.frame = make([]byte, length)
	}
	c.frame = c.frame[:length]
	_, err = io.ReadFull(c.r, c.frame)
	return opcode, err
}
