package github

// Quota is the smallest share that is left of any installation's hourly quota, of those whose hour has not ended: 1 is all
// of it. known is false where GitHub has told of none.
func (a *App) Quota() (left float64, known bool) {
	now := a.options.Now()
	for _, b := range a.budgets.Values() {
		b.mu.Lock()
		if b.limit > 0 && now.Before(b.reset) {
			share := float64(b.remaining) / float64(b.limit)
			if !known || share < left {
				left, known = share, true
			}
		}
		b.mu.Unlock()
	}
	return left, known
}
