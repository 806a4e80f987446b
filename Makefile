# make without a target prints this list.
SHELL := bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CASES ?= internal/cost/testdata/cases
# The race detector is on in all but SQLite itself and its C library: that is C, translated, whose memory is not Go's, so that
# the detector is called for each access and can find nothing; this took two fifths of the time of the server's tests. The
# driver above it, and how we use that, are under the detector.
PLAIN_SQLITE := -gcflags='modernc.org/sqlite/lib=-race=false' -gcflags='modernc.org/libc/...=-race=false'

.PHONY: scale backup restore compose systemd helm helm-test helm-golden sizes screenshots e2e-action feed-large demo-serve oracle torture help build test test-fast lint check bench cases demo generate golden tidy

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12

build: ## bin/platform and bin/platform-app (the server), static and stripped
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/platform ./cmd/platform
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/platform-app ./app

test: ## every correctness test, race detector on
	CGO_ENABLED=1 go test -race $(PLAIN_SQLITE) -shuffle=on -timeout 30m ./...

test-fast: ## the same without the race detector
	go test ./...

oracle: ## the evaluation of source against trivy's; downloads a lot once
	cd tools/trivyoracle && go test ./...

torture: ## the server killed at a hundred moments, twice: no delivery lost, and one answer for each deployment
	PLATFORM_TORTURE=100 go test ./app -run 'TestKill|TestGateKill' -v -timeout 60m

feed-large: ## a price list of 1 GiB through the importer, with the peak of memory
	PLATFORM_FEED_BYTES=1073741824 go test ./internal/pricefeed -run TestLargeOffer -v

screenshots: ## pictures of the pages in light, dark and narrow, in out/screenshots; wants chromium
	mkdir -p out/screenshots
	PLATFORM_TEST_SCREENSHOTS=$(CURDIR)/out/screenshots PLATFORM_TEST_REQUIRE_BROWSER= go test ./app -run TestBrowser -v -count=1

lint: ## golangci-lint
	go tool -modfile=tools/golangci-lint/go.mod golangci-lint run ./...

check: ## exactly what CI runs
	.ci/run

e2e-action: ## the Action under a real runner, from the image of the Dockerfile; slow, installs a Docker engine
	.ci/e2e-action

bench: ## the figures of docs/performance.md
	go test -run '^$$' -bench . -benchmem ./...

cases: ## agreement with a folder of priced cases: make cases CASES=DIR
	go run ./tools/cases -catalogue $(CASES)

demo: build ## the main job, end to end, with nothing configured
	go run ./tools/demo

demo-serve: build ## the same, and the App and its pages stay up until Ctrl-C
	go run ./tools/demo -serve

generate: ## the price book, and the pages of docs/ that are made from data
	go generate ./...
	go run ./tools/policydocs > docs/policies.md
	go run ./tools/resourcedocs > docs/supported-resources.md
	go test ./internal/sku -run TestCoverage -update

golden: ## write every golden anew; read the difference before you commit it
	go test ./internal/cost ./internal/render ./internal/policy ./internal/plan ./internal/config ./internal/terraform ./internal/infracost -update

backup: ## copy the PostgreSQL of PLATFORM_DATABASE_URL: make backup FILE=…
	deploy/postgres/backup "$(FILE)"

restore: ## fill the empty PostgreSQL of PLATFORM_DATABASE_URL from such a copy: make restore FILE=…
	deploy/postgres/restore "$(FILE)"

compose: ## the compose files against their specification, and docker compose where it is
	.ci/deploy compose

systemd: ## the unit by systemd-analyze, which is installed if need be
	.ci/deploy systemd

helm: ## the pinned helm: make helm ARGS='template x deploy/helm/platform -f values.yaml'
	go tool -modfile=tools/helm/go.mod helm $(ARGS)

helm-test: ## the chart: linted, rendered, held to its goldens and to Kubernetes' own types
	cd tools/helm && go test -count=1 ./...

helm-golden: ## write what the chart renders anew; read the difference before you commit it
	cd tools/helm && go test -count=1 ./... -update

scale: ## one, two and four replicas on a million verdicts in PostgreSQL, within twelve minutes: docs/scale.md
	PLATFORM_SCALE_VERDICTS=1000000 PLATFORM_TEST_REQUIRE_POSTGRES=1 go test -run '^$$' -bench '^BenchmarkScale$$' -benchtime 1x -timeout 20m ./app

sizes: ## memory and processor time of the server, idle and under a burst: docs/operations.md#sizes
	go test -run '^$$' -bench 'BenchmarkSizes' -benchtime 1x -timeout 30m ./app

tidy: ## go.mod
	go mod tidy
