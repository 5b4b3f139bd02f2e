package switchboard

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestParseSender(t *testing.T) {
	tests := []struct {
		in, region string
		want       Sender
	}{
		{"+15125550177", "US", Sender{SenderPhone, "+15125550177", "+15125550177"}},
		{"+15125550177", "", Sender{SenderPhone, "+15125550177", "+15125550177"}},
		{"5125550177", "US", Sender{SenderPhone, "+15125550177", "+15125550177"}},
		{"15125550177", "US", Sender{SenderPhone, "+15125550177", "+15125550177"}},
		{"tel:+15125550177", "US", Sender{SenderPhone, "+15125550177", "+15125550177"}},
		{"sms:+15125550177", "US", Sender{SenderPhone, "+15125550177", "+15125550177"}},
		{"+442079460958", "US", Sender{SenderPhone, "+442079460958", "+442079460958"}},
		{"447700900123", "GB", Sender{SenderPhone, "+447700900123", "+447700900123"}},
		{"+5215512345678", "MX", Sender{SenderPhone, "+5215512345678", "+525512345678"}},
		{"+551187654321", "BR", Sender{SenderPhone, "+551187654321", "+5511987654321"}},

		{"88202", "US", Sender{SenderShortCode, "88202", "s:88202"}},
		{" 384387 ", "US", Sender{SenderShortCode, "384387", "s:384387"}},
		{"911", "US", Sender{SenderShortCode, "911", "s:911"}},
		{"5550177", "US", Sender{SenderShortCode, "5550177", "s:5550177"}},
		{"٨٨٢٠٢", "US", Sender{SenderShortCode, "٨٨٢٠٢", "s:88202"}},
		{"88202", "", Sender{SenderShortCode, "88202", "s:88202"}},
		{"88202", "GB", Sender{SenderShortCode, "88202", "s:88202"}},

		// Where seven and eight digits are a full number, that wins; where five
		// would be possible but nobody has such a number, the short code does.
		{"21234567", "NO", Sender{SenderPhone, "+4721234567", "+4721234567"}},
		{"5551234", "IS", Sender{SenderPhone, "+3545551234", "+3545551234"}},
		{"02800", "NO", Sender{SenderPhone, "+4702800", "+4702800"}},
		{"88202", "DE", Sender{SenderShortCode, "88202", "s:88202"}},
		{"88202", "AT", Sender{SenderShortCode, "88202", "s:88202"}},

		{"+88202", "US", Sender{SenderAlphanumeric, "+88202", "x:+88202"}},
		{"12", "US", Sender{SenderAlphanumeric, "12", "x:12"}},
		{"123456789", "US", Sender{SenderAlphanumeric, "123456789", "x:123456789"}},
		{"MTN", "US", Sender{SenderAlphanumeric, "MTN", "x:mtn"}},
		{"mtn", "US", Sender{SenderAlphanumeric, "mtn", "x:mtn"}},
		{"\u202aMtn\u202c", "US", Sender{SenderAlphanumeric, "\u202aMtn\u202c", "x:mtn"}},
		{"Straße 7", "DE", Sender{SenderAlphanumeric, "Straße 7", "x:straße 7"}},
		{"\u212aelvin", "US", Sender{SenderAlphanumeric, "\u212aelvin", "x:kelvin"}},
		{"jane@example.com", "US", Sender{SenderAlphanumeric, "jane@example.com", "x:jane@example.com"}},
		{"whatsapp:+15125550177", "US", Sender{SenderAlphanumeric, "whatsapp:+15125550177", "x:whatsapp:+15125550177"}},
		{"anonymous", "US", Sender{SenderAlphanumeric, "anonymous", "x:anonymous"}},
		{"", "US", Sender{SenderAlphanumeric, "", "x:"}},
		{" \t", "US", Sender{SenderAlphanumeric, "", "x:"}},
		{"A\x00B\xff", "US", Sender{SenderAlphanumeric, "A\ufffdB\ufffd", "x:a\ufffdb\ufffd"}},
		// A sender is not a record's field: nothing may stand around the number.
		{"Home 5125550177", "US", Sender{SenderAlphanumeric, "Home 5125550177", "x:home 5125550177"}},
		{"5125550177 x12", "US", Sender{SenderAlphanumeric, "5125550177 x12", "x:5125550177 x12"}},
	}
	for _, tt := range tests {
		got := ParseSender(tt.in, tt.region)
		if got != tt.want {
			t.Errorf("ParseSender(%q, %q) = %+q, want %+q", tt.in, tt.region, got, tt.want)
		}
		p, ok := got.Phone()
		if ok != (got.Kind == SenderPhone) || ok && string(p) != got.Address || !ok && p != "" {
			t.Errorf("ParseSender(%q, %q).Phone() = %q, %t", tt.in, tt.region, p, ok)
		}
	}
}

// checkSender holds for every text that a provider may send.
func checkSender(t interface{ Fatalf(string, ...any) }, s, region string) {
	got := ParseSender(s, region)
	prefix := map[SenderKind]string{SenderPhone: "+", SenderShortCode: "s:", SenderAlphanumeric: "x:"}[got.Kind]
	if prefix == "" || !strings.HasPrefix(string(got.Key), prefix) {
		t.Fatalf("ParseSender(%q, %q): kind %q, key %q", s, region, got.Kind, got.Key)
	}
	if got.Kind == SenderPhone && !e164.MatchString(got.Address) {
		t.Fatalf("ParseSender(%q, %q) is a phone at %q", s, region, got.Address)
	}
	if !utf8.ValidString(got.Address) || strings.ContainsFunc(got.Address, unicode.IsControl) ||
		utf8.RuneCountInString(got.Address) > maxSender || !utf8.ValidString(string(got.Key)) {
		t.Fatalf("ParseSender(%q, %q) cannot be stored: %+q", s, region, got)
	}
	if again := ParseSender(got.Address, region); again != got {
		t.Fatalf("ParseSender(%q, %q) = %+q, and of its address %+q", s, region, got, again)
	}
	if p, err := ParsePhone(got.Address, region); got.Kind == SenderPhone && (err != nil || p.MatchKey() != got.Key) {
		t.Fatalf("ParseSender(%q, %q) = %+q, but a record with that number has the key %q", s, region, got, p.MatchKey())
	}
}

func TestSendersAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.StringMatching(`\+?[0-9]{1,17}`),
			rapid.StringMatching(`[A-Za-z0-9 .\x00-\x1f]{0,12}`),
			rapid.StringOfN(rapid.Rune(), 250, 270, -1),
		).Draw(t, "text")
		checkSender(t, s, rapid.SampledFrom(phoneSeedRegions).Draw(t, "region"))
	})
}

func TestSenderKeysIgnoreCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[A-Za-zÀ-ÖØ-öø-ÿΑ-ΡΣ-Ωα-ω]{3,11}`).Draw(t, "name")
		for _, same := range []string{strings.ToUpper(s), strings.ToLower(s)} {
			if strings.EqualFold(s, same) && ParseSender(s, "US").Key != ParseSender(same, "US").Key {
				t.Fatalf("%q and %q have the keys %q and %q", s, same, ParseSender(s, "US").Key, ParseSender(same, "US").Key)
			}
		}
	})
}
