package autoconfig

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// elements checks that a document is well-formed XML and gives the text of its elements by path, in order.
func elements(t testing.TB, document string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	var path []string
	d := xml.NewDecoder(strings.NewReader(document))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatalf("no XML: %v\n%s", err, document)
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			for _, a := range token.Attr {
				name := strings.Join(path, ".") + "@" + a.Name.Local
				found[name] = append(found[name], a.Value)
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if s := strings.TrimSpace(string(token)); s != "" {
				found[strings.Join(path, ".")] = append(found[strings.Join(path, ".")], s)
			}
		}
	}
}

// TestThunderbirdCanReadItsDocument asks what Thunderbird's reader asks of a document, without which it drops a server.
func TestThunderbirdCanReadItsDocument(t *testing.T) {
	w := ask(testHandler(t), http.MethodGet, "autoconfig.example.com/mail/config-v1.1.xml", "")
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/xml") {
		t.Errorf("only a document of type text/xml or application/xml is read as XML; this is %s", got)
	}
	found := elements(t, w.Body.String())
	const provider = "clientConfig.emailProvider"
	for path, want := range map[string][]string{
		"@id": {"example.com"}, ".domain": {"example.com"},
		".incomingServer@type": {"imap", "imap"}, ".incomingServer.port": {"993", "143"}, ".incomingServer.socketType": {"SSL", "STARTTLS"},
		".incomingServer.hostname": {ownHost, ownHost}, ".incomingServer.username": {"%EMAILADDRESS%", "%EMAILADDRESS%"},
		".incomingServer.authentication": {"password-cleartext", "password-cleartext"},
		".outgoingServer@type":           {"smtp", "smtp"}, ".outgoingServer.port": {"465", "587"}, ".outgoingServer.socketType": {"SSL", "STARTTLS"},
		".outgoingServer.hostname": {ownHost, ownHost}, ".outgoingServer.username": {"%EMAILADDRESS%", "%EMAILADDRESS%"},
		".outgoingServer.authentication": {"password-cleartext", "password-cleartext"},
	} {
		if !slices.Equal(found[provider+path], want) {
			t.Errorf("%s is %q, not %q", path, found[provider+path], want)
		}
	}
}

