package autoconfig

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// profile serves a configuration profile of Apple's for an address: an unsigned property list without a password, which the
// device asks for. The same address gets the same profile each time, so that installing it again replaces it.
func (h *Handler) profile(w http.ResponseWriter, r *http.Request, at place) {
	m, ok := queryMailbox(r, "emailaddress")
	if !ok {
		if reads(w, r) {
			text(w, http.StatusBadRequest, "name the address: ?emailaddress=you@example.com\n")
		}
		return
	}
	domain, err := h.domainFor(r.Context(), at, m)
	switch {
	case err != nil:
		h.unavailable(w, err)
	case domain == "":
		notFound(w)
	case reads(w, r):
		private(w)
		w.Header().Set("Content-Disposition", `attachment; filename="`+domain+`.mobileconfig"`)
		write(w, http.StatusOK, "application/x-apple-aspen-config", h.makeProfile(m))
	}
}

func (h *Handler) makeProfile(m mailbox) []byte {
	address, name := m.String(), h.nameFor(m.domain)
	whole, account := stableUUID("profile", h.cfg.Hosts[0], address), stableUUID("account", h.cfg.Hosts[0], address)
	labels := strings.Split(h.cfg.Hosts[0], ".")
	slices.Reverse(labels)
	identifier := strings.Join(labels, ".") + ".mail." + whole
	mail := dict{
		{"PayloadType", "com.apple.mail.managed"}, {"PayloadVersion", 1},
		{"PayloadIdentifier", identifier + "." + account}, {"PayloadUUID", account}, {"PayloadDisplayName", address},
		{"EmailAccountType", "EmailTypeIMAP"}, {"EmailAccountDescription", address}, {"EmailAddress", address},
	}
	mail = append(mail, mailServer("Incoming", h.cfg.Settings.IMAP[0], address)...)
	mail = append(mail, mailServer("Outgoing", h.cfg.Settings.SMTP[0], address)...)
	mail = append(mail, entry{"OutgoingPasswordSameAsIncomingPassword", true})
	return plist(dict{
		{"PayloadType", "Configuration"}, {"PayloadVersion", 1}, {"PayloadIdentifier", identifier}, {"PayloadUUID", whole},
		{"PayloadDisplayName", name + ": " + address}, {"PayloadOrganization", name}, {"PayloadRemovalDisallowed", false},
		{"PayloadContent", []dict{mail}},
	})
}

// mailServer is one direction's part of the payload. Whether TLS begins at once or by STARTTLS, the device finds by the port.
func mailServer(direction string, s Server, address string) dict {
	prefix := direction + "MailServer"
	return dict{{prefix + "HostName", s.Host}, {prefix + "PortNumber", s.Port}, {prefix + "UseSSL", true},
		{prefix + "Authentication", "EmailAuthPassword"}, {prefix + "Username", address}}
}

// stableUUID is a UUID of version 8 (RFC 9562, 5.8) made from a hash.
func stableUUID(parts ...string) string {
	b := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]))
}

// dict is a dictionary of a property list, in order.
type dict []entry

type entry struct {
	key   string
	value any // string, int, bool or []dict
}

const plistHeader = xml.Header + `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
`

// plist writes a property list in its XML form.
func plist(d dict) []byte {
	var b bytes.Buffer
	b.WriteString(plistHeader)
	d.write(&b, "")
	b.WriteString("</plist>\n")
	return b.Bytes()
}

func (d dict) write(b *bytes.Buffer, indent string) {
	b.WriteString(indent + "<dict>\n")
	for _, e := range d {
		b.WriteString(indent + "  ")
		element(b, "key", e.key)
		b.WriteString("\n")
		writeValue(b, e.value, indent+"  ")
	}
	b.WriteString(indent + "</dict>\n")
}

func writeValue(b *bytes.Buffer, value any, indent string) {
	switch v := value.(type) {
	case []dict:
		b.WriteString(indent + "<array>\n")
		for _, d := range v {
			d.write(b, indent+"  ")
		}
		b.WriteString(indent + "</array>\n")
		return
	case bool:
		fmt.Fprintf(b, "%s<%t/>\n", indent, v)
		return
	case int:
		fmt.Fprintf(b, "%s<integer>%d</integer>\n", indent, v)
		return
	}
	b.WriteString(indent)
	element(b, "string", fmt.Sprint(value))
	b.WriteString("\n")
}

func element(b *bytes.Buffer, name, value string) {
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(value)) // a buffer takes everything
	b.WriteString("</" + name + ">")
}
