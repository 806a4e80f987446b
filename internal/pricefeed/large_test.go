package pricefeed_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/pricefeed"
)

// TestLargeOffer streams an offer that is far larger than what may be in memory: 96 MB, or PLATFORM_FEED_BYTES
// (make feed-large takes 1 GiB and prints the peak of the whole process, server and reader together).
func TestLargeOffer(t *testing.T) {
	size := int64(96 << 20)
	if text := os.Getenv("PLATFORM_FEED_BYTES"); text != "" {
		var err error
		if size, err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	w := fewWorld(t, price.Embedded())
	const path = "AmazonEC2/20261031/us-east-1/index.csv"
	var sent atomic.Int64
	w.handle = func(out http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, path) {
			return false
		}
		b := bufio.NewWriterSize(out, 1<<20)
		w.offer(b, "AmazonEC2", "us-east-1")
		padding := strings.Repeat(`,""`, len(w.columns)-1)
		for i := 0; sent.Load() < size; i++ { // reserved and on-demand rows of products that no descriptor names
			term := "Reserved"
			if i%4 == 0 {
				term = "OnDemand"
			}
			n, err := fmt.Fprintf(b, "\"SKU%d\",\"T\",\"R\",\"%s\",\"%s\",\"2026-10-01\",\"0\",\"Inf\",\"Hrs\",\"1.5\",\"USD\",\"1yr\",\"No Upfront\",\"standard\",\"Compute Instance\",\"AmazonEC2\",\"\"%s\n",
				i, term, strings.Repeat("d", 400), padding)
			if err != nil {
				return true
			}
			sent.Add(int64(n))
		}
		_ = b.Flush()
		return true
	}
	o := w.options(t, "aws")
	o.Regions = []string{"us-east-1"}
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() { // what is in use is looked at all the time
		var most uint64
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				peak <- most
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	}()
	began := time.Now()
	r, err := pricefeed.Update(t.Context(), o)
	took := time.Since(began)
	close(stop)
	most := <-peak
	if err != nil || len(r.Changed) > 0 || r.Prices < 500 {
		t.Fatalf("%v: %d prices, %d changed", err, r.Prices, len(r.Changed))
	}
	if sent.Load() < size {
		t.Fatalf("only %d bytes were sent", sent.Load())
	}
	const limit = 64 << 20
	if most > limit {
		t.Errorf("%d MiB of heap were in use for %d MiB of offer", most>>20, size>>20)
	}
	t.Logf("%d MiB in %s, %d rows: heap in use at most %d MiB, process at most %s", size>>20, took.Round(time.Millisecond), r.Rows, most>>20, resident(t))
}

// resident is the largest resident size of this process, from the kernel.
func resident(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}
