package gate

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // zones are read alike everywhere, in an image without them as well

	"github.com/org/platform-action/internal/evidence"
)

const wallForm = "2006-01-02T15:04"

// window is a freeze, or what its openings leave of it, in instants.
type window struct {
	name        string
	from, until time.Time
}

// freezes holds back what is asked within a freeze until the last of the freezes that follow one another has ended.
func (a *asked) freezes() {
	var windows []window
	for _, f := range a.env.Freeze {
		parts, err := f.windows()
		if err != nil {
			a.addWaived(refused(evidence.CodePolicyError, "the freeze "+ascii(f.Name), err.Error(), "correct it in .github/platform.yml"))
			continue
		}
		if !slices.Contains(f.Exempt, ExemptRollback) || !a.q.Subject.RollsBack() {
			windows = append(windows, parts...)
		}
	}
	end, names := thaw(windows, a.now)
	if len(names) == 0 {
		return
	}
	a.addWaived(finding{outcome: OutcomeWaiting, wait: end, reason: reason(evidence.CodeFrozen,
		"a time in which "+ascii(a.env.Name)+" is not frozen", "freeze "+names+" until "+stamp(end), "wait until "+stamp(end))})
}

// thaw is when the first moment without a freeze comes, and the freezes until then; none: now.
func thaw(windows []window, now time.Time) (end time.Time, names string) {
	end = now
	slices.SortStableFunc(windows, func(x, y window) int { return x.from.Compare(y.from) })
	for _, w := range windows {
		if w.from.After(end) || !w.until.After(end) {
			continue
		}
		end = w.until
		if names != "" {
			names += ", "
		}
		names += ascii(w.name)
	}
	return end, names
}

// windows finds the instants of a freeze. Where clocks are set back or forward a local time has two instants or none; the
// freeze then takes the longer way, and its openings the shorter one.
func (f Freeze) windows() ([]window, error) {
	zone := f.Zone
	if zone == "" {
		zone = "UTC"
	}
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return nil, fmt.Errorf("zone %s is not known", ascii(zone))
	}
	whole, _, err := between(f.From, f.Until, loc)
	if err != nil {
		return nil, err
	}
	parts := []window{{f.Name, whole[0], whole[1]}}
	for _, o := range f.Except {
		_, open, err := between(o.From, o.Until, loc)
		if err != nil {
			return nil, fmt.Errorf("its opening %s: %w", ascii(o.Name), err)
		}
		parts = without(parts, open[0], open[1])
	}
	return parts, nil
}

// without takes a time out of windows.
func without(windows []window, from, until time.Time) []window {
	var out []window
	for _, w := range windows {
		if !from.Before(until) || !from.Before(w.until) || !until.After(w.from) {
			out = append(out, w)
			continue
		}
		if w.from.Before(from) {
			out = append(out, window{w.name, w.from, from})
		}
		if until.Before(w.until) {
			out = append(out, window{w.name, until, w.until})
		}
	}
	return out
}

// between is the longest and the shortest time between two local ones.
func between(from, until string, loc *time.Location) (longest, shortest [2]time.Time, err error) {
	a, err := instants(from, loc)
	if err != nil {
		return longest, shortest, err
	}
	b, err := instants(until, loc)
	if err != nil {
		return longest, shortest, err
	}
	if longest, shortest = [2]time.Time{a[0], b[1]}, [2]time.Time{a[1], b[0]}; !longest[1].After(longest[0]) {
		err = fmt.Errorf("until %s is not after from %s", ascii(until), ascii(from))
	}
	return longest, shortest, err
}

// instants are the earliest and the latest moment at which clocks in a place show a time; within a gap, what it would be
// by the offsets before and after.
func instants(wall string, loc *time.Location) (moments [2]time.Time, err error) {
	utc, err := time.Parse(wallForm, wall)
	if err != nil {
		return moments, fmt.Errorf("%s is no time such as 2026-12-20T00:00", ascii(wall))
	}
	var shown, all []time.Time
	for _, near := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, offset := utc.Add(near).In(loc).Zone()
		t := utc.Add(-time.Duration(offset) * time.Second).UTC()
		all = append(all, t)
		if t.In(loc).Format(wallForm) == wall {
			shown = append(shown, t)
		}
	}
	if len(shown) == 0 {
		shown = all
	}
	return [2]time.Time{slices.MinFunc(shown, time.Time.Compare), slices.MaxFunc(shown, time.Time.Compare)}, nil
}
