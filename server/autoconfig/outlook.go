package autoconfig

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
)

// Namespaces of autodiscover ([MS-OXDSCLI], 2.2).
const (
	outlookSchema  = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
	responseSchema = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
)

// Failures that Exchange knows ([MS-OXDSCLI], 2.2.4.1.1.1).
const (
	codeInvalid    = 600 // the request is none
	codeNoProvider = 601 // the form of answer that it wants is not given here
)

// autodiscover is the answer: with Account, or with Error.
type autodiscover struct {
	XMLName  xml.Name `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
	Response any
}

type outlookResponse struct {
	XMLName xml.Name       `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Response"`
	Name    string         `xml:"User>DisplayName"`
	Account outlookAccount `xml:"Account"`
}

type outlookAccount struct {
	Type     string            `xml:"AccountType"`
	Action   string            `xml:"Action"`
	Protocol []outlookProtocol `xml:"Protocol"`
}

type outlookProtocol struct {
	Type           string `xml:"Type"`
	Server         string `xml:"Server"`
	Port           int    `xml:"Port"`
	LoginName      string `xml:"LoginName"`
	DomainRequired string `xml:"DomainRequired"`
	SPA            string `xml:"SPA"`
	SSL            string `xml:"SSL"`
	Encryption     string `xml:"Encryption"` // goes before SSL, for clients that know it
	AuthRequired   string `xml:"AuthRequired"`
}

type outlookFailure struct {
	XMLName xml.Name     `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Response"`
	Error   outlookError `xml:"Error"`
}

type outlookError struct {
	Time    string `xml:"Time,attr"`
	ID      uint32 `xml:"Id,attr"`
	Code    int    `xml:"ErrorCode"`
	Message string `xml:"Message"`
	Debug   string `xml:"DebugData"`
}

// outlook answers a question in XML. One by GET is none: over plain HTTP it is led to where TLS surely works, as Outlook
// expects when nothing else did ([MS-OXDISCO], 3.1.5.4); over TLS it is refused with a status, at which Thunderbird asks again
// by POST.
func (h *Handler) outlook(w http.ResponseWriter, r *http.Request, at place) {
	private(w)
	switch {
	case r.Method == http.MethodPost:
		h.answerOutlook(w, r, at)
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && !h.cfg.Secure(r):
		w.Header().Set("Location", h.outlookURL())
		text(w, http.StatusFound, "ask over TLS\n")
	default:
		w.Header().Set("Allow", "POST")
		h.failOutlook(w, http.StatusMethodNotAllowed, codeInvalid)
	}
}

func (h *Handler) outlookURL() string { return "https://" + h.cfg.Hosts[0] + OutlookPath }

func (h *Handler) answerOutlook(w http.ResponseWriter, r *http.Request, at place) {
	q, err := readOutlook(http.MaxBytesReader(w, r.Body, maxRequest))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		text(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request has at most %d octets\n", maxRequest))
		return
	case err != nil:
		h.failOutlook(w, http.StatusOK, codeInvalid)
		return
	}
	m, ok := parseMailbox(q.address)
	if !ok {
		h.failOutlook(w, http.StatusOK, codeInvalid)
		return
	}
	domain, err := h.domainFor(r.Context(), at, m)
	switch {
	case err != nil:
		h.unavailable(w, err)
	case domain == "":
		notFound(w)
	case q.schema != "" && !strings.EqualFold(q.schema, outlookSchema):
		h.failOutlook(w, http.StatusOK, codeNoProvider)
	default:
		h.writeXML(w, http.StatusOK, autodiscover{Response: h.outlookSettings(m)})
	}
}

func (h *Handler) outlookSettings(m mailbox) outlookResponse {
	protocols := outlookProtocols("IMAP", h.cfg.Settings.IMAP, m)
	protocols = append(protocols, outlookProtocols("SMTP", h.cfg.Settings.SMTP, m)...)
	return outlookResponse{Name: m.String(), Account: outlookAccount{Type: "email", Action: "settings", Protocol: protocols}}
}

