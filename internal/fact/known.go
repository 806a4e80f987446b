// Package fact holds what is known before anything is decided; it is exactly the policies' input document.
package fact

// Known is a group of facts that is either known or missing with a reason. The zero value is missing.
type Known[T any] struct {
	value T
	known bool
	why   string
}

// Of is a known group.
func Of[T any](v T) Known[T] { return Known[T]{value: v, known: true} }

// Missing is a group that could not be had, and why.
func Missing[T any](why string) Known[T] { return Known[T]{why: why} }

// Get returns the group and whether it is known.
func (k Known[T]) Get() (T, bool) { return k.value, k.known }

// Why is the reason of a missing group; the zero value's is "not gathered".
func (k Known[T]) Why() string {
	if k.known {
		return ""
	}
	if k.why == "" {
		return "not gathered"
	}
	return k.why
}

// Facts is everything that a decision may look at.
type Facts struct {
	Plan     Known[Plan]
	Estimate Known[Estimate]
	Evidence Known[Evidence]
	Params   map[string]any // policies.params of the configuration
}
