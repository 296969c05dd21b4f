#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh [FOLDER] - the whole pipeline on the posts of share/sample, step by step, with the lines that do it.
# Leaves its table in FOLDER (demo), which is made anew each time. SM_BIN is the folder of the tools.
set -eu
LC_ALL=C; export LC_ALL
folder=${1:-demo}
here=$(cd "$(dirname "$0")" && pwd)
bin=${SM_BIN:-$here/../../build/bin}
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
	for text; do printf "   %s\n" "$text"; done
}
# Print a command line as one would type it, then run it.
show() {
	printf '\n%s$ %s%s\n' "$green" "$1" "$plain"
	sh -c "$1"
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

printf '%ssmtools: posts in, a real Delta Lake table, moods, trends and replays out%s\n' "$bold" "$plain"

step 'Posts arrive' \
	'The sample holds 5,000 made-up posts of seven networks over two weeks, with edits and deletions.' \
	'The first week of it lands in an inbox:'
show "smfetch files sample.ndjson.zst | smjq 'select(.observed_at < \"2026-11-16\")' >inbox/week-1.ndjson"
show 'wc -l inbox/*; smjq -c "{network, created_at, text}" inbox/week-1.ndjson | sed -n "3p;8p;21p"'

step 'Into a table' \
	'smfetch reads what is new and marks how far it is; smpartition writes Parquet files by network and day;' \
	'smcommit makes them one atomic version of the table; smcheckpoint remembers where the stream stands:'
line='smfetch files inbox --resume ck | smpartition --schema smpost --by network,created_date posts | smcommit | smcheckpoint save'
show "$line"

step 'The second week arrives; the very same line takes what is new, and only that' \
	'Kill it at any moment, run it again: every post is in the table once.'
show "smfetch files sample.ndjson.zst | smjq 'select(.observed_at >= \"2026-11-16\")' >inbox/week-2.ndjson"
show "$line"
show 'smcheckpoint show ck -o table; smreplay posts --count'

step 'What is in it' 'Rows for each network, and the folders that keep them apart:'
show 'smreplay posts --select network | smjq -r .network | sort | uniq -c | sort -rn'
show 'find posts -name "*.parquet" | sort | sed -n "1,3p"; find posts -name "*.parquet" | wc -l'

step 'The history of the table' 'One line a version. The log is plain JSON: have a look into demo/posts/_delta_log.'
show 'smtable history posts --output table'

step "Today's trends" \
	'Today is 2026-11-22, the last day of the sample. What is talked of most, and what stands out against the days before:'
show 'smreplay posts | smtrend --window 1d --watermark 30d --last --order count --top 6 --output table'
show 'smreplay posts | smtrend --window 1d --watermark 30d --last --output table'

step 'The mood by topic' 'English posts, rated word by word as VADER does it; the mean of each hashtag with 15 posts or more:'
show "smreplay posts --where \"lang = 'en' AND op = 'upsert'\" | smsentiment |
    smjq -r '.sentiment.compound as \$mood | .tags[]? | [., \$mood] | @tsv' >moods.tsv"
show 'awk -f mood.awk moods.tsv'

step 'The table as it was' 'Every version stays readable. How many posts were there before the second week came?'
show 'smreplay posts --version-as-of 0 --count'
id=$(smreplay posts --where "edited_at >= '2026-11-16' AND created_date < '2026-11-16' AND text IS NOT NULL" --select id --limit 1 | smjq -r .id)
if [ -n "$id" ]; then
	printf '\n   A post that was edited after that, then and now (the table keeps all that was seen of it):\n'
	show "smreplay posts --version-as-of 0 --where \"id = '$id'\" --select edited_at,text"
	show "smreplay posts --where \"id = '$id'\" --select edited_at,text"
fi

cat <<E2

${bold}That is all.${plain} The table is in $folder/posts, and others read it as it stands:

   DuckDB   select network, count(*) from delta_scan('$folder/posts') group by all
   Polars   polars.read_delta("$folder/posts")
   Spark    spark.read.format("delta").load("$folder/posts")

${dim}More: smreplay --help, docs/, and make demo again (it starts over).${plain}
E2
