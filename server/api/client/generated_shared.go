// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"time"
)

// IdempotencyKeyParams are parameters that several operations take; zero values are left out.
type IdempotencyKeyParams struct {
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// LimitCursorParams are parameters that several operations take; zero values are left out.
type LimitCursorParams struct {
	Limit  int64  `query:"limit"`  // Entries of a page.
	Cursor string `query:"cursor"` // nextCursor of the page before.
}

// WorkspaceIDParams are parameters that several operations take; zero values are left out.
type WorkspaceIDParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
}

// WorkspaceIDIdempotencyKeyParams are parameters that several operations take; zero values are left out.
type WorkspaceIDIdempotencyKeyParams struct {
	WorkspaceID    string `query:"workspaceId"`      // Which workspace an operator means; for other keys their own.
	IdempotencyKey string `header:"Idempotency-Key"` // Any text of your own; the same text with the same body gives the same answer for 24 hours, and the effect once.
}

// WorkspaceIDInboxIDParams are parameters that several operations take; zero values are left out.
type WorkspaceIDInboxIDParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	InboxID     string `query:"inboxId"`     // The lists of this inbox, its id or address.
}

// WorkspaceIDLimitCursorParams are parameters that several operations take; zero values are left out.
type WorkspaceIDLimitCursorParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Limit       int64  `query:"limit"`       // Entries of a page.
	Cursor      string `query:"cursor"`      // nextCursor of the page before.
}

// WorkspaceIDPermanentParams are parameters that several operations take; zero values are left out.
type WorkspaceIDPermanentParams struct {
	WorkspaceID string `query:"workspaceId"` // Which workspace an operator means; for other keys their own.
	Permanent   bool   `query:"permanent"`   // Remove for good instead of moving to Trash.
}

// Accepted is a part of the API.
type Accepted struct {
	ID        string   `json:"id"`        // Of the message in Sent; begins with msg_.
	MessageID string   `json:"messageId"` // The RFC Message-ID, with its angle brackets.
	Rejected  []Unsent `json:"rejected"`  // Recipients that nothing is sent to.
	Status    string   `json:"status"`    // What it waits for.
	ThreadID  string   `json:"threadId"`  // The thread that it belongs to.
}

// Attachment is a part of the API.
type Attachment struct {
	ContentID   string `json:"contentId,omitzero"` // By which the HTML refers to it.
	ContentType string `json:"contentType"`        // As the sender declared it.
	Disposition string `json:"disposition"`        // How the sender meant it.
	Filename    string `json:"filename"`           // As the sender wrote it, decoded; may be empty.
	ID          string `json:"id"`                 // Of the attachment within its message.
	Size        int64  `json:"size"`               // Octets after decoding.
}

// AttachmentFact is a part of the API.
type AttachmentFact struct {
	Declared        string `json:"declared"`           // The type that the sender gave it.
	Detected        string `json:"detected,omitzero"`  // The type of its content, by the beginning; application/octet-stream if that has no known form; absent if there is none. Archives are not opened.
	Differs         bool   `json:"differs"`            // The content is of another type than declared, or than the extension stands for.
	DoubleExtension bool   `json:"doubleExtension"`    // One extension hides another, as in invoice.pdf.exe.
	Extension       string `json:"extension,omitzero"` // Of its name, in lower case with the dot.
	HiddenInName    bool   `json:"hiddenInName"`       // The name has characters without a shape, or such that turn its order around.
	ID              string `json:"id"`                 // Of the attachment within its message.
}

// Attempt is a part of the API.
type Attempt struct {
	Address      string    `json:"address,omitzero"`      // Its IP address and port.
	Code         int64     `json:"code,omitzero"`         // SMTP reply code.
	EndedAt      time.Time `json:"endedAt,omitzero"`      // When it ended; absent while it runs, and if a crash ended it.
	EnhancedCode string    `json:"enhancedCode,omitzero"` // Enhanced status code (RFC 3463).
	Host         string    `json:"host,omitzero"`         // The server that was spoken to.
	Number       int64     `json:"number"`                // 1 is the first.
	Reply        string    `json:"reply,omitzero"`        // What the server said, or what went wrong.
	StartedAt    time.Time `json:"startedAt"`             // When it began.
	TLS          string    `json:"tls,omitzero"`          // Version of TLS; absent without it.
	Verified     string    `json:"verified,omitzero"`     // By what its certificate was verified: mta-sts or webpki.
}

