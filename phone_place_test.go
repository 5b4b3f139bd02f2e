package switchboard_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/switchboardhq/switchboard"
)

func TestPhonePlace(t *testing.T) {
	for phone, want := range map[switchboard.Phone]string{
		"+12065550142":  "Washington State",
		"+14375551234":  "Toronto, ON",
		"+13125550142":  "Chicago, IL",
		"+525512345678": "Mexico City, FD",
		"+493012345678": "Berlin",
		"+2905123":      "Saint Helena",
		"+442079460958": "London",
		"+447400123456": "United Kingdom",
		"+80012345678":  "",
		"":              "",
	} {
		if got := phone.Place(); got != want {
			t.Errorf("Place of %s is %q, want %q", phone, got, want)
		}
	}
}

// Whatever the library answers, the table does. Of a few islands both write the
// names in their own way.
func TestPhonePlaceIsTheLibrarys(t *testing.T) {
	short := strings.NewReplacer("Saint ", "St. ", " and the ", " & ", " and ", " & ")
	for _, code := range []string{"1", "44", "49", "52", "61", "33", "39", "34", "55", "81", "86", "91", "7", "54", "27"} {
		for range 2000 {
			phone := switchboard.Phone("+" + code + fmt.Sprintf("%010d", 1e9+rand.Int64N(9e9)))
			number, err := phonenumbers.Parse(string(phone), "")
			if err != nil || phonenumbers.Format(number, phonenumbers.E164) != string(phone) {
				continue
			}
			want, _ := phonenumbers.GetGeocodingForNumber(number, "en")
			if got := phone.Place(); short.Replace(got) != short.Replace(want) {
				t.Errorf("Place of %s is %q, the library's %q", phone, got, want)
			}
		}
	}
}

func BenchmarkPhonePlace(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		switchboard.Phone("+14375551234").Place()
	}
}
