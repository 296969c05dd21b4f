/* SPDX-License-Identifier: MIT */
/* The members of a definition, each by itself and as they go together. */
#include "base/clock.h"
#include "base/mem.h"
#include "source/def_int.h"

#include <string.h>

enum { K_SMSOURCE, K_NAME, K_NETWORK, K_SUMMARY, K_EXTENDS, K_ABOUT, K_VARS, K_SECRETS, K_HOSTS, K_STRIP, K_AUTH, K_REQUEST,
       K_NEXT, K_CURSOR, K_DEDUP, K_TIMES, K_EACH, K_PARALLEL, K_LIST, K_RECORDS, K_CONTEXT, K_MAP, K_RATE, K_OUTCOME, K_PACE,
       K_COST, K_BUDGET, K_RETRY, K_TRANSPORT, K_HEARTBEAT, K_FORMAT, K_REFILL, K_FALLBACK, K_RULES, K_SETUP, NKEYS };

static const struct def_key keys[NKEYS] = {
	[K_SMSOURCE] = { "smsource", DEF_NUM }, [K_NAME] = { "name", DEF_STR }, [K_NETWORK] = { "network", DEF_STR },
	[K_SUMMARY] = { "summary", DEF_STR }, [K_EXTENDS] = { "extends", DEF_STR }, [K_ABOUT] = { "about", DEF_EXPR },
	[K_VARS] = { "vars", DEF_OBJ }, [K_SECRETS] = { "secrets", DEF_OBJ }, [K_HOSTS] = { "hosts", DEF_ARR },
	[K_STRIP] = { "strip", DEF_ARR }, [K_AUTH] = { "auth", DEF_OBJ }, [K_REQUEST] = { "request", DEF_OBJ },
	[K_NEXT] = { "next", DEF_OBJ }, [K_CURSOR] = { "cursor", DEF_OBJ }, [K_DEDUP] = { "dedup", DEF_EXPR },
	[K_TIMES] = { "times", DEF_STR }, [K_EACH] = { "each", DEF_STR }, [K_PARALLEL] = { "parallel", DEF_NUM },
	[K_LIST] = { "list", DEF_OBJ }, [K_RECORDS] = { "records", DEF_EXPR }, [K_CONTEXT] = { "context", DEF_EXPR },
	[K_MAP] = { "map", DEF_EXPR }, [K_RATE] = { "rate", DEF_EXPR }, [K_OUTCOME] = { "outcome", DEF_EXPR },
	[K_PACE] = { "pace", DEF_STR | DEF_ARR | DEF_OBJ }, [K_COST] = { "cost", DEF_NUM }, [K_BUDGET] = { "budget", DEF_STR },
	[K_RETRY] = { "retry", DEF_OBJ }, [K_TRANSPORT] = { "transport", DEF_STR }, [K_HEARTBEAT] = { "heartbeat", DEF_NUM },
	[K_FORMAT] = { "format", DEF_STR }, [K_REFILL] = { "refill", DEF_STR }, [K_FALLBACK] = { "fallback", DEF_STR },
	[K_RULES] = { "rules", DEF_OBJ }, [K_SETUP] = { "setup", DEF_OBJ },
};

static void take_version(struct def_load *l, const struct json *root, const struct json *v)
{
	int64_t version;
	if (!json_get(root, "smsource"))
		def_fault(l, root, "'smsource' is missing: the format of the definition (1)");
	else if (v && (!json_i64(v, &version) || version != 1))
		def_fault(l, v, "'smsource' is not 1: this definition is for another release");
}

/* --- vars, secrets --- */

/* Room for the members of OBJ behind the N that are there. */
static void *extended(struct def_load *l, const void *old, size_t n, const struct json *obj, size_t size)
{
	char *to = arena_array(&l->d->arena, n + obj->nchild, size);
	if (n)
		memcpy(to, old, n * size);
	return to;
}

/* What V says about VAR: a default, or an object with default and help. */
static void take_var(struct def_load *l, const struct json *v, struct def_var *var)
{
	static const struct def_key of_var[] = { { "default", DEF_STR | DEF_NUM | DEF_NULL }, { "help", DEF_STR } };
	const struct json *m[2] = { v, NULL };
	const char *what = def_path(l, "vars", v->key);
	if (v->type == JSON_OBJECT)
		def_members(l, v, what, of_var, 2, m);
	else if (!def_type(l, v, DEF_STR | DEF_NUM | DEF_NULL | DEF_OBJ, what))
		return;
	if (m[1])
		var->help = def_string(l, m[1]);
	if (!m[0] || m[0]->type == JSON_NULL)
		var->value = NULL;
	else if (m[0]->type == JSON_STRING)
		var->value = def_string(l, m[0]);
	else
		var->value = arena_strndup(&l->d->arena, m[0]->raw, m[0]->nraw);
}

