// Command githubspec trims GitHub's own description of its REST API to the operations that the App uses, so that the
// stand-in for GitHub can hold every request of ours against it.
//
//	npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz package/generated/api.github.com.json
//	go run ./tools/githubspec -version 23.0.2 package/generated/api.github.com.json internal/github/githubtest/api.json.gz
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

func main() {
	version := flag.String("version", "", "version of the npm package @octokit/openapi")
	flag.Parse()
	if flag.NArg() != 2 || *version == "" {
		fmt.Fprintln(os.Stderr, "usage: githubspec -version V api.github.com.json OUT.json.gz")
		os.Exit(2)
	}
	if err := run(*version, flag.Arg(0), flag.Arg(1)); err != nil {
		fmt.Fprintln(os.Stderr, "githubspec:", err)
		os.Exit(1)
	}
}

func run(version, in, out string) error {
	data, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	var whole map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	small, err := trim(whole, version)
	if err != nil {
		return err
	}
	text, err := json.Marshal(small)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(out, packed.Bytes(), 0o644)
}
