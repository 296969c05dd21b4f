/* SPDX-License-Identifier: MIT */
/* A jq program, its runs, and what comes out of them. Each program is compiled at most twice: as it is, for records whose numbers
 * doubles hold, and for the others with definitions that keep their numbers (jq_defs). */
#include "json/jq.h"

#include "base/arena.h"
#include "base/mem.h"
#include "json/doc.h"
#include "json/jq_parts.h"
#include "json/span.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHOICE "__which"
#define FORGET_FROM ((size_t)1 << 20)   /* bytes of a record that are worth it */

struct var {
	char *name;
	struct arena arena;        /* of text and tree */
	const struct json *tree;
	jv value;                  /* built once, unless it has numbers that need a run's codes */
	bool has_numbers;
};

struct json_jq {
	char *program;
	jq_state *narrow, *wide;   /* for records without, with whole numbers to be kept; NULL: not compiled */
	jq_state *jq;              /* the one that runs */
	struct jq_stack *stack;    /* where it runs; NULL: on ours, values are not deep */
	bool always_wide;          /* the program itself has such numbers */
	bool texts;                /* it reads numbers from texts */
	bool set;                  /* it is several */
	uint64_t limit;            /* of a record's values */
	bool running, fresh;       /* fresh: the run has yet to begin */
	json_jq_rewrite_fn *rewrite;
	jv call;                   /* of jq_call, on its way */
	jv result;                 /* of the last step */
	struct var *var;
	size_t nvar;
	struct var *choice;        /* the number of the program of a set; NULL: there is one program */
	struct jq_numbers nums;
	struct arena arena;        /* the tree of the record */
	const char *json;          /* the record, its white space around it cut off */
	size_t njson;
	jv input, output;
	struct buf plain;          /* the input printed our way, made when asked for */
	bool unchanged;
	struct buf compile_error;
};

static void keep_error(void *arg, jv msg)
{
	struct buf *b = arg;
	if (jv_get_kind(msg) == JV_KIND_STRING && !b->n)
		buf_puts(b, jv_string_value(msg));
	jv_free(msg);
}

static void drop_message(void *arg, jv msg)
{
	(void)arg;
	jv_free(msg);
}

/* `debug` hands the arguments over, `input` fetches the result (jq_defs). */
static void take_call(void *arg, jv args)
{
	struct json_jq *q = arg;
	jv_free(q->call);
	q->call = args;
}

static jv make_call(jq_state *jq, void *arg)
{
	struct json_jq *q = arg;
	jv args = q->call;
	(void)jq;
	q->call = jv_invalid();
	return jv_get_kind(args) == JV_KIND_ARRAY ? jq_call(&q->nums, q->rewrite, args) : args;
}

/* One line: "syntax error, … (line 1)". */
static int compile_failed(struct json_jq *q, struct err *e)
{
	struct buf *b = &q->compile_error;
	char *s = buf_cstr(b), *at = strstr(s, " at <top-level>, line ");
	long line = at ? strtol(at + 22, NULL, 10) : 0;
	if (at)
		*at = '\0';
	if (strncmp(s, "jq: error: ", 11) == 0)
		s += 11;
	char *shell = strstr(s, " (Unix shell quoting issues?)");
	if (shell)
		*shell = '\0';
	s[strcspn(s, "\n")] = '\0';
	if (line > 0)
		return err_set(e, ERR_USAGE, "jq: %s (line %ld of the program)", *s ? s : "the program does not compile", line);
	return err_set(e, ERR_USAGE, "jq: %s", *s ? s : "the program does not compile");
}

/* libjq loads $HOME/.jq into every program; what a pipeline does must not depend on that. */
static bool has_home_jq(void)
{
	const char *home = getenv("HOME");
	struct buf b = BUF_INIT;
	if (!home)
		return false;
	buf_printf(&b, "%s/.jq", home);
	bool yes = access(buf_cstr(&b), F_OK) == 0;
	buf_release(&b);
	return yes;
}

static bool compile_without_home(jq_state *jq, const char *program)
{
	char *saved = has_home_jq() ? mem_strdup(getenv("HOME")) : NULL;
	if (saved)
		unsetenv("HOME");
	bool ok = jq_compile(jq, program);
	if (saved)
		setenv("HOME", saved, 1);
	mem_free(saved);
	return ok;
}

