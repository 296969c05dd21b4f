// SPDX-License-Identifier: MIT
/* smsentiment - add the sentiment of a text to every record. Table, glue and main; the work is in lib/text. */
#include "base/datadir.h"
#include "base/mem.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "io/output.h"
#include "stream/pull.h"
#include "text/vader.h"

#include <unistd.h>

#define TEXT_MOST ((size_t)4 << 20)     /* with its quotes: emoji are scored as their names, and take sixty times as much */

static const char *opt_field = "text", *opt_out = "sentiment", *opt_lexicon, *opt_edition = "3.3.2", *opt_on_error;
static bool opt_explain, opt_unbuffered, field_given;

static const struct opt options[] = {
	{ 'f', "field", OPT_STR, &opt_field, "PATH", "the field that holds the text (a.b is member b of object a; default text)", &field_given },
	{ 'o', "out", OPT_STR, &opt_out, "NAME", "the field to add (default sentiment)" },
	{ 0, "explain", OPT_FLAG, &opt_explain, NULL, "add `steps`: every rule applied to a word, and the word's valence after it" },
	{ 0, "lexicon", OPT_FILE, &opt_lexicon, "FILE", "use another lexicon (docs/sentiment.md has the format)" },
	{ 0, "edition", OPT_ENUM, &opt_edition, "3.3.2|head", "idioms as in the released package (default) or at the head of its repository" },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "unbuffered", OPT_FLAG, &opt_unbuffered, NULL, "flush every record" },
	{ 0 }
};

static const char *const exits[] = {
	"0", "every record was passed on", "1", "done, but bad records were skipped or rejected, or no record has the field of --field", "2", "usage", "3", "bad input",
	"4", "I/O error", NULL
};

static const char *const examples[] = {
	"smreplay landing --where \"lang = 'en'\" | smsentiment", "the sentiment of the English posts of a table",
	"smsentiment --explain posts.ndjson | jq .sentiment.steps", "explain the score of each text", NULL
};

static const char *const see_also[] = { "smreplay(1)", "smtrend(1)", "smjq(1)", NULL };

