#!/usr/bin/env bats
# smfetch files --resume: copies, hard links, truncated files: each record once, whatever became of the file that it was read from.
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
	PATH=$SM_BIN:$PATH
	SMALL=x BIG=$(printf '%700s' x)
}

l() { seq -f "{\"id\":\"$1%03.0f\",\"t\":\"$PAD\"}" "$2" "$3"; }      # PAD: what makes the lines long
fresh() { rm -rf in ck given want; mkdir in; : >given; : >want; }
# A run: what it gives joins `given`; NOTE: its messages match that, '' has none. What LINES (as for l) say is wanted from now on.
run_on() { # NOTE [NAME FROM TO]…
	local note=$1 rc=0
	shift
	while [ $# -gt 0 ]; do l "$1" "$2" "$3" >>want; shift 3; done
	smfetch files in --resume ck >out 2>err || rc=$?
	grep '^{"$mark"' out | smcheckpoint save >/dev/null 2>&1 || true
	grep -v '^{"$mark"' out >>given || true
	[ $rc = 0 ] || { cat err; return 1; }
	sort given | cmp - <(sort want) || { sort given | uniq -cd | cut -c 1-30; cut -c 1-200 err; return 1; }
	if [ -z "$note" ]; then [ ! -s err ] || { cat err; return 1; }; else grep -q "$note" err || { cat err; return 1; }; fi
}
each_size() { for PAD in "$SMALL" "$BIG"; do fresh; "$@"; done; }

copy_stays() { # NAME: sorts before or behind in/log
	l a 1 2 >in/log; cp in/log "in/$1"; run_on 'has the same content' a 1 2
	l a 3 4 >>in/log; run_on '' a 3 4
	gzip "in/$1"; run_on ''; mv "in/$1.gz" in/other; run_on ''
	l a 5 5 >>in/log; mv in/log in/log.1; run_on '' a 5 5; cp in/log.1 in/log.2; run_on 'same content as in/log.1'
	zcat <in/other >in/plain; run_on .; rm in/log.1 in/log.2; run_on ''; run_on ''
}
@test "a copy is known after its original has grown, moved, gone; packed and renamed" {
	each_size copy_stays bak; each_size copy_stays zbak
}

older_copy() {
	l a 1 9 >in/log; run_on '' a 1 9; head -n 5 in/log >in/bak; head -n 7 in/log >in/zbak; run_on 'is the beginning of in/log, which was read'; run_on ''
	cp in/log in/bak; run_on 'has the same content'; l a 10 12 >>in/log; cp in/log in/bak; head -n 11 in/log >in/zbak; run_on . a 10 12; run_on ''
	l b 1 2 >>in/bak; l c 1 1 >>in/zbak; l a 13 13 >>in/log; run_on '' b 1 2 c 1 1 a 13 13; run_on ''
}
@test "a copy of an earlier state, and one that comes in pieces: nothing again, a note once; then each goes its own way" { each_size older_copy; }

unseen_copy() {
	l a 1 3 >in/log; run_on '' a 1 3
	l a 4 4 >>in/log; cp in/log in/bak; cp in/log in/zbak; l a 5 5 >>in/log; run_on . a 4 5; run_on ''
	cp in/log in/b2; l b 1 1 >>in/b2; l a 6 6 >>in/log; run_on 'in/b2: .*begins with all that was read of in/log' b 1 1 a 6 6; run_on ''
	cp in/log in/c2; run_on .; l a 7 7 >>in/log; run_on '' a 7 7; l c 1 1 >>in/c2; run_on '' c 1 1; run_on ''
}
@test "a copy is made and the original, or the copy, appended to between two runs" { each_size unseen_copy; }

first_copy() { # NAME
	l a 1 3 >in/log; cp in/log "in/$1"; l a 4 5 >>in/log; run_on . a 1 5; run_on ''; gzip "in/$1"; run_on ''; l a 6 6 >>in/log; run_on '' a 6 6
}
@test "a copy is made before the first run, and the original appended to" { each_size first_copy bak; each_size first_copy zbak; }

hard_links() {
	l a 1 3 >in/log; ln in/log in/bak; run_on 'in/log: .*same content' a 1 3
	l a 4 4 >>in/log; run_on 'in/log: .*same content' a 4 4; ln in/log in/zz; l a 5 5 >>in/log; run_on . a 5 5; run_on ''
	gzip -f in/bak; run_on ''; mv in/zz in/m; run_on ''; rm in/log; run_on ''; l a 6 6 >>in/m; run_on '' a 6 6
}
@test "hard links are one file" { each_size hard_links; }

@test "truncated in place: what is left was read, on a line's end, in front of it, inside of a line; what is appended comes" {
	PAD=$SMALL
	n=$(l a 1 1 | wc -c)
	for cut in 0 1 4; do
		fresh; l a 1 9 >in/log; run_on '' a 1 9
		truncate -s $((3 * n - cut)) in/log; run_on .
		case $cut in
		0) l b 1 2 >>in/log ;;
		1) { echo; l b 1 2; } >>in/log ;;
		4) { printf '%s' "$PAD\"}" | tail -c 3; echo; l b 1 2; } >>in/log; l a 3 3 >>want ;;   # the line's end is written anew
		esac
		run_on '' b 1 2; run_on ''
	done
	# Larger than a KiB, down to less; and rewritten with the same beginning, while nothing else holds what was read.
	fresh; l a 1 60 >in/log; run_on '' a 1 60; truncate -s $((2 * n)) in/log; run_on 'in/log: .*was truncated: what is left'
	fresh; l a 1 60 >in/log; run_on '' a 1 60; { l a 1 2; l b 1 3; } >in/log; run_on 'in/log: .*its first 2 lines were read before' b 1 3; run_on ''
	# Renamed as well; a copy that no run has seen, of the first lines, and without the last one's end.
	fresh; l a 1 9 >in/log; run_on '' a 1 9; mv in/log in/old; truncate -s $((2 * n)) in/old; run_on 'in/old: .*was truncated'
	fresh; l a 1 9 >in/log; run_on '' a 1 9; head -c $((2 * n - 1)) in/log >in/bak; head -c $((n - 1)) in/log >in/c; run_on 'in/bak: .*is the beginning of in/log'
	grep -q 'in/c: .*is the beginning of in/' err; { echo; l b 1 1; } >>in/bak; { echo; l c 1 1; } >>in/c; run_on '' b 1 1 c 1 1; run_on ''
	# Another file of that name: another inode.
	fresh; { l h 1 1; l a 1 3; } >in/log; run_on '' h 1 1 a 1 3; mv in/log in/log.1; { l h 1 1; l b 1 3; } >in/log; run_on '' h 1 1 b 1 3
	fresh; l a 1 90 >in/log; run_on '' a 1 90; head -c 1500 in/log >x; cat x >in/log
	rc=0; smfetch files in --resume ck >out 2>err || rc=$?; [ $rc = 5 ]; grep -q 'in/log: has shrunk' err
}

