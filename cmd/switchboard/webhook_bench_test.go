package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/hooks"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/generic"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// BenchmarkWebhook measures a delivery from the connection to the intake and
// back, against a server that only checks the HMAC and decodes the JSON. Nothing
// is stored. With -cpu 1 the time is processor time; the sender's share is the
// same for both.
func BenchmarkWebhook(b *testing.B) {
	const secret = "whsec_c3dpdGNoYm9hcmQtYmVuY2htYXJrLXNlY3JldA=="
	b.Run("bare", func(b *testing.B) {
		server := &http.Server{Handler: bareWebhook(secret), ReadHeaderTimeout: headerTimeout}
		listener := listenLocally(b)
		go server.Serve(listener)
		b.Cleanup(func() { server.Close() })
		deliverWebhooks(b, listener.Addr().String(), "/", secret)
	})
	b.Run("switchboard", func(b *testing.B) {
		p := &process{ctx: b.Context(), now: time.Now, random: storetest.Random(b.Name()), stdout: io.Discard, stderr: io.Discard}
		db := storetest.Open(b, storetest.SQLite, storetest.NewClock())
		_, token, err := db.CreateChannel(b.Context(), storetest.Admin(b, db), store.NewChannel{Provider: "generic", Region: "US", Numbers: []string{storetest.Number}, Secret: secret})
		if err != nil {
			b.Fatal(err)
		}
		n, err := newNode(p, db, serveOptions{publicURL: "https://sms.example.com"}, quiet())
		if err != nil {
			b.Fatal(err)
		}
		receiver := provider.NewReceiver(provider.Config{
			Drivers: drivers(), Accounts: n.hooks, Intake: committed{n.hooks}, PublicURL: func() string { return n.publicURL }, Now: p.now, Log: quiet(),
		})
		n.handler = n.routes(receiver, http.NotFoundHandler(), http.NotFoundHandler(), &readiness{db: db, now: p.now})
		listener := listenLocally(b)
		_, stop, err := n.listen(b.Context(), listener)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = stop() })
		deliverWebhooks(b, listener.Addr().String(), "/hooks/generic/"+token, secret)
	})
}

// committed says at once that everything is.
type committed struct{ *hooks.Hooks }

func (committed) Receive(context.Context, provider.Account, []switchboard.Event) error { return nil }

// bareWebhook does what [cmd/switchboard-bench] measures the program against.
func bareWebhook(secret string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, provider.MaxBody))
		request := provider.Request{Header: r.Header, Body: body, ReceivedAt: time.Now()}
		var text struct{ ID, From, To, Body string }
		if err != nil || (generic.Driver{}).Verify(request, provider.Credentials{Secret: secret}) != nil || json.Unmarshal(body, &text) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}\n"))
	}
}

func listenLocally(b *testing.B) net.Listener {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// deliverWebhooks posts signed texts over connections that are kept open.
func deliverWebhooks(b *testing.B, address, path, secret string) {
	requests := make([][]byte, 1000)
	for i := range requests {
		body := fmt.Appendf(nil, `{"id":"text-%d","from":"+1%d","to":"+15125550100","body":"Text %d: could you move Thursday's install to the morning? The painters need the room from noon."}`, i, 2_120_000_000+i, i)
		header, err := generic.Sign(secret, fmt.Sprintf("text-%d", i), time.Now(), body)
		if err != nil {
			b.Fatal(err)
		}
		var text strings.Builder
		_ = header.Write(&text)
		requests[i] = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s", path, address, text.String(), len(body), body)
	}
	var next atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		answer := make([]byte, 4096) // an answer fits, and comes in one piece
		for pb.Next() {
			if _, err := conn.Write(requests[int(next.Add(1))%len(requests)]); err != nil {
				b.Error(err)
				return
			}
			n, err := conn.Read(answer)
			if err != nil || !bytes.HasPrefix(answer[:n], []byte("HTTP/1.1 200 ")) {
				b.Errorf("the answer is %q, %v", answer[:n], err)
				return
			}
		}
	})
}
