# smtools. `make demo` shows the whole pipeline, `make check` runs the tests; `make help` lists the rest.
# SPDX-License-Identifier: MIT
VERSION := 0.1.0
CC ?= gcc
CXX ?= g++
AR ?= ar
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
PREFIX ?= /usr/local
BUILD ?= build
WERROR ?=
PYTHON ?= python3

PKGS := libcurl zlib libarchive simdjson libzstd snappy liblz4 libutf8proc
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wno-missing-field-initializers $(WERROR)
WARNXX := -Wall -Wextra $(WERROR)
SM_CPPFLAGS := -D_GNU_SOURCE -DSM_VERSION='"$(VERSION)"' -DSM_DATADIR='"$(PREFIX)/share/smtools"' -Ilib
LIBS = $(shell pkg-config --libs $(PKGS)) -ljq -lstdc++ -lm -lpthread

CMDS := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
LIB_C := $(wildcard lib/*/*.c)
LIB_CC := $(wildcard lib/*/*.cc)
LIB_O := $(LIB_C:%.c=$(BUILD)/%.o) $(LIB_CC:%.cc=$(BUILD)/%.o)
TOOLS := $(CMDS:%=$(BUILD)/bin/%)
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all help deps demo check check-unit check-cli check-interop check-model bench lint format sanitize fuzz man \
	install uninstall dist clean bless
.DELETE_ON_ERROR:
.PRECIOUS: $(BUILD)/%.o

all: $(TOOLS)

help:
	@sed -n 's/^#: //p' Makefile | column -t -s '|'

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -std=c17 $(SM_CPPFLAGS) $(CPPFLAGS) $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) -std=c++17 $(SM_CPPFLAGS) $(CPPFLAGS) $(WARNXX) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libsm.a: $(LIB_O)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/libsm.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libsm.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

-include $(LIB_O:.o=.d) $(CMDS:%=$(BUILD)/cmd/%.d) $(UNITS:$(BUILD)/unit/%=$(BUILD)/tests/unit/%.d)

check-unit: $(UNITS)
	tests/run unit $(UNITS)

check-cli: all
	SM_BIN=$(abspath $(BUILD)/bin) tests/run cli tests/cli/*.bats

clean:
	rm -rf $(BUILD)