func TestNobodyLearnsMoreThanThatADomainIsHere(t *testing.T) {
	h := testHandler(t)
	unknown := ask(h, http.MethodGet, "autoconfig.other.example/mail/config-v1.1.xml", "")
	if unknown.Code != http.StatusNotFound {
		t.Fatalf("an unknown domain is answered %d", unknown.Code)
	}
	for _, c := range []struct{ method, target, body string }{
		{http.MethodGet, "autoconfig.other.example/mail/config-v1.1.xml?emailaddress=fred%40other.example", ""},
		{http.MethodGet, "autoconfig.other.example/mail/config-v1.1.xml?emailaddress=fred%40example.com", ""},
		{http.MethodGet, "autoconfig.example.com/mail/config-v1.1.xml?emailaddress=fred%40xn--mller-kva.example", ""},
		{http.MethodPost, "autoconfig.other.example/mail/config-v1.1.xml", ""},
		{http.MethodGet, ownHost + "/mail/config-v1.1.xml", ""},
		{http.MethodGet, ownHost + "/mail/config-v1.1.xml?emailaddress=fred%40other.example", ""},
		{http.MethodGet, ownHost + "/mail/config-v1.1.xml?emailaddress=fred%40com", ""},
		{http.MethodGet, "example.com/mail/config-v1.1.xml", ""},
		{http.MethodGet, "mta-sts.other.example/.well-known/mta-sts.txt", ""},
		{http.MethodGet, "mta-sts.nopolicy.example/.well-known/mta-sts.txt", ""},
		{http.MethodGet, "autoconfig.example.com/.well-known/mta-sts.txt", ""},
		{http.MethodGet, ownHost + "/.well-known/mta-sts.txt", ""},
		{http.MethodGet, "mta-sts.example.com/mail/config-v1.1.xml", ""},
		{http.MethodGet, "mta-sts.example.com/", ""},
		{http.MethodGet, "mta-sts.example.com/v1/health", ""},
		{http.MethodGet, "192.0.2.1/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=fred%40example.com", ""},
		{http.MethodGet, "[2001:db8::1]:443/.well-known/autoconfig/mail/config-v1.1.xml", ""},
		{http.MethodGet, "/.well-known/autoconfig/mail/config-v1.1.xml", ""},
		{http.MethodGet, "autoconfig./mail/config-v1.1.xml", ""},
		{http.MethodGet, "autoconfig.com/mail/config-v1.1.xml", ""},
		{http.MethodGet, "*.example.com/.well-known/autoconfig/mail/config-v1.1.xml", ""},
		{http.MethodGet, "example.com@other.example/.well-known/autoconfig/mail/config-v1.1.xml", ""},
		{http.MethodGet, strings.Repeat("a.", 2000) + "example.com/.well-known/autoconfig/mail/config-v1.1.xml", ""},
		{http.MethodPost, "autodiscover.other.example/autodiscover/autodiscover.xml", question("fred@other.example")},
		{http.MethodPost, "autodiscover.other.example/autodiscover/autodiscover.xml", question("fred@example.com")},
		{http.MethodPost, "autodiscover.other.example/autodiscover/autodiscover.xml", "no XML"},
		{http.MethodPost, "autodiscover.example.com/autodiscover/autodiscover.xml", question("fred@other.example")},
		{http.MethodPost, ownHost + "/autodiscover/autodiscover.xml", question("fred@other.example")},
		{http.MethodGet, ownHost + "/autodiscover/autodiscover.json?Email=fred%40other.example&Protocol=AutodiscoverV1", ""},
		{http.MethodGet, ownHost + "/mail/profile.mobileconfig?emailaddress=fred%40other.example", ""},
		{http.MethodGet, "autoconfig.example.com/mail/profile.mobileconfig?emailaddress=fred%40other.example", ""},
		{http.MethodGet, "autodiscover.example.com/autodiscover/autodiscover.jsonx", ""},
	} {
		w := ask(h, c.method, c.target, c.body)
		if w.Code != unknown.Code || w.Body.String() != unknown.Body.String() || len(w.Header()) != len(unknown.Header()) {
			t.Errorf("%s %.100s is answered %d %q %v, and not as an unknown domain", c.method, c.target, w.Code, w.Body.String(), w.Header())
		}
	}
}

func TestEveryAddressOfADomainGetsTheSame(t *testing.T) {
	h := testHandler(t)
	for _, c := range []struct{ method, target, body string }{
		{http.MethodGet, "autoconfig.example.com/mail/config-v1.1.xml?emailaddress=ADDRESS", ""},
		{http.MethodPost, "autodiscover.example.com/autodiscover/autodiscover.xml", question("ADDRESS")},
		{http.MethodGet, "autodiscover.example.com/autodiscover/autodiscover.json?Email=ADDRESS&Protocol=autodiscoverv1", ""},
	} {
		answer := func(address string) string {
			w := ask(h, c.method, strings.ReplaceAll(c.target, "ADDRESS", address), strings.ReplaceAll(c.body, "ADDRESS", address))
			if w.Code != http.StatusOK {
				t.Errorf("%s for %s is answered %d", c.target, address, w.Code)
			}
			return strings.ReplaceAll(w.Body.String(), address, "ADDRESS")
		}
		if answer("fred@example.com") != answer("nobody.at.all@example.com") {
			t.Errorf("%s tells addresses apart", c.target)
		}
	}
}