static void take_vars(struct def_load *l, const struct json *obj)
{
	struct source_def *d = l->d;
	if (!obj || !def_distinct(l, obj, "vars", false))
		return;
	struct def_var *var = extended(l, d->var, d->nvars, obj, sizeof *var);
	d->var = var;
	for (const struct json *v = obj->child; v; v = v->next) {
		size_t i = 0;
		if (strcmp(v->key, "cursor") == 0 || strcmp(v->key, "since") == 0 || strcmp(v->key, "until") == 0)
			def_fault(l, v, "the variable '%s' is set by smfetch and cannot be declared", v->key);
		else if (!def_is_name(v->key))
			def_fault(l, v, "'%s' is not a valid variable name (letters, digits and _, not beginning with a digit)", v->key);
		while (i < d->nvars && strcmp(var[i].name, v->key) != 0)
			i++;
		if (i == d->nvars) {
			var[i] = (struct def_var){ .name = arena_strdup(&d->arena, v->key), .help = "" };
			d->nvars++;
		}
		take_var(l, v, &var[i]);
	}
}

/* Secrets are files and parts of names of environment variables. */
static bool secret_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= '0' && s[i] <= '9') ||
		      memchr("-_.", s[i], 3)))
			return false;
	return n && n <= 128 && !memmem(s, n, "..", 2);
}

static void take_secret(struct def_load *l, const struct json *v, struct def_secret *s)
{
	static const struct def_key of_secret[] = { { "name", DEF_STR }, { "optional", DEF_BOOL }, { "help", DEF_STR } };
	const struct json *m[3] = { v, NULL, NULL };
	const char *what = def_path(l, "secrets", v->key);
	if (!def_type(l, v, DEF_STR | DEF_OBJ, what))
		return;
	if (v->type == JSON_OBJECT && def_members(l, v, what, of_secret, 3, m) && !m[0])
		def_fault(l, v, "'%s.name' is missing", what);
	if (m[2])
		s->help = def_string(l, m[2]);
	if (!m[0])
		return;
	size_t n = m[0]->nstr;
	bool mark = n && m[0]->str[n - 1] == '?';
	s->optional = mark || (m[1] && m[1]->type == JSON_TRUE);
	n -= mark;
	s->name = arena_strndup(&l->d->arena, m[0]->str, n);
	if (!secret_name(m[0]->str, n))
		def_fault(l, m[0], "'%s' is not a valid secret name (letters, digits, - _ . but not '..')", s->name);
}

static void take_secrets(struct def_load *l, const struct json *obj)
{
	struct source_def *d = l->d;
	if (!obj || !def_distinct(l, obj, "secrets", false))
		return;
	struct def_secret *s = extended(l, d->secret, d->nsecrets, obj, sizeof *s);
	d->secret = s;
	for (const struct json *v = obj->child; v; v = v->next) {
		size_t i = 0;
		while (i < d->nsecrets && strcmp(s[i].local, v->key) != 0)
			i++;
		if (i == d->nsecrets) {
			const char *local = arena_strdup(&d->arena, v->key);
			s[i] = (struct def_secret){ .local = local, .name = local, .help = "" };
			d->nsecrets++;
		}
		take_secret(l, v, &s[i]);
	}
}

/* --- lists of texts --- */

/* Is it `host`, `host:port` or `.suffix`, as far as no variable is in it? */
static bool good_host(const struct def_text *t)
{
	bool var = false;
	size_t n = 0, dots = 0;
	for (size_t i = 0; i < t->nparts; i++) {
		var |= t->part[i].var;
		for (size_t k = 0; !t->part[i].var && k < t->part[i].n; k++, n++) {
			unsigned char c = (unsigned char)t->part[i].text[k];
			if (c <= ' ' || c == 0x7f || strchr("/@?#*\\", c))
				return false;
			dots += c == '.';
		}
	}
	return var || n > dots;
}

static bool list_of_texts(struct def_load *l, const struct json *v, const char *what)
{
	bool ok = true;
	if (v->nchild > DEF_MAX_LIST)
		return def_fault(l, v, "'%s' has more than %d elements", what, DEF_MAX_LIST);
	for (const struct json *s = v->child; s; s = s->next)
		if (s->type != JSON_STRING || !s->nstr)
			ok = def_fault(l, s, "'%s' must be an array of non-empty strings", what);
	return ok;
}

