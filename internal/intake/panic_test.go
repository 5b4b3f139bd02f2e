package intake

import (
	"context"
	"io"
	"sync/atomic"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// brittle panics while it is broken, as a defect would that some messages bring
// to light.
type brittle struct {
	io.Reader
	broken atomic.Bool
}

func (b *brittle) Read(p []byte) (int, error) {
	if b.broken.Load() {
		panic("a defect")
	}
	return b.Reader.Read(p)
}

// The provider sends again what was not acknowledged: a defect that ended the
// process would end it again and again, and nobody's texts would come in.
func TestADefectIsUnavailableAndNotTheEnd(t *testing.T) {
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			c := storetest.Config(t, dialect, storetest.NewClock())
			random := &brittle{Reader: c.Random}
			c.Random = random
			b := &bench{config: c, db: storetest.OpenConfig(t, c)}
			dana := storetest.Admin(t, b.db)
			b.org, b.channel = dana.OrgID, storetest.Channel(t, b.db, dana).ID
			w := b.anew(t, Config{})
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); w.Run(ctx) }()
			defer func() { stop(); <-done }()

			random.broken.Store(true)
			_, err := w.Submit(t.Context(), b.org, b.delivery("one", "Hello"))
			if switchboard.ErrorCode(err) != switchboard.CodeUnavailable {
				t.Errorf("a defect is answered with %v, want unavailable", err)
			}
			random.broken.Store(false)
			got, err := w.Submit(t.Context(), b.org, b.delivery("one", "Hello"))
			if err != nil || len(got) != 1 || !got[0].New {
				t.Errorf("after the defect the same delivery became %+v, %v", got, err)
			}
		})
	}
}
