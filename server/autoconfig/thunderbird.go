package autoconfig

import (
	"bytes"
	"encoding/xml"
	"net/http"
)

// clientConfig is Thunderbird's document, version 1.1 of its format. The address stays a variable that the client fills in.
type clientConfig struct {
	XMLName  xml.Name      `xml:"clientConfig"`
	Version  string        `xml:"version,attr"`
	Provider emailProvider `xml:"emailProvider"`
}

type emailProvider struct {
	ID        string         `xml:"id,attr"`
	Domain    string         `xml:"domain"`
	Name      string         `xml:"displayName"`
	ShortName string         `xml:"displayShortName"`
	Incoming  []clientServer `xml:"incomingServer"`
	Outgoing  []clientServer `xml:"outgoingServer"`
}

type clientServer struct {
	Type           string `xml:"type,attr"`
	Host           string `xml:"hostname"`
	Port           int    `xml:"port"`
	Socket         string `xml:"socketType"`
	Authentication string `xml:"authentication"`
	Username       string `xml:"username"`
}

// thunderbird serves the document for the domain of the host, or of the address in the query.
func (h *Handler) thunderbird(w http.ResponseWriter, r *http.Request, at place) {
	m, _ := queryMailbox(r, "emailaddress") // at a domain's own host the document is the same without it
	domain, err := h.domainFor(r.Context(), at, m)
	switch {
	case err != nil:
		h.unavailable(w, err)
	case domain == "":
		notFound(w)
	case reads(w, r):
		public(w)
		h.writeXML(w, http.StatusOK, h.clientConfig(domain))
	}
}

func (h *Handler) clientConfig(domain string) clientConfig {
	name := h.nameFor(domain)
	return clientConfig{Version: "1.1", Provider: emailProvider{ID: domain, Domain: domain, Name: name, ShortName: name,
		Incoming: clientServers("imap", h.cfg.Settings.IMAP), Outgoing: clientServers("smtp", h.cfg.Settings.SMTP)}}
}

func clientServers(protocol string, servers []Server) []clientServer {
	var list []clientServer
	for _, s := range servers {
		socket := "SSL"
		if s.TLS == StartTLS {
			socket = "STARTTLS"
		}
		list = append(list, clientServer{protocol, s.Host, s.Port, socket, "password-cleartext", "%EMAILADDRESS%"})
	}
	return list
}

// nameFor is what a client shows as the provider of a domain's mail.
func (h *Handler) nameFor(domain string) string {
	if h.cfg.Name != "" {
		return h.cfg.Name
	}
	return domain
}

// writeXML sends a value as an XML document. All text is escaped; what XML cannot hold becomes U+FFFD.
func (h *Handler) writeXML(w http.ResponseWriter, status int, value any) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(value); err != nil {
		h.unavailable(w, err)
		return
	}
	b.WriteByte('\n')
	write(w, status, "application/xml; charset=utf-8", b.Bytes())
}
