/* SPDX-License-Identifier: MIT */
#include "json/jq.h"

#include "base/arena.h"
#include "base/mem.h"
#include "json/doc.h"
#include "json/jq_parts.h"

#include <jq.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct var {
	char *name;
	struct arena arena;        /* of text and tree */
	const struct json *tree;
	jv value;                  /* built once, unless it has numbers that need a run's doubles */
	bool has_numbers;
};

enum slot { SLOT_INPUT, SLOT_LITERALS, SLOT_VARS };  /* of the array that a wrapped program gets */

struct json_jq {
	jq_state *jq;
	bool wrapped, prints, running;
	struct var *var;
	size_t nvar;
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

static jv no_input(jq_state *jq, void *arg)
{
	(void)jq;
	(void)arg;
	return jv_invalid_with_msg(jv_string("input and inputs are not for a stream: the program sees one record at a time"));
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
static int compile_without_home(jq_state *jq, const char *program)
{
	const char *home = getenv("HOME");
	char *saved = home ? mem_strdup(home) : NULL;
	if (saved)
		unsetenv("HOME");
	int ok = jq_compile(jq, program);
	if (saved)
		setenv("HOME", saved, 1);
	mem_free(saved);
	return ok;
}

static int compile(struct json_jq *q, const struct jq_text *t, struct err *e)
{
	struct buf b = BUF_INIT;
	if (q->wrapped) {
		/* On the first line, so that line numbers in messages are the user's. */
		buf_puts(&b, ". as [$__in,$__lits");
		for (size_t i = 0; i < q->nvar; i++)
			buf_printf(&b, ",$%s", q->var[i].name);
		buf_puts(&b, "] | $__in | ");
		if (q->prints)
			buf_puts(&b, jq_text_prelude);
	}
	if (t->program.n)
		buf_put(&b, t->program.p, t->program.n);
	buf_puts(&b, t->empty || t->open_def ? "\n." : "\n");
	q->jq = jq_init();
	if (!q->jq)
		mem_oom(0);
	jq_set_error_cb(q->jq, keep_error, &q->compile_error);
	jq_set_input_cb(q->jq, no_input, NULL);
	jq_set_attr(q->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	int ok = compile_without_home(q->jq, buf_cstr(&b));
	buf_release(&b);
	if (!ok)
		return compile_failed(q, e);
	jq_set_error_cb(q->jq, drop_message, NULL);
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
	size_t given = vars ? vars->n : 0;
	char name[32];
	int r = 0;
	q->var = mem_zalloc((given + t->n) * sizeof *q->var);
	for (size_t i = 0; i < given + t->n; i++)
		q->var[i].value = jv_invalid();
	for (size_t i = 0; i < given && r == 0; i++) {
		const struct json_jq_var *v = &vars->v[i];
		if (!good_name(v->name))
			return err_set(e, ERR_USAGE, "jq: '%s' is no name for a variable", v->name);
		q->var[q->nvar++].name = mem_strdup(v->name);
		r = v->json ? json_jq_set(q, i, v->json, v->n, e) : json_jq_set(q, i, "null", 4, e);
		if (r != 0)
			err_wrap(e, "jq: value of $%s", v->name);
	}
	for (size_t i = 0; i < t->n && r == 0; i++) {
		snprintf(name, sizeof name, "__n%zu", i);
		q->var[q->nvar++].name = mem_strdup(name);
		r = json_jq_set(q, given + i, t->literal[i], t->nliteral[i], e);
	}
	return r;
}

int json_jq_new(struct json_jq **out, const char *program, const struct json_jq_vars *vars, struct err *e)
{
	struct json_jq *q = mem_zalloc(sizeof *q);
	struct jq_text t = { .program = BUF_INIT };
	q->input = q->output = jv_invalid();
	int r = jq_text_scan(&t, program, e);
	if (r == 0)
		r = add_vars(q, vars, &t, e);
	if (r == 0) {
		q->prints = t.prints;
		q->wrapped = q->prints || q->nvar;
		r = compile(q, &t, e);
	}
	jq_text_release(&t);
	if (r != 0)
		json_jq_free(q);
	else
		*out = q;
	return r;
}

void json_jq_free(struct json_jq *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->nvar; i++) {
		jv_free(q->var[i].value);
		arena_release(&q->var[i].arena);
		mem_free(q->var[i].name);
	}
	mem_free(q->var);
	jv_free(q->input);
	jv_free(q->output);
	if (q->jq)
		jq_teardown(&q->jq);
	jq_numbers_release(&q->nums);
	arena_release(&q->arena);
	buf_release(&q->plain);
	buf_release(&q->compile_error);
	mem_free(q);
}

/* Depth is bounded by the parser. */
static jv build(const struct jq_numbers *nums, const struct json *v)
{
	jv r;
	switch (v->type) {
	case JSON_NULL: return jv_null();
	case JSON_FALSE: return jv_false();
	case JSON_TRUE: return jv_true();
	case JSON_NUMBER: return jv_number(jq_numbers_value(nums, v->raw, v->nraw));
	case JSON_STRING: return jv_string_sized(v->str, (int)v->nstr);
	case JSON_ARRAY:
		r = jv_array_sized((int)(v->nchild ? v->nchild : 1));
		for (const struct json *c = v->child; c; c = c->next)
			r = jv_array_append(r, build(nums, c));
		return r;
	default:
		r = jv_object();
		for (const struct json *c = v->child; c; c = c->next)
			r = jv_object_set(r, jv_string_sized(c->key, (int)c->nkey), build(nums, c));
		return r;
	}
}

static int parse(const struct json **tree, struct arena *a, const char *json, size_t n, struct err *e)
{
	struct json *root = NULL;
	*tree = NULL;
	if (n > INT_MAX)
		return err_set(e, ERR_DATA, "the record is too large for jq");
	int r = json_parse(&root, a, json, n, e);
	*tree = root;
	return r;
}

int json_jq_set(struct json_jq *q, size_t i, const char *json, size_t n, struct err *e)
{
	struct var *v = &q->var[i];
	jv_free(v->value);
	v->value = jv_invalid();
	arena_clear(&v->arena);
	int r = parse(&v->tree, &v->arena, arena_strndup(&v->arena, json, n), n, e);
	if (r != 0)
		return r;
	jq_numbers_clear(&q->nums);
	jq_numbers_collect(&q->nums, v->tree);
	v->has_numbers = q->nums.big.n || q->nums.odd.n;
	jq_numbers_clear(&q->nums);
	if (!v->has_numbers)
		v->value = build(&q->nums, v->tree);
	return 0;
}

/* {"what libjq prints": "the number's own text"}, for both signs; null when there is nothing to mend. */
static jv literals(const struct json_jq *q)
{
	const struct jq_literals *big = &q->nums.big;
	if (!q->prints || !big->n)
		return jv_null();
	jv o = jv_object();
	for (size_t i = 0; i < big->n; i++)
		for (int sign = 1; sign >= -1; sign -= 2) {
			jv text = jv_string(sign < 0 ? "-" : "");
			text = jv_string_append_buf(text, big->v[i].text, (int)big->v[i].n);
			o = jv_object_set(o, jv_dump_string(jv_number(sign * big->v[i].d), 0), text);
		}
	return o;
}

static jv wrap(const struct json_jq *q)
{
	jv a = jv_array_sized((int)(SLOT_VARS + q->nvar));
	a = jv_array_set(a, SLOT_INPUT, jv_copy(q->input));
	a = jv_array_set(a, SLOT_LITERALS, literals(q));
	for (size_t i = 0; i < q->nvar; i++) {
		const struct var *v = &q->var[i];
		a = jv_array_set(a, (int)(SLOT_VARS + i), v->has_numbers ? build(&q->nums, v->tree) : jv_copy(v->value));
	}
	return a;
}

int json_jq_start(struct json_jq *q, const char *json, size_t n, struct err *e)
{
	const struct json *tree;
	arena_clear(&q->arena);
	buf_clear(&q->plain);
	q->running = false;
	int r = parse(&tree, &q->arena, json, n, e);
	if (r != 0 || !tree)
		return r;
	q->json = tree->raw;
	q->njson = tree->nraw;
	jq_numbers_clear(&q->nums);
	jq_numbers_collect(&q->nums, tree);
	for (size_t i = 0; i < q->nvar; i++)
		if (q->var[i].has_numbers)
			jq_numbers_collect(&q->nums, q->var[i].tree);
	jq_numbers_settle(&q->nums);
	jv_free(q->input);
	q->input = build(&q->nums, tree);
	jq_start(q->jq, q->wrapped ? wrap(q) : jv_copy(q->input), 0);
	q->running = true;
	return 0;
}

static bool print(const struct jq_numbers *nums, struct buf *b, jv v, unsigned depth);

static bool print_object(const struct jq_numbers *nums, struct buf *b, jv v, unsigned depth)
{
	bool ok = true, first = true;
	buf_putc(b, '{');
	for (int i = jv_object_iter(v); ok && jv_object_iter_valid(v, i); i = jv_object_iter_next(v, i)) {
		jv key = jv_object_iter_key(v, i), value = jv_object_iter_value(v, i);
		if (!first)
			buf_putc(b, ',');
		first = false;
		json_put_string(b, jv_string_value(key), (size_t)jv_string_length_bytes(jv_copy(key)));
		buf_putc(b, ':');
		ok = print(nums, b, value, depth + 1);
		jv_free(key);
		jv_free(value);
	}
	buf_putc(b, '}');
	return ok;
}

static bool print_array(const struct jq_numbers *nums, struct buf *b, jv v, unsigned depth)
{
	bool ok = true;
	int n = jv_array_length(jv_copy(v));
	buf_putc(b, '[');
	for (int i = 0; ok && i < n; i++) {
		jv c = jv_array_get(jv_copy(v), i);
		if (i)
			buf_putc(b, ',');
		ok = print(nums, b, c, depth + 1);
		jv_free(c);
	}
	buf_putc(b, ']');
	return ok;
}

/* Does not take V. False: nested too deeply for anybody to read it again. */
static bool print(const struct jq_numbers *nums, struct buf *b, jv v, unsigned depth)
{
	jv_kind kind = jv_get_kind(v);
	if (depth >= JSON_MAX_DEPTH && (kind == JV_KIND_ARRAY || kind == JV_KIND_OBJECT))
		return false;
	switch (kind) {
	case JV_KIND_FALSE: buf_puts(b, "false"); return true;
	case JV_KIND_TRUE: buf_puts(b, "true"); return true;
	case JV_KIND_NUMBER: jq_numbers_print(nums, b, jv_number_value(v)); return true;
	case JV_KIND_STRING:
		json_put_string(b, jv_string_value(v), (size_t)jv_string_length_bytes(jv_copy(v)));
		return true;
	case JV_KIND_ARRAY: return print_array(nums, b, v, depth);
	case JV_KIND_OBJECT: return print_object(nums, b, v, depth);
	default: buf_puts(b, "null"); return true;
	}
}

/* Is the text that was printed from START on what the input prints as? Looked at only when the outer sizes agree. */
static bool prints_as_input(struct json_jq *q, const struct buf *out, size_t start)
{
	if (jv_get_kind(q->output) != jv_get_kind(q->input))
		return false;
	if (jv_get_kind(q->output) == JV_KIND_OBJECT &&
	    jv_object_length(jv_copy(q->output)) != jv_object_length(jv_copy(q->input)))
		return false;
	if (!q->plain.n && !print(&q->nums, &q->plain, q->input, 0))
		return false;
	return q->plain.n == out->n - start && memcmp(q->plain.p, out->p + start, q->plain.n) == 0;
}

static int runtime_error(struct json_jq *q, jv result, struct err *e)
{
	int r = 0;
	q->running = false;
	if (jq_halted(q->jq)) {
		jv_free(result);
		return err_set(e, ERR_USAGE, "jq: halt is not for a stream");
	}
	if (!jv_invalid_has_msg(jv_copy(result))) {
		jv_free(result);
		return 0;
	}
	jv msg = jv_invalid_get_msg(result);
	if (jv_get_kind(msg) == JV_KIND_STRING) {
		r = err_set(e, ERR_DATA, "jq: %s", jv_string_value(msg));
	} else {
		struct buf b = BUF_INIT;
		print(&q->nums, &b, msg, 0);
		r = err_set(e, ERR_DATA, "jq: error %s", buf_cstr(&b));
		buf_release(&b);
	}
	jv_free(msg);
	return r;
}

int json_jq_next(struct json_jq *q, struct buf *out, struct err *e)
{
	size_t start = out->n;
	if (!q->running)
		return 0;
	jv v = jq_next(q->jq);
	if (!jv_is_valid(v))
		return runtime_error(q, v, e);
	jv_free(q->output);
	q->output = v;
	q->unchanged = jv_identical(jv_copy(v), jv_copy(q->input));
	if (!q->unchanged) {
		if (!print(&q->nums, out, v, 0)) {
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