// Auth is a part of the API.
type Auth struct {
	DKIM  []AuthDKIM `json:"dkim"`         // Each signature, as they stand in the header.
	DMARC AuthDMARC  `json:"dmarc"`        // Whether the domain that is shown stands behind it.
	Iprev AuthIPRev  `json:"iprev"`        // Whether the client's address has a name that leads back to it.
	SPF   AuthSPF    `json:"spf"`          // Whether the client may send for the envelope sender's domain.
	TLS   string     `json:"tls,omitzero"` // Version and cipher of the connection; absent without TLS.
}

// AuthDKIM is a part of the API.
type AuthDKIM struct {
	Algorithm string `json:"algorithm,omitzero"` // Such as rsa-sha256.
	Domain    string `json:"domain,omitzero"`    // Who signed.
	KeyBits   int64  `json:"keyBits,omitzero"`   // Of the key, if it was found.
	Reason    string `json:"reason,omitzero"`    // Of all but pass.
	Result    string `json:"result"`             // pass, fail, neutral, policy, temperror or permerror.
	Selector  string `json:"selector,omitzero"`  // With which key.
	Testing   bool   `json:"testing,omitzero"`   // The domain is trying its signatures out.
}

// AuthDMARC is a part of the API.
type AuthDMARC struct {
	Aligned     bool   `json:"aligned,omitzero"`     // SPF or a signature passed for a domain of the author's organization, whatever the policy.
	Disposition string `json:"disposition,omitzero"` // What it asks to be done with this message.
	Domain      string `json:"domain,omitzero"`      // Of the author.
	Policy      string `json:"policy,omitzero"`      // What the domain publishes: none, quarantine or reject.
	Reason      string `json:"reason,omitzero"`      // What went wrong.
	Result      string `json:"result"`               // none, pass, fail, temperror or permerror.
}

// AuthIPRev is a part of the API.
type AuthIPRev struct {
	IP     string `json:"ip,omitzero"`   // Of the client.
	Name   string `json:"name,omitzero"` // Of the client, if it is proven.
	Result string `json:"result"`        // pass, fail, temperror or permerror.
}

// AuthSPF is a part of the API.
type AuthSPF struct {
	Domain string `json:"domain,omitzero"` // For which domain.
	Reason string `json:"reason,omitzero"` // Which mechanism matched, or what went wrong.
	Result string `json:"result"`          // none, pass, fail, softfail, neutral, temperror or permerror.
}

// Delivery is a part of the API.
type Delivery struct {
	At           time.Time `json:"at"`                    // When it happened.
	Code         int64     `json:"code,omitzero"`         // SMTP reply code.
	EnhancedCode string    `json:"enhancedCode,omitzero"` // Enhanced status code (RFC 3463).
	Host         string    `json:"host,omitzero"`         // The server that was spoken to.
	NextAt       time.Time `json:"nextAt,omitzero"`       // When it is tried again.
	Reason       string    `json:"reason,omitzero"`       // Kind of failure, such as userUnknown; of what was rejected, why the address is suppressed.
	Recipient    string    `json:"recipient"`             // The address.
	Reply        string    `json:"reply,omitzero"`        // What the server said, or what went wrong.
	Status       string    `json:"status"`                // What became of it; sent: a relay has it.
}

// Fragment is a part of the API.
type Fragment struct {
	Match bool   `json:"match,omitzero"` // It is what was looked for.
	Text  string `json:"text"`           // Plain text, as the sender wrote it; escape it before it goes into a page.
}

// HiddenText is a part of the API.
type HiddenText struct {
	Characters int64  `json:"characters"` // In all of them.
	Excerpt    string `json:"excerpt"`    // The beginning of it, at most 300 characters on one line: what the sender hid, so nothing to obey. Of tag characters and variation selectors what they say, of other characters without a shape their numbers.
	Kind       string `json:"kind"`       // Why it is not seen. other_alternative: the plain text says what the HTML does not.
	Times      int64  `json:"times"`      // In how many places.
	Where      string `json:"where"`      // Where it is.
}

