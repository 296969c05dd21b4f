# smtrend: windows, counts against a slow oracle, order, edits and deletions, tables, state in the checkpoint.
# SPDX-License-Identifier: MIT

bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	T=${SM_BIN:?}/smtrend
	ROOT=$BATS_TEST_DIRNAME/../..
	cd "$BATS_TEST_TMPDIR" || return 1
}

# post MINUTE ID AUTHOR TAG...: a record of that minute.
post() {
	local m=$1 id=$2 a=$3; shift 3
	printf '{"id":"%s","op":"upsert","created_at":"2026-01-01T%02d:%02d:00Z","author":{"id":"%s"},"text":"x","tags":[%s]}\n' \
		"$id" $((m / 60)) $((m % 60)) "$a" "$(printf '"%s",' "$@" | sed 's/,$//')"
}
delete() { printf '{"id":"%s","op":"delete","created_at":"2026-01-01T%02d:%02d:00Z"}\n' "$2" $(($1 / 60)) $(($1 % 60)); }
short() { jq -r '[.window_start[11:16], .window_end[11:16], .kind, .rank, .key, .display, .count, .authors] | join(" ")'; }
eq() { diff <(printf '%s\n' "$@") out; }

# against_oracle WINDOW SLIDE DELAY MIN_AUTHORS MIN_SCORE
against_oracle() {
	zstd -dcq "$ROOT/share/sample/posts.ndjson.zst" >sample
	python3 "$BATS_TEST_DIRNAME/smtrend_oracle.py" sample "$@" >want
	"$T" -q --top 0 --window "${1}s" --slide "${2}s" --watermark "${3}s" --min-authors "$4" --min-score "$5" sample |
		jq -r '[.window_start,.window_end,.rank,.key,.count,.authors,.score,.expected] | join(" ")' >got
	[ "$(wc -l <want)" -gt 300 ]
	python3 - <<-'END'
	want, got = ([line.split() for line in open(f)] for f in ("want", "got"))
	assert len(want) == len(got), (len(want), len(got))
	for w, g in zip(want, got):
	    assert w[:6] == g[:6], (w, g)
	    assert all(abs(float(a) - float(b)) < 2e-6 for a, b in zip(w[6:], g[6:])), (w, g)
	END
}

@test "sliding windows over the sample equal the slow oracle's" { against_oracle 21600 3600 600 3 1.5; }
@test "tumbling windows as well" { against_oracle 21600 21600 0 1 0; }
@test "and with a long delay, short panes and much overlap" { against_oracle 3600 600 7200 2 1; }

@test "a row says window, kind, rank, key, commonest spelling, posts, authors, score, expected" {
	{ for i in 1 2 3 4 5 6; do post $i "p$i" "a$i" Cats; done; post 7 p7 a7 CATS; } | "$T" >out
	eq '{"window_start":"2026-01-01T00:00:00Z","window_end":"2026-01-01T01:00:00Z","kind":"tag","rank":1,"key":"cats","display":"Cats","count":7,"authors":7,"score":3.452242,"expected":1.0,"exact":true,"partial":true}'
}

@test "a window is printed when the watermark reaches its end, not before, and not by the clock" {
	{ post 10 p1 a1 x; post 69 p2 a2 y; } >in
	mkfifo p; "$T" --order count <p >out & pid=$!
	exec 9>p; cat in >&9; sleep 0.5
	[ ! -s out ]
	post 70 p3 a3 z >&9; sleep 0.5
	short <out >rows; diff rows <(echo "00:00 01:00 tag 1 x x 1 1")
	exec 9>&-; wait $pid
	[ "$(jq -c .partial out | xargs)" = "null true true" ]
}

@test "tags of one post count once, posts and authors apart" {
	{ post 1 p1 a1 x X x; post 2 p2 a1 x; post 3 p3 a2 x y; } | "$T" --order count | short >out
	eq "00:00 01:00 tag 1 x x 3 2" "00:00 01:00 tag 2 y y 1 1"
}

