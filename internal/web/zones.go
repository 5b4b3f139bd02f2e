package web

import (
	"fmt"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// zoneNames are the time zones to choose from: one for each difference that
// people live by, under the name of a place they know.
func zoneNames() []string {
	return []string{
		"America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu",
		"America/Toronto", "America/Winnipeg", "America/Edmonton", "America/Vancouver", "America/Halifax", "America/St_Johns", "America/Puerto_Rico",
		"America/Mexico_City", "America/Bogota", "America/Lima", "America/Caracas", "America/Santiago", "America/Sao_Paulo", "America/Buenos_Aires",
		"UTC", "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Madrid", "Europe/Paris", "Europe/Brussels", "Europe/Amsterdam", "Europe/Berlin",
		"Europe/Zurich", "Europe/Vienna", "Europe/Rome", "Europe/Copenhagen", "Europe/Oslo", "Europe/Stockholm", "Europe/Warsaw", "Europe/Prague",
		"Europe/Budapest", "Europe/Athens", "Europe/Bucharest", "Europe/Helsinki", "Europe/Kyiv", "Europe/Istanbul", "Europe/Moscow",
		"Africa/Casablanca", "Africa/Lagos", "Africa/Cairo", "Africa/Johannesburg", "Africa/Nairobi", "Asia/Jerusalem", "Asia/Riyadh", "Asia/Dubai",
		"Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok", "Asia/Jakarta", "Asia/Ho_Chi_Minh", "Asia/Singapore", "Asia/Manila", "Asia/Shanghai",
		"Asia/Hong_Kong", "Asia/Taipei", "Asia/Seoul", "Asia/Tokyo", "Australia/Perth", "Australia/Adelaide", "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland",
	}
}

// zoneOptions are the time zones with their present difference from UTC. One
// that is set but not among them is there too.
func zoneOptions(current string, now time.Time) []Option {
	if current == "" {
		current = "UTC"
	}
	names := zoneNames()
	known := false
	for _, n := range names {
		known = known || n == current
	}
	if !known {
		names = append([]string{current}, names...)
	}
	var all []Option
	for _, n := range names {
		loc, err := time.LoadLocation(n)
		if err != nil {
			continue // this machine does not know it
		}
		place := n[strings.LastIndexByte(n, '/')+1:]
		label := strings.ReplaceAll(place, "_", " ")
		if n != "UTC" {
			_, offset := now.In(loc).Zone()
			label += " (" + difference(offset) + ")"
		}
		all = append(all, Option{Value: n, Label: label, Current: n == current})
	}
	return all
}

func difference(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	s := fmt.Sprintf("UTC%s%d", sign, seconds/3600)
	if m := seconds % 3600 / 60; m != 0 {
		s += fmt.Sprintf(":%02d", m)
	}
	return s
}

func regionOptions(current string) []Option {
	var all []Option
	for _, c := range switchboard.Countries() {
		all = append(all, Option{Value: c.Region, Label: c.Name, Current: c.Region == current})
	}
	return all
}
