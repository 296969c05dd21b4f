#!/usr/bin/env bats
# What smfetch counts of networks: requests by status, retries, waits, quotas, streams (docs/metrics.md). SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load ../api/helper.bash
setup() { api_setup; mkdir m; }
teardown() { api_teardown; }
# value FILE NAME [LABELS]
value() { grep -E "^$2[{ ]" "$1" | grep -F -- "${3-}" | sed 's/.* //'; }

@test "requests by status, retries by cause, waits, bytes, quotas, streams: as the server saw them; all that is listed is given" {
	sim x --posts 300 --fault 503:at=2 --fault 429:at=3,retry-after=1
	fetch "$(quick x-recent)" query=cats --resume ck --on-error skip --metrics m >out
	id=$(jq -r '."$mark".stream' out | head -1)
	f=m/sm-$id-smfetch.prom; [ -e "$f" ]
	for s in 200 429 503; do
		[ "$(value $f sm_requests_total "source=\"x-recent\",api=\"x-recent\",status=\"$s\"")" = "$(jq -s "[.[] | select(.status == $s)] | length" "$J")" ]
	done
	[ "$(value $f sm_retries_total 'cause="server"')" = 1 ]; [ "$(value $f sm_retries_total 'cause="limit"')" = 1 ]
	[ "$(value $f sm_request_duration_seconds_count)" = "$(value $f sm_requests_total | awk '{ n += $1 } END { print n }')" ]
	awk -v s="$(value $f sm_wait_seconds_total 'reason="limit"')" 'BEGIN { exit !(s > 0.5) }'
	[ "$(value $f sm_records_out_total)" = 300 ]; [ "$(value $f sm_bytes_in_total)" -gt 100000 ]; [ "$(value $f sm_bytes_out_total)" = "$(wc -c <out)" ]
	[ "$(value $f sm_quota_remaining 'limit="x ')" -gt 0 ]; [ "$(value $f sm_quota_reset_timestamp_seconds | sed 's/\..*//')" -ge "$(date +%s)" ]
	date -u -d "@$(value $f sm_newest_event_timestamp_seconds)" +%FT%T >newest; grep -v '^{"$mark"' out | jq -r .created_at | sort | tail -1 | cut -c1-19 | diff newest -
	[ "$(value $f sm_jobs_running)" = 0 ]; [ "$(value $f sm_open_streams)" = 0 ]
	grep -q '^sm_run_status{tool="smfetch",name="'"$id"'",source="x-recent"} 0$' $f

	sim mastodon --posts 20
	smfetch "$(quick mastodon-stream)" --endpoint "$U" --metrics m --metrics-name live >live 2>line 3>&- & FETCH_PID=$!
	until_is 10 stat_is streams_open = 1; ctl 'grow?n=60' >grown
	until_is 20 eval '[ "$(wc -l <live)" = 60 ]'
	until_is 20 eval 'kill -USR1 $FETCH_PID; grep -q "\"sm_open_streams\":1[,}]" line'
	kill -TERM $FETCH_PID; wait $FETCH_PID; FETCH_PID=
	f=m/sm-live-smfetch.prom
	[ "$(value $f sm_records_out_total)" = 60 ]; [ "$(value $f sm_bytes_out_total)" = "$(wc -c <live)" ]; [ "$(value $f sm_open_streams)" = 0 ]
	[ "$(value $f sm_requests_total 'status="200"')" = 1 ]; [ "$(value $f sm_queue_bytes)" = 0 ]; [ "$(value $f sm_jobs_running)" = 1 ]

	echo '{bad' >bad; smfetch files bad --on-error skip --metrics m --metrics-name files >out 2>err || [ $? = 1 ]
	smfetch --generate=metrics | cut -f1 | sort >listed
	sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' m/* | sort -u | diff listed -
}

@test "a limit that is used up: status 75, told apart; no success" {
	sim x --posts 50 --limit recent=3/1h
	fetch "$(quick x-recent '.pace = "1000/s"')" query=cats page_size=10 --max-wait 1s --metrics m --metrics-name q >out 2>err || rc=$?
	[ "$rc" = 75 ]; [ "$(value m/sm-q-smfetch.prom sm_runs_total 'status="75"')" = 1 ]; [ -z "$(value m/sm-q-smfetch.prom sm_last_success_timestamp_seconds)" ]
}

@test "a stream on a terminal: the progress line between posts, and no post on it" {
	export TERM=xterm
	sim mastodon --posts 20
	(sleep 4; ctl grow?n=2) >/dev/null 3>&- &
	printf "%s\n" "timeout --foreground 8 smfetch mastodon-stream --endpoint $U" >cmd
	script -qefc 'bash ./cmd' /dev/null </dev/null >screen || true
	tr '\r' '\n' <screen | sed 's/^\x1b\[K//' >lines
	grep -q "^smfetch: 0 posts" lines; [ "$(grep -c '^{"id":' lines)" = 2 ]; [ "$(grep -o '{"id":"ap:[^"]*","network' lines | wc -l)" = 2 ]
}