func TestNamesAreTakenInAnyCaseAndForm(t *testing.T) {
	h := testHandler(t)
	for _, c := range []struct{ method, target, body, want string }{
		{http.MethodGet, "AutoConfig.EXAMPLE.com:443/mail/config-v1.1.xml?emailaddress=Fred%40Example.COM", "", "<domain>example.com</domain>"},
		{http.MethodGet, "autoconfig.example.com./mail/config-v1.1.xml?EmailAddress=fred%40example.com", "", "<domain>example.com</domain>"},
		{http.MethodGet, "autoconfig.xn--mller-kva.example/mail/config-v1.1.xml?emailaddress=fred%40m%C3%BCller.example", "", "<domain>xn--mller-kva.example</domain>"},
		{http.MethodGet, "autoconfig.müller.example/mail/config-v1.1.xml?emailaddress=fred%40XN--MLLER-KVA.example", "", "<domain>xn--mller-kva.example</domain>"},
		{http.MethodGet, ownHost + "/mail/config-v1.1.xml?emailaddress=fred%40M%C3%9CLLER.example", "", "<domain>xn--mller-kva.example</domain>"},
		{http.MethodPost, "autodiscover.example.com/AutoDiscover/AutoDiscover.XML", question("Fred@EXAMPLE.com"), "<LoginName>Fred@example.com</LoginName>"},
		{http.MethodPost, "autodiscover.xn--mller-kva.example/autodiscover/autodiscover.xml", question("jürgen@müller.example"), "<LoginName>jürgen@xn--mller-kva.example</LoginName>"},
		{http.MethodGet, "example.com/Autodiscover/Autodiscover.json?email=fred%40example.com&protocol=AUTODISCOVERV1", "", "/autodiscover/autodiscover.xml"},
		{http.MethodGet, "MTA-STS.Example.Com/.well-known/mta-sts.txt", "", "version: STSv1\r\n"},
		{http.MethodGet, "example.com/mail/profile.mobileconfig?emailaddress=o%27neil%26co%40example.com", "", "<string>o&#39;neil&amp;co@example.com</string>"},
		{http.MethodHead, "autoconfig.example.com/mail/config-v1.1.xml", "", ""},
	} {
		w := ask(h, c.method, c.target, c.body)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d\n%s", c.target, w.Code, w.Body.String())
		}
	}
}

func TestHostileRequestsAreRefused(t *testing.T) {
	h := testHandler(t)
	const target = "autodiscover.example.com/autodiscover/autodiscover.xml"
	entities := `<!DOCTYPE a [<!ENTITY a "fred"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	for name, body := range map[string]string{
		"nothing":               "",
		"no XML":                "address=fred@example.com",
		"cut off":               question("fred@example.com")[:250],
		"document type":         entities + question("fred@example.com"),
		"entity of its own":     entities + question("&b;@example.com"),
		"unknown entity":        question("&b;@example.com"),
		"file":                  `<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + question("&a;@example.com"),
		"deep":                  "<Autodiscover>" + strings.Repeat("<a>", 10000),
		"another root":          "<a>" + question("fred@example.com") + "</a>",
		"no address":            "<Autodiscover><Request/></Autodiscover>",
		"elsewhere":             "<Autodiscover><Reply><EMailAddress>fred@example.com</EMailAddress></Reply></Autodiscover>",
		"no valid address":      question("fred"),
		"markup in it":          question("&lt;b&gt;@example.com"),
		"line end in it":        question("a\nb@example.com"),
		"quotes in it":          question(`"a b"@example.com`),
		"too long":              question(strings.Repeat("a", 65) + "@example.com"),
		"wrong UTF-8":           question("fr\xff\xfeed@example.com"),
		"another character set": `<?xml version="1.0" encoding="utf-16"?>` + question("fred@example.com")[38:],
	} {
		w := ask(h, http.MethodPost, target, body)
		if w.Code != http.StatusOK || !slices.Equal(elements(t, w.Body.String())["Autodiscover.Response.Error.ErrorCode"], []string{"600"}) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body.String())
		}
	}
	for name, body := range map[string]string{
		"in the address":  question(strings.Repeat("a", maxRequest)),
		"behind the root": question("fred@example.com") + strings.Repeat(" ", maxRequest),
		"in attributes":   `<Autodiscover a="` + strings.Repeat("x", maxRequest),
	} {
		if w := ask(h, http.MethodPost, target, body); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("too large %s: %d", name, w.Code)
		}
	}
	for target, status := range map[string]int{
		"example.com/mail/profile.mobileconfig":                                         http.StatusBadRequest,
		"example.com/mail/profile.mobileconfig?emailaddress=%3Cb%3E%40example.com":      http.StatusBadRequest,
		"example.com/mail/profile.mobileconfig?emailaddress=a%0d%0ab%40example.com":     http.StatusBadRequest,
		"example.com/autodiscover/autodiscover.json?Email=x&Protocol=AutodiscoverV1":    http.StatusBadRequest,
		"example.com/autodiscover/autodiscover.json?Email=a%40example.com&Protocol=%22": http.StatusBadRequest,
	} {
		if w := ask(h, http.MethodGet, target, ""); w.Code != status {
			t.Errorf("%s: %d %s", target, w.Code, w.Body.String())
		}
	}
	for _, target := range []string{"autoconfig.example.com/mail/config-v1.1.xml", "mta-sts.example.com/.well-known/mta-sts.txt",
		"example.com/mail/profile.mobileconfig?emailaddress=a%40example.com", "example.com/autodiscover/autodiscover.json?Email=a%40example.com"} {
		if w := ask(h, http.MethodDelete, target, ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("DELETE of %s: %d", target, w.Code)
		}
	}
}

