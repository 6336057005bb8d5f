package imapd

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore/fault"
	"github.com/postroom/postroom/server/imapd/proto"
	"github.com/postroom/postroom/tenancy"
)

// capabilities are what the client may use now.
func (s *session) capabilities() string {
	list := "IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE IDLE"
	if s.user == nil {
		if s.link.tls == nil && s.server.cfg.TLS != nil {
			list += " STARTTLS"
		}
		if !s.secure() {
			return list + " LOGINDISABLED"
		}
		return list + " AUTH=PLAIN AUTH=LOGIN AUTH=OAUTHBEARER"
	}
	list += " NAMESPACE UIDPLUS UNSELECT CHILDREN MOVE SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE ESEARCH SEARCHRES WITHIN" +
		" QUOTA QUOTA=RES-STORAGE APPENDLIMIT=" + strconv.FormatInt(s.server.cfg.MaxMessageBytes, 10) + " UTF8=ACCEPT CONDSTORE QRESYNC BINARY MULTIAPPEND" +
		" SORT SORT=DISPLAY ESORT THREAD=REFERENCES THREAD=ORDEREDSUBJECT OBJECTID PREVIEW SAVEDATE REPLACE NOTIFY XLIST"
	if s.link.compressor == nil {
		list += " COMPRESS=DEFLATE"
	}
	return list
}

func (s *session) capability(cmd *proto.Command) error {
	s.link.say("* CAPABILITY " + s.capabilities())
	return s.done(cmd, true, "Capability completed.")
}

// maxClientName is how much of a client's name or version is logged, in octets.
const maxClientName = 64

// identify answers ID (RFC 2971), also before login. What the client first says of itself is for the log.
func (s *session) identify(cmd *proto.Command) error {
	args := cmd.Args.(*proto.IDArgs)
	for _, name := range []string{"name", "version"} {
		i := slices.IndexFunc(args.Fields, func(f [2]string) bool { return strings.EqualFold(f[0], name) })
		if i >= 0 && !s.identified { // each line of the log repeats it
			s.log = s.log.With("client_"+name, args.Fields[i][1][:min(len(args.Fields[i][1]), maxClientName)])
		}
	}
	s.identified = s.identified || len(args.Fields) > 0
	b := append(s.link.buffer(), `* ID ("name" "Postroom" "version" `...)
	b = proto.AppendString(b, s.server.cfg.Version)
	s.link.appended(append(b, ")\r\n"...))
	return s.done(cmd, true, "ID completed.")
}

func (s *session) startTLS(cmd *proto.Command) error {
	switch {
	case s.link.tls != nil:
		s.badly(cmd, "TLS is on already")
		return nil
	case s.server.cfg.TLS == nil:
		s.badly(cmd, "TLS is not available here")
		return nil
	}
	s.ok(cmd, "Begin TLS negotiation now.")
	if err := s.link.flush(); err != nil {
		return err
	}
	return s.link.startTLS(s.ctx, s.server.cfg.TLS, s.server.cfg.HandshakeTimeout)
}

func (s *session) login(cmd *proto.Command) error {
	if !s.secure() {
		s.no(cmd, "[PRIVACYREQUIRED] Begin TLS first: a password would travel in the open.")
		return nil
	}
	args := cmd.Args.(*proto.LoginArgs)
	return s.enter(cmd, args.User, args.Password)
}

// maxResponse is how long a line of a SASL exchange may be, in octets.
const maxResponse = 8 << 10

var errCancelled = errors.New("authentication cancelled")