static const struct tool tool = {
	.name = "smsentiment",
	.summary = "add the sentiment of a text to every record",
	.synopsis = "[OPTION]… [FILE]…",
	.description =
		"Adds \"sentiment\":{\"compound\",\"pos\",\"neu\",\"neg\",\"label\"} to every record that has a text. The numbers "
		"are those of VADER (Hutto and Gilbert 2014), digit for digit: compound is the sentiment from -1 to "
		"1; pos, neu and neg are shares of the words. label is positive from 0.05 up, negative from -0.05 "
		"down, otherwise neutral.\n\n"
		"VADER knows English. A record whose text is absent or null passes unchanged; a record whose text is "
		"not a string is bad. All other bytes of a record stay as they are. An existing field of the same "
		"name is replaced in place if it is an object or null; otherwise the record is bad: choose another "
		"name with --out. Marks pass in their place.",
	.opts = options,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

enum { FIELD_TEXT, FIELD_OUT, FIELDS };

struct run {
	struct pull *pull;
	struct output out;
	struct vader *vader;
	struct vader_scratch scratch;
	struct buf text, value, steps;
	struct err *e;
};

static void add_step(void *arg, size_t i, const char *p, size_t n, const char *rule, double value)
{
	struct buf *b = arg;
	buf_puts(b, b->n ? "," : "[");
	buf_puts(b, "{\"rule\":");
	json_put_cstr(b, rule);
	if (p) {
		buf_puts(b, ",\"word\":");
		buf_u64(b, i);
		buf_puts(b, ",\"token\":");
		json_put_string(b, p, n);
	}
	buf_puts(b, ",\"valence\":");
	json_put_double(b, value);
	buf_putc(b, '}');
}

/* Put the JSON of the text's scores on r->value. */
static void score(struct run *r, const struct json_field *text)
{
	struct vader_scores s;
	buf_clear(&r->text);
	buf_clear(&r->value);
	buf_clear(&r->steps);
	json_unescape(&r->text, text->p, text->n);
	const struct vader_trace trace = { add_step, &r->steps };
	vader_explain(r->vader, &r->scratch, r->text.p, r->text.n, &s, opt_explain ? &trace : NULL);
	vader_put(&r->value, &s);
	if (!opt_explain)
		return;
	r->value.n--;
	buf_puts(&r->value, ",\"steps\":");
	buf_puts(&r->steps, r->steps.n ? "]" : "[]");
	buf_put(&r->value, r->steps.p, r->steps.n);
	buf_putc(&r->value, '}');
}

static int write_record(void *arg, const struct json_record *rec, struct err *why)
{
	struct run *r = arg;
	const struct json_field *text = &rec->field[FIELD_TEXT], *old = &rec->field[FIELD_OUT];
	if (!text->p || text->type == JSON_NULL) {
		output_line(&r->out, rec->p, rec->n);
		return 1;
	}
	if (text->type != JSON_STRING) {
		err_set(why, ERR_DATA, "field %s is not a string", opt_field);
		why->col = (uint64_t)(text->p - rec->p) + 1;
		return ERR_DATA;
	}
	if (text->n > TEXT_MOST) {
		err_set(why, ERR_DATA, "field %s is longer than %zu MiB", opt_field, TEXT_MOST >> 20);
		why->col = (uint64_t)(text->p - rec->p) + 1;
		return ERR_DATA;
	}
	if (old->p && old->type != JSON_NULL && old->type != JSON_OBJECT) {
		err_set(why, ERR_DATA, "the record already has a field %s, which is neither an object nor null; see --out", opt_out);
		why->col = (uint64_t)(old->p - rec->p) + 1;
		return ERR_DATA;
	}
	score(r, text);
	if (old->p) {
		size_t before = (size_t)(old->p - rec->p);
		output_put(&r->out, rec->p, before);
		output_put(&r->out, r->value.p, r->value.n);
		output_line(&r->out, old->p + old->n, rec->n - before - old->n);
		return 1;
	}
	json_splice(&r->out.buf, rec->p, rec->n, opt_out, r->value.p, r->value.n);
	buf_putc(&r->out.buf, '\n');
	output_end_record(&r->out);
	return 1;
}

static int read_lexicon(struct vader **v, enum vader_edition edition, struct err *e)
{
	if (!opt_lexicon)
		return vader_open(v, edition, e);
	struct buf text = BUF_INIT;
	int rc = file_read(&text, opt_lexicon, VADER_MAX_LEXICON, e);
	if (!rc) {
		rc = vader_new(v, text.p, text.n, edition, e);
		if (rc)
			err_at(e, opt_lexicon, e->line, 0);
	}
	buf_release(&text);
	return rc;
}

static int open_input(struct run *r, char **files, size_t n)
{
	struct buf path = BUF_INIT;
	buf_printf(&path, "`%s`", opt_out);
	const char *const fields[FIELDS] = { [FIELD_TEXT] = opt_field, [FIELD_OUT] = buf_cstr(&path) };
	const struct pull_opts o = { .tool = tool.name, .on_error = opt_on_error, .fields = fields, .nfields = FIELDS,
		.named = field_given ? UINT32_C(1) << FIELD_TEXT : 0,
		.out = &r->out, .metrics = report_metrics() };
	int got = pull_open(&r->pull, (const char *const *)files, n, &o, r->e);
	buf_release(&path);
	return got;
}

static int run(struct run *r, char **files, size_t n)
{
	int got = open_input(r, files, n);
	if (!got)
		got = read_lexicon(&r->vader, strcmp(opt_edition, "head") ? VADER_3_3_2 : VADER_HEAD, r->e);
	if (got)
		return got;
	r->out.unbuffered = opt_unbuffered;
	return pull_filter(r->pull, write_record, r, r->e);
}

int main(int argc, char **argv)
{
	struct err e = { 0 }, why = { 0 };
	struct run r = { .scratch = VADER_SCRATCH_INIT, .e = &e };
	diag_init(tool.name);
	report_stdout(&r.out);
	int n = opt_parse(&tool, argc, argv);
	if (!*opt_out || strchr(opt_out, '`'))
		opt_usage("--out must be a member's name without `");
	int status = 0, got = run(&r, argv + 1, (size_t)n);
	if (got < 0)
		status = diag_fail(&e);
	status = diag_worse(status, pull_close(r.pull, &why), &why);
	status = diag_finish(&r.out, status);
	vader_free(r.vader);
	vader_scratch_release(&r.scratch);
	buf_release(&r.text);
	buf_release(&r.value);
	buf_release(&r.steps);
	return status;
}