func outlookProtocols(protocol string, servers []Server, m mailbox) []outlookProtocol {
	var list []outlookProtocol
	for _, s := range servers {
		encryption := "SSL"
		if s.TLS == StartTLS {
			encryption = "TLS"
		}
		list = append(list, outlookProtocol{protocol, s.Host, s.Port, m.String(), "off", "off", "on", encryption, "on"})
	}
	return list
}

// failOutlook answers as Exchange does: a failure is a document of its own form, mostly with status 200.
func (h *Handler) failOutlook(w http.ResponseWriter, status, code int) {
	message := "Invalid Request"
	if code == codeNoProvider {
		message = "Provider is not available"
	}
	id := fnv.New32a()
	_, _ = id.Write([]byte(h.cfg.Hosts[0]))
	h.writeXML(w, status, autodiscover{Response: outlookFailure{Error: outlookError{
		Time: h.cfg.Clock().UTC().Format("15:04:05.0000000"), ID: id.Sum32(), Code: code, Message: message}}})
}

// outlookQuestion is what a request asks.
type outlookQuestion struct {
	address string // as it was written
	schema  string // the form of answer that is wanted; "" for any
}

var errNoQuestion = errors.New("no request of autodiscover")

// readOutlook reads a request ([MS-OXDSCLI], 2.2.3). It refuses a document type, and with it every entity of its own; elements
// are known by their local names.
func readOutlook(body io.Reader) (q outlookQuestion, err error) {
	var path []string
	decoder := xml.NewDecoder(body)
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return q, nil
		}
		if err != nil {
			return q, err
		}
		switch t := token.(type) {
		case xml.Directive:
			return q, errNoQuestion
		case xml.StartElement:
			if len(path) == maxDepth || len(path) == 0 && t.Name.Local != "Autodiscover" {
				return q, errNoQuestion
			}
			path = append(path, t.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			q.take(path, t)
		}
	}
}

// take keeps the text of an element that is looked for, the first one of each name.
func (q *outlookQuestion) take(path []string, data []byte) {
	if len(path) != 3 || path[1] != "Request" {
		return
	}
	switch value := strings.TrimSpace(string(data)); {
	case path[2] == "EMailAddress" && q.address == "":
		q.address = value
	case path[2] == "AcceptableResponseSchema" && q.schema == "":
		q.schema = value
	}
}

// outlookJSON answers the newer questions of Outlook, which ask where one protocol is served. The only one that leads to IMAP
// and SMTP is the older form of autodiscover. The address is in the query, or ends the path after a version.
func (h *Handler) outlookJSON(w http.ResponseWriter, r *http.Request, at place) {
	private(w)
	m, ok := queryMailbox(r, "Email")
	if rest := r.URL.Path[len(OutlookJSONPath):]; !ok && rest != "" {
		m, ok = parseMailbox(rest[strings.LastIndexByte(rest, '/')+1:])
	}
	if !ok {
		if reads(w, r) {
			refuseJSON(w, "MandatoryParameterMissing", "A valid smtp address must be provided")
		}
		return
	}
	domain, err := h.domainFor(r.Context(), at, m)
	switch {
	case err != nil:
		h.unavailable(w, err)
	case domain == "":
		notFound(w)
	case !reads(w, r):
	case strings.EqualFold(query(r, "Protocol"), "AutodiscoverV1"):
		writeJSON(w, http.StatusOK, map[string]string{"Protocol": "AutodiscoverV1", "Url": h.outlookURL()})
	default:
		refuseJSON(w, "InvalidProtocol", "The given protocol is not supported. Supported values are 'AutodiscoverV1'")
	}
}

func refuseJSON(w http.ResponseWriter, code, message string) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"ErrorCode": code, "ErrorMessage": message})
}

func writeJSON(w http.ResponseWriter, status int, value map[string]string) {
	body, _ := json.Marshal(value) // a map of strings always can be
	write(w, status, "application/json; charset=utf-8", append(body, '\n'))
}
