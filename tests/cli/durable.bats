#!/usr/bin/env bats
# Whatever makes something durable may fail: each fsync, fdatasync, rename, link, and the close of a file with unsynced bytes, of each tool
# of the pipeline, once. No tool may end with 0 then, and the same line run again must have every row once. SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../common.bash"

# A library that lets the Nth call of $CALL fail with EIO. A link that fails with LATE has been made all the same.
make_shim() {
	cat >shim.c <<-'C'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <fcntl.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/stat.h>
	#include <unistd.h>
	static char dirty[4096];
	static int fails(const char *call, const char *what)
	{
		static int count;
		const char *want = getenv("CALL"), *log = getenv("HITS");
		if (!want || strcmp(want, call) != 0 || ++count != atoi(getenv("NTH")))
			return 0;
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
		if (write(fd, what, strlen(what)) < 0 || write(fd, "\n", 1) < 0)
			abort();
		int (*real)(int) = dlsym(RTLD_NEXT, "close");
		real(fd);
		errno = EIO;
		return 1;
	}
	static int file(int fd)
	{
		struct stat st;
		return fd >= 0 && fd < (int)sizeof dirty && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fd > 2;
	}
	ssize_t write(int fd, const void *p, size_t n)
	{
		ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
		if (file(fd))
			dirty[fd] = 1;
		return real(fd, p, n);
	}
	#define SYNC(name) int name(int fd) { int (*real)(int) = dlsym(RTLD_NEXT, #name); int r = fails(#name, "fd") ? -1 : real(fd); \
		if (r == 0 && fd >= 0 && fd < (int)sizeof dirty) dirty[fd] = 0; return r; }
	SYNC(fsync) SYNC(fdatasync)
	int close(int fd)
	{
		int (*real)(int) = dlsym(RTLD_NEXT, "close");
		int bad = file(fd) && dirty[fd] && fails("close", "fd"), r = real(fd);
		if (fd >= 0 && fd < (int)sizeof dirty)
			dirty[fd] = 0;
		errno = bad ? EIO : errno;
		return bad ? -1 : r;
	}
	#define NAME(name) int name(const char *a, const char *b) \
		{ int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, #name); return fails(#name, b) ? -1 : real(a, b); }
	NAME(rename) NAME(link)
	C
	${CC:-cc} -shared -fPIC -w -O1 -o shim.so shim.c -ldl
}

setup() {
	PATH=$SM_BIN:$PATH
	cd "$BATS_TEST_TMPDIR"
	if ldd "$SM_BIN/smfetch" | grep -q libasan || [ -n "${SM_VALGRIND-}" ]; then skip "the library must come first"; fi
	make_shim
	mkdir in; seq -f '{"id":"1-%g","d":"a"}' 20 >in/1.ndjson
	run_stream; [ "$st" = '0 0 0 0' ]
	seq -f '{"id":"2-%g","d":"b"}' 10 >in/2.ndjson
	mkdir whole; cp -r t ck in whole
	export HITS=$PWD/hits
}

# run_stream [TOOL CALL NTH]: statuses in $st; what TOOL says in said
run_stream() {
	local f=() p=() c=() s=() env=(env LD_PRELOAD="$PWD/shim.so" CALL="${2-}" NTH="${3-}")
	case ${1-} in smfetch) f=("${env[@]}") ;; smpartition) p=("${env[@]}") ;; smcommit) c=("${env[@]}") ;; smcheckpoint) s=("${env[@]}") ;; esac
	"${f[@]}" smfetch files in --resume ck 2>said.0 | "${p[@]}" smpartition --by d t 2>said.1 | "${c[@]}" smcommit 2>said.2 |
		"${s[@]}" smcheckpoint save >/dev/null 2>said.3 && st='0 0 0 0' || st="${PIPESTATUS[*]}"
}

@test "no failure of a step that makes something durable is swallowed, by any tool of the pipeline" {
	local -A at=([smfetch]=0 [smpartition]=1 [smcommit]=2 [smcheckpoint]=3)
	hit=0
	for tool in smfetch smpartition smcommit smcheckpoint; do
		for call in fsync fdatasync rename link close; do
			for n in $(seq 40); do
				rm -rf t ck hits; cp -r whole/t whole/ck .
				run_stream $tool $call $n
				[ -e hits ] || break
				hit=$((hit + 1))
				read -r -a status <<<"$st"
				[ "${status[${at[$tool]}]}" = 4 ] && [ -s "said.${at[$tool]}" ] || { echo "$tool: $call number $n ($(cat hits)): $st"; cat said.?; false; }
				for _ in 1 2 3; do run_stream; [ "$st" != '0 0 0 0' ] || break; done
				[ "$st" = '0 0 0 0' ] && [ "$(smreplay t --select id | sort -u | wc -l) $(smreplay t --count)" = '30 30' ] ||
					{ echo "$tool: $call number $n, and then: $st, rows $(smreplay t --count)"; cat said.?; false; }
			done
			[ "$n" != 40 ]
		done
	done
	echo "# $hit failures" >&3
	[ $hit -ge 15 ]
}