@test "an edit replaces, a deletion takes back, a record without an id just counts" {
	{ post 1 p1 a1 x; post 2 p2 a2 x; post 2 p2 a2 y; post 3 p3 a3 z; delete 4 p3; delete 4 p9
	  post 5 p5 a5 q | sed 's/"id":"p5",//'; post 5 p5 a5 q | sed 's/"id":"p5",//'; } | "$T" --order count | short >out
	eq "00:00 01:00 tag 1 q q 2 1" "00:00 01:00 tag 2 x x 1 1" "00:00 01:00 tag 3 y y 1 1"
}

@test "order: score, then authors, then key; count, authors, key" {
	{ post 1 p1 a1 b a; post 2 p2 a2 b a c; post 3 p3 a2 c; post 4 p4 a2 c; } >in
	"$T" --min-authors 1 --min-score 0 in | jq -r .key | xargs >out; eq "a b c"
	"$T" --order count in | jq -r .key | xargs >out; eq "c a b"
	"$T" --order count --top 1 in | jq -r .key >out; eq c
	"$T" --order count --min-support 3 in | jq -r .key >out; eq c
	"$T" --order count --min-authors 2 in | jq -r .key | xargs >out; eq "a b"
}

@test "late records are counted where a window is still open, and reported" {
	{ post 5 p1 a1 x; post 100 p2 a2 x; post 55 p3 a3 x; post 4 p4 a4 x; } >in
	run --separate-stderr "$T" --order count --window 1h --slide 10m --watermark 0s in
	[ "$status" = 0 ]
	[[ $stderr == "smtrend: 2 records were behind the watermark, 1 of them too late for any window" ]]
	[ "$(jq -s 'map(.count) | max' <<<"$output")" = 2 ]
	run --separate-stderr "$T" -q --order count --window 1h --slide 10m --watermark 0s in
	[ -z "$stderr" ]
}

@test "the records' own lists come first, then the text; --extract prefers the text" {
	printf '%s\n' '{"id":"1","created_at":"2026-01-01T00:00:00Z","text":"#a @b https://x.io/?utm_source=1 rt","tags":["#z"],"mentions":[{"id":"9","handle":"@H"}],"links":["HTTP://Y.io/#top"]}' \
		'{"id":"2","created_at":"2026-01-01T00:00:00Z","text":"#a @b https://x.io/?utm_source=1 The cat","tags":null}' >in
	"$T" -q --order count --by tags,mentions,links,words in | jq -r '.kind + ":" + .key' | xargs >out
	eq "tag:a tag:z mention:b mention:h link:http://y.io link:https://x.io word:cat"
	"$T" -q --order count --by tag,mention,link --extract in | jq -r '"\(.key) \(.count)"' | xargs >out
	eq "a 2 b 2 https://x.io 2"
}

@test "dialects: by the record's network, or as told" {
	printf '%s\n' '{"network":"mastodon","created_at":"2026-01-01T00:00:00Z","text":"@a@b.social"}' \
		'{"network":"bluesky","created_at":"2026-01-01T00:00:00Z","text":"@c.bsky.social"}' \
		'{"network":"x","created_at":"2026-01-01T00:00:00Z","text":"@d.bsky.social"}' >in
	"$T" -q --order count --by mentions in | jq -r .key | xargs >out; eq "a@b.social c.bsky.social d"
	"$T" -q --order count --by mentions --dialect twitter in | jq -r .key | xargs >out; eq "c d"
}

@test "event time is the earliest of the fields; --time names others" {
	printf '{"id":"1","created_at":"2030-01-01T00:00:00Z","observed_at":"2026-01-01T00:30:00+02:00","at":"2025-01-01 10:00:00","tags":["x"]}\n' >in
	"$T" -q --order count in | jq -r .window_start >out; eq 2025-12-31T22:00:00Z
	"$T" -q --order count --time at in | jq -r .window_start >out; eq 2025-01-01T10:00:00Z
}

