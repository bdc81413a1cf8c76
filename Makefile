# Every command of a person and of CI. Each installs what is missing first (tools/bootstrap.sh), then does one thing.
.DEFAULT_GOAL := build
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
JOBS ?= $(shell nproc)

.PHONY: help build web test peers demo bench lint dist asan tsan fuzz-smoke headers bootstrap clean

help: ## this list
	@grep -hE '^[a-z -]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z -]+):.*## /\1\t/' | expand -t 14

bootstrap:
	@tools/bootstrap.sh

build: bootstrap ## the release binary: build/release/ingot
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release --parallel $(JOBS) --target ingot

web: ## the pages: build/web/dist, which the next build of the binary takes in
	@tools/bootstrap.sh web
	@tools/web.sh build

test: bootstrap ## builds and runs every test; the last line counts them
	@if tools/bootstrap.sh web; then tools/web.sh build; else echo "the pages are not built or tested: there is no Node" >&2; fi
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release --parallel $(JOBS)
	@tools/run_tests.py build/release --parallel $(JOBS)

peers: build ## PySpark and other Delta readers read what Ingot writes; installs them (450 MB), outside the tree
	@tests/components/spark.sh install
	@for reader in deltalake spark; do tests/peers/lake_test.sh build/release/ingot $$reader; done

demo: build ## sample data into a local lake, with checks; shows the gold tables
	@tools/demo.sh

bench: build ## the benchmarks of bench/ on this machine; ARGS="gharchive --repeat 5" narrows it
	@cmake --build --preset release --parallel $(JOBS) --target orchestrator_bench
	@bench/run.sh $(ARGS)

lint: ## format, clang-tidy and the rules of tools/tidy; FILES="a.cpp b.cpp" narrows it
	@tools/bootstrap.sh lint
	@tools/lint.sh $(FILES)

dist: build ## build/dist/ingot-VERSION-linux-x86_64.tar.gz
	@tools/dist.sh

asan tsan: bootstrap ## every test under the address (and undefined behaviour) or the thread sanitizer
	@cmake --preset $@ --log-level=WARNING >/dev/null
	@cmake --build --preset $@ --parallel $(JOBS)
	@TSAN_OPTIONS=suppressions=$(CURDIR)/tests/thread_sanitizer.supp tools/run_tests.py build/$@ --parallel $(JOBS)

fuzz-smoke: ## every fuzz target for FUZZ_SECONDS (10)
	@tools/bootstrap.sh lint
	@tools/fuzz_smoke.sh

headers: bootstrap ## compiles every header on its own
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release --parallel $(JOBS) --target all_verify_interface_header_sets

clean: ## removes what was built, not what was downloaded
	@rm -rf build
