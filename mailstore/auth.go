package mailstore

import (
	"encoding/json"
	"fmt"
)

// LabelUnauthenticated is the label of a message whose author's domain is not known to stand behind it.
const LabelUnauthenticated = "unauthenticated"

// Auth is what is known of who really sent a message (RFC 8601): evidence, no judgement.
type Auth struct {
	SPF   AuthSPF    `json:"spf"`
	DKIM  []AuthDKIM `json:"dkim"` // as the signatures stand in the header
	DMARC AuthDMARC  `json:"dmarc"`
	IPRev AuthIPRev  `json:"iprev"`
	TLS   string     `json:"tls,omitempty"` // version and cipher of the connection that it came by; "" is none
}

// AuthSPF is whether the client may send for a domain (RFC 7208).
type AuthSPF struct {
	Result string `json:"result"` // none, pass, fail, softfail, neutral, temperror or permerror
	Domain string `json:"domain,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// AuthDKIM is one signature (RFC 6376).
type AuthDKIM struct {
	Result    string `json:"result"` // pass, fail, neutral, policy, temperror or permerror
	Domain    string `json:"domain,omitempty"`
	Selector  string `json:"selector,omitempty"`
	Algorithm string `json:"algorithm,omitempty"`
	KeyBits   int    `json:"keyBits,omitempty"`
	Testing   bool   `json:"testing,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// AuthDMARC is whether the author's domain stands behind the message (RFC 7489).
type AuthDMARC struct {
	Result      string `json:"result"` // none, pass, fail, temperror or permerror
	Domain      string `json:"domain,omitempty"`
	Policy      string `json:"policy,omitempty"`      // none, quarantine or reject
	Disposition string `json:"disposition,omitempty"` // what the domain asks to be done with this message
	Reason      string `json:"reason,omitempty"`
	Aligned     bool   `json:"aligned,omitempty"` // SPF or a signature passed for a domain of the author's organization
}

// proves reports whether the author's domain is known to stand behind the message, or nothing was looked at. It is as package
// mailauth says it: DMARC passed, or, where no usable policy is published, SPF or a signature passed for a domain of the same organization.
func (a *Auth) proves() bool {
	if a == nil || a.DMARC.Result == "pass" {
		return true
	}
	return a.DMARC.Aligned && (a.DMARC.Result == "none" || a.DMARC.Result == "permerror")
}

// AuthIPRev is whether the client's address has a name that leads back to it.
type AuthIPRev struct {
	Result string `json:"result"`
	IP     string `json:"ip,omitempty"`
	Name   string `json:"name,omitempty"`
}

// encode gives the column's text.
func (a *Auth) encode() (string, error) {
	if a == nil {
		return "", nil
	}
	text, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("encode evidence: %w", err)
	}
	return string(text), nil
}

func decodeAuth(text string) (*Auth, error) {
	if text == "" {
		return nil, nil
	}
	var a Auth
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, fmt.Errorf("decode evidence: %w", err)
	}
	return &a, nil
}