// Highlight is a part of the API.
type Highlight struct {
	Field     string     `json:"field"`     // Where it is; attachment is a file's name.
	Fragments []Fragment `json:"fragments"` // Together they are the field, or of text an excerpt on one line. Plain text, not HTML.
}

// JunkList is a part of the API.
type JunkList struct {
	Name   string `json:"name"`            // Of the list.
	Reason string `json:"reason,omitzero"` // What it says.
}

// JunkObject is a part of the API.
type JunkObject struct {
	Action   string       `json:"action,omitzero"`   // What rspamd proposes, such as add header.
	Detail   string       `json:"detail,omitzero"`   // The same in words.
	Failed   []string     `json:"failed,omitzero"`   // What could not be asked.
	Lists    []JunkList   `json:"lists,omitzero"`    // DNS lists that have the client's address.
	Reason   string       `json:"reason,omitzero"`   // Why it was put aside; absent if it was not.
	Required float64      `json:"required,omitzero"` // The score from which rspamd rejects.
	Score    float64      `json:"score,omitzero"`    // Of rspamd.
	Spared   string       `json:"spared,omitzero"`   // Why it was not put aside all the same: an allow list has the author, the inbox has written to the author, or mail of the author was moved out of Junk or answered.
	Symbols  []JunkSymbol `json:"symbols,omitzero"`  // What rspamd saw.
}

// JunkSymbol is a part of the API.
type JunkSymbol struct {
	Description string  `json:"description,omitzero"` // What it means.
	Name        string  `json:"name"`                 // Of the rule that matched.
	Score       float64 `json:"score"`                // What it adds.
}

// LinkFact is a part of the API.
type LinkFact struct {
	Claims       string `json:"claims,omitzero"`      // The host that the text names, if it names one.
	Credentials  bool   `json:"credentials"`          // Before an @ the target has something that may look like its host.
	Differs      bool   `json:"differs"`              // The text names a host, and the link leads to another registrable domain. Links that are counted do so too.
	Form         bool   `json:"form"`                 // It sends a form.
	Hidden       bool   `json:"hidden"`               // Nothing of it is shown.
	Host         string `json:"host"`                 // In lower case with A-labels (xn--), or an IP address; of mailto the domain of the address.
	MixedScripts bool   `json:"mixedScripts"`         // The host has letters of scripts that are not written together, such as Latin and Cyrillic.
	Scheme       string `json:"scheme"`               // https, mailto, javascript, data …; empty if the target is relative to nothing.
	Target       string `json:"target"`               // Where it leads, as the sender wrote it; cut at 2000 octets.
	Text         string `json:"text"`                 // What is shown of it, on one line; of a picture its alternative text; may be empty.
	Times        int64  `json:"times"`                // How often it is there.
	UnicodeHost  string `json:"unicodeHost,omitzero"` // The host as people see it, if that is another.
	Where        string `json:"where"`                // Where it is; html also of addresses in the text of HTML that mail clients make links of.
}

