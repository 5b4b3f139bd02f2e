package web

import (
	"bytes"
	"runtime"
	"testing"
)

func BenchmarkRender(b *testing.B) {
	r := newTestRenderer(b)
	for _, c := range renderCases() {
		switch c.name {
		case "home", "queue", "message":
		default:
			continue
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var page bytes.Buffer
				if err := r.execute(&page, c.page, false, c.data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTemplates measures what the templates hold on to once every page
// was rendered.
func BenchmarkTemplates(b *testing.B) {
	cases := renderCases()
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var held uint64
	for b.Loop() {
		before := live()
		r := newTestRenderer(b)
		for _, c := range cases {
			render(b, r, c, c.data, false)
		}
		held = live() - before
		runtime.KeepAlive(r)
	}
	b.ReportMetric(float64(held)/1e6, "held-MB")
}
