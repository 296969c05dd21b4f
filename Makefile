# smtools. `make demo` shows the whole pipeline, `make check` runs the tests; `make help` lists the rest.
# SPDX-License-Identifier: MIT
VERSION := 0.1.0
# make has a CC and a CXX of its own.
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
PREFIX ?= /usr/local
BUILD ?= build
WERROR ?=
PYTHON ?= python3
JOBS := $(shell nproc 2>/dev/null || echo 2)

# All processors, unless -j says otherwise: on the command line it wins by itself, in the environment it is seen here.
ifeq ($(MAKELEVEL)$(filter -j% --jobs%,$(MAKEFLAGS) $(shell echo "$$MAKEFLAGS")),0)
MAKEFLAGS += -j$(JOBS)
endif

# What is printed while it builds: a line a file; the whole command with V=1.
ifeq ($(V),1)
say =
Q :=
else
say = @echo '$(1) $(2)'
Q := @
endif

PKGS := libcurl nettle zlib libarchive simdjson libzstd snappy liblz4 libbrotlidec liblzma libutf8proc libxml-2.0 libxxhash
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wno-missing-field-initializers $(WERROR)
WARNXX := -Wall -Wextra $(WERROR)
SM_CPPFLAGS := -D_GNU_SOURCE -DSM_VERSION='"$(VERSION)"' -DSM_DATADIR='"$(PREFIX)/share/smtools"' -Ilib \
	$(shell pkg-config --cflags libxml-2.0 2>/dev/null)
# The date of the manual: the release's in CHANGELOG.md, else that of the last commit, or of the archive's files.
SM_DATE = $(shell if [ -n "$$SOURCE_DATE_EPOCH" ]; then date -u -d "@$$SOURCE_DATE_EPOCH" +%F; else \
	d=$$(sed -n 's/^\#\# $(VERSION) - \([0-9-]*\)$$/\1/p' CHANGELOG.md); [ -n "$$d" ] || d=$$(git log -1 --format=%cs 2>/dev/null); \
	echo "$${d:-$$(date -u -r CHANGELOG.md +%F)}"; fi)
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lbz2 -lwslay -ljq -lstdc++ -lm -lpthread

