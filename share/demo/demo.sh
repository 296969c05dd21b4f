#!/bin/bash
# SPDX-License-Identifier: MIT
# demo.sh [FOLDER] - the whole pipeline on the posts of share/sample, step by step, with the lines that do it: a kill in the middle, a rate
# limit and a replay among them. What comes out is checked: a wrong count or status ends the demo with 1.
# Leaves its table in FOLDER (demo), which is made anew each time. SM_BIN is the folder of the tools.
# DEMO_RATES: how many posts a second the line gets that is killed; the next one when it was done before it could be killed.
set -euo pipefail
LC_ALL=C; export LC_ALL
folder=${1:-demo}
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${SM_BIN:-$here/../../build/bin}" && pwd)
PATH=$bin:$PATH; export PATH
sample=$here/../sample/posts.ndjson.zst

if [ -e "$folder" ] && [ ! -e "$folder/.made-by-demo" ]; then
	echo "demo.sh: $folder is there, and no earlier run made it: move it away, or name another folder" >&2
	exit 1
fi
rm -rf "$folder"
mkdir -p "$folder/inbox"
: >"$folder/.made-by-demo"
sample=$(cd "$(dirname "$sample")" && pwd)/posts.ndjson.zst
cd "$folder"
ln -s "$sample" sample.ndjson.zst

