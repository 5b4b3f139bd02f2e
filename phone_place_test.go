package switchboard_test

import (
	"testing"

	"github.com/switchboardhq/switchboard"
)

func TestPhonePlace(t *testing.T) {
	for phone, want := range map[switchboard.Phone]string{
		"+12065550142":  "Washington State",
		"+14375551234":  "Toronto, ON",
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
