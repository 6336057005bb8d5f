package peers

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A stop says goodbye on every wire: 421 to who waits for its next command, 1012 to sockets; and the exit code is 0.
func TestSIGTERMDrainsEveryWire(t *testing.T) {
	s := start(t, t.TempDir())
	mail, err := net.DialTimeout("tcp", s.SMTP, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer mail.Close()
	mail.SetDeadline(time.Now().Add(patience))
	lines := bufio.NewReader(mail)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "220 ") {
		t.Fatalf("%q, %v", line, err)
	}
	ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.HTTP, "http")+"/v1/ws?api_key="+s.WorkspaceKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	closed := make(chan error, 1)
	go func() {
		for {
			if _, _, err := ws.Read(t.Context()); err != nil {
				closed <- err
				return
			}
		}
	}()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if line, _ := lines.ReadString('\n'); !strings.HasPrefix(line, "421 4.3.2") {
		t.Errorf("SMTP said %q", line)
	}
	if err := <-closed; websocket.CloseStatus(err) != websocket.StatusServiceRestart {
		t.Errorf("the socket ended with %v", err)
	}
}