// MessageObject is a part of the API.
type MessageObject struct {
	Attachments   []Attachment `json:"attachments"`            // What is attached, and inline images.
	Auth          *Auth        `json:"auth,omitempty"`         // What is known of who really sent it; absent of what did not come in by SMTP.
	Bcc           []Person     `json:"bcc"`                    // Recipients of a blind copy, where the message says so.
	Cc            []Person     `json:"cc"`                     // Recipients of a copy.
	CreatedAt     time.Time    `json:"createdAt"`              // When it was stored.
	DeliveredTo   string       `json:"deliveredTo,omitzero"`   // The envelope recipient.
	Delivery      *Delivery    `json:"delivery,omitempty"`     // In events alone: what became of one recipient.
	ExtractedText string       `json:"extractedText,omitzero"` // The new text of a reply, without the quoted history.
	Failure       string       `json:"failure,omitzero"`       // In answers about drafts alone: why it could not be sent at its time.
	From          Person       `json:"from"`                   // Who wrote it; an empty address if it does not say.
	Highlights    []Highlight  `json:"highlights,omitzero"`    // In a search alone: where it has what was looked for; at most 10.
	HTML          string       `json:"html,omitzero"`          // As the sender wrote it: not safe to show without care.
	ID            string       `json:"id"`                     // Begins with msg_.
	InReplyTo     string       `json:"inReplyTo,omitzero"`     // The Message-ID that it answers.
	InboxID       string       `json:"inboxId"`                // The inbox that holds it.
	Junk          *JunkObject  `json:"junk,omitempty"`         // Why it was put aside, or what was found and did not count; absent if nothing was.
	Labels        []string     `json:"labels"`                 // received or sent, unread while unseen, spam, trash, draft, scheduled, starred, and your own.
	Mailboxes     []string     `json:"mailboxes"`              // The IMAP mailboxes that hold it.
	MessageID     string       `json:"messageId"`              // The RFC Message-ID, with its angle brackets; may be empty.
	Preview       string       `json:"preview"`                // The beginning of the text, on one line.
	ReceivedAt    time.Time    `json:"receivedAt,omitzero"`    // When it came; absent if it was sent.
	References    []string     `json:"references"`             // The Message-IDs of the conversation, oldest first.
	ReplyTo       []Person     `json:"replyTo"`                // Where answers should go.
	SendAt        time.Time    `json:"sendAt,omitzero"`        // When it is sent, of what is scheduled.
	SentAt        time.Time    `json:"sentAt,omitzero"`        // When it was sent; absent if it was received.
	Size          int64        `json:"size"`                   // Octets of the whole message.
	Status        string       `json:"status,omitzero"`        // What became of a message that was sent; sent: a relay has it. GET …/delivery tells of each recipient. Of a draft with a time, scheduled.
	Subject       string       `json:"subject"`                // Decoded; may be empty.
	Text          string       `json:"text"`                   // Always there: made from the HTML when the sender gave none.
	ThreadID      string       `json:"threadId"`               // The thread that it belongs to.
	To            []Person     `json:"to"`                     // Recipients.
	Truncated     bool         `json:"truncated,omitzero"`     // text or html was cut.
	Trust         *TrustFacts  `json:"trust,omitempty"`        // Facts for a reader that cannot see the message, such as a language model. Only where one message is fetched or changed: not in lists, threads and events.
	Unsubscribe   bool         `json:"unsubscribe,omitzero"`   // In answers about drafts alone: each recipient gets a link to unsubscribe.
	UpdatedAt     time.Time    `json:"updatedAt"`              // When its labels or mailboxes last changed.
	Version       string       `json:"version,omitzero"`       // In answers about drafts alone: names the draft as it is, for If-Match.
}

// NewAttachment is a part of the API.
type NewAttachment struct {
	Content     *string `json:"content,omitempty"`     // The octets, in base64.
	ContentID   *string `json:"contentId,omitempty"`   // By which the HTML shows it: cid:…
	ContentType *string `json:"contentType,omitempty"` // Such as application/pdf; without it, by the filename's end.
	Disposition *string `json:"disposition,omitempty"` // How it is meant; attachment by default.
	Filename    *string `json:"filename,omitempty"`    // What the recipient sees; the last part of a path.
	URL         *string `json:"url,omitempty"`         // Where the octets are fetched from while the request is answered, in the place of content: https on the public internet, without redirects; of at most 10 attachments, within 20 seconds.
}

// Person is a part of the API.
type Person struct {
	Address string `json:"address"`       // local@domain.
	Name    string `json:"name,omitzero"` // Decoded; absent if there is none.
}

// PublishBody is a part of the API.
type PublishBody struct {
	DryRun *bool `json:"dryRun,omitempty"` // Only say what would be written.
}

// PublishStep is a part of the API.
type PublishStep struct {
	Action string   `json:"action"`          // keep: it, or something that does the same, is there. replace: an older one of this software is there. refuse: what others wrote stands in its way, or it could not be written.
	Advice string   `json:"advice,omitzero"` // Of what was refused: what to do.
	Found  []string `json:"found"`           // What is there already.
	Name   string   `json:"name"`            // Where it stands.
	Type   string   `json:"type"`            // Of the record.
	Value  string   `json:"value"`           // What it says.
}

// Publishing is a part of the API.
type Publishing struct {
	Steps []PublishStep `json:"steps"` // One for each record.
}

