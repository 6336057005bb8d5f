package main

import (
	"bufio"
	"bytes"
	"net"
	"strings"
	"testing"
	"time"
)

func TestMeasuredMessagesAreTheSameEachTimeAndOfRealSizes(t *testing.T) {
	one, other := newBenchMail(1), newBenchMail(1)
	total, replies := 0, 0
	for i := range 500 {
		text := one.message(i)
		if !bytes.Equal(text, other.message(i)) || one.flags(i) != other.flags(i) {
			t.Fatalf("message %d differs from itself", i)
		}
		if len(text) < 1500 || len(text) > 25_000 {
			t.Errorf("message %d has %d octets", i, len(text))
		}
		if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) {
			t.Errorf("message %d has a bare LF", i)
		}
		total += len(text)
		if bytes.Contains(text, []byte("\r\nIn-Reply-To: <")) {
			replies++
		}
	}
	if mean := total / 500; mean < 4000 || mean > 12_000 {
		t.Errorf("a message has %d octets on average", mean)
	}
	if replies < 100 || replies > 250 {
		t.Errorf("%d of 500 are replies", replies)
	}
	if bytes.Equal(one.message(7), newBenchMail(2).message(7)) {
		t.Error("another seed makes the same message")
	}
}

func TestTheClientCountsWhatAServerAnswers(t *testing.T) {
	long := strings.Repeat(" 123", 40_000)
	answer := "* 3 EXISTS\r\n" +
		"* 1 FETCH (BODY[] {13}\r\nb1 OK no\r\n* 2 FLAGS (x))\r\n" +
		"* 2 FETCH (FLAGS (\\Seen))\r\n" +
		"* SEARCH" + long + "\r\n" +
		"* THREAD (1 2)(3 (4)(5))\r\n" +
		"* STATUS {5}\r\nBench (MESSAGES 3)\r\n" +
		"b1 OK [READ-WRITE] done\r\n"
	c := clientOf(t, answer)
	a, err := c.await("b1")
	if err != nil {
		t.Fatal(err)
	}
	if a.octets != int64(len(answer)) {
		t.Errorf("%d octets, want %d", a.octets, len(answer))
	}
	if a.lines["FETCH"] != 2 || a.lines["EXISTS"] != 1 || a.lines["FLAGS"] != 0 {
		t.Errorf("lines %v", a.lines)
	}
	if a.hits != 40_005 {
		t.Errorf("%d hits", a.hits)
	}
	if a.last["EXISTS"] != "3 " || !strings.HasSuffix(a.last["STATUS"], "(MESSAGES 3)") {
		t.Errorf("last %q", a.last)
	}
	if a.text != "OK [READ-WRITE] done" {
		t.Errorf("text %q", a.text)
	}
}

func TestARefusalIsAnError(t *testing.T) {
	for _, answer := range []string{"b1 NO [LIMIT] no\r\n", "b1 BAD what\r\n", "* BYE bye\r\n", "* 1 FETCH (BODY[] {10}\r\nabc"} {
		if _, err := clientOf(t, answer).await("b1"); err == nil {
			t.Errorf("%q is no error", answer)
		}
	}
}

// clientOf is a client that reads a text.
func clientOf(t *testing.T, text string) *benchConn {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return &benchConn{conn: ours, r: bufio.NewReaderSize(strings.NewReader(text), 4096), w: bufio.NewWriter(ours)}
}

func TestMediansAreOfAllRounds(t *testing.T) {
	var s benchSamples
	for _, ms := range []int{5, 1, 9} {
		o := s.of("X")
		o.took, o.items = append(o.took, time.Duration(ms)*time.Millisecond), o.items+2
	}
	s.of("Y").absent = "not offered"
	list := s.operations()
	if len(list) != 2 || list[0].MedianMS != 5 || list[0].MinMS != 1 || list[0].MaxMS != 9 || list[0].Items != 6 || list[1].Absent != "not offered" {
		t.Errorf("%+v", list)
	}
	var b bytes.Buffer
	if err := (benchReport{Operations: list}).print(&b); err != nil || !strings.Contains(b.String(), "5.00") || !strings.Contains(b.String(), "not offered") {
		t.Errorf("%v\n%s", err, &b)
	}
}
