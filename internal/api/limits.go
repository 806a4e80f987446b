package api

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	uploadsPerMinute = 60
	maxBuckets       = 10_000 // repositories that are remembered; a bucket that is forgotten is full again
)

// limits are what each repository may upload.
type limits struct {
	buckets *lru.Cache[int64, *rate.Limiter]
}

func newLimits() (*limits, error) {
	buckets, err := lru.New[int64, *rate.Limiter](maxBuckets)
	return &limits{buckets}, err
}

// take takes one upload out of a repository's bucket; where there is none, it says how long to wait for it.
func (l *limits) take(repository int64, now time.Time) time.Duration {
	bucket, ok := l.buckets.Get(repository)
	if !ok {
		bucket = rate.NewLimiter(uploadsPerMinute/60.0, uploadsPerMinute)
		if old, found, _ := l.buckets.PeekOrAdd(repository, bucket); found {
			bucket = old
		}
	}
	taken := bucket.ReserveN(now, 1)
	wait := taken.DelayFrom(now)
	if wait > 0 {
		taken.CancelAt(now)
	}
	return wait
}
