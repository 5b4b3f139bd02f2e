package switchboard

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheTitleIsTheOneThatAdminsKnow(t *testing.T) {
	if NotificationTitle != "New SMS! (not assigned)" {
		t.Errorf("the title is %q", NotificationTitle)
	}
}

func TestWhoHearsOfAChannel(t *testing.T) {
	user := func(id, name string, role Role, active bool) User {
		return User{ID: id, Name: name, Role: role, Active: active}
	}
	dana, ola := user("3", "Dana Reyes", Admin, true), user("1", "Ola Berg", Admin, true)
	sam, vic := user("2", "Sam Ortiz", Agent, true), user("4", "Vic Lund", Viewer, true)
	gone := user("5", "Kim Roth", Admin, false)
	inactive := func(u User) User { u.Active = false; return u }
	const because = "You get this because Dana Reyes, who authenticated Main line, is inactive."
	tests := []struct {
		name  string
		by    string
		users []User
		want  []Recipient
	}{
		{"the user who authenticated it, though the org has several admins", "3", []User{ola, sam, dana, vic}, []Recipient{{UserID: "3"}}},
		{"also where that user is no admin", "2", []User{ola, sam, dana}, []Recipient{{UserID: "2"}}},
		{"the other admins, where that user is inactive", "3", []User{vic, ola, sam, inactive(dana), user("6", "Uma Sand", Admin, true)},
			[]Recipient{{"1", because}, {"6", because}}},
		{"only active admins", "3", []User{inactive(dana), gone, ola}, []Recipient{{"1", because}}},
		{"nobody, where no admin is left", "3", []User{inactive(dana), gone, sam}, nil},
		{"all admins, where nobody authenticated it", "", []User{dana, sam, ola},
			[]Recipient{{"1", "You get this because nobody has authenticated Main line."}, {"3", "You get this because nobody has authenticated Main line."}}},
		{"all admins, where that user does not exist any more", "9", []User{dana},
			[]Recipient{{"3", "You get this because nobody has authenticated Main line."}}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := Recipients(Channel{Name: "Main line", AuthenticatedBy: tc.by}, tc.users)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("recipients (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBells(t *testing.T) {
	// Dana has channels a and b, Ola has c; d is nobody's, so both hear of it.
	who := map[string][]Recipient{
		"a": {{UserID: "dana"}}, "b": {{UserID: "dana"}}, "c": {{UserID: "ola"}}, "e": nil,
		"d": {{"dana", "Kim is inactive."}, {"ola", "Kim is inactive."}},
	}
	waits := func(channel string, n int, message string, minute int, seq int64, ring bool) Waiting {
		return Waiting{ChannelID: channel, Count: n, MessageID: message, Newest: Moment{at(9, minute), seq}, Ring: ring}
	}
	tests := []struct {
		name    string
		waiting []Waiting
		want    []Bell
	}{
		{"nothing waits", nil, []Bell{}},
		{"one channel", []Waiting{waits("a", 3, "m1", 5, 1, true)}, []Bell{{UserID: "dana", MessageID: "m1", Count: 3, Ring: true}}},
		{"two channels of one user are one bell, which opens the newest",
			[]Waiting{waits("a", 3, "m1", 5, 1, false), waits("b", 2, "m2", 6, 2, true)},
			[]Bell{{UserID: "dana", MessageID: "m2", Count: 5, Ring: true}}},
		{"the older of two channels rings",
			[]Waiting{waits("a", 3, "m1", 5, 1, true), waits("b", 2, "m2", 6, 2, false)},
			[]Bell{{UserID: "dana", MessageID: "m2", Count: 5, Ring: true}}},
		{"in the other order", []Waiting{waits("b", 2, "m2", 6, 2, false), waits("a", 3, "m1", 5, 1, false)},
			[]Bell{{UserID: "dana", MessageID: "m2", Count: 5}}},
		{"equal times: the one committed last", []Waiting{waits("a", 1, "m1", 5, 2, false), waits("b", 1, "m2", 5, 1, false)},
			[]Bell{{UserID: "dana", MessageID: "m1", Count: 2}}},
		{"two users each hear of their own", []Waiting{waits("a", 1, "m1", 5, 1, true), waits("c", 2, "m2", 6, 2, false)},
			[]Bell{{UserID: "dana", MessageID: "m1", Count: 1, Ring: true}, {UserID: "ola", MessageID: "m2", Count: 2}}},
		{"a channel of an inactive user", []Waiting{waits("c", 1, "m2", 4, 2, false), waits("d", 1, "m1", 5, 1, true)},
			[]Bell{{UserID: "dana", MessageID: "m1", Count: 1, Why: "Kim is inactive.", Ring: true}, {UserID: "ola", MessageID: "m1", Count: 2, Why: "Kim is inactive.", Ring: true}}},
		{"a channel that nobody hears of", []Waiting{waits("e", 1, "m1", 5, 1, true)}, []Bell{}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := Bells(tc.waiting, func(channel string) []Recipient { return who[channel] })
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("bells (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotificationBody(t *testing.T) {
	for _, tc := range []struct {
		count     int
		why, want string
	}{
		{1, "", "1 text from (512) 555-0177 waits for you to assign it."},
		{2, "", "2 texts from (512) 555-0177 wait for you to assign them."},
		{1, "Kim is inactive.", "1 text from (512) 555-0177 waits for you to assign it. Kim is inactive."},
	} {
		if got := NotificationBody("(512) 555-0177", tc.count, tc.why); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