static void take_hosts(struct def_load *l, const struct json *v)
{
	size_t n = 0;
	if (!v || !list_of_texts(l, v, "hosts"))
		return;
	if (!v->nchild)
		def_fault(l, v, "'hosts' is empty: no request would be allowed");
	struct def_text *host = arena_array(&l->d->arena, v->nchild + 1, sizeof *host);
	for (const struct json *s = v->child; s; s = s->next, n++)
		if (def_text(l, s, "hosts", &host[n]) && !good_host(&host[n]))
			def_fault(l, s, "'%s' is not a host: use host, host:port, or .example.org for all its subdomains", s->str);
	l->d->host = host;
	l->d->nhosts = n;
}

static size_t add_once(const char **to, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(to[i], s) == 0)
			return n;
	to[n] = s;
	return n + 1;
}

/* access_token and the parameter of auth.query are always taken out. */
static void take_strip(struct def_load *l, const struct json *v)
{
	struct source_def *d = l->d;
	bool own = v && list_of_texts(l, v, "strip");
	if (v && !own)
		return;
	const char **to = arena_array(&d->arena, 2 + (own ? v->nchild : d->nstrip), sizeof *to);
	size_t n = add_once(to, 0, "access_token");
	if (d->auth.kind == AUTH_QUERY && d->auth.name)
		n = add_once(to, n, d->auth.name);
	for (const struct json *s = own ? v->child : NULL; s; s = s->next)
		n = add_once(to, n, def_string(l, s));
	for (size_t i = 0; !own && i < d->nstrip; i++)
		n = add_once(to, n, d->strip[i]);
	d->strip = to;
	d->nstrip = n;
}

/* --- the rest --- */

static void take_texts(struct def_load *l, const struct json *const *m)
{
	struct source_def *d = l->d;
	if (m[K_NAME])
		def_line(l, m[K_NAME], "name", &d->name);
	if (m[K_NETWORK])
		def_line(l, m[K_NETWORK], "network", &d->network);
	if (m[K_SUMMARY])
		d->summary = def_string(l, m[K_SUMMARY]);
	if (m[K_ABOUT])
		def_lines(l, m[K_ABOUT], "about", &d->about);
	if (m[K_BUDGET])
		def_text(l, m[K_BUDGET], "budget", &d->budget);
}

static void take_expressions(struct def_load *l, const struct json *const *m)
{
	struct source_def *d = l->d;
	const struct {
		int key;
		const char **to;
	} all[] = { { K_CONTEXT, &d->context }, { K_MAP, &d->map }, { K_DEDUP, &d->dedup }, { K_RATE, &d->rate },
		    { K_OUTCOME, &d->outcome } };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (m[all[i].key])
			def_expr(l, m[all[i].key], keys[all[i].key].name, all[i].to);
	if (!m[K_RECORDS] || !def_lines(l, m[K_RECORDS], "records", &d->records))
		return;
	d->is_path = scan_path_parse(&d->path, &d->arena, d->records);
	if (!d->is_path)
		def_expr(l, m[K_RECORDS], "records", &d->records);
}

static void take_words(struct def_load *l, const struct json *const *m)
{
	struct source_def *d = l->d;
	int i;
	if (m[K_TRANSPORT] && def_word(l, m[K_TRANSPORT], "transport", "http|lines|sse|ws", &i))
		d->transport = (enum def_transport)i;
	if (m[K_FORMAT] && def_word(l, m[K_FORMAT], "format", "json|ndjson|feed", &i))
		d->format = (enum def_format)i;
	if (m[K_TIMES] && def_word(l, m[K_TIMES], "times", "epoch|epoch_ms|epoch_us|rfc3339", &i))
		d->times = (enum def_as)(AS_EPOCH + i);
	if (m[K_EACH]) {
		d->each = def_string(l, m[K_EACH]);
		if (!l->partial && !source_def_var(d, d->each))
			def_fault(l, m[K_EACH], "no variable '%s' in 'vars'", d->each);
	}
	if (m[K_REFILL])
		def_line(l, m[K_REFILL], "refill", &d->refill);
	if (m[K_FALLBACK])
		def_line(l, m[K_FALLBACK], "fallback", &d->fallback);
}

static void take_numbers(struct def_load *l, const struct json *const *m)
{
	double seconds;
	if (m[K_PARALLEL])
		def_whole(l, m[K_PARALLEL], "parallel", 1, 1000, &l->d->parallel);
	if (m[K_COST])
		def_whole(l, m[K_COST], "cost", 1, 1000000, &l->d->cost);
	if (m[K_HEARTBEAT] && def_number(l, m[K_HEARTBEAT], "heartbeat", 0.001, 86400, &seconds))
		l->d->heartbeat_ns = (int64_t)(seconds * NS_PER_SEC);
}

