#!/usr/bin/env bats
# What the Tab key offers: commands, their options, values, sources and their variables, columns of tables. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=${SM_BIN:?}:$PATH
	export HOME=$PWD XDG_CONFIG_HOME=$PWD
	unset SM_SHARE
}

# tab WORD…: what bash offers for the last word. The words are split as readline does: = stands alone.
tab() {
	bash --norc -c 't=$1; . <("$t" --generate=bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
		"_$t"; printf "%s\n" "${COMPREPLY[@]}"' bash "$@" 2>err
	if [ -s err ]; then cat err; return 1; fi
}
# offers 'a b c' WORD…: exactly these, in any order. with 'a b': these among others. without: none of these.
offers() { local want=$1; shift; diff <(tr ' ' '\n' <<<"$want" | sort) <(tab "$@" | sort); }
with() { local w want=$1; shift; tab "$@" >got; for w in $want; do grep -qxF -- "$w" got || { echo "$*: no $w"; cat got; return 1; }; done; }
without() { local w want=$1; shift; tab "$@" >got; for w in $want; do if grep -qxF -- "$w" got; then echo "$*: $w"; return 1; fi; done; }

@test "bash: commands, the options of each, values" {
	offers 'history' smtable hi
	offers 'save show' smcheckpoint s
	with '--limit= --output= -n --quiet' smtable history -
	without '--version-as-of= --delta' smtable history -
	with '--version-as-of= --delta' smtable schema -
	offers '--version-as-of= --version' smtable describe --vers
	offers 'table tsv' smtable history --output t
	offers 'table tsv' smtable history --output = t
	offers 'table tsv' smtable history -o t
	offers 'auto always' smreplay --color a
	# the value of an option is no command
	with 'history' smtable --output table ''
	mkdir -p lake/t other; touch file
	offers 'lake other' smtable history ''
	offers '' smtable history --limit ''
	# names with spaces, as they are, escaped, in quotes
	mkdir 'my table'; for typed in 'my' 'my t' 'my\ t' '"my t' "'my t"; do [ "$(tab smtable history "$typed")" = 'my table' ] || { echo "$typed"; return 1; }; done
	offers 'ndjson' smcheckpoint show --output nd
}

@test "bash: sources and their variables, with smfetch's own words" {
	with 'files list describe check x-recent mastodon-tag' smfetch ''
	with x-recent smfetch x-rec
	with 'x-recent rss' smfetch describe ''
	without 'files list' smfetch describe ''
	with 'query= page_size=' smfetch x-recent ''
	offers 'query=' smfetch x-recent --max-records 5 qu
	with 'query=' smfetch --resume ck x-recent ''
	offers '' smfetch x-recent query = ca
	with 'x-v1 x-v2' smfetch files --as x-v
	with '--since= --jobs=' smfetch x-recent --
	without '--as= --csv-types=' smfetch x-recent --
	with '--as= --csv-types= --resume=' smfetch files --
	without '--since= --jobs=' smfetch files --
	offers 'csv' smfetch files --format c
	# a definition of one's own
	printf '%s' '{"smsource":1,"name":"mine","network":"x","summary":"s","vars":{"topic":{"help":"h"}},"request":{"url":"https://h.example/?q=${topic}"},"hosts":["h.example"],"records":".[]","map":"."}' >mine.json
	offers 'topic=' smfetch ./mine.json ''
	# what cannot be asked is silent
	offers '' smfetch nosuch ''
}

@test "bash: columns of the table on the line" {
	smgen -n 20 | smpartition --schema smpost --by network t | smcommit >/dev/null
	with 'lang author text' smreplay t --select ''
	offers 'lang' smreplay t --select la
	offers 'id,text,lang' smreplay t --select id,text,la
	offers 'lang' smreplay t --limit 3 --where la
	offers 'lang' smreplay --nulls t --where = la
	offers '' smreplay --select la
	offers '' smreplay --select la other
}

@test "bash: nothing of it uses the network or fails where there is nothing" {
	for t in "$SM_BIN"/*; do
		t=${t##*/}
		for c in '' $("$t" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
			tab "$t" ${c:+"$c"} '' >/dev/null; tab "$t" ${c:+"$c"} - >/dev/null; tab "$t" ${c:+"$c"} --output '' >/dev/null; tab "$t" ${c:+"$c"} --where '' >/dev/null
		done
	done
}

# shell NAME: is it here? Its completions must parse, at least.
parses() {
	command -v "$1" >/dev/null || skip "$1 is not installed: its completions were not parsed"
	local t bad=0
	for t in "$SM_BIN"/*; do
		"$t" --generate="$1" >c; "$1" -n c || { echo "${t##*/}"; bad=1; }
	done
	[ "$bad" = 0 ]
}
@test "zsh: the completions parse" { parses zsh; }
# What zsh's own functions would be asked for: _arguments, which has a variable called cmd itself, calls the action that is looked at.
@test "zsh: sources, variables and columns" {
	command -v zsh >/dev/null || skip "zsh is not installed: its completions were not called"
	call() { zsh -f -c 'action=$1; shift; words=("$@"); CURRENT=$#words; compset() { :; }
		compadd() { while [[ $1 == -* && $1 != -a ]]; do shift 2; done; if [[ $1 == -a ]]; then print -l ${(P)2}; else print -l "$@"; fi; }
		_arguments() { local cmd=other table=other; [[ "$*" == *$action* ]] && $action; }
		eval "$("$words[1]" --generate=zsh)"' zsh "$@" 2>err; [ ! -s err ]; }
	smgen -n 20 | smpartition --schema smpost t | smcommit >/dev/null
	call _smfetch_variables smfetch x-recent qu | grep -qx query
	call _smfetch_commands smfetch x | grep -qx x-recent; call _smfetch_commands smfetch f | grep -qx files
	call _smfetch_sources smfetch describe x | grep -qx x-recent
	call _smreplay_columns smreplay t --select la | grep -qx lang
	call _smtable_commands smtable hi | grep -qx history
}
@test "fish: the completions parse, and offer what bash's do" {
	parses fish
	for t in smtable smfetch smreplay; do "$SM_BIN/$t" --generate=fish >$t.fish; done
	ask() { fish --no-config -c "source $1.fish; complete -C'$2'" 2>err | cut -f1; [ ! -s err ]; }
	ask smtable 'smtable hi' | grep -qx history
	ask smtable 'smtable history --l' | grep -qx -- --limit
	if ask smtable 'smtable history --del' | grep -qx -- --delta; then false; fi
	ask smfetch 'smfetch x-rec' | grep -qx x-recent
	ask smfetch 'smfetch x-recent qu' | grep -qx query=
	smgen -n 20 | smpartition --schema smpost t | smcommit >/dev/null
	ask smreplay 'smreplay t --select la' | grep -qx lang
}
@test "zsh and fish: the lines of every command and option are there" {
	for t in "$SM_BIN"/*; do
		t=${t##*/}
		"$t" --generate=zsh >z; "$t" --generate=fish >f
		"$t" --generate=options | cut -f2 | while read -r o; do
			grep -qF -- "--$o" z || { echo "$t zsh $o"; exit 1; }
			grep -qF -- "-l $o " f || { echo "$t fish $o"; exit 1; }
		done
	done
}
