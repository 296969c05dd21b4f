#!/bin/bash
# SPDX-License-Identifier: MIT
# ingest.sh SOURCE [ARGUMENT]… - a stream into its table, unattended: for systemd, cron and make.
# The arguments are smfetch's; the rest is said by the environment:
#
#   CK      the stream's checkpoint folder (ck)
#   TABLE   the table (landing)
#   BY      how a new table is partitioned (network,created_date)
#   SCHEMA  the schema of a new table (smpost); empty: inferred from the records
#
# SIGTERM and SIGINT end the source alone, wherever they are sent: it closes the stream with a mark, and what it has read is committed.
# docs/operations.md tells what the statuses mean.

ck=${CK:-ck} table=${TABLE:-landing} by=${BY-network,created_date} schema=${SCHEMA-smpost}

# What a shell ignores is ignored by what it starts; what it catches is not.
undisturbed() { trap '' TERM INT; exec "$@"; }
trap : TERM INT

smfetch "$@" --resume "$ck" | undisturbed smpartition ${schema:+--schema "$schema"} ${by:+--by "$by"} "$table" |
	undisturbed smcommit | undisturbed smcheckpoint save >/dev/null
each=("${PIPESTATUS[@]}") save=${each[3]}

# Asked to stop before it had begun: nothing was read, nothing is missing.
case ${each[0]}:$save in 130:[01] | 143:[01]) exit 0 ;; esac
# The status of smcheckpoint save counts. 1 and 4 say only that something came to an end before it: then it is that of the first that
# failed. 1 of another, with 0 of save, are records that were rejected.
case $save in 0 | 1 | 4) for s in "${each[@]}"; do case $s in [2-5]) exit "$s" ;; esac; done ;; esac
[ "$save" = 0 ] || exit "$save"
for s in "${each[@]}"; do [ "$s" = 0 ] || exit "$s"; done
