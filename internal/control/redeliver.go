package control

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

const (
	deliveriesName = "deliveries"
	// deliveriesBack is how far the first look goes, how long a delivery is asked for again, and how long GitHub keeps it.
	deliveriesBack = 3 * 24 * time.Hour
	// overlap is how far each further look goes behind the last: a delivery is listed when GitHub gave it up, not when it
	// was made.
	overlap = 15 * time.Minute
	// attemptTime is within which an attempt that was asked for has been made.
	attemptTime = time.Minute
	// lostAfter is the try from which on a delivery counts as lost; it is still asked for.
	lostAfter = 8
)

// failures is what is known of deliveries that GitHub could not make.
type failures struct {
	Since  time.Time              `json:"since"`            // of the last look
	Failed map[string]*redelivery `json:"failed,omitempty"` // by GUID
}

// redelivery is how often a delivery was asked for, and when it may be again.
type redelivery struct {
	ID    int64     `json:"id"` // of the newest attempt that failed
	First time.Time `json:"first"`
	Tries int       `json:"tries"`
	Next  time.Time `json:"next"`
	Asked time.Time `json:"asked,omitzero"` // and not yet seen to fail again
}

// fetchDeliveries asks for the deliveries again that GitHub could not make. Each further time waits twice as long: what
// we refuse for good would come again for ever, and a long outage must not use up the tries.
func (f *Flow) fetchDeliveries(ctx context.Context) error {
	now := f.o.Now()
	had, err := f.failures(ctx, now)
	if err != nil {
		return err
	}
	list, err := f.o.Forge.FailedDeliveries(ctx, had.Since.Add(-overlap))
	if err != nil {
		return err
	}
	had.learn(list, now)
	failed := f.redeliver(ctx, had, now)
	had.Since = now
	data, err := json.Marshal(had)
	if err == nil { // also where not all could be asked for: what was is not asked for again
		err = f.o.Records.Remember(ctx, Tenant{}, deliveriesName, data)
	}
	return errors.Join(failed, err)
}

func (f *Flow) failures(ctx context.Context, now time.Time) (*failures, error) {
	had := &failures{}
	data, known, err := f.o.Records.Recall(ctx, Tenant{}, deliveriesName)
	if err != nil {
		return nil, err
	}
	if !known || json.Unmarshal(data, had) != nil || now.Sub(had.Since) > deliveriesBack {
		had.Since = now.Add(-deliveriesBack)
	}
	if had.Failed == nil {
		had.Failed = map[string]*redelivery{}
	}
	return had, nil
}

// learn brings what is known to what GitHub lists. What was asked for and is not listed as failed has come.
func (k *failures) learn(list []FailedDelivery, now time.Time) {
	listed := map[string]bool{}
	for _, d := range list {
		listed[d.GUID] = true
		e := k.Failed[d.GUID]
		if e == nil {
			e = &redelivery{First: d.At, Next: now}
			k.Failed[d.GUID] = e
		}
		if e.ID != d.ID { // each attempt has an id of its own: the one that was asked for has failed
			e.ID, e.Asked = d.ID, time.Time{}
		}
	}
	for guid, e := range k.Failed {
		came := !listed[guid] && !e.Asked.IsZero() && now.Sub(e.Asked) > attemptTime
		if came || now.Sub(e.First) > deliveriesBack {
			delete(k.Failed, guid)
		}
	}
}

// redeliver asks for what is due, the oldest first.
func (f *Flow) redeliver(ctx context.Context, k *failures, now time.Time) error {
	var due []string
	for guid, e := range k.Failed {
		if !now.Before(e.Next) {
			due = append(due, guid)
		}
	}
	slices.SortFunc(due, func(a, b string) int {
		if c := k.Failed[a].First.Compare(k.Failed[b].First); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	asked := 0
	defer func() {
		if asked > 0 {
			f.log(ctx).InfoContext(ctx, "deliveries that failed were asked for again", "count", asked)
		}
	}()
	for _, guid := range due {
		e := k.Failed[guid]
		err := f.o.Forge.Redeliver(ctx, e.ID)
		if _, waits := errors.AsType[*Later](err); waits || ctx.Err() != nil {
			return err // nothing was asked for
		}
		if e.Tries++; e.Tries == lostAfter {
			f.o.Lost()
			f.o.Log.ErrorContext(ctx, "a delivery fails again and again", "delivery", guid, "tries", e.Tries)
		}
		e.Next = now.Add(time.Minute << min(e.Tries, 12))
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		if err == nil {
			e.Asked, asked = now, asked+1
		}
	}
	return nil
}
