package outbound

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func TestAGuardRefusesAllThatIsNotOfThePublicInternet(t *testing.T) {
	for _, text := range []string{"127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
		"100.64.0.1", "100.127.255.255", "224.0.0.1", "239.1.1.1", "ff02::1", "255.255.255.255", "240.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
		"64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::1", "2001::1", "fec0::1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "100::1", "192.0.0.1"} {
		if err := (Guard{}).Check(netip.MustParseAddr(text)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", text, err)
		}
		if err := (Guard{All: true}).Check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s, where all are allowed: %v", text, err)
		}
	}
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"} {
		if err := (Guard{}).Check(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if err := (Guard{NoPublic: true}).Check(netip.MustParseAddr(text)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s by http: %v", text, err)
		}
	}
	if err := (Guard{Networks: loopback}).Check(netip.MustParseAddr("::ffff:127.0.0.1")); err != nil {
		t.Errorf("what the operator allows: %v", err)
	}
	if err := (Guard{}).Control("tcp", "not an address", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("no address: %v", err)
	}
}

func TestAURLIsLookedAtBeforeAnythingIsConnectedTo(t *testing.T) {
	for url, c := range map[string]struct{ strict, open bool }{
		"https://example.com/x":        {true, true},
		"https://example.com:8443/x":   {true, true},
		"https://8.8.8.8/":             {true, true},
		"http://example.com/":          {false, true}, // where it leads is seen when it is connected to
		"http://127.0.0.1:3000/":       {false, true},
		"https://127.0.0.1/":           {false, true},
		"https://[::1]:3000/":          {false, true},
		"https://[::ffff:10.0.0.1]/":   {false, false},
		"https://169.254.169.254/":     {false, false},
		"http://8.8.8.8/":              {false, false},
		"https://example.com:25/":      {false, false},
		"https://example.com:0/":       {false, false},
		"https://example.com:99999/":   {false, false},
		"gopher://example.com/":        {false, false},
		"https:///x":                   {false, false},
		"file:///etc/passwd":           {false, false},
		"https://exa mple.com/":        {false, false},
		"https://[fe80::1%25eth0]:80/": {false, false},
	} {
		if wrong := (Policy{}).CheckURL(url); (wrong == "") != c.strict {
			t.Errorf("%s: %q", url, wrong)
		}
		if wrong := (Policy{Networks: loopback}).CheckURL(url); (wrong == "") != c.open {
			t.Errorf("%s, where loopback is allowed: %q", url, wrong)
		}
	}
}

// A name may say a public address when it is looked at, and another one when it is connected to.
func TestTheAddressThatIsConnectedToIsLookedAtWhateverTheNameSaid(t *testing.T) {
	asked := 0
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer target.Close()
	_, port, _ := net.SplitHostPort(target.Listener.Addr().String())
	for _, c := range []struct {
		policy Policy
		url    string
	}{
		{Policy{}, "http://127.0.0.1:" + port}, {Policy{}, "https://localhost:" + port}, {Policy{}, "http://[::ffff:127.0.0.1]:" + port},
		{Policy{Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "http://127.0.0.1:" + port},
	} {
		if _, err := c.policy.Client(nil).Get(c.url); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", c.url, err)
		}
	}
	if asked != 0 {
		t.Errorf("the target was asked %d times", asked)
	}
	if _, err := (Policy{Networks: loopback}).Client(nil).Get("http://127.0.0.1:" + port); err != nil || asked != 1 {
		t.Errorf("what is allowed: asked %d times, %v", asked, err)
	}
}

func TestRedirectsAreNotFollowedProxiesNotUsedAndCertificatesVerified(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	target := httptest.NewTLSServer(http.RedirectHandler("http://169.254.169.254/", http.StatusFound))
	defer target.Close()
	policy := Policy{Networks: loopback}
	roots := x509.NewCertPool()
	roots.AddCert(target.Certificate())
	client := policy.Client(roots)
	defer client.CloseIdleConnections()
	res, err := client.Get(target.URL)
	if err != nil || res.StatusCode != http.StatusFound {
		t.Fatalf("%v, %v", res, err)
	}
	res.Body.Close()
	if _, err := policy.Client(x509.NewCertPool()).Get(target.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestAnAnswersHeadIsBoundedAndItsBodyComesAsItIsSent(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("it takes %q", r.Header.Get("Accept-Encoding"))
		}
		length, _ := strconv.Atoi(r.URL.RawQuery)
		w.Header().Set("X-Long", strings.Repeat("x", length))
	}))
	defer target.Close()
	client := Policy{Networks: loopback}.Client(nil)
	defer client.CloseIdleConnections()
	for length, fits := range map[int]bool{maxHeaderBytes / 2: true, maxHeaderBytes: false, 100 * maxHeaderBytes: false} {
		res, err := client.Get(fmt.Sprint(target.URL, "?", length))
		if (err == nil) != fits {
			t.Errorf("a header of %d octets: %v", length, err)
		}
		if err == nil {
			res.Body.Close()
		}
	}
}