/* All on the first line, so that line numbers in messages are the user's. */
static void put_program(const struct json_jq *q, struct buf *b, struct jq_text *t, bool wide)
{
	jq_defs_put(b, t, wide);
	if (q->nvar) {
		buf_puts(b, ". as [$__in");
		for (size_t i = 0; i < q->nvar; i++)
			buf_printf(b, ",$%s", q->var[i].name);
		buf_puts(b, "]|$__in|");
	}
	if (t->consts.n)
		buf_put(b, t->consts.p, t->consts.n);
	if (t->program.n)
		buf_put(b, t->program.p, t->program.n);
	buf_puts(b, t->empty || t->open_def ? "\n." : "\n");
}

struct compiling {
	jq_state *jq;
	const char *text;
	bool ok;
};

static void compile_now(void *arg)
{
	struct compiling *c = arg;
	c->ok = compile_without_home(c->jq, c->text);
}

static int compile(struct json_jq *q, bool wide, struct err *e)
{
	struct buf b = BUF_INIT;
	struct jq_text t = { .program = BUF_INIT };
	int rc = jq_text_scan(&t, q->program, wide, e);
	if (rc == 0)
		put_program(q, &b, &t, wide);
	jq_text_release(&t);
	if (rc != 0)
		return rc;
	jq_state *jq = jq_init();
	if (!jq)
		mem_oom(0);
	buf_clear(&q->compile_error);
	jq_set_error_cb(jq, keep_error, &q->compile_error);
	jq_set_input_cb(jq, make_call, q);
	jq_set_debug_cb(jq, take_call, q);
	jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	struct compiling c = { jq, buf_cstr(&b), false };
	jq_stack_run(q->stack, compile_now, &c);
	buf_release(&b);
	if (!c.ok) {
		jq_teardown(&jq);
		return compile_failed(q, e);
	}
	jq_set_error_cb(jq, drop_message, NULL);
	*(wide ? &q->wide : &q->narrow) = jq;
	return 0;
}

static bool good_name(const char *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	return *s && !(*s >= '0' && *s <= '9') && strspn(s, ok) == strlen(s) && strncmp(s, "__", 2) != 0 &&
	       strcmp(s, "ENV") != 0;
}

static int add_vars(struct json_jq *q, const struct json_jq_vars *vars, const struct jq_text *t, struct err *e)
{
	size_t given = vars ? vars->n : 0, all = given + t->n + 1;
	char name[32];
	int rc = 0;
	q->var = mem_zalloc(all * sizeof *q->var);
	for (size_t i = 0; i < all; i++)
		q->var[i].value = jv_invalid();
	for (size_t i = 0; i < given && rc == 0; i++) {
		const struct json_jq_var *v = &vars->v[i];
		if (!good_name(v->name))
			return err_set(e, ERR_USAGE, "jq: '%s' is not a valid variable name", v->name);
		q->var[q->nvar++].name = mem_strdup(v->name);
		rc = v->json ? json_jq_set(q, i, v->json, v->n, e) : json_jq_set(q, i, "null", 4, e);
		if (rc != 0)
			err_wrap(e, "jq: value of $%s", v->name);
	}
	for (size_t i = 0; i < t->n && rc == 0; i++) {
		snprintf(name, sizeof name, "__n%zu", i);
		q->var[q->nvar++].name = mem_strdup(name);
		rc = json_jq_set(q, given + i, t->literal[i], strlen(t->literal[i]), e);
	}
	if (rc == 0 && q->set) {
		q->choice = &q->var[q->nvar++];
		q->choice->name = mem_strdup(CHOICE);
		q->choice->value = jv_number(0);
	}
	return rc;
}

/* The text for wide runs says what variables there are: the other has no others. */
static int look_at(struct json_jq *q, const struct json_jq_vars *vars, struct err *e)
{
	struct jq_text t = { .program = BUF_INIT };
	int rc = jq_text_scan(&t, q->program, true, e);
	if (rc == 0) {
		q->always_wide = t.kept;
		q->texts = jq_text_has(q->program, "tonumber") || jq_text_has(q->program, "fromjson");
		rc = add_vars(q, vars, &t, e);
	}
	jq_text_release(&t);
	return rc;
}

enum kind { ALONE, SET, SET_LATER };

