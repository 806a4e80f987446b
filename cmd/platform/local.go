package main

import (
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/verdict"
)

// kindOf says what a JSON file is.
type kindOf = local.Kind

const (
	aPlan      = local.APlan
	aReport    = local.AReport
	aForeigner = local.AForeigner
)

func sniff(path string) kindOf                            { return local.Sniff(path) }
func repositoryRoot(dir string) string                    { return local.Root(dir) }
func displayName(path string) string                      { return local.Name(path) }
func isFolder(path string) bool                           { return local.IsFolder(path) }
func hasTerraform(dir string) bool                        { return local.HasTerraform(dir) }
func readFile(path string, bound int64) ([]byte, error)   { return local.File(path, bound) }
func digest(kind, name string, data []byte) verdict.Input { return local.Digest(kind, name, data) }

// countsText is a suite in words: what was executed first.
func countsText(c report.Counts) string { return local.CountsText(c) }