rotations() {
	l a 1 9 >in/log; run_on '' a 1 9; l a 10 10 >>in/log; cp in/log in/log.1; l b 1 1 >in/log; run_on '' a 10 10 b 1 1
	mv in/log.1 in/log.2; cp in/log in/log.1; : >in/log; run_on ''; l c 1 1 >>in/log; gzip in/log.2; run_on '' c 1 1; run_on ''
	# A first line that is always the same, in files that are renamed away.
	{ l h 1 1; l d 1 1; } >in/new; run_on '' h 1 1 d 1 1; mv in/new in/new.1; { l h 1 1; l e 1 1; } >in/new; run_on '' h 1 1 e 1 1; run_on ''
}
@test "rotation by copy and truncate, and by renaming, of files of any size" { each_size rotations; }

@test "a list of an earlier version, without cuts and with one id for copies, goes on" {
	PAD=$SMALL; fresh; l a 1 2 >in/log; cp in/log in/bak; run_on . a 1 2; l a 3 3 >>in/log; run_on '' a 3 3
	python3 - <<-'P'
	import json
	l = [json.loads(x) for x in open("ck/files")]
	for e in l: e.pop("cuts", 0); e["id"] = 1
	open("ck/files", "w").write("".join(json.dumps(e) + "\n" for e in l))
	P
	gzip in/bak; run_on ''; l a 4 4 >>in/log; run_on '' a 4 4; mv in/log in/l2; run_on ''
}

# SM_LIVES=8: how many; SM_LIVES_SEED=1: the first one's random numbers.
@test "lives of folders, with archives, links, copies, truncation, and runs that are cut off: each record once" {
	python3 -B "$BATS_TEST_DIRNAME/files_life.py" "${SM_LIVES:-8}" "${SM_LIVES_SEED:-1}"
}