static int new_program(struct json_jq **out, const char *program, enum kind kind, const struct json_jq_vars *vars, struct err *e)
{
	bool home = has_home_jq();
	struct json_jq *q = mem_zalloc(sizeof *q);
	q->program = mem_strdup(program);
	q->set = kind != ALONE;
	q->limit = JSON_JQ_VALUES;
	q->input = q->output = q->call = q->result = jv_invalid();
	if (jq_defs_deep(program))
		q->stack = jq_stack_new();
	int rc = look_at(q, vars, e);
	/* Later there may be threads, and HOME is not to be hidden from them. */
	if (rc == 0 && (kind != SET_LATER || home))
		rc = compile(q, q->always_wide, e);
	if (rc == 0 && !q->wide && home)
		rc = compile(q, true, e);
	if (rc != 0)
		json_jq_free(q);
	else
		*out = q;
	return rc;
}

int json_jq_new(struct json_jq **out, const char *program, const struct json_jq_vars *vars, struct err *e)
{
	return new_program(out, program, ALONE, vars, e);
}

/* One alternative of the set. False: it would reach beyond its place there. */
static bool put_choice(struct buf *b, const char *program, size_t i)
{
	struct jq_text t = { .program = BUF_INIT };
	bool good = jq_text_scan(&t, program, false, NULL) == 0 && !t.stray;
	buf_printf(b, "%s $" CHOICE "==%zu then(", i ? "elif" : "if", i);
	buf_puts(b, program);
	/* A comment may be the last of it, and behind a definition or nothing at all `.` is meant. */
	buf_puts(b, t.empty || t.open_def ? "\n.\n\n)" : "\n\n)");
	jq_text_release(&t);
	return good;
}

int json_jq_new_set(struct json_jq **out, const char *const *program, size_t n, const struct json_jq_vars *vars, bool later,
		    size_t *which, struct err *e)
{
	struct buf b = BUF_INIT;
	bool good = true;
	for (size_t i = 0; i < n && good; i++)
		good = put_choice(&b, program[i], i);
	buf_puts(&b, "else empty end");
	int rc = good ? new_program(out, buf_cstr(&b), later ? SET_LATER : SET, vars, e) : ERR_USAGE;
	buf_release(&b);
	/* Whose fault it is, with its own line, each says alone. */
	for (size_t i = 0; i < n && rc != 0; i++) {
		struct json_jq *q;
		*which = i;
		if (json_jq_new(&q, program[i], vars, e) != 0)
			return ERR_USAGE;
		json_jq_free(q);
	}
	return rc;
}

void json_jq_choose(struct json_jq *q, size_t i)
{
	jv_free(q->choice->value);
	q->choice->value = jv_number((double)i);
}

static void free_values(void *arg)
{
	struct json_jq *q = arg;
	jv_free(q->output);
	jv_free(q->result);
	jv_free(q->call);
	if (q->narrow)
		jq_teardown(&q->narrow);
	if (q->wide)
		jq_teardown(&q->wide);
}

void json_jq_free(struct json_jq *q)
{
	if (!q)
		return;
	jq_stack_run(q->stack, free_values, q);
	jq_stack_free(q->stack);
	for (size_t i = 0; i < q->nvar; i++) {
		jv_free(q->var[i].value);
		arena_release(&q->var[i].arena);
		mem_free(q->var[i].name);
	}
	mem_free(q->var);
	jv_free(q->input);
	jq_numbers_release(&q->nums);
	arena_release(&q->arena);
	buf_release(&q->plain);
	buf_release(&q->compile_error);
	mem_free(q->program);
	mem_free(q);
}

static jv build_array(const struct jq_numbers *nums, const struct json *v)
{
	jv r = jv_array_sized((int)(v->nchild ? v->nchild : 1));
	for (const struct json *c = v->child; c; c = c->next) {
		jv element = jq_build(nums, c);
		if (!jv_is_valid(element)) {
			jv_free(r);
			return element;
		}
		r = jv_array_append(r, element);
	}
	return r;
}

static jv build_object(const struct jq_numbers *nums, const struct json *v)
{
	jv r = jv_object();
	for (const struct json *c = v->child; c; c = c->next) {
		jv value = jq_build(nums, c);
		if (!jv_is_valid(value)) {
			jv_free(r);
			return value;
		}
		r = jv_object_set(r, jv_string_sized(c->key, (int)c->nkey), value);
	}
	return r;
}

