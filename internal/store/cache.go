package store

import (
	"context"
	"fmt"
	"time"

	"github.com/org/platform-action/internal/control"
)

const (
	maxEntry     = 2 << 20
	maxCacheKey  = 4096
	cacheTimeout = 10 * time.Second
)

// Cache keeps bytes of one tenant for a while: what is not there is fetched again.
type Cache struct {
	s *Store
	t control.Tenant
}

// Cache is the tenant's.
func (s *Store) Cache(t control.Tenant) Cache { return Cache{s, t} }

// Get reads an entry; ErrNoEntry if there is none.
func (c Cache) Get(key string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(c.s.life, cacheTimeout)
	defer cancel()
	value, found, err := get(ctx, c.s, whole[[]byte], `SELECT value FROM cache_entry
		WHERE installation_id = $1 AND repository_id = $2 AND cache_key = $3`, c.t.Installation, c.t.Repository, key)
	if err == nil && !found {
		err = ErrNoEntry
	}
	return value, err
}

// Set replaces an entry. More than 2 MiB are refused.
func (c Cache) Set(key string, value []byte) error {
	if len(value) > maxEntry || len(key) > maxCacheKey {
		return fmt.Errorf("an entry of %d bytes under a key of %d is too large for the cache", len(value), len(key))
	}
	ctx, cancel := context.WithTimeout(c.s.life, cacheTimeout)
	defer cancel()
	return c.s.put(ctx, `INSERT INTO cache_entry (installation_id, repository_id, cache_key, value, stored) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (installation_id, repository_id, cache_key) DO UPDATE SET value = excluded.value, stored = excluded.stored`,
		c.t.Installation, c.t.Repository, key, filled(value), micros(c.s.o.Now()))
}

// Delete removes an entry, if it is there.
func (c Cache) Delete(key string) error {
	ctx, cancel := context.WithTimeout(c.s.life, cacheTimeout)
	defer cancel()
	return c.s.put(ctx, `DELETE FROM cache_entry WHERE installation_id = $1 AND repository_id = $2 AND cache_key = $3`,
		c.t.Installation, c.t.Repository, key)
}
