#!/usr/bin/env bats
# The definitions in share/sources: what their maps make of answers, what their other expressions say. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup_file() { python3 "$BATS_TEST_DIRNAME/sources_ask.py" "$BATS_TEST_DIRNAME/../../share/sources" dump "$BATS_FILE_TMPDIR/programs"; }
setup() {
	SRC="$BATS_TEST_DIRNAME/../../share/sources"
	FIX="$BATS_TEST_DIRNAME/../api/fixtures"
	SHARED="$BATS_TEST_DIRNAME/../../../shared/reference/sources"
	cd "$BATS_TEST_TMPDIR"
}

teardown() { [ ! -e questions ] || python3 "$BATS_TEST_DIRNAME/sources_ask.py" "$BATS_FILE_TMPDIR/programs" check questions; }

# map SOURCE [FILE]: records of an answer.
map() { local s=$1; shift; "$SM_BIN/smfetch" files --observed-at 2026-12-01 --as "$s" "$@"; }

# ask SOURCE MEMBER [h=JSON] [status=N] [v=JSON] [c=JSON] [link=JSON] <body: what the expression gives, compact.
ask() {
	local s=$1 m=$2 h='{}' status=200 v='{}' c='{}' link=null; shift 2
	for a in "$@"; do local "$a"; done
	command jq -c --argjson h "$h" --argjson status "$status" --argjson v "$v" --argjson c "$c" --argjson link "$link" --argjson now 1786000000 --argjson page 0 \
		"def plain: .; def striphtml: .; def some: if . == null or . == \"\" or . == [] or . == {} then null else . end;
		$(<"$BATS_FILE_TMPDIR/programs/$s/$m")"
}
# is WANTED SOURCE MEMBER … <body: the same, looked at when the test ends (sources_ask.py).
is() {
	local h='{}' status=200 v='{}' c='{}' link=null
	for a in "${@:4}"; do local "$a"; done
	printf '%s\0' "$1" "$2" "$3" "$h" "$status" "$v" "$c" "$link" "$(cat)" >>questions
}

# --- definitions ---

