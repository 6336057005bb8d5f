package proto

import (
	"encoding/base64"
	"strings"
)

// readID: NIL, or fields and values in turn (RFC 2971, 3.1). A value that is NIL is told as "".
func readID(s *scanner, _ bool) any {
	if s.tryWord("NIL") {
		return &IDArgs{}
	}
	fields := [][2]string{}
	s.list(func() {
		field := s.nstring()
		s.sp()
		fields = append(fields, [2]string{field, s.nstring()})
	})
	return &IDArgs{Fields: fields}
}

// nstring takes a string, or NIL as "". Clients that forget the quotes are understood.
func (s *scanner) nstring() string {
	if s.tryWord("NIL") {
		return ""
	}
	return s.astring()
}

// readAuthenticate: a mechanism, and an initial response in base64 (RFC 4959, 3), of which "=" is the empty one.
func readAuthenticate(s *scanner, _ bool) any {
	a := &AuthenticateArgs{Mechanism: strings.ToUpper(s.atom())}
	if !s.more() {
		return a
	}
	if s.take('=') {
		a.Initial = []byte{}
		return a
	}
	response, err := base64.StdEncoding.Strict().DecodeString(s.atom())
	if err != nil {
		s.fail("The initial response is not base64")
	}
	a.Initial = response
	return a
}

func readLogin(s *scanner, _ bool) any {
	a := &LoginArgs{User: s.astring()}
	s.sp()
	a.Password = s.astring()
	return a
}

func readEnable(s *scanner, _ bool) any {
	a := new(EnableArgs)
	for {
		a.Capabilities = append(a.Capabilities, strings.ToUpper(s.atom()))
		if !s.more() {
			return a
		}
	}
}

func readCompress(s *scanner, _ bool) any {
	return &CompressArgs{Mechanism: strings.ToUpper(s.atom())}
}

func readGetQuota(s *scanner, _ bool) any { return &QuotaArgs{Root: s.astring()} }

// readSetQuota: a root and a list of resources with their limits (RFC 9208, 7).
func readSetQuota(s *scanner, _ bool) any {
	a := &QuotaArgs{Root: s.astring()}
	s.sp()
	s.list(func() {
		l := QuotaLimit{Resource: strings.ToUpper(s.atom())}
		s.sp()
		l.Limit = s.number(max63)
		a.Limits = append(a.Limits, l)
	})
	return a
}
