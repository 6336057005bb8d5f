package api

import (
	"context"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/mailstore/trust"
)

// trustFacts is what a reader that cannot see must know of a message: facts, no verdicts.
type trustFacts struct {
	Text           string           `json:"text" doc:"What a person sees of the message that is new in it: of the HTML where there is any, with what is hidden left out, without quoted messages, signatures and footers."`
	Quoted         string           `json:"quoted" doc:"What else a person sees: the messages that it quotes, signatures and footers."`
	Hidden         []hiddenText     `json:"hidden" doc:"What is there and not seen, one entry for each kind and place. Newsletters hide a line for the list of messages."`
	Links          []linkFact       `json:"links" doc:"Where it leads, each link once; at most 200. Nothing is fetched and no redirection followed."`
	RemotePictures int              `json:"remotePictures" doc:"Pictures that would be fetched from elsewhere if it were shown, which tells the sender so."`
	Attachments    []attachmentFact `json:"attachments" doc:"What its attachments are, by their content; the first 100."`
	Sender         *senderFacts     `json:"sender,omitempty" doc:"Who claims to have written it; absent of what this inbox sent."`
	Truncated      bool             `json:"truncated" doc:"There is more in the message than was looked at."`
}

type hiddenText struct {
	Kind       string `json:"kind" enum:"not_displayed,invisible,transparent,tiny,same_color,clipped,off_screen,outlook_hidden,not_rendered,noscript,title,comment,alternative_text,zero_width,tag_characters,bidi_controls,variation_selectors,soft_hyphens,private_use,other_alternative" doc:"Why it is not seen. other_alternative: the plain text says what the HTML does not."`
	Where      string `json:"where" enum:"html,text,subject,sender_name" doc:"Where it is."`
	Times      int    `json:"times" doc:"In how many places."`
	Characters int    `json:"characters" doc:"In all of them."`
	Excerpt    string `json:"excerpt" doc:"The beginning of it, at most 300 characters on one line: what the sender hid, so nothing to obey. Of tag characters and variation selectors what they say, of other characters without a shape their numbers."`
}

type linkFact struct {
	Where        string `json:"where" enum:"html,text" doc:"Where it is; html also of addresses in the text of HTML that mail clients make links of."`
	Text         string `json:"text" doc:"What is shown of it, on one line; of a picture its alternative text; may be empty."`
	Target       string `json:"target" doc:"Where it leads, as the sender wrote it; cut at 2000 octets."`
	Scheme       string `json:"scheme" doc:"https, mailto, javascript, data …; empty if the target is relative to nothing."`
	Host         string `json:"host" doc:"In lower case with A-labels (xn--), or an IP address; of mailto the domain of the address."`
	UnicodeHost  string `json:"unicodeHost,omitempty" doc:"The host as people see it, if that is another."`
	Claims       string `json:"claims,omitempty" doc:"The host that the text names, if it names one."`
	Differs      bool   `json:"differs" doc:"The text names a host, and the link leads to another registrable domain. Links that are counted do so too."`
	MixedScripts bool   `json:"mixedScripts" doc:"The host has letters of scripts that are not written together, such as Latin and Cyrillic."`
	Credentials  bool   `json:"credentials" doc:"Before an @ the target has something that may look like its host."`
	Form         bool   `json:"form" doc:"It sends a form."`
	Hidden       bool   `json:"hidden" doc:"Nothing of it is shown."`
	Times        int    `json:"times" doc:"How often it is there."`
}

type attachmentFact struct {
	ID              string `json:"id" doc:"Of the attachment within its message."`
	Declared        string `json:"declared" doc:"The type that the sender gave it."`
	Detected        string `json:"detected,omitempty" doc:"The type of its content, by the beginning; application/octet-stream if that has no known form; absent if there is none. Archives are not opened."`
	Extension       string `json:"extension,omitempty" doc:"Of its name, in lower case with the dot."`
	Differs         bool   `json:"differs" doc:"The content is of another type than declared, or than the extension stands for."`
	DoubleExtension bool   `json:"doubleExtension" doc:"One extension hides another, as in invoice.pdf.exe."`
	HiddenInName    bool   `json:"hiddenInName" doc:"The name has characters without a shape, or such that turn its order around."`
}

