package twilio_test

import (
	"testing"

	"github.com/switchboardhq/switchboard/internal/provider/providertest"
	"github.com/switchboardhq/switchboard/internal/provider/twilio"
)

func TestRehearse(t *testing.T) {
	providertest.Rehearsed(t, twilio.Driver{}, "0123456789abcdef0123456789abcdef")
}
