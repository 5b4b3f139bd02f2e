package truedialog_test

import (
	"testing"

	"github.com/switchboardhq/switchboard/internal/provider/providertest"
	"github.com/switchboardhq/switchboard/internal/provider/truedialog"
)

func TestRehearse(t *testing.T) {
	providertest.Rehearsed(t, truedialog.Driver{}, "6f9619ff-8b86-d011-b42d-00cf4fc964ff")
}
