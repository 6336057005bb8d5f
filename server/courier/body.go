package courier

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/tenancy"
)

// body is a message as it goes on the wire: signatures and what else is ours in front, then what was accepted without its
// Bcc.
type body struct {
	front    []byte
	message  *compose.Outgoing
	file     *os.File // nil: the message is in memory
	sender   string   // envelope sender: where bounces come home
	size     int64
	eightBit bool
	utf8     bool
}

// maxInMemory is how many octets a message has at most that is read into memory; a larger one is read from its file each time.
const maxInMemory = 128 << 10

// Close closes the file.
func (b *body) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

func (b *body) reader() io.Reader {
	return io.MultiReader(bytes.NewReader(b.front), b.message.NewReader())
}

// prepare opens a message, puts in front what each message gets that leaves, and signs it.
func (c *Courier) prepare(ctx context.Context, l *load) (*body, error) {
	b, err := c.openBody(ctx, l)
	if err != nil {
		return nil, err
	}
	if l.parcel.Unsubscribe { // each recipient has another link
		b.front, err = c.sign(ctx, l, b)
	} else {
		b.front, err = c.fronts.signed(l.parcel.Message, c.cfg.Clock(), func() ([]byte, error) { return c.sign(ctx, l, b) })
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	b.size = int64(len(b.front)) + b.message.Size
	return b, nil
}

// sign gives what is put in front of a message: the signatures of all, and what is ours.
func (c *Courier) sign(ctx context.Context, l *load, b *body) (front []byte, err error) {
	if b.front, err = c.ours(ctx, l); err != nil {
		return nil, err
	}
	signatures, err := sign(l.leaving.Signatures, b)
	return append(signatures, b.front...), err
}

// openBody opens a message without anything of ours: it is the same octets each time.
func (c *Courier) openBody(ctx context.Context, l *load) (*body, error) {
	sender, err := c.dir.ReturnPath(ctx, l.parcel.Workspace, l.parcel.Message, domainOf(l.parcel.Sender))
	if err != nil {
		return nil, err
	}
	file, err := l.box.Open(ctx, l.parcel.Message)
	if err != nil {
		return nil, err
	}
	b := &body{file: file, sender: sender}
	var octets io.ReaderAt = file
	if l.parcel.Size <= maxInMemory {
		text := make([]byte, l.parcel.Size)
		_, err = io.ReadFull(file, text)
		octets, b.file = bytes.NewReader(text), nil
		file.Close() // it was only read
	}
	if err == nil {
		b.message, err = compose.Outbound(octets, l.parcel.Size)
	}
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("read message: %w", err)
	}
	b.size, b.eightBit, b.utf8 = b.message.Size, b.message.EightBit, b.message.SMTPUTF8
	return b, nil
}

// passage is the field by which the inbox knows the message should it come back.
func (c *Courier) passage(ctx context.Context, l *load) ([]byte, error) {
	passage, err := c.dir.Passage(ctx, l.parcel.Inbox, l.parcel.Message)
	return fmt.Appendf(nil, "%s: %s\r\n", compose.PassageField, passage), err
}

// ours are the header fields that we add to what goes to others: beside its passage who complains is told of by Feedback-ID, and
// who wants no more mail finds a link (RFC 8058).
func (c *Courier) ours(ctx context.Context, l *load) ([]byte, error) {
	p := l.parcel
	passage, err := c.passage(ctx, l)
	if err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(passage)
	fmt.Fprintf(b, "Feedback-ID: %s:%s:postroom\r\n", p.Inbox, p.Workspace)
	if p.Unsubscribe && c.cfg.PublicURL != "" && len(p.Recipients) == 1 {
		token, err := c.dir.UnsubscribeToken(ctx, tenancy.Unsubscription{Workspace: p.Workspace, Inbox: p.Inbox, Message: p.Message, Address: p.Recipients[0].Address})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(b, "List-Unsubscribe: <%s/u/%s>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", strings.TrimSuffix(c.cfg.PublicURL, "/"), token)
	}
	return b.Bytes(), nil
}

// The fields that a signature covers (RFC 6376, 5.4.1). Of the first ones it also covers that there is none more: who adds
// another, or one that is missing, breaks it.
var (
	overSigned = []string{"from", "to", "cc", "subject", "date", "reply-to", "message-id", "in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding"}
	signed     = []string{"sender", "content-id", "content-description", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-post", "list-owner", "feedback-id", "auto-submitted"}
)

// signedFields lists the fields for h=.
func signedFields(header []byte) (keys []string) {
	count := map[string]int{}
	for line := range strings.Lines(string(header)) {
		if name, _, ok := strings.Cut(line, ":"); ok && line[0] != ' ' && line[0] != '\t' {
			count[strings.ToLower(strings.TrimRight(name, " \t"))]++
		}
	}
	for _, name := range overSigned {
		for range count[name] + 1 {
			keys = append(keys, name)
		}
	}
	for _, name := range signed {
		for range count[name] {
			keys = append(keys, name)
		}
	}
	return keys
}

// headerOf reads a message's header.
func headerOf(r io.Reader) (header []byte, err error) {
	in := bufio.NewReader(io.LimitReader(r, compose.MaxHeader))
	for {
		line, err := in.ReadBytes('\n')
		header = append(header, line...)
		if err == io.EOF || err == nil && len(bytes.TrimRight(line, "\r\n")) == 0 {
			return header, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// sign makes the signatures of a message, each a header field. It is read once for all.
func sign(signatures []tenancy.Signature, b *body) (fields []byte, err error) {
	if len(signatures) == 0 {
		return nil, nil
	}
	header, err := headerOf(b.message.NewReader())
	if err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	keys := signedFields(append(bytes.Clone(b.front), header...))
	var signers []*dkim.Signer
	var all []io.Writer
	defer func() {
		for _, s := range signers {
			s.Close() // ends its goroutine also after an error
		}
	}()
	for _, x := range signatures {
		s, err := dkim.NewSigner(&dkim.SignOptions{Domain: x.Domain, Selector: x.Selector, Signer: x.Key, HeaderKeys: keys,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed})
		if err != nil {
			return nil, fmt.Errorf("sign message: %w", err)
		}
		signers, all = append(signers, s), append(all, s)
	}
	if _, err := io.Copy(io.MultiWriter(all...), b.reader()); err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	for _, s := range signers {
		if err := s.Close(); err != nil {
			return nil, fmt.Errorf("sign message: %w", err)
		}
		fields = append(fields, s.Signature()...)
	}
	signers = nil
	return fields, nil
}
