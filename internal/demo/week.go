package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// daysBack is how many days before today the history begins.
const daysBack = 6

// moment is a time on one of the days: minutes after eight in the morning.
func (s *seeder) moment(day, minutes int) time.Time {
	y, m, d := s.now.In(s.local).Date()
	return time.Date(y, m, d-day, 8, minutes, 0, 0, s.local)
}

// history is the week until now. It is the same every time: the days differ,
// not by chance but by a fixed sequence.
func (s *seeder) history() {
	r := rand.New(rand.NewPCG(20, 26))
	regulars := people()[13:]
	volume := [...]int{34, 27, 12, 16, 31, 29, 33} // today first
	for day := daysBack; day >= 0; day-- {
		n := volume[day]
		for i := range n {
			p := regulars[r.IntN(len(regulars))]
			s.text(s.moment(day, i*600/n+r.IntN(9)).Add(time.Duration(r.IntN(50))*time.Second), p.number, chatter(r.IntN(1000)))
		}
		s.shared(day, r)
		s.strangers(day, r)
		s.text(s.moment(day, 95+day*7), "88201", "Your parcel is on its way. Track it in the app.")
	}
	// A conversation that the handset shows: Jonas, who shares a number with Mia.
	s.sent(s.moment(4, 480), "+15125550188", "Jonas Weber", "Your gutters are booked for Tuesday at 10.")
	s.text(s.moment(4, 492), "(512) 555-0188", "Perfect, thank you!")
	s.text(s.moment(5, 60), "(512) 555-0121", "Could you send me the estimate again?")
	s.sent(s.moment(5, 75), "+15125550121", "Miles Okamoto", "Of course. It is in your inbox now.")
	// What the rule chose and a person corrected.
	s.move(s.moment(5, 400), 0, "+15125550144", "Noor Haddad", "Sami Haddad")
	s.text(s.moment(3, 30), "(512) 555-0147", "It’s Beth, on Paul’s phone. The books are wet!")
	s.move(s.moment(3, 38), 1, "+15125550147", "Beth Calloway")
	s.move(s.moment(1, 300), 1, "+15125550144", "Noor Haddad", "Sami Haddad")
}

// shared are texts from numbers that two records have: two who both write, and
// families where nobody has written before, so a person decides.
func (s *seeder) shared(day int, r *rand.Rand) {
	if day == daysBack {
		s.sent(s.moment(day, 1), "+15125550144", "Noor Haddad", "We start on Monday at 7.")
		s.sent(s.moment(day, 2), "+15125550144", "Sami Haddad", "Invoice 118 is attached.")
	}
	for i := range 2 + day%2 {
		s.text(s.moment(day, 40+i*170+r.IntN(60)), "(512) 555-0144", chatter(300+day*3+i))
	}
	pairs := families()
	p := pairs[2*day]
	at := s.moment(day, 70+r.IntN(120))
	s.text(at, p.number, "Hello, is the technician still coming today?")
	s.place(at.Add(time.Duration(1+r.IntN(6))*time.Minute+20*time.Second), day, p.number, p.name())
	s.text(at.Add(3*time.Hour), p.number, "He was here. Thank you!")
	if day < daysBack {
		again := pairs[2*(day+1)]
		s.text(s.moment(day, 210+r.IntN(100)), again.number, "One more thing: the gate code is 4471.")
	}
}

// strangers write from numbers that no record has; a person makes a contact,
// or puts the text aside.
func (s *seeder) strangers(day int, r *rand.Rand) {
	for i, c := range []struct {
		first, last, body string
		after             time.Duration
	}{
		{"Ruth", "Keller", "Hi, a neighbour gave me your number. Do you clean gutters?", 40 * time.Second},
		{"Dev", "Patel", "Hello, could I get a price for repainting two rooms?", 4 * time.Minute},
		{"", "", "Win a free cruise! Reply YES now", 18 * time.Minute},
	} {
		if (day+i)%3 == 2 {
			continue
		}
		from := fmt.Sprintf("(832) 555-01%02d", 20+day*3+i)
		at := s.moment(day, 120+i*95+r.IntN(40))
		s.text(at, from, c.body)
		s.decide(at.Add(c.after+time.Duration(r.IntN(200))*time.Second), i+day, from, func(by switchboard.Actor, ids []string) error {
			if c.last == "" {
				_, err := s.db.Dismiss(s.ctx, by, store.Dismissal{MessageIDs: ids, Reason: "spam"})
				return err
			}
			_, err := s.db.PlaceOnNew(s.ctx, by, switchboard.Contact, switchboard.Fields{"FirstName": c.first, "LastName": c.last + " " + string(rune('A'+day)) + ".", "MobilePhone": from}, store.Placement{MessageIDs: ids})
			return err
		})
	}
}

// queue is what waits for a person now.
func (s *seeder) queue() {
	ago := func(d time.Duration) time.Time { return s.now.Add(-d) }
	s.text(ago(3*time.Hour), "+44 7700 900123", "Is this still the right number for Jo? Landing on Friday.")
	s.text(ago(2*time.Hour), "(425) 555-0163", "Wrong person, I’m not Lena. Please stop texting me about the gutters.")
	s.move(ago(110*time.Minute), 1, "(425) 555-0163")
	s.text(ago(65*time.Minute), "88202", "Your Brightline Supply delivery arrives today between 1 and 3 PM. Reply STOP to opt out.")
	s.text(ago(52*time.Minute), "(512) 555-0150", "Hello, this is Hollis.")
	s.text(ago(50*time.Minute), "(512) 555-0150", "About the gutters at the practice.")
	s.text(ago(48*time.Minute), "(512) 555-0150", "The technician left his ladder in our driveway. Not urgent, but we can’t get the second car out.")
	s.text(ago(9*time.Minute), "(512) 555-0177", "Hello, is this Northside?")
	s.text(ago(7*time.Minute), "(512) 555-0177", "It’s about our install on Thursday.")
	s.text(ago(4*time.Minute), "(512) 555-0177", "Hi, it’s Ada from Okafor Interiors. Could you move Thursday’s install to the morning? The painters need the room from noon, so 8 or 9 would be perfect.")
}

// chatter is what customers of a home service write.
func chatter(i int) string {
	texts := []string{
		"Thanks, see you then.",
		"Can we move it to the afternoon?",
		"The technician was great. Thank you!",
		"Is the part in yet?",
		"Please ring the side door, the bell is broken.",
		"What time will you be here tomorrow?",
		"Could you send the invoice to my office?",
		"We are away next week. The week after works.",
		"The leak is back. Can somebody come today?",
		"Yes, go ahead with the estimate.",
		"Parking is behind the building.",
		"Running ten minutes late, sorry.",
		"Did you find my key?",
		"All good now, no need to come.",
		"Could you also look at the water heater?",
		"Friday at 9 is fine.",
	}
	return texts[i%len(texts)]
}