# Hardening, in front of the user's flags, which win. FORTIFY needs an optimiser, and sanitizers bring their own checks.
has = $(shell $(CC) $(1) -Werror -x c -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
HARDEN := -fstack-protector-strong $(call has,-fcf-protection) $(call has,-mbranch-protection=standard)
HARDEN_LD := -Wl,-z,relro,-z,now
ifeq ($(findstring -fsanitize,$(CFLAGS))$(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(filter -O0,$(CFLAGS)),)
ifneq ($(filter -O%,$(CFLAGS)),)
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
endif
ifeq ($(filter -static% -no-pie,$(LDFLAGS) $(CFLAGS)),)
HARDEN += -fPIE
HARDEN_LD += -pie
endif

CMDS := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
LIB_C := $(wildcard lib/*/*.c)
LIB_CC := $(wildcard lib/*/*.cc)
LIB_O := $(LIB_C:%.c=$(BUILD)/%.o) $(LIB_CC:%.cc=$(BUILD)/%.o)
TOOLS := $(CMDS:%=$(BUILD)/bin/%)
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all help toolchain deps deps-test demo sample check check-bare check-unit check-cli check-conformance check-interop \
	check-model check-crash check-long soak bench bench-rate bench-smoke lint format sanitize valgrind fuzz man completions metrics-doc \
	install uninstall dist clean print-libs
.DELETE_ON_ERROR:
.PRECIOUS: $(BUILD)/%.o

all: $(TOOLS)

#: make|builds the tools into build/bin
#: make demo|installs what is missing, builds, and shows the whole pipeline on posts that ship with the project
#: make check|installs what is missing, builds, and runs the tests
#: make check-bare|both in a minimal Debian tree made for it (needs root and debootstrap)
#: make check-interop|Spark, delta-rs, DuckDB and pyarrow read our tables, and we theirs, Prometheus our metrics (needs PyPI, Maven and Debian)
#: make check-model|the protocol of marks, checked by spin
#: make check-crash|the pipeline killed at random moments (SM_CRASH_ROUNDS=40)
#: make check-long|what takes minutes: waits that APIs ask for
#: make soak|20,000 posts a second through the whole pipeline for SM_SOAK_SECONDS=600, with a spike
#: make bench|throughput against DuckDB in the same run (needs PyPI), then bench-rate
#: make bench-rate|smrate against pv, and fair shares under overload
#: make sanitize|the tests under ASan and UBSan
#: make valgrind|the unit tests under valgrind
#: make fuzz|a minute of every fuzz target (FUZZ_SECONDS=60)
#: make lint|layers, bounds, clones, unused names, warnings of gcc and clang, cppcheck
#: make man|man pages into build/man
#: make completions|completions for bash, zsh and fish into completions/
#: make metrics-doc|the table in docs/metrics.md
#: make sample|makes share/sample anew
#: make install|into PREFIX=/usr/local, below DESTDIR
#: make dist|a source archive
help:
	@awk -F'|' 'sub(/^#: /, "") { printf "%-20s %s\n", $$1, $$2 }' Makefile

# --- packages ---

DEPS := gcc g++ make pkg-config libcurl4-openssl-dev libjq-dev zlib1g-dev libarchive-dev libsimdjson-dev libzstd-dev \
	libsnappy-dev liblz4-dev libbrotli-dev liblzma-dev libbz2-dev libutf8proc-dev libwslay-dev nettle-dev libxml2-dev libxxhash-dev
DEPS_TEST := bats bzip2 curl gojq jq groff-base man-db bsdextrautils bsdutils openssl procps python3 xz-utils zstd perl
DEPS_LINT := clang cppcheck universal-ctags binutils similarity-tester
DEPS_FUZZ := clang libclang-rt-14-dev
DEPS_INTEROP := python3-venv default-jdk-headless maven

deps:
	@.ci/deps $(DEPS)

deps-test:
	@.ci/deps $(DEPS) $(DEPS_TEST)

# --- build ---

# A machine without a compiler or the libraries is told what to do, once, in place of a hundred errors.
toolchain:
	@for c in $(firstword $(CC)) $(firstword $(CXX)) pkg-config; do \
		command -v $$c >/dev/null || { lacks="there is no $$c here"; break; }; done; \
	[ -n "$$lacks" ] || lacks=$$(pkg-config --print-errors --short-errors --exists $(PKGS) 2>&1 | head -1); \
	[ -n "$$lacks" ] || printf '#include <%s>\n' jq.h wslay/wslay.h | $(CC) $(CPPFLAGS) $(CFLAGS) -E -o /dev/null -x c - 2>/dev/null || \
		lacks='the headers of libjq or wslay are missing'; \
	[ -z "$$lacks" ] || { printf '%s\n' "smtools cannot be built yet: $$lacks." '    make deps    installs what is missing (Debian packages), or prints the line to run' \
		'    make demo    does that, builds, and shows the whole pipeline' >&2; exit 1; }

$(BUILD)/%.o: %.c | toolchain
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=c17 $(SM_CPPFLAGS) $(OWN) $(CPPFLAGS) $(WARN) $(HARDEN) $(CFLAGS) -MMD -MP -c -o $@ $<

# The hashes of the definitions that ship (lib/source/def_shipped.c).
$(BUILD)/gen/source/shipped.inc: $(wildcard share/sources/*.json)
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)sha256sum $^ | sed 's/ .*/",/; s/^/"/' >$@
$(BUILD)/lib/source/def_shipped.o: $(BUILD)/gen/source/shipped.inc
$(BUILD)/lib/source/def_shipped.o: OWN = -I$(BUILD)/gen

$(BUILD)/lib/cli/optgen.o: OWN = -DSM_DATE='"$(SM_DATE)"'

$(BUILD)/%.o: %.cc | toolchain
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) -std=c++17 $(SM_CPPFLAGS) $(CPPFLAGS) $(WARNXX) $(HARDEN) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libsm.a: $(LIB_O)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

LINK = $(CC) $(HARDEN) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/libsm.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libsm.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK)

# Parquet files from and to NDJSON, for tests/interop.
$(BUILD)/tests/pqdump: $(BUILD)/tests/interop/pqdump.o $(BUILD)/libsm.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK)