bold= dim= green= plain=
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
	esc=$(printf '\033')
	bold=$esc[1m dim=$esc[2m green=$esc[32m plain=$esc[0m
fi
n=0
step() {
	n=$((n + 1))
	printf '\n%s%d. %s%s\n' "$bold" "$n" "$1" "$plain"
	shift
	for text; do say "$text"; done
}
say() { printf '   %s\n' "$1"; }
typed() { printf '\n%s$ %s%s\n' "$green" "$1" "$plain"; }
fail() {
	echo "demo.sh: $1" >&2
	exit 1
}
# Print a command line as one would type it, then run it. It must end with status 0, or with STATUS.
show() { # LINE [STATUS]
	local rc=0
	typed "$1"
	bash -o pipefail -c "$1" || rc=$?
	[ $rc = "${2:-0}" ] || fail "status $rc: $1"
}
# The same for a line that prints a number, which must be the right one.
count() { # LINE NUMBER
	local rc=0 got
	typed "$1"
	got=$(bash -o pipefail -c "$1") || rc=$?
	echo "$got"
	[ $rc = 0 ] || fail "status $rc: $1"
	[ "$got" -eq "$2" ] || fail "$got instead of $2: $1"
}
# "topic TAB score" lines to a table: the best and the worst, with bars.
cat >mood.awk <<'E2'
BEGIN { FS = "\t" }
{ sum[$1] += $2; count[$1]++ }
function row(t,    m, i, left, right) {
	m = sum[t] / count[t]
	for (i = 0; i < (m < 0 ? -m : m) * 30; i++)
		if (m < 0) left = left "-"; else right = right "+"
	printf "   %-14s %4d posts  %+.2f %20s|%s\n", "#" t, count[t], m, left, right
}
END {
	for (t in sum)
		if (count[t] >= 15) {
			for (i = ++n; i > 1 && sum[best[i - 1]] / count[best[i - 1]] < sum[t] / count[t]; i--)
				best[i] = best[i - 1]
			best[i] = t
		}
	for (i = 1; i <= n; i++)
		if (i <= 7 || i > n - 7)
			row(best[i])
		else if (i == 8)
			print "   ..."
}
E2


week1='smfetch files sample.ndjson.zst | smjq '\''select(.observed_at < "2026-11-16")'\'' >inbox/week-1.ndjson'
week2='smfetch files sample.ndjson.zst | smjq '\''select(.observed_at >= "2026-11-16")'\'' >inbox/week-2.ndjson'
line='smfetch files inbox --resume ck | smpartition --schema smpost --by network,created_date posts | smcommit | smcheckpoint save'

# Start LINE in the background, as a job of its own, and kill it once the table has two more versions. Leaves the number of posts in KILLED.
job=
trap '[ -z "$job" ] || kill -9 %1 2>/dev/null || :' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
kill_half_way() { # LINE
	typed "$1 &"
	set -m
	eval "$1 &"
	set +m
	job=$!
	while kill -0 %1 2>/dev/null && [ ! -e posts/_delta_log/00000000000000000002.json ]; do sleep 0.05; done
	typed 'kill -9 %1'
	kill -9 %1 2>/dev/null || :
	wait %1 2>/dev/null || :
	job=
	killed=$(smreplay posts --count)
}

printf '%ssmtools: posts in, a real Delta Lake table, moods, trends and replays out%s\n' "$bold" "$plain"

step 'Posts arrive' \
	'The sample holds made-up posts of several networks over two weeks, with edits and deletions.' \
	'The first week of it lands in an inbox:'
show "$week1"
show 'wc -l inbox/*; smjq -c "{network, created_at, text}" inbox/week-1.ndjson | sed -n "3p;8p;21p"'
first=$(wc -l <inbox/week-1.ndjson)
all=$(smfetch files sample.ndjson.zst | wc -l)

step 'Into a table' \
	'smfetch reads what is new and marks how far it is; smpartition writes Parquet files by network and day;' \
	'smcommit makes them one atomic version of the table; smcheckpoint remembers where the stream stands:'
show "$line"
count 'smreplay posts --count' "$first"

step 'The second week, killed in the middle' \
	'The same line takes what is new, and only that. Here smrate slows it down, and it commits once a second,' \
	'so that there is time for a kill -9 of every program in it, after two commits:'
show "$week2"
for rate in ${DEMO_RATES:-300 100 30}; do
	slow="smfetch files inbox --resume ck --mark-every 100 | smrate -r $rate/s | smpartition --every 1s posts | smcommit | smcheckpoint save"
	kill_half_way "$slow"
	[ "$killed" -ge "$all" ] || break
	echo
	say 'It was done before it could be killed. The table again as it was, and the same with fewer posts a second:'
	rm -rf posts ck
	mv inbox/week-2.ndjson .
	bash -o pipefail -c "$line"
	mv week-2.ndjson inbox
done
count 'smreplay posts --count' "$killed"
[ "$killed" -gt "$first" ] && [ "$killed" -lt "$all" ] || fail "the kill came too early or too late: $killed posts, $first before, $all in all"
printf '\n   The table has a part of the week, up to the last commit. The same line once more takes the rest:\n'
show "$slow"
printf '\n   Now every post is there, and none of them twice:\n'
show 'cat inbox/* | wc -l'
count 'smreplay posts --count' "$all"
count 'smreplay posts | sort | uniq -d | wc -l' 0

step 'What is in it' 'Rows for each network, the files and the folders that keep them apart, and the versions, one for each commit:'
show 'smreplay posts --select network | smjq -r .network | sort | uniq -c | sort -rn'
show 'smtable files posts | wc -l; find posts -name "*.parquet" | sort | sed -n "1,3p"'
show 'smtable history posts --output table'

step "Today's trends" \
	'Today is 2026-11-22, the last day of the sample. What is talked of most, and what stands out against the days before:'
show 'smreplay posts | smtrend --window 1d --watermark 30d --last --order count --top 6 --output table'
show 'smreplay posts | smtrend --window 1d --watermark 30d --last --output table'

step 'The mood by topic' 'English posts, rated word by word as VADER does it; the mean of each hashtag with 15 posts or more:'
show "smreplay posts --where \"lang = 'en' AND op = 'upsert'\" | smsentiment |
    smjq -r '.sentiment.compound as \$mood | .tags[]? | [., \$mood] | @tsv' >moods.tsv"
show 'awk -f mood.awk moods.tsv'

step 'Two versions compared' 'Every version stays readable. How many posts were there before the second week came, and what has been added since?'
count 'smreplay posts --version-as-of 0 --count' "$first"
show "smreplay posts --starting-version 1 | smjq -r '\"\\(._change_type) \\(.op)\"' | sort | uniq -c"
added=$(smreplay posts --starting-version 1 | smjq -r ._change_type | grep -cx insert)
[ $((first + added)) -eq "$all" ] || fail "$first posts and $added changes do not make $all"
id=$(smreplay posts --where "edited_at >= '2026-11-16' AND created_date < '2026-11-16' AND text IS NOT NULL" --select id --limit 1 | smjq -r .id)
[ -n "$id" ] || fail 'no post was edited'
printf '\n   A post that was edited in between, then (<) and now (>); the table keeps all that was seen of it:\n'
post="--where \"id = '$id'\" --select edited_at,text"
show "smreplay posts --version-as-of 0 $post >then
  smreplay posts $post >now
  diff then now" 1

step 'A rate limit' 'The table is read as fast as it goes, then at no more than 2,000 posts a second; smrate says what passed, and when:'
show "smreplay posts | smrate --stats fast.json >fast.ndjson
  smjq -r '\"\\(.elapsed_s) s: \\(.out.records) posts\"' fast.json"
show "smreplay posts | smrate -r 2000/s --stats slow.json --stats-every 500ms >slow.ndjson
  smjq -r '\"\\(.elapsed_s) s: \\(.out.records) posts\"' slow.json"
cmp -s fast.ndjson slow.ndjson || fail 'smrate changed the posts'
# What docs/rate.md promises: rate x (time + 100 ms) and one record; the times are rounded to 1 ms.
smjq -r '"\(.out.records) \(.elapsed_s)"' slow.json | awk -v all="$all" '
	$1 > 2000 * ($2 + 0.101) + 1 { exit bad = 1 }
	END { exit bad || $1 != all }' || fail 'the limit was not kept'

step 'A replay in event time' \
	'What Mastodon published, in the order in which it was written, 500,000 times as fast, so that two weeks take seconds.' \
	'The most frequent hashtag of each day appears as soon as that day is over:'
show "smreplay posts --where \"network = 'mastodon' AND op = 'upsert' AND edited_at IS NULL\" --speed 500000x | tee replay.ndjson |
    smtrend --window 1d --order count --top 1 | smjq -r '\"\\(.window_start[:10])  #\\(.display), \\(.count) posts\"'"
show "smjq -r '.created_at[:19]' replay.ndjson >times; sort -c times && sed -n '1p;\$p' times"
count 'wc -l <replay.ndjson' "$(smreplay posts --where "network = 'mastodon' AND op = 'upsert' AND edited_at IS NULL" --count)"

cat <<E2

${bold}That is all.${plain} The table is in $folder/posts, and others read it as it stands:

   DuckDB   select network, count(*) from delta_scan('$folder/posts') group by all
   Polars   polars.read_delta("$folder/posts")
   Spark    spark.read.format("delta").load("$folder/posts")

${dim}More: smreplay --help, docs/, and make demo again (it starts over).${plain}
E2