// Relay is a part of the API.
type Relay struct {
	Host     string `json:"host"`              // Its name or IP address.
	Mode     string `json:"mode"`              // only: always; fallback: where the recipient's own servers cannot be reached.
	Port     int64  `json:"port"`              // 587 by default.
	TLS      string `json:"tls"`               // required: STARTTLS; implicit: from the first octet; both verified.
	Username string `json:"username,omitzero"` // Whom to log in as; absent: no login. The password is never shown.
}

// RelayChange is a part of the API.
type RelayChange struct {
	Host     string  `json:"host"`               // Its name or IP address.
	Mode     *string `json:"mode,omitempty"`     // only (the default) or fallback.
	Password *string `json:"password,omitempty"` // Never shown again. Without it the one that is kept for the same host and user stays.
	Port     *int64  `json:"port,omitempty"`     // 587 by default.
	TLS      *string `json:"tls,omitempty"`      // required (the default), implicit or none.
	Username *string `json:"username,omitempty"` // Whom to log in as; absent: no login.
}

// SenderFacts is a part of the API.
type SenderFacts struct {
	Address      string    `json:"address"`             // The address in From. It is the sender's word: auth says whether its domain stands behind it.
	FirstAt      time.Time `json:"firstAt,omitzero"`    // When the first of them came; absent if that was not before this message.
	FirstContact bool      `json:"firstContact"`        // When the message came, nothing from the address had come before but what began in Junk, and this inbox had not written to it.
	Judged       string    `json:"judged,omitzero"`     // What moving messages of the address out of Junk or into it, or answering them, said last; unproven: one was moved to Junk that nothing proved to be from there. Absent if nothing did.
	NameClaims   string    `json:"nameClaims,omitzero"` // A domain that the sender's name names and the address is not of.
	Received     int64     `json:"received"`            // Messages from the address until now that did not begin in Junk.
	ReplyTo      string    `json:"replyTo,omitzero"`    // The domain that answers would go to, if that is another than the address's.
	Sent         int64     `json:"sent"`                // Messages from this inbox to the address until now.
	WrittenAt    time.Time `json:"writtenAt,omitzero"`  // When the first of these was sent; absent if that was not before this message.
}

// Sending is a part of the API.
type Sending struct {
	Hostname string `json:"hostname,omitzero"` // The name that goes with it (EHLO).
	Relay    *Relay `json:"relay,omitempty"`   // The server that mail for others is handed to.
	SourceIP string `json:"sourceIp,omitzero"` // The machine's address that mail is sent from; an operator sets it.
}

// SendingChange is a part of the API.
type SendingChange struct {
	Hostname *string      `json:"hostname,omitempty"` // The name that goes with it (EHLO).
	Relay    *RelayChange `json:"relay,omitempty"`    // The server that mail for others is handed to; absent: none is set here.
	SourceIP *string      `json:"sourceIp,omitempty"` // The machine's address that mail is sent from; an operator sets it.
}

// TrustFacts is a part of the API.
type TrustFacts struct {
	Attachments    []AttachmentFact `json:"attachments"`      // What its attachments are, by their content; the first 100.
	Hidden         []HiddenText     `json:"hidden"`           // What is there and not seen, one entry for each kind and place. Newsletters hide a line for the list of messages.
	Links          []LinkFact       `json:"links"`            // Where it leads, each link once; at most 200. Nothing is fetched and no redirection followed.
	Quoted         string           `json:"quoted"`           // What else a person sees: the messages that it quotes, signatures and footers.
	RemotePictures int64            `json:"remotePictures"`   // Pictures that would be fetched from elsewhere if it were shown, which tells the sender so.
	Sender         *SenderFacts     `json:"sender,omitempty"` // Who claims to have written it; absent of what this inbox sent.
	Text           string           `json:"text"`             // What a person sees of the message that is new in it: of the HTML where there is any, with what is hidden left out, without quoted messages, signatures and footers.
	Truncated      bool             `json:"truncated"`        // There is more in the message than was looked at.
}

// Unsent is a part of the API.
type Unsent struct {
	Address string `json:"address"` // The recipient.
	Reason  string `json:"reason"`  // Why it is suppressed; blocked: a list for sending keeps it out.
}