@test "every definition is sound, says who it is for, and what it asks for" {
	for f in "$SRC"/*.json; do
		n=$(basename "$f" .json)
		"$SM_BIN/smfetch" --check "$f"
		jq -e --arg n "$n" '.name == $n and (.summary | length > 10)' "$f"
		jq -e 'if .request then (.about | length > 1) else true end' "$f"
		jq -e '[ .vars // {} | to_entries[] | select(.value | type != "object" or (.help // "") == "") ] == []' "$f"
	done
}

@test "the manual has a section for everything that fetches" {
	for f in "$SRC"/*.json; do
		jq -e .request "$f" >/dev/null || continue
		grep -q "^## .*\b$(basename "$f" .json)\b" "$BATS_TEST_DIRNAME/../../docs/networks.md" || { echo "$f"; false; }
	done
}

# --- maps ---

@test "maps make of small answers just the records beside them" {
	for f in "$FIX"/*.json "$FIX"/*.ndjson; do
		case $f in *.want.ndjson) continue ;; esac
		n=$(basename "$f"); n=${n%%.*}
		map "$n" "$f" >out || { echo "$n"; false; }
		if [ -n "${SM_BLESS-}" ]; then cp out "$FIX/$n.want.ndjson"; fi
		diff -u "$FIX/$n.want.ndjson" out || { echo "$n"; false; }
	done
}

@test "an answer that holds an error alone is no empty page" {
	bad() { run map "$1" <<<"$2"; [ "$status" = 3 ] && [[ "$output" == *"$3"* ]] || { echo "$1: $status $output"; false; }; }
	bad x-recent '{"errors":[{"detail":"gone"}]}' gone
	bad x-stream '{"errors":[{"title":"Invalid","disconnect_type":"InvalidRules","detail":"rule 3"}]}' "rule 3"
	bad fb-page-feed '{"error":{"message":"(#4) too many","code":4}}' "too many"
	bad mastodon-tag '{"error":"This method requires an authenticated user"}' authenticated
	bad bsky-search '{"error":"ExpiredToken","message":"Token has expired"}' expired
	bad reddit-new '{"message":"Forbidden","error":403}' Forbidden
	bad yt-comments '{"error":{"code":403,"message":"quota"}}' quota
	bad rss '{"html":1}' "not a feed"
}

@test "what has no id is a bad record, never one with half an id" {
	bad() { run map "$1" <<<"$2"; [ "$status" = 3 ] || { echo "$1: $status $output"; false; }; }
	bad x-recent '{"data":[{"text":"t","created_at":"2026-08-11T09:00:03.000Z"}]}'
	bad fb-comments '{"data":[{"message":"m","created_time":"2026-08-20T10:20:00+0000"}]}'
	bad ig-media '{"data":[{"caption":"m","timestamp":"2026-08-20T10:20:00+0000"}]}'
	bad mastodon-tag '[{"id":"7","created_at":"2026-08-20T10:20:00Z","content":"","account":{}}]'
	bad bsky-search '{"posts":[{"record":{"createdAt":"2026-08-20T10:20:00Z"},"author":{}}]}'
	bad reddit-new '{"kind":"Listing","data":{"children":[{"kind":"t3","data":{"created_utc":1}}]}}'
	bad yt-comments '{"items":[{"snippet":{"publishedAt":"2026-08-20T10:20:00Z"}}]}'
	bad hn-items '{"time":1}'
	bad rss '{"items":[{"title":null}]}'
}

@test "a Hacker News item that is deleted and has no time is dated now; null is nothing" {
	echo '[{"id":8,"deleted":true},null]' >in
	[ "$(map hn-items in | jq -r '.op + .created_date')" = "delete$(date -u +%F)" ]
}

@test "with their variables maps name the thread, the server, the account" {
	V='{"post_id":"1234_987"}'
	got=$(ask fb-comments .map v="$V" <<<'{"id":"9","created_time":"x"}' | command jq -c '[.kind, .thread_id, .refs]')
	[ "$got" = '["comment","fb:1234_987",[{"type":"reply_to","id":"fb:1234_987"}]]' ]
	got=$(ask fb-comments .map v="$V" <<<'{"id":"9","parent":{"id":"8"}}' | command jq -c .refs); [ "$got" = '[{"type":"reply_to","id":"fb:8"}]' ]
	got=$(ask fb-page-feed .map v='{"page_id":"nasa"}' <<<'{"id":"1_9"}' | jq -c '[.kind, .group, .thread_id]'); [ "$got" = '["post","nasa","fb:1_9"]' ]
	got=$(ask ig-media .map v='{"ig_user":"1784"}' <<<'{"id":"1","username":"a"}' | jq -r .author.id); [ "$got" = ig:u:1784 ]
	got=$(ask ig-media .map v='{"ig_user":"me"}' <<<'{"id":"1","username":"a"}' | jq -r .author.id); [ "$got" = ig:u:a ]
	got=$(ask mastodon-stream .map v='{"host":"m.example"}' <<<'{"deleted":"113000000000000070"}' | jq -c '[.id, .native_id]')
	[ "$got" = '["mastodon:m.example/113000000000000070","113000000000000070"]' ]
	got=$(ask mastodon-tag .map v='{"host":"m.example"}' <<<'{"id":"1","uri":"u","in_reply_to_id":"5","account":{"url":"a"}}' | jq -r '.refs[0].id'); [ "$got" = mastodon:m.example/5 ]
	got=$(ask yt-comments .map v='{"video_id":"abc"}' <<<'{"id":"Ug","snippet":{"publishedAt":"2026-08-01T00:00:00Z"}}' | jq -r .thread_id); [ "$got" = yt:v:abc ]
	got=$(ask rss .map v='{"url":"https://f.example/x"}' c='{"updated":null}' <<<'{"id":"7"}' | jq -c '[.id, .created_at]'); [ "$got" = '["rss:https://f.example/x#7",1786000000]' ]
}

# --- what an answer means ---

@test "X: caps, old places, errors alone, rules" {
	o() { local want=$1; shift; is "$want" x-recent .outcome "$@"; }
	s() { local want=$1; shift; is "$want" x-stream .outcome "$@"; }
	o null <<<'{"data":[],"errors":[{"title":"Not Found Error"}],"meta":{"result_count":0}}'
	o null <<<'{"meta":{"result_count":0}}'
	o '"error:X: gone"' <<<'{"errors":[{"detail":"gone"}]}'
	o '"rate_limited"' status=429 h='{"x-rate-limit-remaining":"0"}' <<<'{}'
	o '"rate_limited"' status=429 <<<'null'
	o '"wait:2"' status=429 h='{"x-rate-limit-remaining":"17"}' <<<'{}'
	o '"quota"' status=429 h='{"x-rate-limit-remaining":"17"}' <<<'{"title":"UsageCapExceeded","type":"https://api.twitter.com/2/problems/usage-capped"}'
	o '"quota"' status=402 <<<'{"title":"CreditsDepleted"}'
	o '"cursor_expired"' status=400 <<<'{"errors":[{"parameters":{"since_id":["1"]},"message":"'"'"'since_id'"'"' must be a tweet id created after [TIMESTAMP]."}]}'
	o '"cursor_expired"' status=400 <<<'{"errors":[{"parameters":{"next_token":["x"]},"message":"Invalid"}]}'
	o '"error:X: bad query"' status=400 <<<'{"errors":[{"parameters":{"query":["("]},"message":"bad query"}],"title":"Invalid Request","detail":"bad query"}'
	o '"error:X: status 404"' status=404 <<<'null'
	for n in 401 408 500 503; do o null status=$n <<<'null'; done
	s null <<<null
	s '"wait:60"' status=429 h='{"x-rate-limit-remaining":"40"}' <<<'{"title":"ConnectionException","connection_issue":"TooManyConnections"}'
	s null status=429 <<<'{"title":"Too Many Requests"}'
	ask x-stream .outcome status=409 <<<'{"detail":"none"}' | grep -q "^\"error:the app has no rules.*--rule"
	s null status=201 <<<'{"data":[{"id":"1","value":"cats"}],"meta":{"summary":{"created":1,"not_created":0,"valid":1,"invalid":0}}}'
	s null <<<'{"errors":[{"title":"DuplicateRule","value":"cats","id":"1"}],"meta":{"summary":{"created":0,"not_created":1,"valid":0,"invalid":1}}}'
	ask x-stream .outcome status=201 <<<'{"errors":[{"title":"InvalidRule","value":"cats (","details":["no viable alternative"]}],"meta":{"summary":{"created":0,"not_created":1,"invalid":1}}}' | grep -q 'cats (: no viable'
	is '{"id":"1","value":"cats","tag":""}' x-stream .rules.list.values <<<'{"data":[{"id":"1","value":"cats"}]}'
	is '{"add":[{"value":"cats","tag":"c"},{"value":"dogs"}]}' x-stream .rules.add.request.body <<<'[{"value":"cats","tag":"c"},{"value":"dogs","tag":""}]'
	is '{"delete":{"ids":["1","2"]}}' x-stream .rules.remove.request.body <<<'[{"id":"1","value":"a"},{"id":"2"}]'
	is '{"limit":450,"remaining":449,"reset":1786000900}' x-recent .rate h='{"x-rate-limit-limit":"450, 450","x-rate-limit-remaining":"449","x-rate-limit-reset":"1786000900"}' <<<null
	is '{"limit":null,"remaining":17,"reset":null}' x-all .rate h='{"x-rate-limit-remaining":"17"}' <<<null
	is '{"limit":null,"remaining":null,"reset":null}' x-recent .rate <<<null
}

@test "Meta: codes, percent and minutes" {
	o() { local want=$1; shift; is "$want" fb-page-feed .outcome "$@"; }
	for c in 4 17 32 613 80001 80002; do o '"rate_limited"' status=400 <<<"{\"error\":{\"code\":$c,\"message\":\"too many\"}}"; done
	o '"auth"' status=400 <<<'{"error":{"code":190,"message":"expired"}}'
	o '"retry"' status=500 <<<'{"error":{"code":2,"message":"try again","is_transient":true}}'
	o '"shrink:page_size"' status=500 <<<'{"error":{"code":1,"message":"Please reduce the amount of data you'"'"'re asking for, then retry your request"}}'
	o '"error:Facebook: no field (code 100)"' status=400 <<<'{"error":{"code":100,"message":"no field"}}'
	o null status=502 <<<null
	o null <<<'{"data":[]}'
	is '"skip"' fb-comments .outcome status=400 v='{"post_id":"1"}' <<<'{"error":{"code":100,"error_subcode":33,"message":"Unsupported get request."}}'
	ask fb-page-feed .outcome status=400 v='{"page_id":"1"}' <<<'{"error":{"code":100,"error_subcode":33,"message":"Unsupported get request."}}' | grep -q '^"error:'
	A='{"x-app-usage":"{\"call_count\":28,\"total_time\":25,\"total_cputime\":25}","x-business-use-case-usage":"{\"1234\":[{\"type\":\"pages\",\"call_count\":82,\"total_cputime\":4,\"total_time\":7,\"estimated_time_to_regain_access\":0}]}"}'
	is '{"used_pct":82,"wait":null}' fb-page-feed .rate h="$A" <<<null
	B='{"x-business-use-case-usage":"{\"1\":[{\"call_count\":100,\"estimated_time_to_regain_access\":19},{\"call_count\":1}],\"2\":[]}"}'
	is '{"used_pct":100,"wait":1140}' ig-media .rate h="$B" <<<null
	is '{"used_pct":9,"wait":null}' fb-comments .rate h='{"x-app-usage":"{\"call_count\":3}, {\"call_count\":9}"}' <<<null
	is '{"used_pct":null,"wait":null}' fb-comments .rate <<<null
	is '{"used_pct":null,"wait":null}' fb-comments .rate h='{"x-app-usage":"oops"}' <<<null
	is '"https://graph.facebook.com/v26.0/1/feed?since=&__paging_token=x"' fb-page-feed .next.url <<<'{"data":[],"paging":{"next":"https://graph.facebook.com/v26.0/1/feed?since=&__paging_token=x"}}'
	is null fb-page-feed .next.url <<<'{"data":[],"paging":{"cursors":{"after":"z"}}}'
	is null fb-page-feed .next.url <<<'{"data":[]}'
}

@test "Mastodon: dates as resets, next pages, unknown tags" {
	is '{"limit":300,"remaining":299,"reset":1787400900}' mastodon-tag .rate h='{"x-ratelimit-limit":"300","x-ratelimit-remaining":"299","x-ratelimit-reset":"2026-08-22T12:15:00.123456Z"}' <<<null
	is '{"limit":null,"remaining":null,"reset":1786000900}' mastodon-tag .rate h='{"x-ratelimit-reset":"1786000900"}' <<<null
	is '{"limit":null,"remaining":null,"reset":null}' mastodon-stream .rate h='{"x-ratelimit-reset":"soon"}' <<<null
	L='"https://m.example/api/v1/timelines/tag/unix?limit=40&max_id=113000000000000050"'
	is '"113000000000000050"' mastodon-tag .next.token link="$L" <<<'[{"id":"113000000000000070"}]'
	is '"113000000000000050"' mastodon-tag .next.token link="$L" <<<'[]'
	is null mastodon-tag .next.token link='"https://m.example/api?min_id=7&xmax_id=3"' <<<'[]'
	is '"99"' mastodon-public .next.token <<<'[{"id":"113"},{"id":"99"},{"id":"112"}]'
	is null mastodon-tag .next.token <<<'[]'
	o() { local want=$1; shift; is "$want" mastodon-tag .outcome "$@"; }
	o null <<<'[]'
	o '"skip"' status=404 <<<'{"error":"Not Found: tag was not found, or not useable/listable on this instance"}'
	ask mastodon-tag .outcome status=404 <<<'{"error":"Not Found"}' | grep -q '^"error:'
	ask mastodon-public .outcome status=422 <<<'{"error":"This method requires an authenticated user"}' | grep -q 'requires a token'
	for n in 401 429 503; do o null status=$n <<<'{"error":"x"}'; done
	o null status=502 <<<null
	# A stream that is not there is left to the fall-back.
	for n in 400 404 405 406 501; do is null mastodon-stream .outcome status=$n <<<'{"error":"Not Found"}'; done
	ask mastodon-stream .outcome status=403 <<<'{"error":"x"}' | grep -q 'requires a token'
}

@test "Reddit: what is left, subreddits that are not there" {
	is '{"limit":600,"remaining":596,"reset":1786000431}' reddit-new .rate h='{"x-ratelimit-used":"4","x-ratelimit-remaining":"596.0","x-ratelimit-reset":"431"}' <<<null
	is '{"limit":null,"remaining":null,"reset":null}' reddit-new .rate <<<null
	o() { local want=$1; shift; is "$want" reddit-new .outcome v='{"sub":"nope"}' "$@"; }
	o null <<<'{"kind":"Listing","data":{"children":[],"after":null}}'
	o '"error:no subreddit '"'nope'"'"' <<<'{"kind":"Listing","data":{"children":[{"kind":"t5","data":{}}]}}'
	o '"error:Reddit: private, Forbidden"' status=403 <<<'{"reason":"private","message":"Forbidden","error":403}'
	o '"error:Reddit: status 451"' status=451 <<<null
	for n in 401 429 500 520 522; do o null status=$n <<<null; done
}

@test "YouTube: quota, what is missing, what passes" {
	o() { local want=$1 n=$2 r=$3 d=${4-youtube.x}; is "$want" yt-comments .outcome status="$n" <<<"{\"error\":{\"code\":$n,\"message\":\"m\",\"errors\":[{\"reason\":\"$r\",\"domain\":\"$d\"}]}}"; }
	o '"quota"' 403 quotaExceeded
	o '"rate_limited"' 403 rateLimitExceeded
	o '"skip"' 403 commentsDisabled
	o '"skip"' 404 videoNotFound
	o '"skip"' 403 forbidden youtube.commentThread
	o '"error:YouTube: m"' 403 forbidden global
	o '"retry"' 400 processingFailure
	o '"cursor_expired"' 400 invalidPageToken
	o '"error:YouTube: m"' 400 badRequest
	o null 500 unknown
	is null yt-comments .outcome <<<'{"items":[]}'
}

@test "Bluesky: tokens that have run out, how long a login lasts" {
	o() { local want=$1; shift; is "$want" bsky-search .outcome v='{"pds":"p.example"}' "$@"; }
	o '"auth"' status=400 <<<'{"error":"ExpiredToken","message":"Token has expired"}'
	o '"error:the PDS p.example does not support search: it has no app view"' status=400 <<<'{"error":"InvalidRequest","message":"No service configured for app.bsky.feed.searchPosts"}'
	ask bsky-search .outcome status=403 <<<null | grep -q '^"error:Bluesky refuses'
	for n in 401 429 500 502; do o null status=$n <<<'{"error":"x"}'; done
	ask bsky-repo .outcome status=400 v='{"pds":"p"}' <<<'{"error":"InvalidRequest","message":"Could not find repo: did:plc:a"}' | grep -q 'Could not find repo'
	jwt() { printf '%s.%s.%s' h "$(printf '%s' "$1" | base64 -w0 | tr '+/' '-_' | tr -d =)" s; }
	for claims in '{"iat":1786000000,"exp":1786007200}' '{"iat":1786000000,"exp":1786007200,"a":1}' '{"iat":1786000000,"exp":1786007200,"s":"ÿÿ>>??"}'; do
		is 7200 bsky-search .auth.login.lifetime <<<"{\"accessJwt\":\"$(jwt "$claims")\"}"
	done
	is 3600 bsky-search .auth.login.lifetime <<<'{"accessJwt":"opaque"}'
	is '"3mbxhgzxb5c22"' bsky-repo .cursor.value <<<'{"uri":"at://did:plc:a/app.bsky.feed.post/3mbxhgzxb5c22"}'
	is '"did/rev/app.bsky.feed.post/k/delete"' jetstream .dedup <<<'{"did":"did","time_us":1,"commit":{"rev":"rev","collection":"app.bsky.feed.post","rkey":"k","operation":"delete"}}'
}

@test "Hacker News: from the place, or so many before the newest" {
	[ "$(ask hn-items .list.values v='{"cursor":"45000000","backlog":"20"}' <<<45000003 | tr -d '\n')" = '"45000001""45000002""45000003"' ]
	[ "$(ask hn-items .list.values v='{"cursor":"","backlog":"2"}' <<<45000003 | tr -d '\n')" = '"45000002""45000003"' ]
	[ "$(ask hn-items .list.values v='{"backlog":"5"}' <<<2 | tr -d '\n')" = '"1""2"' ]
	[ -z "$(ask hn-items .list.values v='{"cursor":"45000003","backlog":"2"}' <<<45000003)" ]
	is '"later:30"' hn-items .outcome <<<null
	is null hn-items .outcome <<<'{"id":1}'
}

@test "http-json: where the objects are, and the next page" {
	r() { ask http-json .records v="$1" | tr -d '\n'; }
	[ "$(r '{"records":""}' <<<'[{"a":1},{"b":2}]')" = '{"a":1}{"b":2}' ]
	[ "$(r '{"records":""}' <<<'{"a":1}')" = '{"a":1}' ]
	[ "$(r '{"records":"data.0.items"}' <<<'{"data":[{"items":[{"a":1}]}]}')" = '{"a":1}' ]
	[ -z "$(r '{"records":"data.none?"}' <<<'{"data":{}}')" ]
	[ -z "$(r '{"records":"data.items"}' <<<'{"data":null}')" ]
	# On any page: what has no records is not the last page, but something else.
	local p x
	for p in 0 1; do
		for x in '{}' null 5 '{"message":"again"}' '{"status":"fail","data":{}}' '[{"id":3}]'; do
			run ask http-json .records v='{"records":"data.items"}' page=$p <<<"$x"
			[ "$status" != 0 ] || { echo "page $p: $x"; return 1; }
		done
	done
	n() { ask http-json .next.url v="{\"url\":\"https://e.example/api/x?q=1\",$1}" ${2:+link="$2"}; }
	[ "$(n '"next":"paging.next"' <<<'{"paging":{"next":"https://e.example/api/x?after=a&empty="}}')" = '"https://e.example/api/x?after=a&empty="' ]
	[ "$(n '"next":"next"' <<<'{"next":"/api/x?p=2"}')" = '"https://e.example/api/x?p=2"' ]
	[ "$(n '"next":"next"' <<<'{"next":"?p=2"}')" = '"https://e.example/api/x?p=2"' ]
	[ "$(n '"next":"next","next_param":"after"' <<<'{"next":"a b+"}')" = '"https://e.example/api/x?q=1&after=a%20b%2B"' ]
	[ "$(n '"next":"next","next_param":"q"' <<<'{"next":9007199254740991}')" = '"https://e.example/api/x?q=9007199254740991"' ]
	[ -z "$(n '"next":"next","next_param":"after"' <<<'{"next":null}')" ]
	[ -z "$(n '"next":"next"' <<<'{"next":""}')" ]
	[ -z "$(n '"next":"next"' <<<'[1]')" ]
	[ "$(n '"next":""' '"https://e.example/api/x?p=3"' <<<'[]')" = '"https://e.example/api/x?p=3"' ]
	[ -z "$(n '"next":""' <<<'[]')" ]
	is '"{\"b\":1,\"a\":2}"' http-json .dedup v='{"key":""}' <<<'{"b":1,"a":2}'
	is '"7"' http-json .dedup v='{"key":"meta.id"}' <<<'{"meta":{"id":7}}'
}

# --- answers of real servers, and others by hand, where they are ---

body() { sed '1,/^\r\{0,1\}$/d' "$1"; }
frames() { jq -r 'select(.op == "text").text' "$@"; }

@test "real answers of GoToSocial: pages, edits, a stream with deletions" {
	R=$SHARED/real/gotosocial
	[ -d "$R" ] || skip "no ../shared/reference/sources/real here"
	for f in tag-page1 tag-page2 tag-minid public edited; do
		body "$R/$f.http" >in
		map mastodon-tag in >out
		[ "$(wc -l <out)" = "$(jq 'if type == "array" then length else 1 end' in)" ]
		jq -s 'if (.[0] | type) == "array" then .[0] else . end' in >want
		jq -es --slurpfile w want '[ .[] | [ .native_id, .id, .text != null ] ] == [ $w[0][] | [ .id, "ap:" + .uri, true ] ]' out
	done
	map mastodon-tag <(body "$R/edited.http") | jq -e '.edited_at == "2026-11-23T06:41:18.498Z" and .tags == ["café", "all"] and .links == ["https://example.com/p/18"]'
	[ -z "$(body "$R/tag-end.http" | map mastodon-tag)" ]
	frames "$R/stream-public.frames.ndjson" >in
	map mastodon-stream-ws in >out
	for o in upsert delete; do
		[ "$(jq -r "select(.op == \"$o\").native_id" out | sort)" = "$(jq -r 'if .event == "delete" then "delete " + .payload elif .event == "update" or .event == "status.update" then "upsert " + (.payload | fromjson | .id) else empty end' in | sed -n "s/^$o //p" | sort)" ]
	done
	# Its ids hold the day.
	jq -es 'map(select(.op == "delete")) | length > 0 and all(.[]; .created_date == "2026-11-23")' out
}

@test "real answers of a PDS and of Jetstream" {
	R=$SHARED/real
	[ -d "$R/pds" ] || skip "no ../shared/reference/sources/real here"
	for f in listrecords-page1 listrecords-page2; do
		body "$R/pds/$f.http" >in; map bsky-repo in >out
		jq -es --slurpfile w in '[ .[].id ] == [ $w[0].records[].uri ] and [ .[].text ] == [ $w[0].records[].value.text ]' out
	done
	[ -z "$(body "$R/pds/listrecords-end.http" | map bsky-repo)" ]
	frames "$R"/jetstream/*.ndjson >in
	map jetstream in >out
	jq -c 'select(.commit.collection == "app.bsky.feed.post") | [ "at://" + .did + "/" + .commit.collection + "/" + .commit.rkey, .commit.operation, .commit.record.text ]' in >want
	jq -c '[ .id, (if .op == "delete" then "delete" elif .edited_at then "update" else "create" end), .text ]' out | diff - want
	jq -r '.time_us' <(jq -c 'select(.commit.collection == "app.bsky.feed.post")' in) >want
	python3 - out want <<-'P'
	import json, sys, calendar, time
	got = []
	for l in open(sys.argv[1]):
	    s = json.loads(l)["indexed_at"]; whole, _, part = s.rstrip("Z").partition(".")
	    got.append(calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000000 + int(part.ljust(6, "0") or 0))
	assert got == [int(l) for l in open(sys.argv[2])]
	P
}

@test "answers by hand: every page of them" {
	[ -d "$SHARED/fixtures" ] || skip "no ../shared/reference/sources/fixtures here"
	for f in bsky:bsky-search fb:fb-page-feed fbc:fb-comments ig:ig-media masto:mastodon-tag reddit:reddit-new x:x-recent yt:yt-comments; do
		s=${f#*:}; f=${f%:*}
		jq -c '.pages[] | select((.status // 200) == 200) | .body' "$SHARED/fixtures/$f.json" >in
		map "$s" in >out || { echo "$s"; false; }
		[ -s out ] || { echo "$s: nothing"; false; }
	done
	jq -c '.pages[] | select(.status == 429)' "$SHARED/fixtures/x429.json" | while read -r p; do
		ask x-recent .outcome status=429 h="$(jq -c .headers <<<"$p")" < <(jq -c .body <<<"$p")
	done | diff - <(printf '"rate_limited"\n"wait:2"\n')
	is '"rate_limited"' fb-page-feed .outcome status=400 < <(jq -c '.pages[2].body' "$SHARED/fixtures/fb.json")
	is '"quota"' yt-comments .outcome status=403 < <(jq -c '.pages[1].body' "$SHARED/fixtures/yt.json")
}
