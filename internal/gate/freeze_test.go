package gate_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/gate"
)

// TestFreezeWalk compares with a walk over every quarter of an hour around the nights in which clocks change: a freeze
// begins the first time that clocks show its beginning, and ends the last time that they show its end.
func TestFreezeWalk(t *testing.T) {
	t.Parallel()
	const form, step = "2006-01-02T15:04", 15 * time.Minute
	nights := map[string][]time.Time{
		"Europe/Berlin":       {time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)},
		"America/New_York":    {time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)},
		"Australia/Lord_Howe": {time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), time.Date(2026, 10, 3, 15, 30, 0, 0, time.UTC)}, // half an hour
		"Asia/Kathmandu":      {time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)},
		"UTC":                 {time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)},
	}
	rapid.Check(t, func(r *rapid.T) {
		zone := rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"}).Draw(r, "zone")
		loc := must[*time.Location](t)(time.LoadLocation(zone))
		night := rapid.SampledFrom(nights[zone]).Draw(r, "night")
		minute := func(name string) time.Time {
			return night.Add(time.Duration(rapid.IntRange(-16, 16).Draw(r, name)) * step)
		}
		from, until := minute("from").In(loc).Format(form), minute("until").In(loc).Format(form)
		var begin, end time.Time // as shown; nothing here falls into a gap, because it was taken from a clock
		for at := night.Add(-40 * step); at.Before(night.Add(40 * step)); at = at.Add(step) {
			shown := at.In(loc).Format(form)
			if shown == from && begin.IsZero() {
				begin = at
			}
			if shown == until {
				end = at
			}
		}
		if !end.After(begin) {
			r.Skip("it ends before it begins")
		}
		now := minute("now")
		w := world{Now: now.Format(time.RFC3339), Settings: []environment{{Freeze: []gate.Freeze{{Name: "night", From: from, Until: until, Zone: zone}}}}}
		d := gate.Decide(w.question(t))
		if within := !now.Before(begin) && now.Before(end); within != (d.Outcome == gate.OutcomeWaiting) || within && !d.Wait.Equal(end) {
			r.Fatalf("%s to %s in %s is %s to %s; at %s: %s", from, until, zone, begin, end, now, told(d))
		}
	})
}
