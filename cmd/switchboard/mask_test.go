package main

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestLogHoldsNoWholeNumbers(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out strings.Builder
		log := logFlags{LogFormat: format, LogLevel: "info"}.logger(&out)
		log.Info("the sender +15125550177 called", "sender", "+15125550177", "err", errors.New("no record has +442079460000"),
			slog.Group("message", "from", "+15125550177"), "id", "01a2091e7eaa7000a0201bc5d865a049", "n", 15125550177)
		got := out.String()
		for _, secret := range []string{"+15125550177", "+442079460000"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: the log holds %s: %s", format, secret, got)
			}
		}
		if !strings.Contains(got, "+…77") || !strings.Contains(got, "01a2091e7eaa7000a0201bc5d865a049") {
			t.Errorf("%s: the log lost what it may hold: %s", format, got)
		}
	}
	if (logFlags{LogFormat: "text", LogLevel: "error"}).logger(io.Discard).Enabled(t.Context(), slog.LevelInfo) {
		t.Error("the level is not kept to")
	}
}

func TestPublicURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://sms.example.com":    "https://sms.example.com",
		"https://sms.example.com/":   "https://sms.example.com",
		"http://10.0.0.1:8080/sms/":  "http://10.0.0.1:8080/sms",
		"sms.example.com":            "",
		"ftp://sms.example.com":      "",
		"https://":                   "",
		"https://a:b@example.com":    "",
		"https://example.com/?a=b":   "",
		"https://example.com/#there": "",
	} {
		got, err := checkPublicURL(in)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v; want %q", in, got, err, want)
		}
	}
}