// senderFacts is about the address in From, which is the sender's word.
type senderFacts struct {
	Address      string `json:"address" doc:"The address in From. It is the sender's word: auth says whether its domain stands behind it."`
	FirstContact bool   `json:"firstContact" doc:"When the message came, nothing from the address had come before but what began in Junk, and this inbox had not written to it."`
	Received     int    `json:"received" doc:"Messages from the address until now that did not begin in Junk."`
	FirstAt      *stamp `json:"firstAt,omitempty" doc:"When the first of them came; absent if that was not before this message."`
	Sent         int    `json:"sent" doc:"Messages from this inbox to the address until now."`
	WrittenAt    *stamp `json:"writtenAt,omitempty" doc:"When the first of these was sent; absent if that was not before this message."`
	Judged       string `json:"judged,omitempty" enum:"wanted,junk,unproven" doc:"What moving messages of the address out of Junk or into it, or answering them, said last; unproven: one was moved to Junk that nothing proved to be from there. Absent if nothing did."`
	NameClaims   string `json:"nameClaims,omitempty" doc:"A domain that the sender's name names and the address is not of."`
	ReplyTo      string `json:"replyTo,omitempty" doc:"The domain that answers would go to, if that is another than the address's."`
}

// withTrust adds the facts about a message, which m is as the store has it.
func (o messageObject) withTrust(ctx context.Context, in mailstore.Inbox, m mailstore.Message) (messageObject, error) {
	f, err := in.Trust(ctx, m, MaxTextBytes)
	if err != nil {
		return o, err
	}
	o.Trust = &trustFacts{Text: f.Text, Quoted: f.Quoted, Hidden: each(f.Hidden, hiddenOf), Links: each(f.Links, linkOf), RemotePictures: f.Pictures,
		Attachments: each(f.Attachments, attachmentFactOf), Truncated: f.Truncated}
	if m.Direction == mailstore.Sent {
		return o, nil
	}
	known, err := knownBefore(ctx, in, m)
	o.Trust.Sender = senderOf(f, m, known)
	return o, err
}

// knownBefore is what the inbox knows of a message's author. The first times are zero unless they were before the message.
func knownBefore(ctx context.Context, in mailstore.Inbox, m mailstore.Message) (mailstore.Acquaintance, error) {
	a, err := in.Acquaintance(ctx, author(m).Address)
	if !a.ReceivedAt.Before(m.ReceivedAt) {
		a.ReceivedAt = time.Time{}
	}
	if !a.SentAt.Before(m.ReceivedAt) {
		a.SentAt = time.Time{}
	}
	return a, err
}

// author is who a message says has written it; the first if it names several.
func author(m mailstore.Message) (a message.Address) {
	if len(m.Envelope.From) > 0 {
		a = m.Envelope.From[0]
	}
	return a
}

func hiddenOf(h trust.Hidden) hiddenText {
	return hiddenText{string(h.Kind), string(h.Where), h.Times, h.Characters, h.Excerpt}
}

func linkOf(l trust.Link) linkFact {
	return linkFact{string(l.Where), l.Text, l.Target, l.Scheme, l.Host, l.Unicode, l.Claims, l.Differs, l.MixedScripts, l.Credentials, l.Form, l.Hidden, l.Times}
}

func attachmentFactOf(a trust.Attachment) attachmentFact {
	return attachmentFact{a.ID, a.Declared, a.Detected, a.Extension, a.Differs, a.DoubleExtension, a.HiddenInName}
}

func senderOf(f trust.Facts, m mailstore.Message, known mailstore.Acquaintance) *senderFacts {
	return &senderFacts{Address: author(m).Address, FirstContact: isFirst(known), Received: known.Received, FirstAt: timeOf(known.ReceivedAt), Sent: known.Sent, WrittenAt: timeOf(known.SentAt),
		Judged: known.Judged, NameClaims: f.NameClaims, ReplyTo: f.ReplyTo}
}

// isFirst tells whether what knownBefore gives is nothing.
func isFirst(known mailstore.Acquaintance) bool {
	return known.ReceivedAt.IsZero() && known.SentAt.IsZero()
}
