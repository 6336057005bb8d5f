package autoconfig

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Mode says what other servers shall do where the policy cannot be kept (RFC 8461, 5).
type Mode string

const (
	None    Mode = "none"    // nothing: the domain takes its policy back
	Testing Mode = "testing" // deliver all the same, and report
	Enforce Mode = "enforce" // not deliver
)

// MaxMaxAge is how long a policy may last (RFC 8461, 3.2).
const MaxMaxAge = 31_557_600 * time.Second

// maxPolicyHosts is how many mx lines a policy may have.
const maxPolicyHosts = 100

// Policy is an MTA-STS policy (RFC 8461, 3.2).
type Policy struct {
	Mode   Mode
	MX     []string      // A-labels; a first label "*" stands for any one label; may be empty for None alone
	MaxAge time.Duration // whole seconds, at most MaxMaxAge
}

// Check says what is wrong with a policy, or nil.
func (p Policy) Check() error {
	switch p.Mode {
	case None, Testing, Enforce:
	default:
		return fmt.Errorf("the mode of an MTA-STS policy is none, testing or enforce, not %q", p.Mode)
	}
	if p.Mode != None && len(p.MX) == 0 || len(p.MX) > maxPolicyHosts {
		return fmt.Errorf("an MTA-STS policy has 1 to %d MX hosts", maxPolicyHosts)
	}
	for _, host := range p.MX {
		if name, ok := parseDomain(strings.TrimPrefix(host, "*.")); !ok || name != strings.TrimPrefix(host, "*.") {
			return fmt.Errorf("%q is no MX host: write it in lower case and A-labels", host)
		}
	}
	if p.MaxAge < 0 || p.MaxAge > MaxMaxAge {
		return fmt.Errorf("an MTA-STS policy lasts at most %d seconds", int(MaxMaxAge.Seconds()))
	}
	return nil
}

// Text is the policy as it is served: lines that end in CRLF.
func (p Policy) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: STSv1\r\nmode: %s\r\n", p.Mode)
	for _, host := range p.MX {
		fmt.Fprintf(&b, "mx: %s\r\n", host)
	}
	fmt.Fprintf(&b, "max_age: %d\r\n", int(p.MaxAge.Seconds()))
	return b.String()
}

// ID is what the domain's DNS announces the policy by (RFC 8461, 3.1): 32 letters and digits that change when its text does.
func (p Policy) ID() string {
	sum := sha256.Sum256([]byte(p.Text()))
	return hex.EncodeToString(sum[:16])
}

// Record is the value of the TXT record at _mta-sts.<domain> that announces the policy.
func (p Policy) Record() string { return "v=STSv1; id=" + p.ID() + ";" }

// policy serves the policy of the domain whose host was asked.
func (h *Handler) policy(w http.ResponseWriter, r *http.Request, at place) {
	if at.domain == "" || h.cfg.Policy == nil {
		notFound(w)
		return
	}
	p, err := h.cfg.Policy(r.Context(), at.domain)
	if err == nil && p.Mode != "" {
		err = p.Check()
	}
	switch {
	case err != nil:
		h.unavailable(w, err)
	case p.Mode == "":
		notFound(w)
	case reads(w, r):
		public(w)
		text(w, http.StatusOK, p.Text())
	}
}
