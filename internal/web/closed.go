package web

import (
	"log/slog"
	"net/http"
)

// NewClosed stands where the pages would be, while nobody can sign in: it says what is missing, and shows nothing else.
func NewClosed(missing []string, log *slog.Logger) (http.Handler, error) {
	p := &pages{o: PagesOptions{Log: log}}
	if err := p.shell(); err != nil {
		return nil, err
	}
	closed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.show(w, r, http.StatusServiceUnavailable, "closed", "Nobody can sign in yet", nil, missing)
	})
	mux := http.NewServeMux()
	mux.Handle("GET "+p.sheet, http.HandlerFunc(p.styleSheet))
	mux.Handle("/", closed)
	return mux, nil
}

// styleSheet is the same for everybody, and its address changes with it.
func (p *pages) styleSheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(p.style)
}
