#!/bin/sh
# docs/metrics.sh BIN FILE - replace the table between the two comments of FILE by what the tools in BIN say of their metrics.
# SPDX-License-Identifier: MIT
set -eu
for t in "$1"/*; do "$t" --generate=metrics | sed "s|^|$(basename "$t")	|"; done |
awk -F'\t' -v file="$2" '
	{
		if (!($2 in kind)) order[++n] = $2
		kind[$2] = $3; unit[$2] = $4; label[$2] = $5; help[$2] = $6; tools[$2] = tools[$2] (tools[$2] ? ", " : "") $1; count[$2]++
		all[$1] = 1
	}
	END {
		for (t in all) most++
		for (i = 2; i <= n; i++) for (k = i; k > 1 && order[k] < order[k - 1]; k--) { s = order[k]; order[k] = order[k - 1]; order[k - 1] = s }
		while ((getline line < file) > 0) {
			if (line == "<!-- end of the table -->") skip = 0
			if (!skip) print line
			if (line != "<!-- the table is made by make metrics-doc -->") continue
			skip = 1
			print "| metric | type | labels | tools | |\n|---|---|---|---|---|"
			for (i = 1; i <= n; i++) { m = order[i]
				print "| `" m "` | " kind[m] " | " label[m] " | " (count[m] == most ? "all" : tools[m]) " | " help[m] " |" }
		}
	}'