@test "bad records: no time, a wrong time, a text that is not a string: named, and rejected on request" {
	{ post 1 p1 a1 x; echo '{"id":"2"}'; echo '{"id":"3","created_at":"yesterday"}'; echo '{"id":"4","created_at":5}'
	  echo '{"id":"5","created_at":"2026-01-01T00:00:00Z","text":5}'; post 2 p6 a6 x; } >in
	run -3 --separate-stderr "$T" in
	[[ $stderr == "smtrend: in:2: no time in created_at"* ]]
	run -1 --separate-stderr "$T" -q --on-error=reject=rej --order count in
	[ "$(jq .count <<<"$output")" = 2 ]
	[ "$(jq -r .line rej | xargs)" = "2 3 4 5" ]
	[ "$(jq -r .column rej | xargs)" = "null 24 24 54" ]
}

@test "--memory is a bound: status 3 and what to do" {
	python3 -c 'for i in range(30000): print("{\"id\":\"%d\",\"created_at\":\"2026-01-01T00:00:00Z\",\"tags\":[\"t%d\"]}" % (i, i))' >in
	run -3 "$T" --memory 2MiB in
	[[ $output == "smtrend: in:"*--memory* ]]
	run -0 "$T" -q --memory 64MiB in
}

@test "--table: aligned whatever the script, no control characters, bars" {
	{ post 1 p1 a1 日本語; post 2 p2 a2 日本語 cats 'a\u001b[31mx'; } | "$T" --order count --table >out
	[ "$(head -1 out)" = "2026-01-01 00:00:00 to 2026-01-01 01:00:00 UTC, 2 posts, not over yet" ]
	run ! grep -q "$(printf '\033')" out
	grep -q '█' out
	python3 - <<-'END'
	import unicodedata
	wide = lambda s: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s)
	rows = [l.rstrip("\n") for l in open("out", encoding="utf-8")][2:5]
	assert len({wide(r[:r.index("  " + r.rstrip("█▏▎▍▌▋▊▉").split()[-1])]) for r in rows}) == 1, rows
	END
}

@test "--last: only the last window, and a word for one in which nothing stands out" {
	{ post 1 p1 a1 x; post 70 p2 a2 y; } >in
	"$T" -q --order count --last in | jq -r .key >out; eq y
	"$T" -q --last --table in >out
	grep -q "nothing stands out" out
}

@test "marks pass after the rows that came before them" {
	{ echo '{"$mark":{"v":1,"seq":1}}'; post 1 p1 a1 x; post 90 p2 a2 y; echo '{"$mark":{"v":1,"seq":2,"end":"done"}}'; } |
		"$T" -q --order count | jq -r '.["$mark"].seq // .key' | xargs >out
	eq "1 x y 2"
	# in front of the closing mark, since a tool behind us ends there
	{ echo '{"$mark":{"v":1,"seq":1}}'; post 1 p1 a1 x; echo '{"$mark":{"v":1,"seq":2,"end":"done"}}'; } |
		"$T" -q --order count --last | jq -r '.["$mark"].seq // .key' | xargs >out
	eq "1 x 2"
}

@test "the open windows are kept in the checkpoint: a run cut in two gives the rows of one" {
	zstd -dcq "$ROOT/share/sample/posts.ndjson.zst" >sample
	"$T" -q --by tags,words --window 6h --slide 1h sample | grep -v partial >want
	mkdir -p ck; ck=$PWD/ck
	mark() {
		printf '{"seq":%d,"from":%d,"gen":1,"cursor":%d%s}\n' "$2" "$1" "$2" "${3-}" >>ck/journal
		printf '{"$mark":{"v":1,"stream":"s","from":%d,"seq":%d,"cursor":%d,"ck":"%s"%s}}\n' "$1" "$2" "$2" "$ck" "${3-}"
	}
	printf 'smtools checkpoint 1\n' >ck/FORMAT
	printf '{"v":1,"id":"s","stream":"s","generation":1,"created":"2026-01-01T00:00:00Z"}\n' >ck/id
	{ mark 0 1; head -2000 sample; mark 0 2; sed -n '2001,2100p' sample; } | "$T" -q --by tags,words --window 6h --slide 1h >one
	# killed behind mark 2: what came after it is read again
	[ -s ck/state/smtrend/2 ]
	{ mark 2 3; tail -n +2001 sample; mark 2 4 ',"end":"done"'; } | "$T" -q --by tags,words --window 6h --slide 1h >two
	{ sed '/"seq":2,/q' one | grep -v '^{"$mark"'; grep -v '^{"$mark"' two; } >got
	cmp want got
	# nothing partial at the end, and other options are refused
	run ! grep -q partial two
	mark 4 5 >in
	run -5 "$T" --window 5h in
	[[ $output == *"another window"* ]]
	printf 'x' >>ck/state/smtrend/4
	run -3 "$T" --by tags,words --window 6h --slide 1h in
	[[ $output == *damaged* ]]
}

