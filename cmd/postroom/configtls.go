package main

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/postroom/postroom/server/certs"
	"github.com/postroom/postroom/server/dnsupdate"
)

// rfc2136 is the only way in which DNS records for validations are written.
const rfc2136 = "rfc2136"

// wanted reports whether there are to be certificates.
func (t TLSConfig) wanted() bool { return t.CertFile != "" || t.KeyFile != "" || t.ACMEEmail != "" }

// pairs are the files of the operator, the main ones first.
func (t TLSConfig) pairs() (pairs []certs.Pair) {
	if t.CertFile != "" {
		pairs = append(pairs, certs.Pair{CertFile: t.CertFile, KeyFile: t.KeyFile})
	}
	for i, file := range t.MoreCertFiles {
		pairs = append(pairs, certs.Pair{CertFile: file, KeyFile: t.MoreKeyFiles[i]})
	}
	return pairs
}

func (c *checker) tls(cfg Config) {
	t := cfg.TLS
	c.pairs(t)
	c.acme(cfg)
	c.dnsUpdate(t)
}

// maxMorePairs is how many pairs there may be besides the main one.
const maxMorePairs = 99

func (c *checker) pairs(t TLSConfig) {
	switch {
	case t.CertFile == "" && t.KeyFile == "" && len(t.MoreCertFiles) > 0:
		c.wrong("tls.more_cert_files", "further certificates without a first one: set tls.cert_file and tls.key_file")
	case t.CertFile == "" && t.KeyFile == "":
	case t.CertFile == "":
		c.wrong("tls.key_file", "a key without a certificate: set tls.cert_file too")
	case t.KeyFile == "":
		c.wrong("tls.cert_file", "a certificate without its key: set tls.key_file too")
	default:
		c.pair("tls.cert_file", t.CertFile, t.KeyFile)
	}
	switch {
	case len(t.MoreCertFiles) != len(t.MoreKeyFiles):
		c.wrong("tls.more_key_files", "%d keys for %d certificates: write one for each in tls.more_cert_files, in the same order", len(t.MoreKeyFiles), len(t.MoreCertFiles))
	case len(t.MoreCertFiles) > maxMorePairs:
		c.wrong("tls.more_cert_files", "at most %d certificates", maxMorePairs)
	default:
		for i, file := range t.MoreCertFiles {
			c.pair("tls.more_cert_files", file, t.MoreKeyFiles[i])
		}
	}
}

func (c *checker) pair(key, certFile, keyFile string) {
	if _, err := tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		c.wrong(key, "certificate and key cannot be used: %v", err)
	}
}

// acme checks what an authority needs, and that it can reach us.
func (c *checker) acme(cfg Config) {
	t := cfg.TLS
	if u, err := url.Parse(t.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
		c.wrong("tls.acme_directory", "%q is no directory of an authority: write an https address such as %q", t.ACMEDirectory, certs.DefaultDirectory)
	}
	if _, err := loadRoots(t.ACMERootFile); err != nil {
		c.wrong("tls.acme_root_file", "%v", err)
	}
	for _, name := range t.Names {
		if !canBeCertified(name) {
			c.wrong("tls.names", "%q is no host name: write one such as \"imap.example.com\"", name)
		}
	}
	if t.ACMEEmail == "" {
		c.idle("tls.acme_email", "no authority is asked", map[string]bool{
			"tls.names": len(t.Names) > 0, "tls.acme_root_file": t.ACMERootFile != "", "tls.acme_eab_kid": t.ACMEEABKid != "", "tls.acme_eab_hmac_file": t.ACMEEABHMACFile != "",
		})
		return
	}
	if a, err := mail.ParseAddress(t.ACMEEmail); err != nil || a.Address != t.ACMEEmail {
		c.wrong("tls.acme_email", "%q is no e-mail address: write one such as \"postmaster@example.com\"", t.ACMEEmail)
	}
	switch _, err := t.accountKey(); {
	case err != nil:
		c.wrong("tls.acme_eab_hmac_file", "%v", err)
	case (t.ACMEEABKid == "") != (t.ACMEEABHMACFile == ""):
		c.wrong("tls.acme_eab_kid", "the account at the authority has an id and a key: set both tls.acme_eab_kid and tls.acme_eab_hmac_file, or none")
	}
	if !canBeCertified(cfg.Hostname) && isHostname(cfg.Hostname) {
		c.wrong("hostname", "no authority certifies %s: write a name such as \"mail.example.com\", or leave tls.acme_email out", cfg.Hostname)
	}
	if t.DNSProvider == "" && cfg.HTTP.ListenPlain == "" && !cfg.HTTP.TLS {
		c.wrong("tls.acme_email", "the authority has no way to see that %s is yours: set http.listen_plain = \":80\", or http.tls = true on port 443, or tls.dns_provider", cfg.Hostname)
	}
}

