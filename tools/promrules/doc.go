// Package promrules holds the alert rules and the dashboard of deploy/ against Prometheus's own parser and engine, in a
// module of its own: nothing of it is linked into the programs.
package promrules
