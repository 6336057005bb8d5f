package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// benchFillBatch is how many messages one command stores, or how many commands wait for their answers together.
const benchFillBatch = 50

// imapDateTime is how Go writes a date-time (RFC 9051, 9).
const imapDateTime = `"_2-Jan-2006 15:04:05 -0700"`

// fill makes the mailbox anew and stores messages 0 to n-1, by the fastest way that the server offers.
func (c *benchIMAP) fill(ctx context.Context, mail *benchMail) (benchFilled, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return benchFilled{}, err
	}
	defer conn.close()
	conn.command("DELETE %s", imapQuoted(c.Mailbox)) // it may not be there; if it stays, CREATE tells
	if _, err := conn.command("CREATE %s", imapQuoted(c.Mailbox)); err != nil {
		return benchFilled{}, fmt.Errorf("make mailbox: %w", err)
	}
	filled := benchFilled{How: "one by one"}
	store := conn.appendEach
	switch {
	case conn.caps["MULTIAPPEND"]:
		filled.How, store = "MULTIAPPEND", conn.appendTogether
	case conn.caps["LITERAL+"]:
		filled.How, store = "pipelined", conn.appendPipelined
	}
	begun := time.Now()
	for i := 0; i < c.Messages; i += benchFillBatch {
		batch := benchBatch(mail, i, min(i+benchFillBatch, c.Messages))
		for _, m := range batch {
			filled.Octets += int64(len(m.text))
		}
		if err := store(c.Mailbox, batch); err != nil {
			return filled, fmt.Errorf("store message %d: %w", i, err)
		}
	}
	filled.Seconds = time.Since(begun).Seconds()
	return filled, nil
}

// benchStored is a message as APPEND takes it.
type benchStored struct {
	flags, date string
	text        []byte
}

// benchBatch makes messages from up to, and without, to.
func benchBatch(mail *benchMail, from, to int) []benchStored {
	batch := make([]benchStored, 0, to-from)
	for i := from; i < to; i++ {
		batch = append(batch, benchStored{flags: mail.flags(i), date: mail.date(i).Format(imapDateTime), text: mail.message(i)})
	}
	return batch
}

// appendEach stores messages one after the other, each when the one before is acknowledged.
func (c *benchConn) appendEach(mailbox string, batch []benchStored) error {
	for _, m := range batch {
		c.conn.SetDeadline(time.Now().Add(benchCommandTimeout))
		tag := c.begun("APPEND %s (%s) %s ", imapQuoted(mailbox), m.flags, m.date)
		if err := c.literal(m.text); err != nil {
			return err
		}
		if err := c.end(tag); err != nil {
			return err
		}
	}
	return nil
}

// appendTogether stores messages with one command (RFC 3502).
func (c *benchConn) appendTogether(mailbox string, batch []benchStored) error {
	c.conn.SetDeadline(time.Now().Add(benchCommandTimeout))
	tag := c.begun("APPEND %s", imapQuoted(mailbox))
	for _, m := range batch {
		fmt.Fprintf(c.w, " (%s) %s ", m.flags, m.date)
		if err := c.literal(m.text); err != nil {
			return err
		}
	}
	return c.end(tag)
}

// appendPipelined sends one command for each message and then reads all answers. It needs LITERAL+.
func (c *benchConn) appendPipelined(mailbox string, batch []benchStored) error {
	c.conn.SetDeadline(time.Now().Add(benchCommandTimeout))
	tags := make([]string, 0, len(batch))
	for _, m := range batch {
		tags = append(tags, c.begun("APPEND %s (%s) %s ", imapQuoted(mailbox), m.flags, m.date))
		if err := c.literal(m.text); err != nil {
			return err
		}
		c.w.WriteString("\r\n")
	}
	if err := c.flush(); err != nil {
		return err
	}
	for _, tag := range tags {
		if _, err := c.await(tag); err != nil {
			return err
		}
	}
	return nil
}

// begun writes the beginning of a command, without the end of its line.
func (c *benchConn) begun(format string, args ...any) (tag string) {
	c.tag++
	tag = "b" + strconv.Itoa(c.tag)
	fmt.Fprintf(c.w, tag+" "+format, args...)
	return tag
}

// literal writes octets as a literal, without waiting where the server allows it (RFC 7888).
func (c *benchConn) literal(text []byte) error {
	if c.caps["LITERAL+"] {
		fmt.Fprintf(c.w, "{%d+}\r\n", len(text))
		_, err := c.w.Write(text)
		return err
	}
	fmt.Fprintf(c.w, "{%d}\r\n", len(text))
	if err := c.flush(); err != nil {
		return err
	}
	for {
		line, err := c.response()
		if err != nil {
			return err
		}
		if len(line.text) > 0 && line.text[0] == '+' {
			break
		}
		if len(line.text) > 0 && line.text[0] != '*' {
			return fmt.Errorf("the server refuses a literal: %q", shorten(printable(string(line.text)), 200))
		}
	}
	_, err := c.w.Write(text)
	return err
}

func (c *benchConn) end(tag string) error {
	c.w.WriteString("\r\n")
	if err := c.flush(); err != nil {
		return err
	}
	_, err := c.await(tag)
	return err
}