-include $(LIB_O:.o=.d) $(CMDS:%=$(BUILD)/cmd/%.d) $(UNITS:$(BUILD)/unit/%=$(BUILD)/tests/unit/%.d)

# --- tests ---

# The sub-make reads pkg-config anew, after the packages are there.
check: deps-test
	@$(MAKE) --no-print-directory all units
	@$(MAKE) --no-print-directory check-run

# What measures rates mostly waits, and begins first.
TIMED := tests/cli/smrate.bats tests/cli/smrate_stream.bats
# The longest first, so that none is left over at the end.
LONGEST := $(patsubst %,tests/cli/%.bats,operations progress api_jobs api_streams api_faults api_x smfetch_net examples smfetch_map) tests/conformance.bats
CLI := $(LONGEST) $(filter-out $(TIMED) $(LONGEST),$(wildcard tests/cli/*.bats))
CRASH := tests/crash/crash.sh tests/crash/spill.sh tests/crash/fetch.sh

.PHONY: units check-run
units: $(UNITS)

check-run:
	@closing=$$SM_TALLY; tally=$${SM_TALLY:-$$(mktemp)}; bad=0; export SM_TALLY=$$tally SM_BIN=$(abspath $(BUILD)/bin) SM_BUILD=$(abspath $(BUILD)); \
	SM_TEST_JOBS=$(JOBS) tests/run unit $(UNITS) || bad=1; \
	SM_TEST_JOBS=$$((2 * $(JOBS) + 1)) SM_CRASH_ROUNDS=$${SM_CRASH_ROUNDS:-2} tests/run cli $(TIMED) $(CLI) $(CRASH) tests/lint/layers || bad=1; \
	[ -n "$$closing" ] || .ci/tally $$tally || bad=1; exit $$bad

# The two commands of README on a machine that has nothing, as a newcomer types them.
check-bare:
	@[ "$$(id -u)" != 0 ] || .ci/deps debootstrap || true
	tests/run bare tests/bare/run

check-unit: $(UNITS)
	tests/run unit $(UNITS)

check-cli: all
	SM_BIN=$(abspath $(BUILD)/bin) tests/run cli tests/cli/*.bats

check-conformance: all
	SM_BIN=$(abspath $(BUILD)/bin) tests/run conformance tests/conformance.bats

# kill -9 at random moments; `make check` does two rounds of each kind.
SM_CRASH_ROUNDS ?= 40
check-crash: deps-test
	@$(MAKE) --no-print-directory all
	SM_CRASH_ROUNDS=$(SM_CRASH_ROUNDS) SM_BIN=$(abspath $(BUILD)/bin) SM_TEST_JOBS=2 tests/run crash $(CRASH)

# What takes minutes: waits that an API asks for.
check-long: deps-test
	@$(MAKE) --no-print-directory all
	SM_LONG=1 SM_TEST_JOBS=3 SM_BIN=$(abspath $(BUILD)/bin) SM_BUILD=$(abspath $(BUILD)) tests/run long \
		$(patsubst %,tests/cli/api_%.bats,streams faults x jobs facebook reddit)

# 20,000 posts a second through the whole pipeline, with a spike.
SM_SOAK_SECONDS ?= 600
soak: deps-test
	@$(MAKE) --no-print-directory all
	SM_SOAK_SECONDS=$(SM_SOAK_SECONDS) SM_BIN=$(abspath $(BUILD)/bin) tests/run soak tests/soak/soak.sh

check-model:
	@.ci/deps gcc spin
	tests/run model tests/model/run

ASAN := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
sanitize: deps-test
	@$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='-O1 -g $(ASAN)' CXXFLAGS='-O1 -g $(ASAN)' LDFLAGS='$(ASAN)' all units
	bad=0; export SM_BIN=$(abspath build-asan/bin) SM_BUILD=$(abspath build-asan) SM_SANITIZE=1 UBSAN_OPTIONS=print_stacktrace=1 \
	LSAN_OPTIONS=suppressions=$(abspath tests/lsan.supp):print_suppressions=0; \
	export SM_TEST_JOBS=3; tests/run asan-unit $(UNITS:$(BUILD)/%=build-asan/%) || bad=1; \
	tests/run asan-cli $(CLI) $(TIMED) || bad=1; exit $$bad

valgrind: deps-test
	@.ci/deps valgrind
	@$(MAKE) --no-print-directory units
	SM_UNITS="$(UNITS)" tests/run valgrind tests/valgrind

# --- quality ---

lint: deps-test
	@.ci/deps $(DEPS_LINT)
	@$(MAKE) --no-print-directory all
	tests/run lint tests/lint/layers tests/lint/rules tests/lint/clones tests/lint/build tests/lint/warnings

format:
	clang-format -i $(LIB_C) $(wildcard lib/*/*.h) $(wildcard cmd/*.c)

FUZZ_SECONDS ?= 60
fuzz:
	@.ci/deps $(DEPS) $(DEPS_FUZZ)
	FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run fuzz tests/fuzz/run

# --- measurements ---

# The environment of the other engines, for tests and measurements alone; tests/interop/requirements.txt pins it.
$(BUILD)/venv/.done: tests/interop/requirements.txt
	@.ci/deps python3-venv
	$(PYTHON) -m venv $(BUILD)/venv
	@if $(BUILD)/venv/bin/pip install -q --disable-pip-version-check -r $<; then touch $@; else \
		grep -v '^#' $< | while read -r p; do $(BUILD)/venv/bin/pip install -q --disable-pip-version-check "$$p" || \
		echo "not installed: $$p"; done; fi

# Delta Lake for Spark. Without it Spark is skipped, aloud.
$(BUILD)/jars/.done: tests/interop/pom.xml
	@mkdir -p $(BUILD)/jars
	@mvn -q -B -f $< dependency:copy-dependencies -DincludeScope=runtime -DexcludeGroupIds=org.apache.spark,org.scala-lang \
		-DoutputDirectory=$(abspath $(BUILD)/jars) && touch $@ || echo 'the jars of delta-spark cannot be fetched'

# Debian's Prometheus, unpacked and not installed: no service starts. Without it its checks are skipped, aloud.
$(BUILD)/prometheus/.done:
	@mkdir -p $(@D)
	@cd $(@D) && { apt-get download -q prometheus prometheus-node-exporter || { apt-get update -q; apt-get download -q prometheus prometheus-node-exporter; }; } >log 2>&1 && \
		for f in *.deb; do dpkg -x "$$f" . || exit 1; done && rm -f *.deb && touch .done || echo 'the packages of Prometheus cannot be fetched'

check-interop: deps
	-@.ci/deps $(DEPS_INTEROP)
	@$(MAKE) --no-print-directory all $(BUILD)/tests/pqdump
	-@$(MAKE) --no-print-directory $(BUILD)/venv/.done $(BUILD)/jars/.done $(BUILD)/prometheus/.done
	SM_BIN=$(abspath $(BUILD)/bin) SM_BUILD=$(abspath $(BUILD)) tests/run interop $(wildcard tests/interop/check-*)

BENCH_ARGS ?=
BENCH_MAP_ARGS ?=
bench: deps
	@$(MAKE) --no-print-directory all $(BUILD)/venv/.done
	SM_BIN=$(abspath $(BUILD)/bin) $(PYTHON) tests/bench/map.py $(BENCH_MAP_ARGS)
	SM_BIN=$(abspath $(BUILD)/bin) $(BUILD)/venv/bin/python tests/bench/run.py $(BENCH_ARGS)
	@$(MAKE) --no-print-directory bench-rate

# smrate against pv, where the two overlap, and what fair shares are worth.
RATE_ARGS ?=
bench-rate: all
	@.ci/deps pv
	SM_BIN=$(abspath $(BUILD)/bin) $(PYTHON) tests/bench/rate.py $(RATE_ARGS)

bench-smoke: deps
	-@.ci/deps pv
	@$(MAKE) --no-print-directory all
	-@$(MAKE) --no-print-directory $(BUILD)/venv/.done
	SM_BIN=$(abspath $(BUILD)/bin) tests/run bench tests/bench/smoke

# --- demo ---

demo: deps
	@$(MAKE) --no-print-directory all
	@SM_BIN=$(abspath $(BUILD)/bin) bash share/demo/demo.sh demo

# --- sample ---

# The posts that ship with the project. The same bytes on every machine (zstd 1.5.4); a test compares them unpacked.
SAMPLE := share/sample/posts.ndjson.zst
sample: $(BUILD)/bin/smgen
	@.ci/deps zstd
	$(BUILD)/bin/smgen -n 5000 | zstd -q -19 --single-thread -f -o $(SAMPLE)

print-libs:
	@echo $(LIBS)

# --- documents and installation ---

MANS := $(CMDS:%=$(BUILD)/man/%.1)
man: $(MANS) $(BUILD)/man/smtools.7

$(BUILD)/man/smtools.7: docs/smtools.7.in
	@mkdir -p $(@D)
	sed 's/@DATE@/$(SM_DATE)/; s/@VERSION@/$(VERSION)/' $< >$@

$(BUILD)/man/%.1: $(BUILD)/bin/%
	@mkdir -p $(@D)
	$< --generate=man >$@

completions: all
	@mkdir -p completions/bash completions/zsh completions/fish
	for t in $(CMDS); do \
		$(BUILD)/bin/$$t --generate=bash >completions/bash/$$t && \
		$(BUILD)/bin/$$t --generate=zsh >completions/zsh/_$$t && \
		$(BUILD)/bin/$$t --generate=fish >completions/fish/$$t.fish || exit 1; done

metrics-doc: all
	docs/metrics.sh $(BUILD)/bin docs/metrics.md >$(BUILD)/metrics.md
	cp $(BUILD)/metrics.md docs/metrics.md

# Files that name the folder of share/.
OPERATIONS := systemd/smfetch@.service systemd/smfetch-stream@.service cron/smfetch.cron make/ingest.mk

install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/smtools
	install -m 755 $(TOOLS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(MANS) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(BUILD)/man/smtools.7 $(DESTDIR)$(PREFIX)/share/man/man7
	cp -R share/. $(DESTDIR)$(PREFIX)/share/smtools
	sed -i 's|/usr/local/|$(PREFIX)/|g' $(addprefix $(DESTDIR)$(PREFIX)/share/smtools/,$(OPERATIONS))
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 644 completions/bash/* $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 completions/zsh/* $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 644 completions/fish/* $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

uninstall:
	for t in $(CMDS); do rm -f $(DESTDIR)$(PREFIX)/bin/$$t $(DESTDIR)$(PREFIX)/share/man/man1/$$t.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$t $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$t \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$t.fish; done
	rm -rf $(DESTDIR)$(PREFIX)/share/smtools $(DESTDIR)$(PREFIX)/share/man/man7/smtools.7

# The same bytes for the same commit: neither the time, nor the folder, nor a git configuration is in it.
dist:
	git -c tar.umask=0022 archive --format=tar --prefix=smtools-$(VERSION)/ HEAD | gzip -n -9 >smtools-$(VERSION).tar.gz

clean:
	rm -rf $(BUILD) build-asan build-fuzz