// authenticate answers AUTHENTICATE (RFC 9051, 6.2.2) with PLAIN (RFC 4616), LOGIN, which many clients still want, or
// OAUTHBEARER (RFC 7628), whose token is an API key.
func (s *session) authenticate(cmd *proto.Command) error {
	args := cmd.Args.(*proto.AuthenticateArgs)
	if !s.secure() {
		s.no(cmd, "[PRIVACYREQUIRED] Begin TLS first: a password would travel in the open.")
		return nil
	}
	var user, password string
	var err error
	switch args.Mechanism {
	case "PLAIN":
		user, password, err = s.plain(args.Initial)
	case "LOGIN":
		user, password, err = s.loginMechanism(args.Initial)
	case "OAUTHBEARER":
		return s.bearer(cmd, args.Initial)
	default:
		s.no(cmd, "[CANNOT] Unsupported authentication mechanism.")
		return nil
	}
	switch {
	case errors.Is(err, errCancelled):
		s.badly(cmd, sentence(err))
		return nil
	case err != nil:
		return err
	}
	return s.enter(cmd, user, password)
}

// ask sends a challenge and reads the answer.
func (s *session) ask(challenge string) ([]byte, error) {
	s.link.say("+ " + base64.StdEncoding.EncodeToString([]byte(challenge)))
	s.link.flush()
	s.awaitMore(s.server.cfg.CommandTimeout)
	var line []byte
	for {
		part, err := s.link.in.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxResponse {
			return nil, errTooLong
		}
		if err == nil {
			break
		}
		if len(part) == 0 || len(part) < readBuffer {
			return nil, err
		}
	}
	line = trimEnd(line)
	if string(line) == "*" {
		return nil, errCancelled
	}
	answer, err := base64.StdEncoding.DecodeString(string(line))
	if err != nil {
		return nil, errCancelled
	}
	return answer, nil
}

// plain reads "authzid NUL authcid NUL password". Nobody can act as another here, so the one must be the other or empty.
func (s *session) plain(initial []byte) (user, password string, err error) {
	if initial == nil {
		if initial, err = s.ask(""); err != nil {
			return "", "", err
		}
	}
	part := bytes.Split(initial, []byte{0})
	if len(part) != 3 || len(part[0]) > 0 && !bytes.Equal(part[0], part[1]) {
		return "", "", nil // wrong like any other
	}
	return string(part[1]), string(part[2]), nil
}

func (s *session) loginMechanism(initial []byte) (user, password string, err error) {
	if initial == nil {
		if initial, err = s.ask("Username:"); err != nil {
			return "", "", err
		}
	}
	secret, err := s.ask("Password:")
	return string(initial), string(secret), err
}

// bearer reads "n,a=user,^Ahost=…^Aauth=Bearer key^A^A". Without a user, the key must be one of an inbox.
func (s *session) bearer(cmd *proto.Command, initial []byte) (err error) {
	if initial == nil {
		if initial, err = s.ask(""); err != nil {
			if errors.Is(err, errCancelled) {
				s.badly(cmd, sentence(err))
				return nil
			}
			return err
		}
	}
	user, key := parseBearer(string(initial))
	if user == "" && key != "" {
		ctx, cancel := context.WithTimeout(s.ctx, loginTimeout)
		defer cancel()
		if g, err := s.server.dir.Authenticate(ctx, key, s.ip); err == nil {
			user = g.Me().Address
		}
	}
	if g, err := s.admit(user, key); err == nil {
		return s.entered(cmd, g)
	} else if !isWrongPassword(err) {
		return s.fail(cmd, err)
	}
	if _, err := s.ask(`{"status":"invalid_token"}`); err != nil && !errors.Is(err, errCancelled) { // RFC 7628, 3.2.3
		return err
	}
	return s.turnedAway(cmd)
}

func parseBearer(text string) (user, key string) {
	head, rest, _ := strings.Cut(text, "\x01")
	for field := range strings.SplitSeq(head, ",") {
		if name, ok := strings.CutPrefix(field, "a="); ok {
			user = strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name)
		}
	}
	for field := range strings.SplitSeq(rest, "\x01") {
		name, value, _ := strings.Cut(field, "=")
		scheme, token, ok := strings.Cut(value, " ")
		if strings.EqualFold(name, "auth") && ok && strings.EqualFold(scheme, "Bearer") {
			key = strings.TrimSpace(token)
		}
	}
	return user, key
}

