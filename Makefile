# SPDX-License-Identifier: Apache-2.0

# Versions of what is run but not linked. Tools are built from their modules into .cache.
TERWAY        := v1.17.5
GOLANGCI_LINT := v2.15.0
# Of the node image that is made where kind's own cannot be had.
KUBERNETES    := v1.34.4

# Clusters of make e2e; see kind-configs.
CONFIG ?= iptables-ipv4

FUZZTIME ?= 10s
CACHE    := $(CURDIR)/.cache
GO       ?= go

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: build
build: go ## Build chainlint and chainlint-conformance into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/ ./cmd/chainlint ./cmd/chainlint-conformance

.PHONY: demo
demo: build firewalls ## Render every overlay with the real kustomize, show what lands on a node, and prove one with packets
	@kustomize=$$($(GO) run ./internal/kustomize/path) && PATH="$(CURDIR)/bin:$$(dirname "$$kustomize"):$$PATH" REPORT="$(CACHE)/demo-report" sh examples/demo.sh

.PHONY: conformance
conformance: build firewalls ## The specs of every overlay in network namespaces, and the mutants; reports in .cache/conformance
	bin/chainlint-conformance run --env netns --mutants --overlay examples/overlays/host-ports-and-no-link-local --report $(CACHE)/conformance/mutants
	bin/chainlint-conformance run --env netns --report $(CACHE)/conformance

.PHONY: e2e
e2e: build ## A kind cluster: a chain rolled out, its specs GO, mutants killed, the cluster gone (CONFIG="iptables-ipv4 ...")
	sh .ci/e2e.sh $(KUBERNETES) $(CONFIG)

.PHONY: node-image
node-image: go ## A node image for kind of Debian's packages and Go modules alone (KUBERNETES=v1.34.4; root)
	sh .ci/node-image.sh $(KUBERNETES)

.PHONY: test
test: go cc firewalls ## Unit, script and host tests with the race detector, go vet
	$(GO) vet ./...
	$(GO) test -race -timeout 30m ./...

.PHONY: lint
lint: go ## golangci-lint and go mod tidy
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT) run ./...
	$(GO) mod tidy -diff

.PHONY: bench
bench: go ## Ratios against peers, measured in one run
	$(GO) run ./internal/bench

.PHONY: fuzz
fuzz: go ## Every fuzz target for FUZZTIME
	@$(GO) list ./... | while read -r pkg; do \
	  for target in $$(cd "$$($(GO) list -f '{{.Dir}}' $$pkg)" && grep -ho '^func Fuzz[A-Za-z]*' *_test.go 2>/dev/null | cut -c6-); do \
	    echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; done

.PHONY: upstream
upstream: go $(CACHE)/terway-cli-$(TERWAY) ## Compare with the real terway-cli (root; UPDATE=1 records its answers)
	TERWAY_CLI=$(CACHE)/terway-cli-$(TERWAY) UPDATE=$(UPDATE) $(GO) test -count=1 -run TestRecord -v ./pkg/terway

.PHONY: terway-cli
terway-cli: go $(CACHE)/terway-cli-$(TERWAY) ## Build the real terway-cli from its module

# terway-cli from its module, with the requirements and replacements of its own go.mod.
$(CACHE)/terway-cli-$(TERWAY):
	sh .ci/terway-cli.sh $(TERWAY) $@

.PHONY: rendered
rendered: build ## Write the committed renderings of the examples
	bin/chainlint render --write examples/overlays

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin .cache

.PHONY: go
go:
	@command -v $(GO) >/dev/null || { echo "chainlint is built with Go: install Go $$(sed -n 's/^go //p' go.mod) or later (https://go.dev/dl)"; exit 1; }

# The race detector needs a C compiler.
.PHONY: cc
cc:
	@command -v gcc >/dev/null || command -v cc >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -q && apt-get install -qy gcc libc6-dev; \
	  else echo "make test needs a C compiler: apt-get install gcc libc6-dev"; exit 1; fi; }

# Pods are attached with the real portmap and firewall plugins, which run these. Without them tests say so and
# are skipped.
.PHONY: firewalls
firewalls:
	@PATH="$$PATH:/usr/sbin:/sbin"; command -v iptables >/dev/null && command -v nft >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -q && apt-get install -qy iptables nftables; \
	  else echo "tests with packets need iptables and nft: apt-get install iptables nftables"; fi; }