static void take_fetching(struct def_load *l, const struct json *const *m)
{
	struct source_def *d = l->d;
	if (m[K_AUTH])
		def_auth(l, m[K_AUTH]);
	if (m[K_REQUEST]) {
		d->api = true;
		def_request(l, m[K_REQUEST], "request", DEF_URL_ANY, false, &d->request);
	}
	if (m[K_LIST])
		def_list(l, m[K_LIST]);
	if (m[K_NEXT])
		def_next(l, m[K_NEXT]);
	if (m[K_CURSOR])
		def_cursor(l, m[K_CURSOR]);
	if (m[K_PACE])
		def_pace(l, m[K_PACE]);
	if (m[K_RETRY])
		def_retry(l, m[K_RETRY]);
	if (m[K_RULES])
		def_rules(l, m[K_RULES]);
	if (m[K_SETUP])
		def_setup(l, m[K_SETUP]);
}

/* --- what goes together --- */

/* Where to point at: the first of these members that this file has, else all of it. */
static const struct json *where(const struct json *root, const struct json *const *m, int a, int b)
{
	return m[a] ? m[a] : m[b] ? m[b] : root;
}

/* The member A, or A.B, of the object, as far as this file has it. */
static const struct json *inside(const struct json *v, const char *a, const char *b)
{
	v = json_get(v, a);
	return b ? json_get(v, b) : v;
}

/* AT is the address in this file, if it stands in it; else it can only be our hosts that are to blame. */
static void check_host(struct def_load *l, const struct json *const *m, const struct json *at, const struct def_text *url,
		       const char *what)
{
	const struct json *blame = at ? at : m[K_HOSTS];
	if (blame && url->nparts && l->d->nhosts && !def_host_known(l->d, url))
		def_fault(l, blame, "the host of '%s' is not among 'hosts'", what);
}

static void check_hosts(struct def_load *l, const struct json *const *m, const struct json *url)
{
	const struct source_def *d = l->d;
	check_host(l, m, url, &d->request.url, "request.url");
	if (d->has_list)
		check_host(l, m, inside(m[K_LIST], "request", "url"), &d->list.url, "list.request.url");
	if (d->auth.kind == AUTH_LOGIN)
		check_host(l, m, inside(m[K_AUTH], "login", "url"), &d->auth.request.url, "auth.login.url");
	if (d->setup.has_check)
		check_host(l, m, inside(m[K_SETUP], "check", "url"), &d->setup.check.url, "setup.check.url");
	if (!d->rules.there)
		return;
	check_host(l, m, json_get(inside(m[K_RULES], "list", "request"), "url"), &d->rules.list.url, "rules.list.request.url");
	check_host(l, m, json_get(inside(m[K_RULES], "add", "request"), "url"), &d->rules.add.url, "rules.add.request.url");
	check_host(l, m, json_get(inside(m[K_RULES], "remove", "request"), "url"), &d->rules.remove.url, "rules.remove.request.url");
}

static void check_socket(struct def_load *l, const struct json *const *m, const struct json *url)
{
	const struct source_def *d = l->d;
	const char *scheme = def_scheme(&d->request.url);
	bool socket = strncmp(scheme, "ws", 2) == 0, wanted = d->transport == TRANSPORT_WS;
	const struct json *at = url ? url : m[K_TRANSPORT];
	if (at && *scheme && socket != wanted)
		def_fault(l, at, wanted ? "transport 'ws' needs an address with ws or wss, not %s"
					: "an address with %s needs transport 'ws'", scheme);
	at = inside(m[K_REQUEST], "method", NULL);
	at = at ? at : inside(m[K_REQUEST], "body", NULL);
	at = at ? at : m[K_TRANSPORT];
	if (at && wanted && (d->request.method || d->request.body_kind != BODY_NONE))
		def_fault(l, at, "transport 'ws' does not allow a method or body");
}