// loginTimeout bounds how long the directory may take.
const loginTimeout = 30 * time.Second

// enter logs in with a password or a key.
func (s *session) enter(cmd *proto.Command, user, password string) error {
	g, err := s.admit(user, password)
	switch {
	case err == nil:
		return s.entered(cmd, g)
	case isWrongPassword(err):
		return s.turnedAway(cmd)
	}
	return s.fail(cmd, err)
}

func (s *session) admit(user, password string) (*tenancy.Grant, error) {
	ctx, cancel := context.WithTimeout(s.ctx, loginTimeout)
	defer cancel()
	return s.server.dir.Login(ctx, user, password, s.ip)
}

func isWrongPassword(err error) bool { return errors.Is(err, tenancy.ErrUnauthenticated) }

// turnedAway answers a wrong password. The client may try again on the same connection, a few times.
func (s *session) turnedAway(cmd *proto.Command) error {
	s.log.Info("IMAP login failed")
	s.no(cmd, "[AUTHENTICATIONFAILED] Authentication failed.")
	if s.failedLogins++; s.failedLogins >= maxFailedLogins {
		s.sayBye("Too many failed logins.")
	}
	return nil
}

// entered begins the session of a user.
func (s *session) entered(cmd *proto.Command, g *tenancy.Grant) error {
	inbox, err := g.Mail(s.ctx, "", string(g.InboxID()), tenancy.MessagesRead)
	if err != nil {
		if fault.KindOf(err) == fault.Forbidden {
			s.no(cmd, "[AUTHORIZATIONFAILED] This key may not read messages.")
			return nil
		}
		return s.fail(cmd, err)
	}
	u := &user{key: inboxKey{g.WorkspaceID(), g.InboxID()}, grant: g, inbox: inbox, address: g.Me().Address, checked: time.Now()}
	if !s.server.enter(u.key) {
		s.no(cmd, "[LIMIT] Too many connections of this inbox (limit imapConnections); close one and try again.")
		return nil
	}
	s.user = u
	s.log = s.log.With("inbox", u.key.inbox)
	s.ok(cmd, "[CAPABILITY "+s.capabilities()+"] Logged in")
	return nil
}

// enable answers ENABLE (RFC 5161). What is on already is named again, as Dovecot does.
func (s *session) enable(cmd *proto.Command) error {
	var on []string
	turn := func(flag *bool, name string) {
		*flag = true
		on = append(on, name)
	}
	for _, name := range cmd.Args.(*proto.EnableArgs).Capabilities {
		switch name {
		case "CONDSTORE":
			on = append(on, name)
			s.enableCondstore()
		case "QRESYNC":
			turn(&s.qresync, name)
			s.enableCondstore()
		case "UTF8=ACCEPT", "UTF8=ONLY":
			turn(&s.utf8, "UTF8=ACCEPT")
		case "IMAP4REV2":
			turn(&s.rev2, "IMAP4rev2")
			s.utf8 = true
		}
	}
	if len(on) > 0 {
		s.link.say("* ENABLED " + strings.Join(on, " "))
	}
	return s.done(cmd, true, "Enabled.")
}

// enableCondstore has MODSEQ told from now on (RFC 7162, 3.1).
func (s *session) enableCondstore() {
	if s.condstore {
		return
	}
	s.condstore = true
	if s.selected != nil {
		s.link.say("* OK " + s.highestModseq() + "Highest")
	}
}

func (s *session) compress(cmd *proto.Command) error {
	switch {
	case cmd.Args.(*proto.CompressArgs).Mechanism != "DEFLATE":
		s.no(cmd, "Unknown compression mechanism")
	case s.link.compressor != nil:
		s.no(cmd, "[COMPRESSIONACTIVE] COMPRESSION=DEFLATE already enabled.")
	default:
		s.ok(cmd, "Begin compression.")
		if err := s.link.flush(); err != nil {
			return err
		}
		s.link.compress()
	}
	return nil
}