/* Depth is bounded by the parser. */
jv jq_build(const struct jq_numbers *nums, const struct json *v)
{
	double code;
	switch (v->type) {
	case JSON_NULL: return jv_null();
	case JSON_FALSE: return jv_false();
	case JSON_TRUE: return jv_true();
	case JSON_NUMBER: code = jq_numbers_value(nums, v->raw, v->nraw); return isnan(code) ? jv_invalid() : jv_number(code);
	case JSON_STRING: return jv_string_sized(v->str, (int)v->nstr);
	case JSON_ARRAY: return build_array(nums, v);
	default: return build_object(nums, v);
	}
}

void json_jq_limit(struct json_jq *q, uint64_t bytes)
{
	q->limit = bytes;
}

void json_jq_rewrite(struct json_jq *q, json_jq_rewrite_fn *fn)
{
	q->rewrite = fn;
}

static int parse(const struct json **tree, struct arena *a, const char *json, size_t n, struct err *e)
{
	struct json *root = NULL;
	*tree = NULL;
	if (n > INT_MAX)
		return err_set(e, ERR_DATA, "the record is too large for jq");
	int rc = json_parse_large(&root, a, json, n, e);
	*tree = root;
	return rc;
}

int json_jq_set(struct json_jq *q, size_t i, const char *json, size_t n, struct err *e)
{
	struct var *v = &q->var[i];
	jv_free(v->value);
	v->value = jv_invalid();
	arena_clear(&v->arena);
	int rc = parse(&v->tree, &v->arena, arena_strndup(&v->arena, json, n), n, e);
	if (rc != 0)
		return rc;
	jq_numbers_clear(&q->nums);
	jq_numbers_collect(&q->nums, v->tree, q->texts);
	v->has_numbers = q->nums.whole.n || q->nums.odd.n;
	jq_numbers_clear(&q->nums);
	if (!v->has_numbers)
		v->value = jq_build(&q->nums, v->tree);
	return 0;
}

/* The input, with the variables when there are some. Invalid: a number has no code. */
static jv wrap(const struct json_jq *q)
{
	if (!q->nvar)
		return jv_copy(q->input);
	jv a = jv_array_sized((int)(1 + q->nvar));
	a = jv_array_append(a, jv_copy(q->input));
	for (size_t i = 0; i < q->nvar; i++) {
		const struct var *v = &q->var[i];
		jv value = v->has_numbers ? jq_build(&q->nums, v->tree) : jv_copy(v->value);
		if (!jv_is_valid(value)) {
			jv_free(a);
			return value;
		}
		a = jv_array_append(a, value);
	}
	return a;
}

static void collect(struct json_jq *q, const struct json *tree)
{
	jq_numbers_clear(&q->nums);
	jq_numbers_collect(&q->nums, tree, q->texts);
	for (size_t i = 0; i < q->nvar; i++)
		if (q->var[i].has_numbers)
			jq_numbers_collect(&q->nums, q->var[i].tree, q->texts);
	jq_numbers_settle(&q->nums);
}

int json_jq_start(struct json_jq *q, const char *json, size_t n, struct err *e)
{
	const struct json *tree = NULL;
	arena_clear(&q->arena);
	buf_clear(&q->plain);
	q->running = false;
	int rc = json_fits(json, n, q->limit, e);
	if (rc == 0)
		rc = parse(&tree, &q->arena, json, n, e);
	if (rc != 0 || !tree)
		return rc;
	q->json = tree->raw;
	q->njson = tree->nraw;
	collect(q, tree);
	bool wide = q->always_wide || jq_numbers_any(&q->nums);
	if (!(wide ? q->wide : q->narrow) && (rc = compile(q, wide, e)) != 0)
		return rc;
	q->jq = wide ? q->wide : q->narrow;
	jv_free(q->input);
	q->input = jq_build(&q->nums, tree);
	jv_free(q->call);
	q->call = jv_is_valid(q->input) ? wrap(q) : jv_invalid();
	if (!jv_is_valid(q->call))
		return err_set(e, ERR_DATA, "jq: a number is too large to be used with the record's large integers");
	q->fresh = q->running = true;
	return 0;
}

