package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/pricefeed"
)

// Variables that name the book of prices when no flag does.
const (
	envPrices       = "PLATFORM_PRICES"
	envPricesDigest = "PLATFORM_PRICES_DIGEST"
)

// bookFlags say which book of prices to use.
type bookFlags struct{ file, digest string }

func (b *bookFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&b.file, "prices", "", "book of prices that platform prices update wrote (or "+envPrices+"); it stands over the program's own")
	c.Flags().StringVar(&b.digest, "prices-digest", "", "digest that the book must have (or "+envPricesDigest+")")
}

// open is the program's own book, or the named one over it.
func (b bookFlags) open() (*price.Book, error) {
	file, digest := b.file, b.digest
	if file == "" {
		file = os.Getenv(envPrices)
	}
	if digest == "" {
		digest = os.Getenv(envPricesDigest)
	}
	return bookFlags{file, digest}.openNamed()
}

// openNamed opens without asking the environment.
func (b bookFlags) openNamed() (*price.Book, error) {
	file, digest := b.file, b.digest
	if file == "" {
		if digest != "" && digest != price.Embedded().Digest() {
			return nil, &usageError{noBookError(digest)}
		}
		return price.Embedded(), nil
	}
	return pricefeed.Open(file, digest, price.Embedded())
}

type noBookError string

func (e noBookError) Error() string {
	return "the prices must have the digest " + string(e) + ", and the program's own have " + price.Embedded().Digest() + ": name the book with --prices"
}
