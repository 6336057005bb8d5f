package simulation

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/compose"
	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/report"
)

// delayedFor is how long ago a message that is delayed seems to have been sent, and how long it is tried.
const (
	delayedFor = 4 * time.Hour
	triedFor   = 5 * 24 * time.Hour
)

// said is what the recipient's server seems to have said.
type said struct {
	reason report.Reason
	code   int
	status string
	text   string
}

// The reasons of a bounce, as report.Classify finds them.
var reasons = []said{
	{report.UserUnknown, 550, "5.1.1", "no such user here"},
	{report.MailboxFull, 552, "5.2.2", "mailbox full"},
	{report.Spam, 550, "5.7.1", "message rejected as spam"},
	{report.Content, 552, "5.3.4", "message size exceeds fixed limit"},
}

// writeReport writes what a recipient's server, or who runs it, tells of the message.
func (s *Simulator) writeReport(ctx context.Context, a *arriving) error {
	header, err := s.headerOf(ctx, a)
	if err != nil {
		return err
	}
	if a.Scenario == Complaint {
		a.report = s.complaint(a, header)
		return nil
	}
	x := said{report.NetworkError, 0, "4.4.1", "connection timed out"}
	if a.Scenario == Bounce {
		if x, err = reasonOf(a.Reason); err != nil {
			return err
		}
	}
	now, e := s.cfg.Clock(), a.about.Envelope
	host := "mx." + domainOf(a.about.recipient)
	notice := compose.Notice{Host: host, To: message.Address{Address: a.to.Address}, ID: rand.Text(), At: now, Delayed: a.Scenario == Delay, Arrived: a.about.CreatedAt,
		MessageID: e.MessageID, References: e.References, Subject: e.Subject, Header: header,
		Recipients: []compose.Undelivered{{Address: a.about.recipient, Reason: string(x.reason), Status: x.status, Host: host, Code: x.code, Reply: x.text, Attempts: 1, LastAttempt: now}}}
	if notice.Delayed {
		notice.Arrived, notice.Recipients[0].Until = now.Add(-delayedFor), now.Add(triedFor)
	}
	a.report = notice.Bytes()
	return nil
}

func reasonOf(name string) (said, error) {
	if name == "" {
		return reasons[0], nil
	}
	for _, x := range reasons {
		if string(x.reason) == name {
			return x, nil
		}
	}
	return said{}, fault.New(fault.Invalid, "validation_failed", "The reason is one of userUnknown, mailboxFull, spam and content.").At("reason")
}

// headerOf reads the header of the message that a report is about, without Bcc. It is shown as far as a notice shows one.
func (s *Simulator) headerOf(ctx context.Context, a *arriving) ([]byte, error) {
	raw, size, _, err := a.box.Open(ctx, a.about.ID)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	out, err := compose.Outbound(raw, size)
	if err != nil {
		return nil, err
	}
	head, err := io.ReadAll(io.LimitReader(out.NewReader(), compose.MaxNoticeHeader))
	if err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	if end := bytes.Index(head, []byte("\r\n\r\n")); end >= 0 {
		head = head[:end+2]
	}
	return head[:bytes.LastIndexByte(head, '\n')+1], nil
}

// complaint is a report of abuse (RFC 5965) of the recipient's server.
func (s *Simulator) complaint(a *arriving, header []byte) []byte {
	boundary := "=_" + strings.ToLower(rand.Text())
	domain := domainOf(a.about.recipient)
	return []byte(strings.NewReplacer("{domain}", domain, "{to}", a.to.Address, "{date}", s.cfg.Clock().Format(mailDate), "{id}", compose.NewMessageID(domain), "{boundary}", boundary,
		"{recipient}", a.about.recipient, "{ip}", clientIP.String(), "{header}", string(header)).Replace(strings.ReplaceAll(complaintForm, "\n", "\r\n")))
}

const complaintForm = `Date: {date}
From: Feedback <feedback@{domain}>
To: <{to}>
Subject: Complaint about a message from {ip}
Message-ID: {id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

A recipient marked this message as junk.

--{boundary}
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Postroom-Simulation/1
Version: 1
Original-Rcpt-To: {recipient}
Source-IP: {ip}

--{boundary}
Content-Type: text/rfc822-headers
Content-Transfer-Encoding: 8bit

{header}
--{boundary}--
`
