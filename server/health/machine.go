package health

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Wire is a door of the server.
type Wire struct {
	Name    string // smtp, submission, submissions, imap, imaps, http
	Address string // host:port; "" if it is not served
	TLS     bool   // it has a certificate to show, at once or by STARTTLS
}

// CertificateState is what clients of a host name are shown.
type CertificateState struct {
	Host     string
	SelfMade bool      // by this server, until there is another
	NotAfter time.Time // zero: there is none
	Err      string    // why there is none, or no newer one
}

// ports tells what is listened on.
func (c *Check) ports(context.Context) []Finding {
	var served, absent []string
	for _, w := range c.cfg.Wires {
		if w.Address == "" {
			absent = append(absent, w.Name)
		} else {
			served = append(served, w.Name+" "+w.Address)
		}
	}
	f := Finding{Name: "ports", Status: OK, Found: strings.Join(served, ", ")}
	if len(absent) > 0 {
		f.Found += "; not served: " + strings.Join(absent, ", ")
	}
	smtp := slices.IndexFunc(c.cfg.Wires, func(w Wire) bool { return w.Name == "smtp" })
	if smtp >= 0 && !strings.HasSuffix(c.cfg.Wires[smtp].Address, ":25") {
		f.Status, f.Advice = Warning, "Other servers bring mail to port 25 only: set smtp.listen to it, or lead it here."
	}
	return []Finding{f}
}

// certificates tells of each host name's.
func (c *Check) certificates(context.Context) (list []Finding) {
	for _, s := range c.cfg.Certs() {
		list = append(list, c.certificate(s))
	}
	if len(list) == 0 {
		return one("certificate", Warning, "there is none", "Set tls.acme_email, or tls.cert_file and tls.key_file: without one, mail comes in unencrypted and mail clients cannot log in.")
	}
	return list
}

func (c *Check) certificate(s CertificateState) Finding {
	f := Finding{Name: "certificate/" + s.Host, Status: OK, Found: "good until " + s.NotAfter.UTC().Format(time.DateOnly)}
	left := s.NotAfter.Sub(c.cfg.Now())
	why := ""
	if s.Err != "" {
		why = ": " + s.Err
	}
	switch {
	case s.NotAfter.IsZero():
		f.Status, f.Found, f.Advice = Error, "there is none"+why, "Look at [tls] in the configuration."
	case left <= 0:
		f.Status, f.Advice = Error, "Renew it, or look at why that did not happen"+why+"."
	case s.SelfMade:
		f.Status, f.Found, f.Advice = Warning, "self-made", "Mail clients do not trust it. Wait for that of the authority, or look at why there is none"+why+"."
	case left < CertificateWarning:
		f.Status, f.Advice = Warning, "Renew it, or look at why that did not happen"+why+"."
	}
	return f
}

func (c *Check) disk(context.Context) []Finding {
	free, err := c.cfg.Free()
	if err != nil {
		return one("disk", Unknown, err.Error(), "")
	}
	f := Finding{"disk", OK, Octets(free) + " free", ""}
	switch {
	case free < c.cfg.Floor:
		f.Status, f.Advice = Error, "Make room: below "+Octets(c.cfg.Floor)+" (storage.min_free_bytes) no mail is accepted."
	case free < lowDisk*c.cfg.Floor:
		f.Status, f.Advice = Warning, "Make room: below "+Octets(c.cfg.Floor)+" (storage.min_free_bytes) no mail will be accepted."
	}
	return []Finding{f}
}

// Octets is a number of octets for people.
func Octets(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d octets", n)
}

func (c *Check) clock(context.Context) []Finding {
	kept, err := c.cfg.Clock()
	switch {
	case err != nil:
		return one("clock", Unknown, err.Error(), "")
	case !kept:
		return one("clock", Warning, "nothing keeps it right", "Run a time service such as chrony or systemd-timesyncd: certificates and signatures depend on the time.")
	}
	return one("clock", OK, "kept right by a time service", "")
}