static void check_request(struct def_load *l, const struct json *root, const struct json *const *m)
{
	const struct source_def *d = l->d;
	const struct json *url = inside(m[K_REQUEST], "url", NULL);
	if (!d->request.url.nparts && !url)
		def_fault(l, where(root, m, K_REQUEST, K_REQUEST), "'request.url' is missing");
	if (!d->nhosts && !json_get(root, "hosts"))
		def_fault(l, where(root, m, K_REQUEST, K_REQUEST), "'hosts' is missing: the hosts to which requests may go");
	check_hosts(l, m, url);
	check_socket(l, m, url);
	/* Without a map items come out as they are. */
	if (m[K_CURSOR] && d->cursor.field && !d->map && !json_get(root, "map"))
		def_fault(l, m[K_CURSOR], "'cursor.field' needs 'map', which is missing: use 'value'");
	/* The values of a list have no place of their own: their pages are followed. */
	if (d->cursor.asc && !d->cursor.first_desc && d->next != NEXT_NONE && !d->has_list && (m[K_CURSOR] || m[K_NEXT]))
		def_fault(l, where(root, m, K_NEXT, K_CURSOR),
			  "'next' cannot be combined with 'cursor.order' asc: the next page begins after the cursor");
	if (m[K_CURSOR] && d->cursor.first_desc && d->next == NEXT_NONE)
		def_fault(l, m[K_CURSOR], "'cursor.first' needs 'next', which is missing");
}

static void check_each(struct def_load *l, const struct json *root, const struct json *const *m)
{
	const struct source_def *d = l->d;
	if (!d->each) {
		if (m[K_LIST])
			def_fault(l, m[K_LIST], "'list' needs 'each', which is missing");
		if (m[K_PARALLEL])
			def_fault(l, m[K_PARALLEL], "'parallel' needs 'each', which is missing");
	}
	if (d->has_list && d->cursor.there && !d->cursor.asc && (m[K_LIST] || m[K_CURSOR]))
		def_fault(l, where(root, m, K_CURSOR, K_LIST), "'list' needs 'cursor.order' asc: the cursor is the place among the values");
}

static void check_transport(struct def_load *l, const struct json *const *m)
{
	static const int streams[] = { K_HEARTBEAT, K_REFILL, K_FALLBACK, K_RULES };
	const struct source_def *d = l->d;
	for (size_t i = 0; d->transport == TRANSPORT_HTTP && i < sizeof streams / sizeof *streams; i++)
		if (m[streams[i]])
			def_fault(l, m[streams[i]], "'%s' is only for streams (transport lines, sse or ws)", keys[streams[i]].name);
	if (d->transport != TRANSPORT_HTTP && m[K_FORMAT] && d->format != FORMAT_JSON)
		def_fault(l, m[K_FORMAT], "'format' is only for pages (transport http)");
}

static void check_cost(struct def_load *l, const struct json *root, const struct json *const *m)
{
	const struct source_def *d = l->d;
	for (size_t i = 0; i < d->nlimits; i++)
		if (d->limit[i].count < d->cost && (m[K_COST] || m[K_PACE])) {
			def_fault(l, where(root, m, K_COST, K_PACE), "'cost' exceeds a limit of 'pace': no request could ever be sent");
			return;
		}
}

static void check_whole(struct def_load *l, const struct json *root, const struct json *const *m)
{
	const struct source_def *d = l->d;
	if (!json_get(root, "name"))
		def_fault(l, root, "'name' is missing");
	if (!d->network && !l->partial && !json_get(root, "network"))
		def_fault(l, root, "'network' is missing");
	if (!d->map && !d->api && !l->partial && !json_get(root, "map"))
		def_fault(l, root, "'map' is missing: the program that makes a record of an item");
	/* What fetches nothing may hold parts for those that extend it. */
	if (d->api && !l->partial) {
		check_request(l, root, m);
		check_each(l, root, m);
		check_transport(l, m);
	}
	check_cost(l, root, m);
	if (!l->check)
		return;
	if (m[K_REFILL] && d->refill)
		def_named(l, m[K_REFILL], "refill");
	if (m[K_FALLBACK] && d->fallback)
		def_named(l, m[K_FALLBACK], "fallback");
}

/* A NUL would cut a text short wherever it goes. */
static void check_nuls(struct def_load *l, const struct json *v)
{
	if (v->key && strlen(v->key) != v->nkey)
		def_fault(l, v, "the key '%s…' contains NUL", v->key);
	if (v->type == JSON_STRING && strlen(v->str) != v->nstr)
		def_fault(l, v, "the text contains NUL");
	for (const struct json *c = v->child; c; c = c->next)
		check_nuls(l, c);
}

void def_take(struct def_load *l, const struct json *root)
{
	const struct json *m[NKEYS];
	check_nuls(l, root);
	def_members(l, root, "", keys, NKEYS, m);
	take_version(l, root, m[K_SMSOURCE]);
	take_vars(l, m[K_VARS]);
	take_secrets(l, m[K_SECRETS]);
	take_texts(l, m);
	take_hosts(l, m[K_HOSTS]);
	take_words(l, m);
	take_numbers(l, m);
	take_expressions(l, m);
	take_fetching(l, m);
	take_strip(l, m[K_STRIP]);
	check_whole(l, root, m);
}