func TestAFailureOfOursIsNotAnUnknownDomain(t *testing.T) {
	h := testHandler(t)
	for _, c := range []struct{ method, target, body string }{
		{http.MethodGet, "autoconfig.broken.example/mail/config-v1.1.xml", ""},
		{http.MethodGet, ownHost + "/mail/config-v1.1.xml?emailaddress=a%40broken.example", ""},
		{http.MethodPost, ownHost + "/autodiscover/autodiscover.xml", question("a@broken.example")},
		{http.MethodGet, ownHost + "/autodiscover/autodiscover.json?Email=a%40broken.example", ""},
		{http.MethodGet, ownHost + "/mail/profile.mobileconfig?emailaddress=a%40broken.example", ""},
		{http.MethodGet, "mta-sts.broken.example/.well-known/mta-sts.txt", ""},
	} {
		w := ask(h, c.method, c.target, c.body)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "60" || strings.Contains(w.Body.String(), errBroken.Error()) {
			t.Errorf("%s: %d %s", c.target, w.Code, w.Body.String())
		}
	}
	cfg := testConfig()
	for name, policy := range map[string]func(context.Context, string) (Policy, error){
		"failing": func(context.Context, string) (Policy, error) { return Policy{}, errBroken },
		"invalid": func(context.Context, string) (Policy, error) { return Policy{Mode: Enforce}, nil },
	} {
		cfg.Policy = policy
		h, _ := New(cfg)
		if w := ask(h, http.MethodGet, "mta-sts.example.com/.well-known/mta-sts.txt", ""); w.Code != http.StatusServiceUnavailable {
			t.Errorf("a %s policy is answered %d %s", name, w.Code, w.Body.String())
		}
	}
}

func TestAProfileIsTheSameEachTime(t *testing.T) {
	h := testHandler(t)
	get := func(address string) string {
		w := ask(h, http.MethodGet, "example.com/mail/profile.mobileconfig?emailaddress="+address, "")
		if got := w.Header().Get("Content-Type"); got != "application/x-apple-aspen-config" {
			t.Errorf("a phone does not install %s", got)
		}
		elements(t, w.Body.String())
		return w.Body.String()
	}
	uuid := func(profile string) string {
		_, rest, _ := strings.Cut(profile, "<key>PayloadUUID</key>\n  <string>")
		return rest[:36]
	}
	fred, again, anna := get("fred%40example.com"), get("fred%40Example.com"), get("anna%40example.com")
	if fred != again || uuid(fred) == uuid(anna) {
		t.Errorf("profiles %s, %s, %s", uuid(fred), uuid(again), uuid(anna))
	}
	if strings.Contains(strings.ToLower(fred), "<key>incomingpassword") {
		t.Error("a profile holds no password")
	}
}

func TestThePolicyIsAnnouncedByAnIdOfItsText(t *testing.T) {
	p := Policy{Mode: Enforce, MX: []string{"mx.example.com"}, MaxAge: time.Hour}
	if want := "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 3600\r\n"; p.Text() != want {
		t.Errorf("the policy is %q", p.Text())
	}
	other := p
	other.Mode = Testing
	if len(p.ID()) != 32 || p.ID() == other.ID() || p.Record() != "v=STSv1; id="+p.ID()+";" {
		t.Errorf("ids %q and %q", p.ID(), other.ID())
	}
	for name, bad := range map[string]Policy{
		"no mode":    {MX: p.MX},
		"no host":    {Mode: Testing},
		"too long":   {Mode: Testing, MX: p.MX, MaxAge: MaxMaxAge + time.Second},
		"line end":   {Mode: Testing, MX: []string{"mx.example.com\r\nmode: none"}},
		"upper case": {Mode: Testing, MX: []string{"MX.example.com"}},
		"a wildcard": {Mode: Testing, MX: []string{"*.*.example.com"}},
		"many hosts": {Mode: Testing, MX: slices.Repeat(p.MX, maxPolicyHosts+1)},
	} {
		if bad.Check() == nil {
			t.Errorf("a policy with %s is taken", name)
		}
	}
	if err := (Policy{Mode: None}).Check(); err != nil {
		t.Errorf("a domain cannot take its policy back: %v", err)
	}
}

func TestAConfigurationIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no host":      func(c *Config) { c.Hosts = nil },
		"a bad host":   func(c *Config) { c.Hosts = []string{"a b"} },
		"no domains":   func(c *Config) { c.Domain = nil },
		"no log":       func(c *Config) { c.Log = nil },
		"no IMAP":      func(c *Config) { c.Settings.IMAP = nil },
		"a bad port":   func(c *Config) { c.Settings.SMTP = []Server{{ownHost, 0, Implicit}} },
		"plain text":   func(c *Config) { c.Settings.SMTP = []Server{{ownHost, 25, ""}} },
		"many servers": func(c *Config) { c.Settings.IMAP = slices.Repeat(c.Settings.IMAP, maxServers) },
	} {
		cfg := testConfig()
		spoil(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("a configuration with %s is taken", name)
		}
	}
}

func TestItKnowsWhichRequestsAreItsOwn(t *testing.T) {
	h := testHandler(t)
	for target, want := range map[string]bool{
		ownHost + "/v1/health":                              false,
		ownHost + "/autodiscover/autodiscover.xml":          true,
		"autoconfig.postroom.example/v1/health":             false,
		"autoconfig.example.com/":                           true,
		"mta-sts.other.example/v1/health":                   true,
		"example.com/":                                      false,
		"example.com/Autodiscover/AutoDiscover.json/v1.0/a": true,
	} {
		host, path, _ := strings.Cut(target, "/")
		r := httptest.NewRequest(http.MethodGet, "/"+path, nil)
		r.Host = host
		if got := h.Serves(r); got != want {
			t.Errorf("%s: %v", target, got)
		}
	}
}

// FuzzOutlook reads any body at a verified domain: the answer is always XML, and names no address but one that is valid.
func FuzzOutlook(f *testing.F) {
	h := testHandler(f)
	for _, s := range []string{"", question("fred@example.com"), question("jürgen@müller.example"), question("a&amp;b@example.com"), question("<![CDATA[a]]>@example.com"),
		"<!DOCTYPE a><Autodiscover/>", "<Autodiscover><Request><EMailAddress>a@example.com", "\ufeff" + question("a@example.com"), "<a:Autodiscover xmlns:a=''/>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := ask(h, http.MethodPost, ownHost+"/autodiscover/autodiscover.xml", body)
		switch w.Code {
		case http.StatusOK:
			for _, login := range elements(t, w.Body.String())["Autodiscover.Response.Account.Protocol.LoginName"] {
				if m, ok := parseMailbox(login); !ok || m.String() != login {
					t.Errorf("login name %q", login)
				}
			}
		case http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable:
		default:
			t.Errorf("answered %d", w.Code)
		}
	})
}

// FuzzMailbox takes any host and address.
func FuzzMailbox(f *testing.F) {
	h := testHandler(f)
	for _, s := range [][2]string{{"autoconfig.example.com", "a@example.com"}, {ownHost, "ü@müller.example"}, {"xn--a", "@"}, {"a..b", "a@b@c"}, {"[::1]:1", "\x00@example.com"}, {"autoconfig.", "a@xn--"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, host, address string) {
		if name, ok := parseDomain(host); ok {
			if again, ok := parseDomain(name); !ok || again != name {
				t.Errorf("%q becomes %q, and that %q", host, name, again)
			}
		}
		r := httptest.NewRequest(http.MethodGet, "/mail/profile.mobileconfig", nil)
		r.Host = host
		q := r.URL.Query()
		q.Set("emailaddress", address)
		r.URL.RawQuery = q.Encode()
		w := httptest.NewRecorder()
		h.Serves(r)
		h.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			elements(t, w.Body.String())
		}
	})
}
