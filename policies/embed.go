// Package policies embeds the built-in golden path: Rego rules that every verdict is checked against.
package policies

import "embed"

// FS holds the built-in bundle; its tests are not embedded in use, only read by the policy tester.
//
//go:embed platform
var FS embed.FS
