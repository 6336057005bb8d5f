package compose

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/postroom/postroom/mailstore/message"
)

// corpus gives the files of a folder of real messages that is kept beside the project, not in it.
func corpus(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		names, _ := filepath.Glob(filepath.Join(dir, "shared", "corpus", folder, "*.*"))
		files := map[string][]byte{}
		for _, name := range names {
			if base := filepath.Base(name); !strings.HasPrefix(base, "LICENSE") {
				if files[base], err = os.ReadFile(name); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(files) > 0 {
			return files
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("shared/corpus/%s is absent, and in CI nothing may be", folder)
	}
	t.Skip("corpus absent: shared/corpus/" + folder)
	return nil
}

func outbound(t testing.TB, raw []byte) (*Outgoing, []byte) {
	t.Helper()
	o, err := Outbound(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(o.NewReader())
	if err != nil || int64(len(out)) != o.Size {
		t.Fatalf("%d octets, not %d: %v", len(out), o.Size, err)
	}
	return o, out
}

func TestBccIsTakenOutAndNothingElse(t *testing.T) {
	for _, tc := range []struct{ what, raw, want string }{
		{"none", "From: a\r\nTo: b\r\n\r\nbody", "From: a\r\nTo: b\r\n\r\nbody"},
		{"first", "Bcc: x\r\nFrom: a\r\n\r\nbody", "From: a\r\n\r\nbody"},
		{"simulated", "From: a\r\npostroom-Simulated: code\r\nTo: b\r\n\r\nbody", "From: a\r\nTo: b\r\n\r\nbody"},
		{"last", "From: a\r\nBcc: x\r\n\r\nbody", "From: a\r\n\r\nbody"},
		{"alone", "Bcc: x\r\n\r\nbody", "\r\nbody"},
		{"many", "bcc: x\r\nFrom: a\r\nBCC:y\r\nbCc : z\r\nTo: b\r\nResent-Bcc: q\r\nRESENT-BCC\t:q\r\n\r\n", "From: a\r\nTo: b\r\n\r\n"},
		{"folded", "From: a\r\nBcc: x,\r\n y,\r\n\tz\r\n \r\n  w\r\nTo: b\r\n\r\nbody", "From: a\r\nTo: b\r\n\r\nbody"},
		{"folded after the name", "Bcc:\r\n x\r\nTo: b\r\n\r\n", "To: b\r\n\r\n"},
		{"wrapped without indentation", "Bcc: x,\r\ny@example.com\r\nTo: b\r\n\r\n", "To: b\r\n\r\n"},
		{"first line indented", " Bcc: x\r\n y\r\nTo: b\r\n\r\n", "To: b\r\n\r\n"},
		{"LF", "From: a\nBcc: x\n y\nTo: b\n\nBcc: body\n", "From: a\nTo: b\n\nBcc: body\n"},
		{"carriage returns twice", "Bcc: x\r\r\nTo: b\r\r\n\r\r\nBcc: body", "To: b\r\r\n\r\r\nBcc: body"},
		{"no end", "From: a\r\nBcc: x", "From: a\r\n"},
		{"no end after it", "Bcc: x\r\nFrom: a", "From: a"},
		{"in the body", "From: a\r\n\r\nBcc: x\r\n", "From: a\r\n\r\nBcc: x\r\n"},
		{"in another field", "Subject: x\r\n Bcc: y\r\n\r\n", "Subject: x\r\n Bcc: y\r\n\r\n"},
		{"other names", "X-Bcc: x\r\nBcc-X: y\r\nBccc: z\r\n\r\n", "X-Bcc: x\r\nBcc-X: y\r\nBccc: z\r\n\r\n"},
		{"return path", "Return-Path: <a@b>\r\nFrom: a\r\nRETURN-PATH: <>\r\nX-Return-Path: y\r\n\r\nbody", "From: a\r\nX-Return-Path: y\r\n\r\nbody"},
		{"empty", "", ""},
		{"body alone", "\r\nBcc: x", "\r\nBcc: x"},
	} {
		if _, out := outbound(t, []byte(tc.raw)); string(out) != tc.want {
			t.Errorf("%s: got %q, want %q", tc.what, out, tc.want)
		}
	}
}

func TestBccIsTakenOutOfTheCorpus(t *testing.T) {
	bcc := []string{"Bcc: secret@example.net\r\n", "bCC:\r\n \"Secret, Very\" <secret@example.net>,\r\n\tsecret@example.net\r\n", "Resent-Bcc : secret@example.net\n"}
	for name, raw := range corpus(t, "mime") {
		o, out := outbound(t, raw)
		if p := message.Parse(raw); len(p.Envelope.Bcc) == 0 && !bytes.Contains(bytes.ToLower(raw), []byte("bcc")) && !bytes.Contains(bytes.ToLower(raw), []byte("return-path")) && !bytes.Equal(out, raw) {
			t.Errorf("%s: a message without Bcc is changed", name)
		}
		if want := bytes.ContainsFunc(out, func(r rune) bool { return r > 0x7f }); o.EightBit != want {
			t.Errorf("%s: EightBit is %v", name, o.EightBit)
		}
		// Put in front of each field in turn, it goes again and leaves the rest as it was.
		var before []byte
		for f := range fields(out[:len(out)-int(o.body.Size())]) {
			if f.name != nil || len(before) == 0 {
				for _, b := range bcc {
					with := bytes.Join([][]byte{before, []byte(b), out[len(before):]}, nil)
					if f.name == nil && len(bytes.TrimSpace(f.lines)) > 0 || f.lines[0] == ' ' || f.lines[0] == '\t' {
						continue // a line that begins no field would belong to the one put in front of it
					}
					if _, got := outbound(t, with); !bytes.Equal(got, out) {
						t.Errorf("%s: with %q before %q", name, b, f.name)
					}
				}
			}
			before = append(before, f.lines...)
		}
		if e := message.Parse(out).Envelope; len(e.Bcc) > 0 {
			t.Errorf("%s: Bcc is still %v", name, e.Bcc)
		}
	}
}

func TestOutboundTellsWhatTheWireNeeds(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, tc := range []struct {
		raw        string
		eight, utf bool
	}{
		{"From: a\r\n\r\nbody", false, false},
		{"From: a\r\n\r\n" + long + "é", true, false},
		{"From: ä\r\n\r\nbody", true, true},
		{"Bcc: ä\r\nFrom: a\r\n\r\nbody", false, false},
	} {
		if o, _ := outbound(t, []byte(tc.raw)); o.EightBit != tc.eight || o.SMTPUTF8 != tc.utf {
			t.Errorf("%.30q: EightBit %v, SMTPUTF8 %v", tc.raw, o.EightBit, o.SMTPUTF8)
		}
	}
}

func TestAnAddressInUTF8NeedsSMTPUTF8AndANameDoesNot(t *testing.T) {
	d := draft()
	d.Subject, d.To[0].Name, d.Text = "Grüße", "Jürgen", "Schöne Grüße"
	if o, _ := outbound(t, written(t, d)); o.SMTPUTF8 || o.EightBit {
		t.Error("a name needs it")
	}
	d.Cc = []message.Address{{Address: "用户@bücher.example"}}
	if o, _ := outbound(t, written(t, d)); !o.SMTPUTF8 {
		t.Error("an address does not need it")
	}
	d.Cc, d.Bcc = nil, d.Cc
	if o, _ := outbound(t, written(t, d)); o.SMTPUTF8 {
		t.Error("an address that does not leave needs it")
	}
}

func TestAnOutgoingMessageCanBeReadAnywhere(t *testing.T) {
	raw := []byte("Bcc: x\r\nFrom: a\r\nBcc: y\r\nTo: b\r\n\r\n" + strings.Repeat("body\r\n", 1000))
	o, out := outbound(t, raw)
	if err := iotest.TestReader(o.NewReader(), out); err != nil {
		t.Error(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		off, n := r.IntN(len(out)+5), r.IntN(200)
		p := make([]byte, n)
		got, err := o.ReadAt(p, int64(off))
		want := out[min(off, len(out)):min(off+n, len(out))]
		if !bytes.Equal(p[:got], want) || (got < n) != (err == io.EOF) && n > 0 {
			t.Fatalf("%d at %d: %d, %v", n, off, got, err)
		}
	}
	if _, err := o.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset is read")
	}
}

func TestAHeaderBeyondTheLimitIsRefused(t *testing.T) {
	for _, tc := range []struct {
		octets int
		ok     bool
	}{{MaxHeader, true}, {MaxHeader + 1, false}, {MaxHeader + 2, false}, {2 * MaxHeader, false}} {
		header := "X: " + strings.Repeat("x", tc.octets-len("X: \r\n\r\n")) + "\r\n\r\n"
		for _, body := range []string{"", "body"} {
			raw := header + body
			_, err := Outbound(strings.NewReader(raw), int64(len(raw)))
			if tc.ok != (err == nil) || err != nil && !errors.Is(err, ErrHeaderTooLarge) {
				t.Errorf("%d octets: %v", tc.octets, err)
			}
		}
	}
}

func TestAFileThatIsShorterThanSaidIsAnError(t *testing.T) {
	for _, raw := range []string{"From: a", "From: a\r\n\r\nbody", "From: a\r\n\r\n" + strings.Repeat("body\r\n", 1<<15)} {
		if o, err := Outbound(strings.NewReader(raw), int64(len(raw)+10)); err == nil {
			if _, err = io.ReadAll(o.NewReader()); err == nil {
				t.Errorf("%q is taken for longer than it is", raw)
			}
		}
	}
}
