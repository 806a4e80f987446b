package verdict

import "fmt"

// FailOn says from which outcome on a program fails. The zero value fails on a block, as everybody expects.
type FailOn uint8

// The values.
const (
	FailOnBlock FailOn = iota
	FailOnWarn
	FailOnNever // turns a refusal into success, and never a failure to decide
)

// ParseFailOn reads warn, block or never.
func ParseFailOn(name string) (FailOn, error) {
	switch name {
	case "block":
		return FailOnBlock, nil
	case "warn":
		return FailOnWarn, nil
	case "never":
		return FailOnNever, nil
	}
	return FailOnBlock, fmt.Errorf("%.40q is not known; choose warn, block or never", name)
}

// Failure is the outcome that a program ends with: Allow where it succeeds.
func (f FailOn) Failure(o Outcome) Outcome {
	switch {
	case o == Block && f == FailOnNever:
		return Allow
	case o == Warn && f == FailOnWarn:
		return Block
	case o == Allow, o == Warn:
		return Allow
	}
	return o
}
