// Command plangen writes a generated Terraform plan as JSON to standard output: go run ./tools/plangen -n 1000 > plan.json.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"github.com/org/platform-action/internal/plan/plantest"
)

func main() {
	n := flag.Int("n", 1000, "resources in the plan")
	seed := flag.Uint64("seed", 1, "the same seed gives the same plan")
	full := flag.Bool("full", false, "with planned_values and prior_state, as terraform show writes it")
	flag.Parse()
	if *n < 0 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: plangen [-n RESOURCES] [-seed SEED] [-full]")
		os.Exit(2)
	}
	out := bufio.NewWriter(os.Stdout)
	if *full {
		plantest.GenerateFull(out, *n, *seed)
	} else {
		plantest.Generate(out, *n, *seed)
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "plangen:", err)
		os.Exit(1)
	}
}
