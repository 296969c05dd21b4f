/* SPDX-License-Identifier: MIT */
/* A stack for libjq: it frees, compares and prints values by recursion, some hundred bytes a level, and a program can nest a
 * million levels. The pages are mapped when they are touched. */
#include "base/mem.h"
#include "json/jq_parts.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#define SIZE_MOST ((size_t)4 << 30)     /* some 20 million levels, which take more memory than that themselves */
#define SIZE_LEAST ((size_t)8 << 20)
#define SHARE 16                        /* of a limited address space, ulimit -v, it takes this part */

struct jq_stack {
	char *base;
	size_t size;
	ucontext_t made;             /* for the first switch; the others need no system call */
	void *caller[5], *callee[5];
	void (*fn)(void *arg);
	void *arg;
};

static size_t wanted(void)
{
	struct rlimit l;
	if (sizeof(size_t) < 8)
		return SIZE_LEAST;
	if (getrlimit(RLIMIT_AS, &l) != 0 || l.rlim_cur == RLIM_INFINITY || l.rlim_cur / SHARE > SIZE_MOST)
		return SIZE_MOST;
	size_t n = (size_t)l.rlim_cur / SHARE & ~(((size_t)1 << 20) - 1);
	return n < SIZE_LEAST ? SIZE_LEAST : n;
}

struct jq_stack *jq_stack_new(void)
{
	size_t size = wanted(), page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;
	for (;; size /= 2) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
		if (p != MAP_FAILED)
			break;
		if (size <= SIZE_LEAST)
			return NULL;
	}
	/* With huge pages the first level would take 2 MiB; below the lowest page is the end. Either is a help only. */
	madvise(p, size, MADV_NOHUGEPAGE);
	mprotect(p, page, PROT_NONE);
	struct jq_stack *s = mem_zalloc(sizeof *s);
	s->base = p;
	s->size = size;
	return s;
}

void jq_stack_free(struct jq_stack *s)
{
	if (!s)
		return;
	munmap(s->base, s->size);
	mem_free(s);
}

/* Not for sanitizers, which would look for the frames between. */
#define SWITCHES __attribute__((noinline, no_sanitize("address", "undefined")))

SWITCHES _Noreturn static void jump(void **to)
{
	__builtin_longjmp(to, 1);
}

/* Save where we are in SAVE and go on at TO. Each is used by one side only. */
SWITCHES static void change(void **save, void **to)
{
	if (__builtin_setjmp(save) == 0)
		jump(to);
}

/* makecontext passes ints only. */
static void enter(unsigned high, unsigned low)
{
	struct jq_stack *s = (struct jq_stack *)((uintptr_t)high << 16 << 16 | low);
	for (;;) {
		s->fn(s->arg);
		change(s->callee, s->caller);
	}
}

SWITCHES static void begin(struct jq_stack *s)
{
	if (__builtin_setjmp(s->caller) == 0)
		setcontext(&s->made);
}

void jq_stack_run(struct jq_stack *s, void (*fn)(void *arg), void *arg)
{
	if (!s) {
		fn(arg);
		return;
	}
	bool begun = s->fn;
	s->fn = fn;
	s->arg = arg;
	if (begun) {
		change(s->caller, s->callee);
		return;
	}
	getcontext(&s->made);
	s->made.uc_stack.ss_sp = s->base;
	s->made.uc_stack.ss_size = s->size;
	s->made.uc_link = NULL;
	uintptr_t self = (uintptr_t)s;
	makecontext(&s->made, (void (*)(void))enter, 2, (unsigned)(self >> 16 >> 16), (unsigned)self);
	begin(s);
}
