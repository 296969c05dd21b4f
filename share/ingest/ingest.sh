#!/bin/bash
# SPDX-License-Identifier: MIT
# ingest.sh SOURCE [ARGUMENT]… - a stream into its table, unattended: for systemd, cron and make.
# The arguments are smfetch's; the rest is said by the environment:
#
#   CK      the stream's checkpoint folder (ck)
#   TABLE   the table (landing)
#   BY      how a new table is partitioned (network,created_date)
#   SCHEMA  the schema of a new table (smpost); empty: inferred from the records
#   PING_URL  an address that is told when a run begins (PING_URL/start) and ends: PING_URL if nobody has to look, else
#             PING_URL/STATUS. For services that miss a host that has gone silent: healthchecks.io and others of its kind
#   PING_OK   the statuses after which nobody has to look (0 1 75)
#   PING_TIMEOUT  seconds that the address may take to answer (10)
#
# SIGTERM and SIGINT end the source alone, wherever they are sent: it closes the stream with a mark, and what it has read is committed.
# docs/operations.md tells what the statuses mean.

ck=${CK:-ck} table=${TABLE:-landing} by=${BY-network,created_date} schema=${SCHEMA-smpost}

ping=${PING_URL-} fine=${PING_OK-0 1 75} patience=${PING_TIMEOUT:-10}
unset PING_URL PING_OK PING_TIMEOUT

# What a shell ignores is ignored by what it starts; what it catches is not.
undisturbed() { trap '' TERM INT; exec "$@"; }
trap : TERM INT

# An address that does not answer costs some seconds, and no status. Its secret is not among the arguments that ps shows.
tell() { # [/WORD]
	local address=${ping%/}${1-}
	[ -z "$ping" ] || printf 'url = "%s"\n' "${address//[\"\\]/}" |
		undisturbed curl --config - --globoff --silent --show-error --fail --max-time "$patience" --output /dev/null 2>&1 | sed 's/^/ingest.sh: ping: /' >&2
	return 0
}
end() { # STATUS
	wait
	case " $fine " in *" $1 "*) tell ;; *) tell "/$1" ;; esac
	exit "$1"
}
[ -z "$ping" ] || tell /start &

smfetch "$@" --resume "$ck" | undisturbed smpartition ${schema:+--schema "$schema"} ${by:+--by "$by"} "$table" |
	undisturbed smcommit | undisturbed smcheckpoint save >/dev/null
each=("${PIPESTATUS[@]}") save=${each[3]}

# Asked to stop before it had begun: nothing was read, nothing is missing.
case ${each[0]}:$save in 130:[01] | 143:[01]) end 0 ;; esac
# The status of smcheckpoint save counts. 1 and 4 say only that something came to an end before it: then it is that of the first that
# failed. 1 of another, with 0 of save, are records that were rejected.
case $save in 0 | 1 | 4) for s in "${each[@]}"; do case $s in [2-5]) end "$s" ;; esac; done ;; esac
[ "$save" = 0 ] || end "$save"
for s in "${each[@]}"; do [ "$s" = 0 ] || end "$s"; done
end 0
