package switchboard

import (
	"testing"
	"time"
)

func TestMessageName(t *testing.T) {
	for n, want := range map[int64]string{
		1: "SMS-000001", 42: "SMS-000042", 999_999: "SMS-999999", 1_000_000: "SMS-1000000", 9_223_372_036_854_775_807: "SMS-9223372036854775807",
	} {
		if got := MessageName(n); got != want {
			t.Errorf("message %d is called %s, want %s", n, got, want)
		}
	}
}

func TestMessageTime(t *testing.T) {
	received := at(12, 0)
	for _, tc := range []struct {
		name string
		sent time.Time
		want time.Time
	}{
		{"the provider says nothing", time.Time{}, received},
		{"sent before", at(11, 0), at(11, 0)},
		{"sent days before", at(11, 0).AddDate(0, 0, -3), at(11, 0).AddDate(0, 0, -3)},
		{"sent when received", received, received},
		{"a clock that runs ahead", at(12, 1), received},
	} {
		if got := MessageTime(tc.sent, received); !got.Equal(tc.want) {
			t.Errorf("%s: message time is %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestFromAndToFollowTheDirection(t *testing.T) {
	m := Message{Direction: Inbound, Sender: texting("+15125550177"), Ours: "+15125550100"}
	if m.From() != "+15125550177" || m.To() != "+15125550100" {
		t.Errorf("inbound: from %s to %s", m.From(), m.To())
	}
	m.Direction = Outbound
	if m.From() != "+15125550100" || m.To() != "+15125550177" {
		t.Errorf("outbound: from %s to %s", m.From(), m.To())
	}
}

func TestMoments(t *testing.T) {
	early, late := Moment{at(9, 0), 9}, Moment{at(9, 1), 1}
	for _, tc := range []struct {
		name string
		a, b Moment
		want int
	}{
		{"time before sequence", early, late, -1},
		{"and the other way", late, early, 1},
		{"equal times: by sequence", Moment{at(9, 0), 1}, Moment{at(9, 0), 2}, -1},
		{"the same moment", early, early, 0},
		{"one instant in two time zones", Moment{at(9, 0).In(time.FixedZone("CST", -21600)), 1}, Moment{at(9, 0), 1}, 0},
		{"none is before all", Moment{}, early, -1},
	} {
		if got := tc.a.Compare(tc.b); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
	if !(Moment{}).IsZero() || early.IsZero() {
		t.Error("IsZero does not tell no message from one")
	}
}
