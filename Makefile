# A thin front: CMake knows the build (CMakeLists.txt), tools/ has the scripts.
PREFIX ?= /usr/local
BENCH_MODELS ?= resnet18 resnet50 mobilenetv2_100 efficientnet_b0 vit_tiny_patch16_224
FUZZ_SECONDS ?= 10

bin := build/release/bin
tests = $(sort $(wildcard build/dev/bin/test_*))
tsan_tests = $(patsubst tests/%,build/tsan/bin/test_%,$(wildcard tests/base tests/data tests/net tests/trainer))
checks := tools/check-deps.sh tools/check-style.sh tools/test-contract.sh tools/test-web.sh tests/extending/check-extending.sh

.PHONY: build deps run test test-all bench fuzz install clean format help

build: deps ## build build/release/bin/fovea (the default)
	@tools/build.sh release fovea fovea-engine

deps: ## install missing Debian packages
	@tools/install-deps.sh

run: build ## serve the platform on http://localhost:8000 with a sample project that learns
	@tools/demo.sh

# Tests are found after the build, hence the second make.
test: deps ## run the tests with sanitizers, and the checks
	@tools/build.sh dev
	@$(MAKE) --no-print-directory run-tests

test-all: deps ## the same with the slow tests and the thread sanitizer
	@tools/build.sh dev
	@tools/build.sh tsan $(notdir $(tsan_tests))
	@$(MAKE) --no-print-directory run-tests ALL="--all $(tsan_tests)"

.PHONY: run-tests
run-tests:
	@tools/run-tests.sh $(ALL) $(tests) $(checks)

bench: build ## time training of some models (BENCH_MODELS) on this machine
	@for model in $(BENCH_MODELS); do \
	    $(bin)/fovea bench --model $$model --mode train --batch 16 --seconds 10 || exit 1; done

fuzz: ## fuzz the parsers for FUZZ_SECONDS each
	@tools/install-deps.sh extras
	@tools/fuzz.sh $(FUZZ_SECONDS)

install: build ## copy the programs to DESTDIR/PREFIX/bin
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(bin)/fovea $(bin)/fovea-engine $(DESTDIR)$(PREFIX)/bin

clean: ## remove all that was built
	rm -rf build

format: ## format the C code; tables stay as they are
	@tools/install-deps.sh extras
	find src tests -name '*.[ch]' -print0 | xargs -0 clang-format -i

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'
