package local

import (
	"errors"
	"fmt"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost"
)

// InCurrency brings estimates that were read into the estimator's currency.
func InCurrency(e *cost.Estimator, sources []control.Source) error {
	var errs []error
	for i := range sources {
		for _, x := range []*control.Estimated{sources[i].Ready, sources[i].Prior} {
			if x == nil {
				continue
			}
			converted, err := e.In(x.Estimate)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", x.Name, err))
				continue
			}
			x.Estimate = converted
		}
	}
	return errors.Join(errs...)
}
