package twilio_test

import (
	"testing"

	"github.com/switchboardhq/switchboard/internal/provider/twilio"
	"github.com/switchboardhq/switchboard/internal/provider/providertest"
)

func TestRehearse(t *testing.T) { providertest.Rehearsed(t, twilio.Driver{}, "0123456789abcdef0123456789abcdef") }
