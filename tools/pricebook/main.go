// Command pricebook makes the embedded price book: "build DIR" compiles DIR/tables into DIR/book, and
// "import -from FOLDER DIR" converts public data sets of list prices into DIR/tables.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pricebook:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to do: build DIR, or import -from FOLDER DIR")
	}
	switch args[0] {
	case "build":
		if len(args) != 2 {
			return fmt.Errorf("build takes the folder that holds tables/ and book/")
		}
		return build(args[1])
	case "import":
		flags := flag.NewFlagSet("import", flag.ContinueOnError)
		from := flags.String("from", "", "folder of the public data sets (gzip'd CSV)")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		if *from == "" || flags.NArg() != 1 {
			return fmt.Errorf("import takes -from FOLDER and the folder that holds tables/")
		}
		return importAll(*from, flags.Arg(0))
	}
	return fmt.Errorf("unknown command %q; want build or import", args[0])
}
