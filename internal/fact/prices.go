package fact

import "github.com/shopspring/decimal"

// Discount is a share off the list prices that a team does not pay.
type Discount struct {
	Provider string // aws, azure or google; empty: that of the SKU
	Service  string // as the provider's bill names it, with or without the provider's name; empty: every service
	Region   string // empty: every region
	SKU      string // TABLE/KEY of the price book, in which * stands for anything; empty: every price
	Percent  decimal.Decimal
}

// CustomPrice is what a team pays for a SKU instead of the list price.
type CustomPrice struct {
	SKU    string          // TABLE/KEY of the price book
	Region string          // empty: every region
	Price  decimal.Decimal // per unit of the price book, in USD as the list prices are
}
