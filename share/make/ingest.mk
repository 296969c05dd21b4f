# SPDX-License-Identifier: MIT
# ingest.mk - `make -f ingest.mk -j4`: every jobs/NAME.ndjson is a stream of its own, all of them go into one table, side by side, and what is
# made from the table is made anew only when it has a new version. A stream that failed leaves the others alone (-k: and what depends on them).
#
#   make -f ingest.mk -j4 -k ingest       fetch what is new
#   make -f ingest.mk -j4 trends.txt      and what was trending

TABLE ?= landing
LIMITS ?= limits
INGEST ?= /usr/local/share/smtools/ingest/ingest.sh
# Status 75 is "try again": so often, with that pause. After that it is for the next make, and no failure.
TRIES ?= 3
PAUSE ?= 60
FOR ?= 30m

STREAMS := $(patsubst jobs/%.ndjson,ingest-%,$(wildcard jobs/*.ndjson))

.PHONY: all ingest $(STREAMS)
.DELETE_ON_ERROR:
all: trends.txt
ingest: $(STREAMS)

$(STREAMS): ingest-%: jobs/%.ndjson
	@mkdir -p ck; n=1; while :; do \
		s=0; CK=ck/$* TABLE=$(TABLE) $(INGEST) --jobs $< --share $(LIMITS) --for $(FOR) || s=$$?; \
		[ $$s = 75 ] && [ $$n -lt $(TRIES) ] || break; \
		n=$$((n + 1)); sleep $(PAUSE); \
	done; \
	[ $$s != 75 ] || echo '$*: later'; [ $$s = 0 ] || [ $$s = 75 ] || exit $$s

# The version of the table. The file changes only with it, so that what depends on it is left alone otherwise.
table.version: ingest
	@smtable history -n 1 $(TABLE) | smjq .version | cmp -s - $@ || smtable history -n 1 $(TABLE) | smjq .version >$@

trends.txt: table.version
	smreplay $(TABLE) | smtrend --by tags --window 1d --watermark 30d --top 10 --output table >$@
