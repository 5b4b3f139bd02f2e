package switchboard_test

import (
	"fmt"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Two records share a telephone. Only one of them has a previous message with
// it, so the text goes there.
func ExampleRoute() {
	lena := switchboard.RecordRef{ID: "1", Object: switchboard.Contact, Name: "Lena Fox"}
	jonas := switchboard.RecordRef{ID: "2", Object: switchboard.Contact, Name: "Jonas Weber"}
	home := []switchboard.Matched{{Field: "HomePhone", Value: "(512) 555-0188"}}

	d := switchboard.Route(switchboard.Facts{
		Sender: switchboard.ParseSender("+15125550188", "US"),
		Candidates: []switchboard.Candidate{
			{Record: lena, Matched: home},
			{Record: jonas, Matched: home, Last: switchboard.Moment{At: time.Date(2026, 2, 27, 16, 12, 0, 0, time.UTC), Seq: 1}},
		},
	})
	fmt.Println(d.Outcome, d.Reason, d.Record.Name)
	fmt.Println(d.Because(switchboard.Reader{Region: "US", Now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}))
	// Output:
	// assigned only_history Jonas Weber
	// Of the 2 records that have (512) 555-0188, only Jonas Weber has a previous message, from Friday at 4:12 PM.
}
