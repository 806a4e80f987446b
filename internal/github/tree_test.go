package github

import (
	"strconv"
	"testing"
)

// TestTreeCache: large repositories push each other out, and the sum is kept right.
func TestTreeCache(t *testing.T) {
	t.Parallel()
	c := newTreeCache()
	for i := range 3 * cachedTrees {
		c.add(strconv.Itoa(i%100), tree{bytes: int64(i%7) * cachedBytes / 20})
		var sum int64
		for _, t := range c.trees.Values() {
			sum += t.bytes
		}
		if sum != c.bytes || sum > cachedBytes {
			t.Fatalf("after %d trees: %d bytes are kept, %d counted, of %d", i, sum, c.bytes, int64(cachedBytes))
		}
	}
	c.add("huge", tree{bytes: 2 * cachedBytes})
	if _, ok := c.get("huge"); !ok || c.trees.Len() != 1 {
		t.Errorf("%d trees beside the largest", c.trees.Len())
	}
	c.add("small", tree{bytes: 1})
	if _, ok := c.get("huge"); ok || c.bytes != 1 {
		t.Errorf("%d bytes are kept", c.bytes)
	}
}
