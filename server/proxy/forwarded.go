package proxy

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxForwarded is how many addresses X-Forwarded-For may have.
const maxForwarded = 100

// forwardedHeaders say who the client is and how it came. From whom is not listed they are taken away.
var forwardedHeaders = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip", "Forwarded"}

// Forwarded gives requests of listed proxies the address of the client as their RemoteAddr: the last one in X-Forwarded-For that is no
// listed proxy's, for what stands before it the client may have written. A header that cannot be read is answered with 400.
func Forwarded(trusted Trusted, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !trusted.has(from.Addr().Unmap().WithZone("")) {
			for _, name := range forwardedHeaders {
				r.Header.Del(name)
			}
			next.ServeHTTP(w, r)
			return
		}
		client, ok := clientOf(trusted, r.Header.Values("X-Forwarded-For"))
		if !ok {
			http.Error(w, "The proxy's X-Forwarded-For cannot be read.", http.StatusBadRequest)
			return
		}
		if client.IsValid() {
			r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}

// clientOf is the last address that is no proxy's, or the first of all; the zero Addr if there is none. False: not all that was
// looked at are addresses.
func clientOf(trusted Trusted, values []string) (client netip.Addr, ok bool) {
	if len(values) == 0 {
		return netip.Addr{}, true
	}
	hops := strings.Split(strings.Join(values, ","), ",")
	if len(hops) > maxForwarded {
		return netip.Addr{}, false
	}
	for i := len(hops) - 1; i >= 0; i-- {
		if client = addressIn(strings.TrimSpace(hops[i])); !client.IsValid() {
			return netip.Addr{}, false
		}
		if !trusted.has(client) {
			break
		}
	}
	return client, true
}

// addressIn reads an address, with or without a port; the zero Addr if it is none.
func addressIn(text string) netip.Addr {
	if ip, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return ip.Unmap().WithZone("")
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}
