package switchboard

import (
	"strings"
	"testing"
)

func BenchmarkParsePhone(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"nanp", "(512) 555-0100"},
		{"e164", "+15125550100"},
		{"e164-gb", "+442079460958"},
		{"gb", "020 7946 0958"},
		{"gb-international", "+44 20 7946 0958"},
		{"remark", "437-555-1234 (Jane's)"},
		{"prose", "not a phone"},
		{"junk", strings.Repeat("5(", 70)},
	} {
		region := "US"
		if bb.name == "gb" {
			region = "GB"
		}
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParsePhone(bb.in, region)
			}
		})
	}
}

func BenchmarkParsePhoneField(b *testing.B) {
	for _, in := range []string{"(512) 555-0100", "512-555-0100 / 512-555-0101"} {
		b.Run(in, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParsePhoneField(in, "US")
			}
		})
	}
}

func BenchmarkParseSender(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"nanp", "+15125550100"},
		{"gb", "+447700900123"},
		{"short", "88202"},
		{"name", "MTN"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParseSender(bb.in, "US")
			}
		})
	}
}

func BenchmarkPhoneForm(b *testing.B) {
	for _, p := range []Phone{"+15125550100", "+442079460958"} {
		b.Run(string(p), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Format("US")
			}
		})
	}
}
