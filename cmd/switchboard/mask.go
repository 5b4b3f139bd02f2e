package main

import (
	"fmt"
	"log/slog"
	"regexp"
)

// number finds what may be a telephone number in E.164. Ids and times hold no
// plus sign.
var number = regexp.MustCompile(`\+\d{7,15}`)

// maskPhones keeps telephone numbers out of the log, all but their last two
// digits.
func maskPhones(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(mask(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(mask(v.Error()))
		case fmt.Stringer:
			a.Value = slog.StringValue(mask(v.String()))
		}
	}
	return a
}

func mask(s string) string {
	return number.ReplaceAllStringFunc(s, func(n string) string { return "+…" + n[len(n)-2:] })
}