// maxAccountKey is how long a file with the key of an account may be, in octets.
const maxAccountKey = 4096

// accountKey is the key of the account elsewhere, "" if there is none.
func (t TLSConfig) accountKey() (string, error) {
	if t.ACMEEABHMACFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(t.ACMEEABHMACFile)
	if err != nil {
		return "", fmt.Errorf("read the key of the account: %w", err)
	}
	key := strings.TrimRight(strings.TrimSpace(string(text)), "=")
	if raw, err := base64.RawURLEncoding.DecodeString(key); err != nil || len(raw) == 0 || len(text) > maxAccountKey {
		return "", fmt.Errorf("%s holds no key: write it in base64url, as the authority shows it", t.ACMEEABHMACFile)
	}
	return key, nil
}

// canBeCertified reports whether a public authority could certify a name.
func canBeCertified(name string) bool {
	_, address := netip.ParseAddr(name)
	return isHostname(name) && strings.Contains(name, ".") && address != nil
}

// idle notes keys that are set and do nothing without another one.
func (c *checker) idle(needed, why string, set map[string]bool) {
	for key, isSet := range set {
		if isSet {
			c.wrong(key, "%s without %s: set that too, or leave this out", why, needed)
		}
	}
}

func (c *checker) dnsUpdate(t TLSConfig) {
	c.oneOf("tls.dns_provider", t.DNSProvider, "", rfc2136)
	c.oneOf("tls.dns_key_algorithm", t.DNSKeyAlgorithm, dnsupdate.Algorithms()...)
	if t.DNSProvider == "" {
		c.idle("tls.dns_provider", "no records are written", map[string]bool{
			"tls.dns_server": t.DNSServer != "", "tls.dns_key_name": t.DNSKeyName != "", "tls.dns_key_secret": t.DNSKeySecret != "", "tls.dns_delegate": t.DNSDelegate != "",
		})
		return
	}
	if err := checkNameServer(t.DNSServer); err != nil {
		c.wrong("tls.dns_server", "%v", err)
	}
	if t.DNSKeyName == "" || strings.ContainsAny(t.DNSKeyName, " \t\r\n") {
		c.wrong("tls.dns_key_name", "%q is no name of a key: write the one that the name server knows", t.DNSKeyName)
	}
	if secret, err := base64.StdEncoding.DecodeString(t.DNSKeySecret); err != nil || len(secret) == 0 {
		c.wrong("tls.dns_key_secret", "this is no secret: write it in base64, as the name server's key file has it")
	}
	if t.DNSDelegate != "" && !isHostname(strings.TrimPrefix(t.DNSDelegate, "_acme-challenge.")) {
		c.wrong("tls.dns_delegate", "%q is no host name: write one such as \"acme.example.net\"", t.DNSDelegate)
	}
}

// proxyWires are the wires on which a proxy can send a PROXY header.
var proxyWires = []string{"smtp", "submission", "submissions", "imap", "imaps", "http", "http_plain"}

func (c *checker) proxy(p ProxyConfig) {
	networks, err := parseNetworks(p.Trusted)
	if err != nil {
		c.wrong("proxy.trusted", "%v", err)
	}
	if slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Bits() == 0 }) {
		c.wrong("proxy.trusted", "this is everybody, and everybody could claim to be anybody: write the addresses of your proxies")
	}
	for _, wire := range p.Wires {
		if !slices.Contains(proxyWires, wire) {
			c.wrong("proxy.wires", "%q is none of the choices: %s", wire, strings.Join(proxyWires, ", "))
		}
	}
	switch used := len(p.Wires) > 0 || p.Forwarded; {
	case len(p.Trusted) > 0 && !used:
		c.wrong("proxy.trusted", "nothing is believed of these: set proxy.wires or proxy.forwarded")
	case len(p.Trusted) == 0:
		c.idle("proxy.trusted", "no proxy is believed", map[string]bool{"proxy.wires": len(p.Wires) > 0, "proxy.forwarded": p.Forwarded})
	}
}
