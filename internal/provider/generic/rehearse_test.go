package generic_test

import (
	"testing"

	"github.com/switchboardhq/switchboard/internal/provider/generic"
	"github.com/switchboardhq/switchboard/internal/provider/providertest"
)

func TestRehearse(t *testing.T) {
	providertest.Rehearsed(t, generic.Driver{}, "whsec_MDEyMzQ1Njc4OWFiY2RlZg==")
}