static void print_scalar(const struct jq_numbers *nums, struct buf *b, jv v)
{
	switch (jv_get_kind(v)) {
	case JV_KIND_FALSE: buf_puts(b, "false"); break;
	case JV_KIND_TRUE: buf_puts(b, "true"); break;
	case JV_KIND_NUMBER: jq_numbers_print(nums, b, jv_number_value(v)); break;
	case JV_KIND_STRING: json_put_string(b, jv_string_value(v), (size_t)jv_string_length_bytes(jv_copy(v))); break;
	default: buf_puts(b, "null");
	}
}

static bool print(const struct jq_numbers *nums, struct buf *b, jv v)
{
	return jq_print(nums, b, v, 0, print_scalar);
}

/* Is the text that was printed from START on what the input prints as? Looked at only when the outer sizes agree. */
static bool prints_as_input(struct json_jq *q, const struct buf *out, size_t start)
{
	if (jv_get_kind(q->output) != jv_get_kind(q->input))
		return false;
	if (jv_get_kind(q->output) == JV_KIND_OBJECT &&
	    jv_object_length(jv_copy(q->output)) != jv_object_length(jv_copy(q->input)))
		return false;
	if (!q->plain.n && !print(&q->nums, &q->plain, q->input))
		return false;
	return q->plain.n == out->n - start && memcmp(q->plain.p, out->p + start, q->plain.n) == 0;
}

static int runtime_error(struct json_jq *q, jv result, struct err *e)
{
	int rc = 0;
	q->running = false;
	if (!jv_invalid_has_msg(jv_copy(result))) {
		jv_free(result);
		return 0;
	}
	jv msg = jv_invalid_get_msg(result);
	if (jv_get_kind(msg) == JV_KIND_STRING) {
		rc = err_set(e, ERR_DATA, "jq: %s", jv_string_value(msg));
	} else {
		struct buf b = BUF_INIT;
		print(&q->nums, &b, msg);
		rc = err_set(e, ERR_DATA, "jq: error %s", buf_cstr(&b));
		buf_release(&b);
	}
	q->result = msg;
	return rc;
}

/* What may free a deep value is done here, on the stack for it. */
static void step(void *arg)
{
	struct json_jq *q = arg;
	jv_free(q->output);
	jv_free(q->result);
	q->output = q->result = jv_invalid();
	if (q->fresh) {
		jv input = q->call;
		q->call = jv_invalid();
		q->fresh = false;
		jq_start(q->jq, input, 0);
	}
	q->result = jq_next(q->jq);
}

int json_jq_next(struct json_jq *q, struct buf *out, struct err *e)
{
	size_t start = out->n;
	if (!q->running)
		return 0;
	jq_stack_run(q->stack, step, q);
	jv v = q->result;
	q->result = jv_invalid();
	if (!jv_is_valid(v))
		return runtime_error(q, v, e);
	q->output = v;
	q->unchanged = jv_identical(jv_copy(v), jv_copy(q->input));
	if (!q->unchanged) {
		if (!print(&q->nums, out, v)) {
			out->n = start;
			q->running = false;
			return err_set(e, ERR_DATA, "jq: the result is nested more than %d levels deep", JSON_MAX_DEPTH);
		}
		q->unchanged = prints_as_input(q, out, start);
	}
	if (q->unchanged) {
		out->n = start;
		buf_put(out, q->json, q->njson);
	}
	return 1;
}

void json_jq_forget(struct json_jq *q)
{
	if (q->njson < FORGET_FROM)
		return;
	/* libjq lets go of what it was given when it is started anew. */
	jq_start(q->jq, jv_null(), 0);
	q->running = false;
	jv_free(q->input);
	jv_free(q->output);
	q->input = q->output = jv_invalid();
	arena_release(&q->arena);
	buf_release(&q->plain);
	q->json = NULL;
	q->njson = 0;
}

bool json_jq_unchanged(const struct json_jq *q)
{
	return q->unchanged;
}

bool json_jq_is_string(const struct json_jq *q)
{
	return jv_get_kind(q->output) == JV_KIND_STRING;
}

bool json_jq_is_false(const struct json_jq *q)
{
	jv_kind k = jv_get_kind(q->output);
	return k == JV_KIND_FALSE || k == JV_KIND_NULL;
}

void json_jq_string(const struct json_jq *q, struct buf *out)
{
	if (json_jq_is_string(q))
		buf_put(out, jv_string_value(q->output), (size_t)jv_string_length_bytes(jv_copy(q->output)));
}