@test "nothing is written into a checkpoint of another stream, and nothing where it is out of reach" {
	mkdir ck; ck=$PWD/ck
	printf 'smtools checkpoint 1\n' >ck/FORMAT
	printf '{"v":1,"id":"s","generation":3,"created":"2026-01-01T00:00:00Z"}\n' >ck/id
	printf '{"seq":7000,"from":0,"gen":2,"cursor":null,"end":"done"}\n' >ck/journal
	mark() { printf '{"$mark":{"v":1,"stream":"%s","from":0,"seq":7000,"ck":"%s","end":"done"}}\n' "$1" "$2"; }
	for stream in other ss s.x s.02; do
		{ post 1 p1 a1 x; mark "$stream" "$ck"; } >in
		run -3 --separate-stderr "$T" -q --on-error=skip in
		[[ $stderr == "smtrend: in:2:"*"is the checkpoint of stream s, not of $stream"* ]]
		[ ! -e ck/state ]
	done
	{ post 1 p1 a1 x; mark s "$PWD/gone"; } >in
	run -0 --separate-stderr "$T" --order count in
	[[ $stderr == *"cannot access checkpoint "*gone* ]]; [[ $output == *'"key":"x"'*'"seq":7000'* ]]; [ ! -e gone ]
	{ post 1 p1 a1 x; mark s "$PWD"; } >in
	run -3 "$T" -q in; [ ! -e state ]
	{ post 1 p1 a1 x; mark s.2 "$ck"; } >in
	run -0 "$T" -q in; [ -s ck/state/smtrend/7000 ]
}

@test "the same input gives the same bytes, from a file, a pipe, or compressed" {
	zstd -dcq "$ROOT/share/sample/posts.ndjson.zst" >sample
	"$T" -q --by tags,words sample >one
	"$T" -q --by tags,words <sample >two
	"$T" -q --by tags,words "$ROOT/share/sample/posts.ndjson.zst" >three
	cmp one two; cmp one three
	[ -s one ]
}

@test "errors of reading and writing: missing file, folder, bad line, full device, closed output, SIGPIPE" {
	post 1 p1 a1 x >good
	run -4 "$T" nope; [[ $output == "smtrend: nope"* ]]
	run -4 "$T" .
	{ cat good; echo '{bad'; } >bad
	run -3 "$T" bad; [[ $output == "smtrend: bad:2:"* ]]
	rc=0; "$T" --order count -q good >/dev/full 2>err || rc=$?; [ $rc = 4 ]; [ -s err ]
	rc=0; "$T" --order count -q good >&- 2>err || rc=$?; [ $rc = 4 ]
	for i in $(seq 1 1000); do post 1 "p$i" a1 "t$i"; done >many
	for i in 1 2 3 4 5 6 7; do sed "s/2026-01-01/2026-01-0$i/" many; done >big
	(set +o pipefail; "$T" -q --order count --top 0 big 2>err | head -1 >/dev/null; echo "${PIPESTATUS[0]}" >st)
	[ "$(cat st)" = 141 ]; [ ! -s err ]
	run -0 "$T" </dev/null; [ -z "$output" ]
	printf '\r\n%s\r' "$(cat good)" | "$T" -q --order count | jq -r .key >out; eq x
}

@test "usage errors" {
	run -2 "$T" --by hashtags </dev/null
	run -2 "$T" --by '' </dev/null
	run -2 "$T" --window 1h --slide 7m </dev/null
	run -2 "$T" --window 0s </dev/null
	run -2 "$T" --window 10m --slide 1h </dev/null
	run -2 "$T" --time '' </dev/null
	run -2 "$T" --time a,,b </dev/null
	run -2 "$T" --half-life 0s </dev/null
	run -2 "$T" --order best </dev/null
}
