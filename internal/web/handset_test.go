package web

import (
	"crypto/rand"
	"net/http"
	"testing"

	"github.com/switchboardhq/switchboard/internal/demo"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// The four situations, as the demo plays them: each ends as the rule's table
// says, and the card's promise comes true.
func TestHandsetPlaysTheFourSituations(t *testing.T) {
	s := newTestSite(t, func(c *Config) { c.Demo = true })
	clock := demo.NewClock(s.clock.Now)
	if _, err := demo.Seed(t.Context(), s.db, clock, rand.Reader); err != nil {
		t.Fatal(err)
	}
	v := s.visitor()
	v.opens("/demo/handset").says(http.StatusOK, "Demo, nothing leaves this computer", "The four situations")
	for _, c := range []struct {
		id      string
		phrases []string
	}{
		{"one", []string{"situation 1", "Assigned to Miles Okamoto", "1 record has the number", "No bell, nothing to do"}},
		{"none", []string{"situation 2", "Left to a person", "No record has (206) 555-0142", "The bell of Dana Reyes rings"}},
		{"history", []string{"situation 3", "Assigned to Jonas Weber", "2 records have the number", "1 has a previous message"}},
		{"ambiguous", []string{"situation 4", "2 records have (737) 555-0119 and neither has a previous message", "The bell of Dana Reyes rings"}},
	} {
		v.posts("/demo/handset", "situation", c.id).says(http.StatusOK, append(c.phrases, "Send again", "decided and stored in")...)
	}
	v.opens("/unassigned").says(http.StatusOK, "This is the demo", demo.Password)
	v.posts("/sign-in", "email", demo.Email, "password", demo.Password, "next", "/unassigned").says(http.StatusOK, "Dana Reyes", "(206) 555-0142")
	v.posts("/demo/handset", "as", "miles", "body", "  ").says(http.StatusUnprocessableEntity, "Type a text first.")
	v.posts("/demo/handset", "as", "miles", "body", "One more <b>thing</b>").says(http.StatusOK, "One more <b>thing</b>", "Assigned to Miles Okamoto")
}

func TestHandsetIsForTheDemoOnly(t *testing.T) {
	s := newTestSite(t)
	storetest.Admin(t, s.db)
	s.visitor().opens("/demo/handset").says(http.StatusNotFound)
}
