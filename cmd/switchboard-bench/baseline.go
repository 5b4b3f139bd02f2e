package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/generic"
)

// secret is the channel's, on both sides.
const secret = "whsec_c3dpdGNoYm9hcmQtYmVuY2htYXJrLXNlY3JldA=="

// serveBaseline is the ceiling: the same net/http, the same HMAC over the same
// bytes, the same JSON decoded; nothing is kept.
func serveBaseline(ctx context.Context, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		request := provider.Request{Method: r.Method, Header: r.Header, Body: body, ReceivedAt: time.Now()}
		if (generic.Driver{}).Verify(request, provider.Credentials{Secret: secret}) != nil {
			http.Error(w, "forged", http.StatusForbidden)
			return
		}
		var text struct{ ID, From, To, Body string }
		if json.Unmarshal(body, &text) != nil || text.From == "" {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte("{}\n"))
	}
	server := &http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintf(out, "listening on http://%s\n", l.Addr())
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
