/* SPDX-License-Identifier: MIT */
/* Source definitions: what each member becomes, and every mistake with its place. */
#include "base/clock.h"
#include "source/def.h"
#include "source/def_print.h"

#include "t.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD "{'smsource':1,'name':'n','network':'w','map':'.',\n"
#define FETCHING HEAD "'vars':{'q':null,'n':1},'secrets':{'s':'sec','t':'other?'},'hosts':['h','.b.org','p:81'],\n"
#define BASE FETCHING "'request':{'url':'https://h/'},\n"

/* In all texts here ' stands for a quote.
 * TEXT has its mistake marked by ^, in front of the value; the ^ is no part of it. */
struct bad {
	const char *text, *message;
};

static void quote(struct buf *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] == '\'')
			b->p[i] = '"';
}

static void expect(const char *head, const struct bad *bad)
{
	struct buf b = BUF_INIT;
	struct source_def *d;
	struct err e = { 0 };
	const char *mark = strchr(bad->text, '^'), *last = head;
	uint64_t line = 1;
	for (const char *p = head; *p; p++) {
		if (*p == '\n') {
			line++;
			last = p + 1;
		}
	}
	if (!mark) {
		T_FAIL("no mark in %s", bad->text);
		return;
	}
	buf_puts(&b, head);
	buf_put(&b, bad->text, (size_t)(mark - bad->text));
	uint64_t col = strlen(last) + (uint64_t)(mark - bad->text) + 1;
	buf_puts(&b, mark + 1);
	buf_putc(&b, '}');
	quote(&b);
	int rc = source_def_parse(&d, b.p, b.n, "f", &e);
	if (rc == 0) {
		T_FAIL("no fault in %s", bad->text);
		source_def_free(d);
	} else if (rc != ERR_DATA || e.line != line || e.col != col || !strstr(e.msg, bad->message) || strcmp(e.file, "f") != 0) {
		T_FAIL("%s: %d %s:%d:%d %s, not %d:%d %s", bad->text, rc, e.file, (int)e.line, (int)e.col, e.msg, (int)line, (int)col,
		       bad->message);
	}
	buf_release(&b);
}

#define EXPECT(head, table) \
	for (size_t t_i = 0; t_i < sizeof(table) / sizeof *(table); t_i++) \
		expect(head, &(table)[t_i])

static struct source_def *good(const char *head, const char *text)
{
	struct buf b = BUF_INIT;
	struct source_def *d = NULL;
	struct err e;
	buf_puts(&b, head);
	buf_puts(&b, text);
	buf_putc(&b, '}');
	quote(&b);
	if (source_def_parse(&d, b.p, b.n, "f", &e) < 0) {
		T_FAIL("%s: %d:%d %s", text, (int)e.line, (int)e.col, e.msg);
		exit(1);
	}
	buf_release(&b);
	return d;
}

static void fine(const char *head, const char *text)
{
	source_def_free(good(head, text));
}

/* A text as it was written. */
static const char *text_of(struct buf *b, const struct def_text *t)
{
	buf_clear(b);
	for (size_t i = 0; i < t->nparts; i++)
		buf_printf(b, t->part[i].var ? "<%.*s>" : "%.*s", (int)t->part[i].n, t->part[i].text);
	return buf_cstr(b);
}

/* `name=value?when!unless…` */
static const char *params_of(struct buf *b, const struct def_param *p, size_t n)
{
	struct buf t = BUF_INIT;
	buf_clear(b);
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, "%s%s=%s", i ? "&" : "", p[i].name, text_of(&t, &p[i].value));
		if (p[i].secret)
			buf_printf(b, "$%s", p[i].secret);
		if (p[i].when)
			buf_printf(b, "?%s", p[i].when);
		if (p[i].unless)
			buf_printf(b, "!%s", p[i].unless);
	}
	buf_release(&t);
	return buf_cstr(b);
}

/* --- vars, secrets, texts --- */

static void test_vars(void)
{
	T_CASE("variables: a default, a number as it is written, what must be given, help") {
		struct source_def *d = good(HEAD, "'vars':{'a':'x','b':1.50,'c':null,'d':{'help':'H'},'e':{'default':7,'help':'E'}}");
		T_INT(d->nvars, 5);
		T_STR(source_def_var(d, "a")->value, "x");
		T_STR(source_def_var(d, "b")->value, "1.50");
		T_OK(!source_def_var(d, "c")->value && !source_def_var(d, "d")->value && !source_def_var(d, "x"));
		T_STR(source_def_var(d, "c")->help, "");
		T_STR(source_def_var(d, "d")->help, "H");
		T_STR(source_def_var(d, "e")->value, "7");
		source_def_free(d);
	}
	T_CASE("secrets: names, optional ones, help") {
		struct source_def *d = good(HEAD, "'secrets':{'a':'x-1','b':'y?','c':{'name':'z','optional':true,'help':'H'},'d':{'name':'w'}}");
		T_INT(d->nsecrets, 4);
		T_STR(source_def_secret(d, "a")->name, "x-1");
		T_STR(source_def_secret(d, "b")->name, "y");
		T_OK(!source_def_secret(d, "a")->optional && source_def_secret(d, "b")->optional && source_def_secret(d, "c")->optional);
		T_OK(!source_def_secret(d, "d")->optional && !source_def_secret(d, "x-1"));
		T_STR(source_def_secret(d, "c")->help, "H");
		source_def_free(d);
	}
	T_CASE("wrong variables and secrets") {
		static const struct bad bad[] = {
			{ "'vars':^[]", "'vars' has the wrong type: it must be an object" },
			{ "'vars':{'a':^true}", "'vars.a' has the wrong type: it must be a text or a number or an object or null" },
			{ "'vars':{'a':^[]}", "'vars.a'" },
			{ "'vars':{'a':{'default':^{}}}", "'vars.a.default'" },
			{ "'vars':{'a':{'help':^1}}", "'vars.a.help'" },
			{ "'vars':{'a':{'hepl':^'x'}}", "unknown key 'hepl' in 'vars.a'" },
			{ "'vars':{'a':1,'a':^2}", "'vars.a' is given twice" },
			{ "'vars':{'a-b':^1}", "'a-b' is not a valid variable name" },
			{ "'vars':{'1a':^1}", "'1a' is not a valid variable name" },
			{ "'vars':{'':^1}", "empty" },
			{ "'vars':{'cursor':^1}", "'cursor' is set by smfetch" },
			{ "'vars':{'since':^1}", "'since' is set by smfetch" },
			{ "'vars':{'until':^1}", "'until' is set by smfetch" },
			{ "'secrets':{'a':^1}", "'secrets.a' has the wrong type" },
			{ "'secrets':{'a':^''}", "is not a valid secret name" },
			{ "'secrets':{'a':^'?'}", "is not a valid secret name" },
			{ "'secrets':{'a':^'../x'}", "'../x' is not a valid secret name" },
			{ "'secrets':{'a':^'a..b'}", "'a..b' is not a valid secret name" },
			{ "'secrets':{'a':{'name':^'x y'}}", "'x y' is not a valid secret name" },
			{ "'secrets':{'a':^{'optional':true}}", "'secrets.a.name' is missing" },
			{ "'secrets':{'a':{'name':'b','optional':^1}}", "'secrets.a.optional'" },
			{ "'secrets':{'a':{'name':'b','file':^1}}", "unknown key 'file' in 'secrets.a'" },
			{ "'secrets':{'a':'b','a':^'c'}", "'secrets.a' is given twice" },
		};
		EXPECT(HEAD, bad);
	}
	T_CASE("texts with ${…}: their parts") {
		struct buf b = BUF_INIT;
		struct source_def *d = good(BASE, "'budget':'a${q}${n}$b{$}$ ${cursor}${since}-${until}'");
		T_STR(text_of(&b, &d->budget), "a<q><n>$b{$}$ <cursor><since>-<until>");
		T_INT(d->budget.nparts, 8);
		source_def_free(d);
		d = good(BASE, "'budget':''");
		T_INT(d->budget.nparts, 0);
		source_def_free(d);
		buf_release(&b);
		static const struct bad bad[] = {
			{ "'budget':^'${'", "'${' must be followed" },
			{ "'budget':^'x${}'", "'${' must be followed" },
			{ "'budget':^'${q'", "'${' must be followed" },
			{ "'budget':^'${q q}'", "'${' must be followed" },
			{ "'budget':^'${1q}'", "'${' must be followed" },
			{ "'budget':^'${${q}}'", "'${' must be followed" },
			{ "'budget':^'${x}'", "no variable 'x' in 'vars'" },
			{ "'budget':^'${s}'", "no variable 's' in 'vars'" },
			{ "'budget':^7", "'budget' has the wrong type: it must be a text" },
		};
		EXPECT(BASE, bad);
	}
}

/* --- request --- */

static void test_request(void)
{
	T_CASE("a request: address, parameters with conditions, headers, body") {
		struct buf b = BUF_INIT;
		struct source_def *d = good(FETCHING, "'request':{'url':'https://h/${q}/x','method':'PUT','query':{'a':'${n}','b':{'value':'${since}',"
			"'unless':'cursor'},'c':{'value':'1','when':'q'},'d':{'value':'2'}},'headers':{'X-A':'b ${q}'},"
			"'body':{'k':['${q}',1,{'z':null}]}}");
		T_OK(d->api);
		T_STR(text_of(&b, &d->request.url), "https://h/<q>/x");
		T_STR(d->request.method, "PUT");
		T_STR(params_of(&b, d->request.query, d->request.nquery), "a=<n>&b=<since>!cursor&c=1?q&d=2");
		T_STR(params_of(&b, d->request.header, d->request.nheader), "X-A=b <q>");
		T_INT(d->request.body_kind, BODY_JSON);
		T_OK(json_get(d->request.body, "k")->nchild == 3);
		source_def_free(d);
		d = good(FETCHING, "'request':{'url':'http://${q}/','body':'a=${q}'}");
		T_INT(d->request.body_kind, BODY_TEXT);
		T_STR(text_of(&b, &d->request.body_text), "a=<q>");
		T_OK(!d->request.method && !d->request.nquery);
		source_def_free(d);
		buf_release(&b);
	}
	T_CASE("addresses whose host may be asked") {
		static const char *const urls[] = { "https://h", "https://H:443/x", "HTTPS://h/", "http://h/", "https://a.b.org/", "http://p:81/",
			"https://${q}/", "https://${q}.com/", "${q}", "https://h?a=1", "https://h/@x" };
		struct buf b = BUF_INIT;
		for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
			buf_clear(&b);
			buf_printf(&b, "'request':{'url':'%s'}", urls[i]);
			fine(FETCHING, buf_cstr(&b));
		}
		buf_release(&b);
		fine(HEAD, "'vars':{'q':1},'hosts':['${q}'],'request':{'url':'https://any/'}");
	}
	T_CASE("wrong requests") {
		static const struct bad bad[] = {
			{ "'request':^{}", "'request.url' is missing" },
			{ "'request':^7", "'request' has the wrong type" },
			{ "'request':{'url':^1}", "'request.url' has the wrong type" },
			{ "'request':{'url':^''}", "'request.url' is empty" },
			{ "'request':{'url':^'h/x'}", "must begin with https://" },
			{ "'request':{'url':^'ftp://h/x'}", "must begin with https://" },
			{ "'request':{'url':^'https:/h'}", "must begin with https://" },
			{ "'request':{'url':^'https://'}", "has no host" },
			{ "'request':{'url':^'https:///x'}", "has no host" },
			{ "'request':{'url':^'https://u:p@h/x'}", "contains a user" },
			{ "'request':{'url':^'https://h/x#y'}", "fragment" },
			{ "'request':{'url':^'https://h/x y'}", "space" },
			{ "'request':{'url':^'https://h/${zz}'}", "no variable 'zz'" },
			{ "'request':{'url':^'https://g/'}", "the host of 'request.url' is not among 'hosts'" },
			{ "'request':{'url':^'https://b.org/'}", "not among 'hosts'" },
			{ "'request':{'url':^'https://xb.org/'}", "not among 'hosts'" },
			{ "'request':{'url':^'https://h:444/'}", "not among 'hosts'" },
			{ "'request':{'url':^'https://p/'}", "not among 'hosts'" },
			{ "'request':{'url':^'wss://h/'}", "an address with wss needs transport 'ws'" },
			{ "'request':{'url':'https://h/','urll':^1}", "unknown key 'urll' in 'request'" },
			{ "'request':{'url':'https://h/','url':^'https://h/'}", "'request.url' is given twice" },
			{ "'request':{'url':'https://h/','method':^'get'}", "method in capitals" },
			{ "'request':{'url':'https://h/','method':^''}", "method in capitals" },
			{ "'request':{'url':'https://h/','query':^[]}", "'request.query' has the wrong type" },
			{ "'request':{'url':'https://h/','query':{'a':^1}}", "'request.query.a' has the wrong type" },
			{ "'request':{'url':'https://h/','query':{'a':^null}}", "'request.query.a' has the wrong type" },
			{ "'request':{'url':'https://h/','query':{'a':'1','a':^'2'}}", "'request.query.a' is given twice" },
			{ "'request':{'url':'https://h/','query':{'a':^{'when':'q'}}}", "'request.query.a.value' is missing" },
			{ "'request':{'url':'https://h/','query':{'a':{'value':^1}}}", "'request.query.a.value' has the wrong type" },
			{ "'request':{'url':'https://h/','query':{'a':{'value':'1','if':^'q'}}}", "unknown key 'if' in 'request.query.a'" },
			{ "'request':{'url':'https://h/','query':{'a':{'value':'1','when':^'zz'}}}", "no variable 'zz'" },
			{ "'request':{'url':'https://h/','query':{'a':{'value':'1','unless':^'zz'}}}", "no variable 'zz'" },
			{ "'request':{'url':'https://h/','query':{'a':{'value':'1','when':'q','unless':^'n'}}}", "both" },
			{ "'request':{'url':'https://h/','headers':{'a b':^'1'}}", "'a b' is not a valid header name" },
			{ "'request':{'url':'https://h/','headers':{'a':^'1\\r\\nb: 2'}}", "control character" },
			{ "'request':{'url':'https://h/','headers':{'a':^{'value':'1'}}}", "'request.headers.a' has the wrong type" },
			{ "'request':{'url':'https://h/','headers':{'ab':'1','AB':^'2'}}", "'request.headers.AB' is given twice" },
			{ "'request':{'url':'https://h/','body':^[]}", "'request.body' has the wrong type" },
			{ "'request':{'url':'https://h/','body':^'${zz}'}", "no variable 'zz'" },
			{ "'request':{'url':'https://h/','body':{'a':[{'b':^'${zz}'}]}}", "no variable 'zz'" },
		};
		EXPECT(FETCHING, bad);
	}
	T_CASE("hosts and strip") {
		struct buf b = BUF_INIT;
		struct source_def *d = good(HEAD, "'vars':{'q':1},'hosts':['a.org:8080','.b.org','${q}','[::1]:8'],'strip':['x','access_token']");
		T_INT(d->nhosts, 4);
		T_STR(text_of(&b, &d->host[2]), "<q>");
		T_INT(d->nstrip, 2);
		T_STR(d->strip[0], "access_token");
		T_STR(d->strip[1], "x");
		source_def_free(d);
		d = good(BASE, "'auth':{'query':{'key':'s'}}");
		T_INT(d->nstrip, 2);
		T_STR(d->strip[1], "key");
		source_def_free(d);
		buf_release(&b);
		static const struct bad bad[] = {
			{ "'hosts':^'h'", "'hosts' has the wrong type: it must be an array" },
			{ "'hosts':^[]", "'hosts' is empty" },
			{ "'hosts':[^1]", "array of non-empty strings" },
			{ "'hosts':['h',^'']", "array of non-empty strings" },
			{ "'hosts':[^'https://h']", "'https://h' is not a host" },
			{ "'hosts':[^'a b']", "is not a host" },
			{ "'hosts':[^'.']", "is not a host" },
			{ "'hosts':[^'${zz}']", "no variable 'zz'" },
			{ "'strip':[^null]", "'strip' must be an array of non-empty strings" },
			{ "'request':^{'url':'https://h/'}", "'hosts' is missing" },
		};
		EXPECT(HEAD, bad);
	}
}

/* --- auth --- */

static void test_auth(void)
{
	T_CASE("every kind of auth") {
		struct buf b = BUF_INIT;
		struct source_def *d = good(BASE, "'auth':{'bearer':'s'}");
		T_OK(d->auth.kind == AUTH_BEARER && !strcmp(d->auth.secret[0], "s"));
		source_def_free(d);
		d = good(BASE, "'auth':{'header':{'X-Key':'s'}}");
		T_OK(d->auth.kind == AUTH_HEADER && !strcmp(d->auth.secret[0], "s") && !strcmp(d->auth.name, "X-Key"));
		source_def_free(d);
		d = good(BASE, "'auth':{'basic':['s','t']}");
		T_OK(d->auth.kind == AUTH_BASIC && !strcmp(d->auth.secret[0], "s") && !strcmp(d->auth.secret[1], "t"));
		source_def_free(d);
		d = good(BASE, "'auth':{'login':{'url':'https://h/${q}','json':{'id':{'secret':'s'},'k':'${n}'},'basic':['s','t'],"
			       "'headers':{'A':'b'},'token':'.t','lifetime':'.l'}}");
		T_OK(d->auth.kind == AUTH_LOGIN && d->auth.as_json && !strcmp(d->auth.secret[1], "t"));
		T_STR(text_of(&b, &d->auth.request.url), "https://h/<q>");
		T_STR(params_of(&b, d->auth.field, d->auth.nfields), "id=$s&k=<n>");
		T_STR(params_of(&b, d->auth.request.header, d->auth.request.nheader), "A=b");
		T_STR(d->auth.token, ".t");
		T_STR(d->auth.lifetime, ".l");
		source_def_free(d);
		d = good(BASE, "'auth':{'login':{'url':'https://h/','form':{'g':'c'},'token':'.t'}}");
		T_OK(!d->auth.as_json && d->auth.nfields == 1 && !d->auth.lifetime && !d->auth.secret[0]);
		source_def_free(d);
		buf_release(&b);
	}
	T_CASE("wrong auth") {
		static const struct bad bad[] = {
			{ "'auth':^{}", "'auth' must be one of" },
			{ "'auth':^'s'", "'auth' has the wrong type" },
			{ "'auth':{'baerer':^'s'}", "unknown key 'baerer' in 'auth'" },
			{ "'auth':{'bearer':'s','query':^{'k':'s'}}", "'auth' must be one of" },
			{ "'auth':{'bearer':^'zz'}", "no secret 'zz' in 'secrets'" },
			{ "'auth':{'bearer':^'q'}", "no secret 'q'" },
			{ "'auth':{'bearer':^1}", "'auth.bearer' has the wrong type" },
			{ "'auth':{'header':^{}}", "one name and its secret" },
			{ "'auth':{'header':^{'a':'s','b':'t'}}", "one name and its secret" },
			{ "'auth':{'header':{'a:':^'s'}}", "'a:' is not a valid header name" },
			{ "'auth':{'header':{'a':^'zz'}}", "no secret 'zz'" },
			{ "'auth':{'header':{'a':^1}}", "'auth.header.a' has the wrong type" },
			{ "'auth':{'query':^{}}", "one name and its secret" },
			{ "'auth':{'query':{'':^'s'}}", "empty" },
			{ "'auth':{'query':{'k':^'zz'}}", "no secret 'zz'" },
			{ "'auth':{'basic':^['s']}", "array of two secrets" },
			{ "'auth':{'basic':['s',^'zz']}", "no secret 'zz'" },
			{ "'auth':{'basic':[^1,'s']}", "'auth.basic' has the wrong type" },
			{ "'auth':{'login':^{'form':{},'token':'.'}}", "'auth.login.url' is missing" },
			{ "'auth':{'login':{'url':^'ws://h/','form':{},'token':'.'}}", "'auth.login.url' must begin with https:// or http://" },
			{ "'auth':{'login':{'url':^'https://g/','form':{},'token':'.'}}", "the host of 'auth.login.url' is not among 'hosts'" },
			{ "'auth':{'login':^{'url':'https://h/','token':'.'}}", "neither 'form' nor 'json'" },
			{ "'auth':{'login':{'url':'https://h/','form':{},'json':^{},'token':'.'}}", "both 'form' and 'json'" },
			{ "'auth':{'login':^{'url':'https://h/','form':{}}}", "'auth.login.token' is missing" },
			{ "'auth':{'login':{'url':'https://h/','form':{'a':{'secret':^'zz'}},'token':'.'}}", "no secret 'zz'" },
			{ "'auth':{'login':{'url':'https://h/','form':{'a':^{}},'token':'.'}}", "'auth.login.form.a.secret' is missing" },
			{ "'auth':{'login':{'url':'https://h/','form':{'a':{'value':^'1'}},'token':'.'}}", "unknown key 'value'" },
			{ "'auth':{'login':{'url':'https://h/','form':{'a':^1},'token':'.'}}", "'auth.login.form.a' has the wrong type" },
			{ "'auth':{'login':{'url':'https://h/','json':{'a':^'${zz}'},'token':'.'}}", "no variable 'zz'" },
			{ "'auth':{'login':{'url':'https://h/','form':{},'token':^''}}", "'auth.login.token' is empty" },
			{ "'auth':{'login':{'url':'https://h/','form':{},'token':'.','basic':^[]}}", "two secrets" },
			{ "'auth':{'login':{'url':'https://h/','form':{},'token':'.','expires':^1}}", "unknown key 'expires' in 'auth.login'" },
		};
		EXPECT(BASE, bad);
	}
}

/* --- walks --- */

static void test_walks(void)
{
	T_CASE("next, cursor, each, list, times") {
		struct source_def *d = good(BASE, "'next':{'token':'.t','param':'p'},'cursor':{'field':'created_at','cmp':'time','order':'desc','overlap':1.5,'as':'epoch_ms'}");
		T_OK(d->next == NEXT_TOKEN && !strcmp(d->next_expr, ".t") && !strcmp(d->next_param, "p"));
		T_OK(d->cursor.there && !d->cursor.asc && d->cursor.cmp == CMP_TIME && d->cursor.as == AS_EPOCH_MS && !d->cursor.value);
		T_DBL(d->cursor.overlap, 1.5);
		T_STR(d->cursor.field, "created_at");
		T_OK(d->times == AS_RFC3339 && d->parallel == 1 && !d->each && !d->has_list);
		source_def_free(d);
		d = good(BASE, "'next':{'link':'next'},'cursor':{'value':['.a','|.b'],'cmp':'num','order':'asc','first':'desc','overlap':3},'times':'epoch'");
		T_OK(d->next == NEXT_LINK && !strcmp(d->next_expr, "next") && !d->next_param);
		T_OK(d->cursor.asc && d->cursor.first_desc && d->cursor.cmp == CMP_NUM && d->cursor.as == AS_TEXT && d->times == AS_EPOCH);
		T_STR(d->cursor.value, ".a\n|.b\n");
		source_def_free(d);
		d = good(BASE, "'next':{'url':'.u'},'each':'q','parallel':16,'list':{'request':{'url':'https://h/l','query':{'a':'${n}'}},'values':'.[]'},"
			       "'dedup':'.x','cursor':{'value':'.','cmp':'num','order':'asc'}");
		T_OK(d->next == NEXT_URL && d->has_list && d->parallel == 16 && d->list.nquery == 1);
		T_STR(d->each, "q");
		T_STR(d->list_values, ".[]");
		T_STR(d->dedup, ".x");
		source_def_free(d);
	}
	T_CASE("wrong walks") {
		static const struct bad bad[] = {
			{ "'next':^{}", "'next' must be one of token" },
			{ "'next':^{'param':'p'}", "'next' must be one of token" },
			{ "'next':^{'token':'.t'}", "'next.param' is missing" },
			{ "'next':{'token':'.t','param':^''}", "'next.param' is empty" },
			{ "'next':{'token':'.t','param':^1}", "'next.param' has the wrong type" },
			{ "'next':{'token':'.t','url':^'.u','param':'p'}", "'next' must be one of" },
			{ "'next':{'url':'.u','param':^'p'}", "'next.param' needs" },
			{ "'next':{'link':^''}", "'next.link' is empty" },
			{ "'next':{'token':^1,'param':'p'}", "'next.token' has the wrong type" },
			{ "'next':{'token':['.t',^1],'param':'p'}", "'next.token' must be an array of strings" },
			{ "'next':{'lnk':^1}", "unknown key 'lnk' in 'next'" },
			{ "'cursor':^{'cmp':'str','order':'asc'}", "neither 'field' nor 'value'" },
			{ "'cursor':{'field':'id','value':^'.','cmp':'str','order':'asc'}", "both 'field' and 'value'" },
			{ "'cursor':{'field':^'nope','cmp':'str','order':'asc'}", "no field 'nope'" },
			{ "'cursor':{'field':^'author','cmp':'str','order':'asc'}", "no field 'author' that holds one value" },
			{ "'cursor':{'field':^'tags','cmp':'str','order':'asc'}", "no field 'tags'" },
			{ "'cursor':^{'field':'id','order':'asc'}", "'cursor.cmp' is missing" },
			{ "'cursor':^{'field':'id','cmp':'str'}", "'cursor.order' is missing" },
			{ "'cursor':{'field':'id','cmp':^'int','order':'asc'}", "'cursor.cmp' must be one of lenlex|str|num|time" },
			{ "'cursor':{'field':'id','cmp':'str','order':^'up'}", "'cursor.order' must be one of desc|asc" },
			{ "'cursor':{'field':'id','cmp':'str','order':'asc'},'next':^{'link':'next'}", "'next' cannot be combined with" },
			{ "'cursor':{'field':'id','cmp':'str','order':'desc','first':^'desc'}", "'cursor.first' needs order asc" },
			{ "'cursor':{'field':'id','cmp':'str','order':'asc','first':^'asc'}", "'cursor.first' must be one of desc" },
			{ "'cursor':^{'field':'id','cmp':'str','order':'asc','first':'desc'}", "'cursor.first' needs 'next'" },
			{ "'cursor':{'field':'id','cmp':'num','order':'asc','overlap':^-1}", "'cursor.overlap' must be a number from 0" },
			{ "'cursor':{'field':'id','cmp':'num','order':'asc','overlap':^1e16}", "'cursor.overlap' must be" },
			{ "'cursor':{'field':'id','cmp':'num','order':'asc','overlap':^1e999}", "'cursor.overlap' must be" },
			{ "'cursor':{'field':'id','cmp':'num','order':'asc','overlap':^'1'}", "'cursor.overlap' has the wrong type" },
			{ "'cursor':{'field':'id','cmp':'str','order':'asc','overlap':^1}", "'cursor.overlap' needs cmp time" },
			{ "'cursor':{'field':'id','cmp':'time','order':'asc','as':^'iso'}", "'cursor.as' must be one of" },
			{ "'cursor':{'field':'id','cmp':'str','order':'asc','as':^'epoch'}", "only instants" },
			{ "'cursor':{'field':'id','cmp':'str','order':'asc','stop':^'x'}", "unknown key 'stop' in 'cursor'" },
			{ "'each':^'zz'", "no variable 'zz'" },
			{ "'each':^'cursor'", "no variable 'cursor'" },
			{ "'parallel':^2", "'parallel' needs 'each'" },
			{ "'each':'q','parallel':^0", "'parallel' must be a whole number from 1 to 1000" },
			{ "'each':'q','parallel':^1.5", "'parallel' must be a whole number" },
			{ "'each':'q','parallel':^-3", "'parallel' must be a whole number" },
			{ "'each':'q','parallel':^100000", "'parallel' must be a whole number" },
			{ "'list':^{'request':{'url':'https://h/'},'values':'.'}", "'list' needs 'each'" },
			{ "'each':'q','list':^{'values':'.'}", "'list.request' is missing" },
			{ "'each':'q','list':^{'request':{'url':'https://h/'}}", "'list.values' is missing" },
			{ "'each':'q','list':{'request':^{},'values':'.'}", "'list.request.url' is missing" },
			{ "'each':'q','list':{'request':{'url':^'https://g/'},'values':'.'}", "the host of 'list.request.url'" },
			{ "'each':'q','list':{'request':{'url':'https://h/','query':{'a':^'${zz}'}},'values':'.'}", "no variable 'zz'" },
			{ "'each':'q','list':{'request':{'url':'https://h/'},'values':'.'},'cursor':^{'value':'.','cmp':'num','order':'desc'}", "'list' needs 'cursor.order' asc" },
			{ "'times':^'text'", "'times' must be one of" },
			{ "'dedup':^' '", "'dedup' is empty" },
		};
		EXPECT(BASE, bad);
	}
}

/* --- limits --- */

static void test_limits(void)
{
	T_CASE("pace in all its forms; what is missing has its default") {
		struct source_def *d = good(BASE, "'pace':'450/15m'");
		T_INT(d->nlimits, 1);
		T_INT(d->limit[0].count, 450);
		T_INT(d->limit[0].per_ns, 900 * NS_PER_SEC);
		T_OK(!d->limit[0].zone && d->soft_pct == 80 && d->hard_pct == 100 && d->cost == 1);
		source_def_free(d);
		d = good(BASE, "'pace':['1/s','300/15m','10000/day@America/Los_Angeles','7/d'],'cost':1");
		T_INT(d->nlimits, 4);
		T_INT(d->limit[0].per_ns, NS_PER_SEC);
		T_INT(d->limit[2].count, 10000);
		T_INT(d->limit[2].per_ns, 86400 * NS_PER_SEC);
		T_STR(d->limit[2].zone, "America/Los_Angeles");
		T_OK(!d->limit[3].zone);
		source_def_free(d);
		d = good(BASE, "'pace':{'limit':['5/h','9/24h@UTC'],'soft_pct':75,'hard_pct':95.5},'cost':5");
		T_OK(d->nlimits == 2 && d->soft_pct == 75 && d->hard_pct == 95.5 && d->cost == 5);
		source_def_free(d);
		d = good(BASE, "'pace':{'soft_pct':50}");
		T_OK(d->nlimits == 0 && d->soft_pct == 50 && d->hard_pct == 100);
		source_def_free(d);
	}
	T_CASE("retry: defaults and what is said") {
		struct source_def *d = good(BASE, "'rate':'{}'");
		const struct def_backoff *r = d->retry;
		T_OK(!r[CAUSE_NET].doubles && r[CAUSE_NET].from_ns == NS_PER_SEC / 4 && r[CAUSE_NET].to_ns == 16 * NS_PER_SEC);
		T_OK(!r[CAUSE_SILENCE].doubles && r[CAUSE_SILENCE].from_ns == 0 && r[CAUSE_SILENCE].to_ns == 16 * NS_PER_SEC);
		T_OK(r[CAUSE_HTTP5XX].doubles && r[CAUSE_HTTP5XX].from_ns == 5 * NS_PER_SEC && r[CAUSE_HTTP5XX].to_ns == 320 * NS_PER_SEC);
		T_OK(r[CAUSE_BODY].doubles && r[CAUSE_BODY].from_ns == NS_PER_SEC && r[CAUSE_BODY].to_ns == 60 * NS_PER_SEC);
		T_OK(r[CAUSE_RATE].doubles && r[CAUSE_RATE].from_ns == 60 * NS_PER_SEC && r[CAUSE_RATE].to_ns == 900 * NS_PER_SEC);
		T_INT(d->tries, 12);
		T_DBL(d->jitter, 0.1);
		source_def_free(d);
		d = good(BASE, "'retry':{'net':'exp:1s:1m','silence':'lin:1s:2s','http5xx':'lin:0s:0s','body':'exp:1ms:1s','rate_limited':'exp:5m:1h','tries':3,'jitter':0}");
		T_OK(d->retry[CAUSE_NET].doubles && d->retry[CAUSE_NET].to_ns == 60 * NS_PER_SEC && !d->retry[CAUSE_HTTP5XX].doubles);
		T_OK(d->retry[CAUSE_RATE].from_ns == 300 * NS_PER_SEC && d->tries == 3 && d->jitter == 0);
		source_def_free(d);
	}
	T_CASE("wrong limits") {
		static const struct bad bad[] = {
			{ "'pace':^7", "'pace' has the wrong type" },
			{ "'pace':^''", "is not a limit" },
			{ "'pace':^'450'", "'450' is not a limit" },
			{ "'pace':^'450/'", "is not a limit" },
			{ "'pace':^'/15m'", "is not a limit" },
			{ "'pace':^'-1/s'", "is not a limit" },
			{ "'pace':^'0/s'", "is not a limit" },
			{ "'pace':^'1/0s'", "is not a limit" },
			{ "'pace':^'1/fortnight'", "is not a limit" },
			{ "'pace':^'1@UTC/day'", "is not a limit" },
			{ "'pace':^'2.5/s'", "'2.5' is not a whole number of requests" },
			{ "'pace':^'1.0/s'", "not a whole number" },
			{ "'pace':^'9999999999999999/s'", "not a whole number of requests" },
			{ "'pace':^'1/9999w'", "must be at most a year" },
			{ "'pace':^'10/h@UTC'", "resets at midnight" },
			{ "'pace':^'10/day@'", "the name of a time zone" },
			{ "'pace':^'10/day@a b'", "the name of a time zone" },
			{ "'pace':['1/s',^1]", "'pace' has the wrong type" },
			{ "'pace':['1/s',^'x']", "'x' is not a limit" },
			{ "'pace':{'limit':^'x'}", "'pace.limit': 'x' is not a limit" },
			{ "'pace':{'limit':^{}}", "'pace.limit' has the wrong type" },
			{ "'pace':{'soft':^1}", "unknown key 'soft' in 'pace'" },
			{ "'pace':{'soft_pct':^0}", "'pace.soft_pct' must be a number from 1 to 100" },
			{ "'pace':{'hard_pct':^101}", "'pace.hard_pct' must be a number from 1 to 100" },
			{ "'pace':{'soft_pct':^90,'hard_pct':85}", "soft_pct (90) must be at most hard_pct (85)" },
			{ "'pace':{'hard_pct':^70}", "soft_pct (80) must be at most hard_pct (70)" },
			{ "'cost':^0", "'cost' must be a whole number from 1" },
			{ "'cost':^-1", "'cost' must be a whole number" },
			{ "'cost':^1.5", "'cost' must be a whole number" },
			{ "'cost':^99999999999999999999", "'cost' must be a whole number" },
			{ "'cost':^'1'", "'cost' has the wrong type" },
			{ "'pace':'5/s','cost':^6", "'cost' exceeds a limit" },
			{ "'retry':^[]", "'retry' has the wrong type" },
			{ "'retry':{'http429':^'exp:1s:2s'}", "unknown key 'http429' in 'retry'" },
			{ "'retry':{'net':^1}", "'retry.net' has the wrong type" },
			{ "'retry':{'net':^'exp'}", "is not a back-off" },
			{ "'retry':{'net':^'exp:1s'}", "is not a back-off" },
			{ "'retry':{'net':^'sqr:1s:2s'}", "is not a back-off" },
			{ "'retry':{'net':^'exp:1:2'}", "is not a back-off" },
			{ "'retry':{'net':^'exp:-1s:2s'}", "is not a back-off" },
			{ "'retry':{'net':^'exp:1s:2s:3s'}", "is not a back-off" },
			{ "'retry':{'net':^'exp:0s:2s'}", "exp must begin with" },
			{ "'retry':{'net':^'exp:3s:2s'}", "the first time must be at most the last" },
			{ "'retry':{'net':^'lin:1s:8d'}", "must be at most 7d" },
			{ "'retry':{'tries':^0}", "'retry.tries' must be a whole number from 1" },
			{ "'retry':{'tries':^1e3}", "'retry.tries' must be a whole number" },
			{ "'retry':{'jitter':^1.01}", "'retry.jitter' must be a number from 0 to 1" },
			{ "'retry':{'jitter':^-0.1}", "'retry.jitter' must be a number" },
		};
		EXPECT(BASE, bad);
	}
}

/* --- streams --- */

static void test_streams(void)
{
	T_CASE("transports, heartbeat, format, rules") {
		struct buf b = BUF_INIT;
		struct source_def *d = good(FETCHING, "'request':{'url':'wss://h/'},'transport':'ws','heartbeat':30.5,'refill':'a','fallback':'b'");
		T_OK(d->transport == TRANSPORT_WS && d->heartbeat_ns == 30 * NS_PER_SEC + NS_PER_SEC / 2);
		T_STR(d->refill, "a");
		T_STR(d->fallback, "b");
		source_def_free(d);
		d = good(BASE, "'transport':'lines','rules':{'list':{'request':{'url':'https://h/r'},'values':'.data[]'},"
			       "'add':{'request':{'url':'https://h/r','body':'{add: .}'}},'remove':{'request':{'url':'https://h/r','body':['{','}']}}}");
		T_OK(d->transport == TRANSPORT_LINES && d->rules.there && d->rules.add.body_kind == BODY_JQ);
		T_STR(d->rules.values, ".data[]");
		T_STR(d->rules.add.body_jq, "{add: .}");
		T_STR(d->rules.remove.body_jq, "{\n}\n");
		source_def_free(d);
		d = good(BASE, "'format':'feed'");
		T_OK(d->format == FORMAT_FEED && d->transport == TRANSPORT_HTTP && d->heartbeat_ns == 0);
		source_def_free(d);
		buf_release(&b);
	}
	T_CASE("wrong streams") {
		static const struct bad bad[] = {
			{ "'transport':^'tcp'", "'transport' must be one of http|lines|sse|ws" },
			{ "'format':^'xml'", "'format' must be one of json|ndjson|feed" },
			{ "'transport':'sse','format':^'feed'", "'format' is only for pages" },
			{ "'heartbeat':^5", "'heartbeat' is only for streams" },
			{ "'transport':'sse','heartbeat':^0", "'heartbeat' must be a number from 0.001 to 86400" },
			{ "'transport':'sse','heartbeat':^-5", "'heartbeat' must be a number" },
			{ "'transport':'sse','heartbeat':^'5'", "'heartbeat' has the wrong type" },
			{ "'refill':^'a'", "'refill' is only for streams" },
			{ "'fallback':^'a'", "'fallback' is only for streams" },
			{ "'transport':'sse','refill':^''", "'refill' is empty" },
			{ "'transport':'sse','fallback':^1", "'fallback' has the wrong type" },
			{ "'transport':'lines','rules':^{'list':{'request':{'url':'https://h/'},'values':'.'},'add':{'request':{'url':'https://h/','body':'.'}}}", "'rules.remove' is missing" },
			{ "'transport':'lines','rules':{'list':^{'request':{'url':'https://h/'}},'add':{'request':{'url':'https://h/','body':'.'}},'remove':{'request':{'url':'https://h/','body':'.'}}}", "'rules.list.values' is missing" },
			{ "'transport':'lines','rules':{'list':{'request':{'url':'https://h/'},'values':'.'},'add':{'request':^{'url':'https://h/'}},'remove':{'request':{'url':'https://h/','body':'.'}}}", "'rules.add.request.body' is missing" },
			{ "'transport':'lines','rules':{'list':{'request':{'url':'https://h/'},'values':'.'},'add':{'request':{'url':'https://h/','body':'.'}},'remove':{'request':{'url':^'https://g/','body':'.'}}}", "the host of 'rules.remove.request.url'" },
			{ "'transport':'lines','rules':{'list':{'request':{'url':'https://h/'},'values':'.'},'add':{'request':{'url':'https://h/','body':^{}}},'remove':{'request':{'url':'https://h/','body':'.'}}}", "'rules.add.request.body' has the wrong type" },
			{ "'transport':'lines','rules':{'list':{'request':{'url':'https://h/'},'values':'.'},'add':{'values':^'.','request':{'url':'https://h/','body':'.'}},'remove':{'request':{'url':'https://h/','body':'.'}}}", "unknown key 'values' in 'rules.add'" },
		};
		EXPECT(BASE, bad);
		static const struct bad socket[] = {
			{ "'request':{'url':'wss://h/','method':^'POST'},'transport':'ws'", "does not allow a method or body" },
			{ "'request':{'url':'wss://h/','body':^'x'},'transport':'ws'", "does not allow a method or body" },
			{ "'request':{'url':^'https://h/'},'transport':'ws'", "transport 'ws' needs an address with ws or wss, not https" },
			{ "'request':{'url':'https://h/'},'rules':^{'list':{'request':{'url':'https://h/'},'values':'.'},'add':{'request':{'url':'https://h/','body':'.'}},'remove':{'request':{'url':'https://h/','body':'.'}}}", "'rules' is only for streams" },
		};
		EXPECT(FETCHING, socket);
	}
}

/* --- the whole --- */

static void test_whole(void)
{
	T_CASE("what is no definition") {
		static const struct bad top[] = {
			{ "'mapp':^'.'", "unknown key 'mapp'" },
			{ "'map':^'.'", "'map' is given twice" },
			{ "'name':^'m'", "'name' is given twice" },
			{ "'summary':^[]", "'summary' has the wrong type: it must be a text" },
			{ "'about':['a',^1]", "'about' must be an array of strings" },
			{ "'records':^''", "'records' is empty" },
			{ "'records':^null", "'records' has the wrong type: it must be a text or an array" },
			{ "'context':^{}", "'context' has the wrong type" },
			{ "'summary':^'a\\u0000b'", "contains NUL" },
			{ "'summary\\u0000':^'a'", "contains NUL" },
			{ "'extends':^7", "'extends' has the wrong type" },
			{ "'extends':^'./not-there.json'", "extends './not-there.json'" },
			{ "'extends':^'not-there'", "extends 'not-there', which does not exist" },
		};
		EXPECT(HEAD, top);
		static const struct bad all[] = {
			{ "{'smsource':^2,'name':'n','network':'w','map':'.'", "'smsource' is not 1" },
			{ "{'smsource':^'1','name':'n','network':'w','map':'.'", "'smsource' has the wrong type" },
			{ "^{'name':'n','network':'w','map':'.'", "'smsource' is missing" },
			{ "^{'smsource':1,'network':'w','map':'.'", "'name' is missing" },
			{ "^{'smsource':1,'name':'n','map':'.'", "'network' is missing" },
			{ "^{'smsource':1,'name':'n','network':'w'", "'map' is missing" },
			{ "{'smsource':1,'name':^'','network':'w','map':'.'", "'name' is empty" },
			{ "{'smsource':1,'name':'n','network':^'a\\u001bb','map':'.'", "control character" },
		};
		EXPECT("", all);
		struct source_def *d;
		struct err e;
		T_INT(source_def_parse(&d, "\n []", 4, "f", &e), ERR_DATA);
		T_OK(e.line == 2 && e.col == 2 && strstr(e.msg, "an object"));
		T_INT(source_def_parse(&d, "{\n \"a\" 1}", 9, "f", &e), ERR_DATA);
		T_OK(e.line == 2 && e.col == 6 && !strcmp(e.file, "f"));
		T_INT(source_def_parse(&d, "", 0, "f", &e), ERR_DATA);
	}
	T_CASE("what is fetched may come out as it is: no map") {
		struct source_def *d = good("{'smsource':1,'name':'n','network':'w','hosts':['h'],", "'request':{'url':'https://h/'}");
		T_OK(d->api && !d->map);
		source_def_free(d);
		static const struct bad bad[] = { { "'cursor':^{'field':'id','cmp':'str','order':'desc'}", "which is missing: use 'value'" } };
		EXPECT("{'smsource':1,'name':'n','network':'w','hosts':['h'],'request':{'url':'https://h/'},\n", bad);
	}
	T_CASE("what fetches nothing may hold parts for others") {
		struct source_def *d = good(HEAD, "'secrets':{'s':'x'},'auth':{'bearer':'s'},'pace':'1/s','retry':{'tries':2},'about':['a','b']");
		T_OK(!d->api && d->auth.kind == AUTH_BEARER && d->tries == 2);
		T_STR(d->about, "a\nb\n");
		T_STR(d->summary, "");
		T_STR(d->file, "f");
		source_def_free(d);
	}
}

/* --- several files --- */

static char dir[] = "/tmp/smdefXXXXXX";

static void put_file(const char *name, const char *text)
{
	char path[64];
	struct buf b = BUF_INIT;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	for (const char *p = text; *p; p++) {
		if (*p == '@')
			buf_puts(&b, dir);
		else
			buf_putc(&b, *p);
	}
	quote(&b);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	T_OK(fd >= 0 && write(fd, b.p, b.n) == (ssize_t)b.n);
	close(fd);
	buf_release(&b);
}

static struct source_def *load(const char *name)
{
	char path[64];
	struct source_def *d = NULL;
	struct err e;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (source_def_load(&d, path, &e) < 0) {
		T_FAIL("%s: %s:%d:%d %s", name, e.file, (int)e.line, (int)e.col, e.msg);
		exit(1);
	}
	return d;
}

static void note(void *arg, const struct err *why)
{
	const char *name = strrchr(why->file, '/');
	buf_printf(arg, "%s:%d:%d: %s\n", name ? name + 1 : why->file, (int)why->line, (int)why->col, why->msg);
}

/* All faults; the folder's name is taken out. */
static const char *check(struct buf *b, const char *name)
{
	char path[64];
	struct err e = { 0 };
	snprintf(path, sizeof path, "%s/%s", dir, name);
	buf_clear(b);
	int rc = source_def_check(path, note, b, &e);
	T_INT(rc, b->n ? ERR_DATA : rc);
	if (rc < 0 && !b->n)
		note(b, &e);
	for (char *p; (p = strstr(buf_cstr(b), dir)) != NULL; b->n -= sizeof dir)
		memmove(p, p + sizeof dir, b->n - (size_t)(p - b->p) - sizeof dir);
	return buf_cstr(b);
}

#define PARENT "{'smsource':1,'name':'p','network':'w','map':'.','summary':'S','about':'A','vars':{'q':{'default':1,'help':'Q'},'r':null},\n" \
	"'secrets':{'s':'one','t':'two?'},'hosts':['h'],'strip':['x'],'auth':{'query':{'key':'s'}},'records':'.a[]','context':'{}',\n" \
	"'request':{'url':'https://h/a','method':'POST','query':{'a':'1','b':{'value':'2','when':'q'},'c':'3'},'headers':{'X-A':'1','X-B':'2'},'body':{'k':'${q}'}},\n" \
	"'next':{'token':'.t','param':'p'},'cursor':{'field':'id','cmp':'str','order':'desc'},'dedup':'.d','rate':'{}','outcome':'null',\n" \
	"'pace':{'limit':'5/s','soft_pct':50},'cost':2,'budget':'B${q}','retry':{'tries':3},'times':'epoch','each':'r','parallel':4}"

static void test_extends(void)
{
	struct buf b = BUF_INIT;
	put_file("p.json", PARENT);
	T_CASE("extends: what is not said stays") {
		put_file("c.json", "{'smsource':1,'name':'c','extends':'@/p.json'}");
		struct source_def *d = load("c.json");
		T_STR(d->name, "c");
		T_OK(strstr(d->file, "/c.json") != NULL);
		T_OK(!strcmp(d->network, "w") && !strcmp(d->summary, "S") && !strcmp(d->about, "A") && !strcmp(d->map, ".") && d->api);
		T_OK(d->nvars == 2 && d->nsecrets == 2 && d->nhosts == 1 && d->auth.kind == AUTH_QUERY && !strcmp(d->auth.secret[0], "s"));
		T_OK(d->is_path && d->path.n == 1 && !strcmp(d->path.key[0], "a") && !strcmp(d->context, "{}"));
		T_STR(params_of(&b, d->request.query, d->request.nquery), "a=1&b=2?q&c=3");
		T_OK(d->request.body_kind == BODY_JSON && !strcmp(json_str(json_get(d->request.body, "k")), "${q}"));
		T_OK(d->next == NEXT_TOKEN && !strcmp(d->next_param, "p") && d->cursor.there && !strcmp(d->cursor.field, "id"));
		T_OK(!strcmp(d->dedup, ".d") && !strcmp(d->rate, "{}") && !strcmp(d->outcome, "null") && d->times == AS_EPOCH);
		T_OK(d->nlimits == 1 && d->soft_pct == 50 && d->cost == 2 && d->tries == 3 && !strcmp(d->each, "r") && d->parallel == 4);
		T_STR(text_of(&b, &d->budget), "B<q>");
		T_OK(d->nstrip == 3 && !strcmp(d->strip[0], "access_token") && !strcmp(d->strip[1], "key") && !strcmp(d->strip[2], "x"));
		source_def_free(d);
	}
	T_CASE("extends: variables, secrets and the request are put together, all else is replaced") {
		put_file("c.json", "{'smsource':1,'name':'c','extends':'@/p.json','vars':{'q':7,'n':'x'},'secrets':{'s':'three','u':'four'},"
				   "'records':'.b|.[]','request':{'url':'https://h/b','query':{'b':null,'c':'${n}','d':'4'},'headers':{'x-a':'9','X-B':null}},"
				   "'auth':{'bearer':'u'},'next':{'link':'next'},'pace':'1/s','cost':1,'retry':{'net':'lin:1s:1s'},'budget':''}");
		struct source_def *d = load("c.json");
		T_INT(d->nvars, 3);
		T_STR(source_def_var(d, "q")->value, "7");
		T_STR(source_def_var(d, "q")->help, "Q");
		T_OK(source_def_var(d, "n") && !source_def_var(d, "r")->value && d->nsecrets == 3);
		T_OK(!strcmp(source_def_secret(d, "s")->name, "three") && source_def_secret(d, "t")->optional && source_def_secret(d, "u"));
		T_STR(text_of(&b, &d->request.url), "https://h/b");
		T_STR(params_of(&b, d->request.query, d->request.nquery), "a=1&c=<n>&d=4");
		T_STR(params_of(&b, d->request.header, d->request.nheader), "x-a=9");
		T_OK(!strcmp(d->request.method, "POST") && d->request.body_kind == BODY_JSON && !d->is_path);
		T_OK(d->auth.kind == AUTH_BEARER && !d->auth.name && d->next == NEXT_LINK && !d->next_param);
		T_OK(d->nlimits == 1 && d->limit[0].count == 1 && d->soft_pct == 80 && d->tries == 12 && !d->budget.nparts);
		source_def_free(d);
	}
	T_CASE("extends: null takes out only what is there; what goes together is looked at anew") {
		put_file("c.json", "{'smsource':1,'name':'c','extends':'@/p.json','request':{'query':{'zz':null}}}");
		T_STR(check(&b, "c.json"), "c.json:1:87: 'request.query.zz' is null, but there is nothing to remove\n");
		put_file("c.json", "{'smsource':1,'name':'c','extends':'@/p.json','transport':'ws'}");
		T_STR(check(&b, "c.json"), "c.json:1:74: transport 'ws' needs an address with ws or wss, not https\n"
					   "c.json:1:74: transport 'ws' does not allow a method or body\n");
		put_file("c.json", "{'smsource':1,'name':'c','extends':'@/p.json','hosts':['g']}");
		T_STR(check(&b, "c.json"), "c.json:1:70: the host of 'request.url' is not among 'hosts'\n");
		put_file("c.json", "{'smsource':1,'name':'c','extends':'@/p.json','cost':6}");
		T_STR(check(&b, "c.json"), "c.json:1:69: 'cost' exceeds a limit of 'pace': no request could ever be sent\n");
	}
	T_CASE("extends: four levels, no more, no circles") {
		put_file("0.json", HEAD "'summary':'zero'}");
		for (int i = 1; i <= 5; i++) {
			char name[16], text[96];
			snprintf(name, sizeof name, "%d.json", i);
			snprintf(text, sizeof text, "{'smsource':1,'name':'n','extends':'@/%d.json'}", i - 1);
			put_file(name, text);
		}
		struct source_def *d = load("4.json");
		T_STR(d->summary, "zero");
		source_def_free(d);
		T_STR(check(&b, "5.json"), "1.json:1:36: 'extends' forms a loop or is deeper than 4 definitions\n");
		put_file("a.json", HEAD "'extends':'@/b.json'}");
		put_file("b.json", HEAD "'extends':'@/a.json'}");
		T_STR(check(&b, "a.json"), "b.json:2:11: extends 'a.json': it forms a loop\n");
		put_file("a.json", HEAD "'extends':'@/a.json'}");
		T_STR(check(&b, "a.json"), "a.json:2:11: extends 'a.json': it forms a loop\n");
	}
	T_CASE("extends: the faults of what is extended come first, and make no others here") {
		put_file("p.json", "{'smsource':1,'name':'p','map':'.[',\n'vars':[]}");
		put_file("c.json", "{'smsource':1,'name':'c','extends':'@/p.json','rate':'$nope','request':{'url':'https://${x}/'},'cost':0}");
		T_STR(check(&b, "c.json"), "p.json:1:32: 'map': jq: syntax error, unexpected $end\n"
					   "p.json:2:8: 'vars' has the wrong type: it must be an object\n"
					   "p.json:1:1: 'network' is missing\n"
					   "c.json:1:69: 'rate': jq: $nope is not defined\n"
					   "c.json:1:118: 'cost' must be a whole number from 1 to 1000000\n");
		put_file("p.json", "{'smsource':1,\n!");
		struct source_def *d;
		struct err e;
		char path[64];
		snprintf(path, sizeof path, "%s/c.json", dir);
		T_INT(source_def_load(&d, path, &e), ERR_DATA);
		T_OK(strstr(e.file, "/p.json") && e.line == 2 && e.col == 1);
	}
	buf_release(&b);
}

static void test_check(void)
{
	struct buf b = BUF_INIT;
	T_CASE("a check tells all, in the order of the text, what is missing last") {
		put_file("c.json", "{\n\t'smsource': 2, 'name': 'c',\n\t'cost': -1,\n\t'retry': { 'net': 'x', 'tries': 0, 'foo': 1 },\n"
				   "\t'auth': { 'bearer': 's' },\n\t'each': 'e'\n}\n");
		T_STR(check(&b, "c.json"), "c.json:2:14: 'smsource' is not 1: this definition is for another release\n"
					   "c.json:3:10: 'cost' must be a whole number from 1 to 1000000\n"
					   "c.json:4:20: 'retry.net': 'x' is not a back-off: exp:5s:320s doubles from 5 s to 320 s, lin:250ms:16s adds\n"
					   "c.json:4:34: 'retry.tries' must be a whole number from 1 to 1000000\n"
					   "c.json:4:44: unknown key 'foo' in 'retry'\n"
					   "c.json:5:22: no secret 's' in 'secrets'\n"
					   "c.json:6:10: no variable 'e' in 'vars'\n"
					   "c.json:1:1: 'network' is missing\n"
					   "c.json:1:1: 'map' is missing: the program that makes a record of an item\n");
	}
	T_CASE("a check compiles each expression as it will run; the place is that of the line") {
		put_file("c.json", FETCHING "'request':{'url':'https://h/'},\n'records':'[$h,$status,$v,$now,$page]|plain|some|striphtml','rate':'{a:$c}',\n"
				   "'outcome':[ 'if 1',\n 'then 2',\n  'alse 3 end' ],'dedup':['.a',\n'|.b | \\n| .c | nope',\n'|.d'],\n"
				   "'cursor':{'value':'.[','cmp':'num','order':'desc'},'next':{'url':'$link|nope'}}");
		T_STR(check(&b, "c.json"), "c.json:4:68: 'rate': jq: $c is not defined\n"
					   "c.json:7:3: 'outcome': jq: syntax error, unexpected IDENT\n"
					   "c.json:8:1: 'dedup': jq: syntax error, unexpected '|'\n"
					   "c.json:10:19: 'cursor.value': jq: syntax error, unexpected $end\n"
					   "c.json:10:66: 'next.url': jq: nope/0 is not defined\n");
		put_file("c.json", HEAD "'context':'$c'}");
		T_STR(check(&b, "c.json"), "c.json:2:11: 'context': jq: $c is not defined\n");
		put_file("c.json", "{'smsource':1,'name':'c','network':'w','map':['$c','|$h']}");
		T_STR(check(&b, "c.json"), "");
	}
	T_CASE("a check looks at what refill and fallback name") {
		put_file("r.json", FETCHING "'request':{'url':'https://h/'}}");
		put_file("s.json", FETCHING "'request':{'url':'https://h/'},'transport':'sse',\n'refill':'@/r.json','fallback':'@/t.json'}");
		put_file("t.json", FETCHING "'request':{'url':'https://h/'},'transport':'lines',\n'refill':'@/r.json'}");
		T_STR(check(&b, "s.json"), "");
		put_file("t.json", FETCHING "'request':{'url':'https://h/'},'transport':'lines',\n'fallback':'@/s.json'}");
		T_STR(check(&b, "s.json"), "s.json:4:47: 'fallback': 't.json': it forms a loop\n");
		put_file("s.json", FETCHING "'request':{'url':'https://h/'},'transport':'sse',\n'refill':'@/s.json'}");
		T_STR(check(&b, "s.json"), "s.json:4:10: 'refill': 's.json': it forms a loop\n");
		put_file("s.json", HEAD "'hosts':['h'],'request':{'url':'https://h/'},'transport':'sse',\n'refill':'@/r.json','fallback':'@/none.json'}");
		T_STR(check(&b, "s.json"), "s.json:3:10: 'refill': 'r.json' needs a variable 'q', which is not declared here\n"
					   "s.json:3:47: 'fallback': 'none.json': cannot open: No such file or directory\n");
		put_file("r.json", HEAD "'cost':0}");
		T_STR(check(&b, "s.json"), "s.json:3:10: 'refill': 'r.json': r.json:2:8: 'cost' must be a whole number from 1 to 1000000\n"
					   "s.json:3:47: 'fallback': 'none.json': cannot open: No such file or directory\n");
		put_file("r.json", HEAD "'cost':1}");
		T_OK(strstr(check(&b, "s.json"), "'refill': 'r.json' fetches nothing: it has no 'request'") != NULL);
		T_STR(check(&b, "none.json"), "none.json:0:0: cannot open: No such file or directory\n");
	}
	T_CASE("too many members, too many faults: bounded") {
		struct buf t = BUF_INIT;
		struct source_def *d;
		struct err e;
		buf_puts(&t, "{\"smsource\":1,\"name\":\"n\",\"network\":\"w\",\"map\":\".\",\"vars\":{");
		for (int i = 0; i < 300; i++)
			buf_printf(&t, "%s\"v%d\":1", i ? "," : "", i);
		buf_puts(&t, "}}");
		T_INT(source_def_parse(&d, t.p, t.n, "f", &e), ERR_DATA);
		T_STR(e.msg, "'vars' has more than 256 members");
		buf_clear(&t);
		buf_puts(&t, "{");
		for (int i = 0; i < 2000; i++)
			buf_printf(&t, "'k%d':1,\n", i);
		buf_puts(&t, "'z':1}");
		put_file("c.json", buf_cstr(&t));
		size_t lines = 0;
		for (const char *p = check(&b, "c.json"); *p; p++)
			lines += *p == '\n';
		T_INT(lines, 1000);
		buf_release(&t);
	}
	buf_release(&b);
}

static void test_describe(void)
{
	T_CASE("a description names what one must have and what will happen") {
		struct buf b = BUF_INIT;
		struct source_def *d = good(FETCHING, "'summary':'S\\u001b[1m','about':['one','two'],'request':{'url':'https://h/'},'auth':{'bearer':'s'},'rate':'{}',"
						      "'pace':['450/15m','9/day@UTC'],'cost':2,'retry':{'jitter':0},'cursor':{'field':'id','cmp':'str','order':'desc'}");
		source_def_describe(d, "t", &b);
		const char *s = buf_cstr(&b);
		T_OK(strstr(s, "n: S?[1m\n\none\ntwo\n\nusage: smfetch t q=…\nnetwork: w\nfile: f\n") == s);
		T_OK(strstr(s, "\n  q                  required\n") && strstr(s, "\n  n                  1\n"));
		T_OK(strstr(s, "\n  s                  sec                required\n") && strstr(s, "\n  t                  other              optional\n"));
		T_OK(strstr(s, "$SM_SECRET_SEC\n") && strstr(s, "\nhosts: h, .b.org, p:81\n") && strstr(s, "\ntransport: pages of JSON\n"));
		T_OK(strstr(s, "\nlimits: 450 in 15m, 9 in a day of UTC, and those that the API reports; slowing down at 80 % used, waiting at 100 %; a request costs 2\n"));
		T_OK(strstr(s, "\nretry: at most 12 consecutive tries\n  no connection      250ms longer each time, up to 16s\n  silence            immediately\n"));
		T_OK(strstr(s, "\nresumes: by id, newest first\n") && strstr(s, "\nmap:\n.\n"));
		source_def_free(d);
		buf_clear(&b);
		d = good(HEAD, "'records':'.a[]'");
		source_def_describe(d, "t", &b);
		T_STR(buf_cstr(&b), "n: \nusage: smfetch files --as t [PATH]…\nnetwork: w\nfile: f\nrecords:\n.a[]\nmap:\n.\n");
		source_def_free(d);
		buf_release(&b);
	}
}

/* What was built with is known again, and nothing else; a test of smfetch compiles all of it. */
static void test_shipped(void)
{
	static const char *const own[] = {
		"{\"smsource\":1,\"name\":\"own\",\"network\":\"n\",\"map\":\".\"}",
		"{\"smsource\":1,\"name\":\"own\",\"extends\":\"x-v2\"}",
	};
	T_CASE("a definition that ships is known by its text") {
		struct arena a = ARENA_INIT;
		const char **names;
		size_t n = 0;
		struct err e;
		T_INT(source_def_list(&names, &n, &a, &e), 0);
		T_OK(n > 20);
		for (size_t i = 0; i < n; i++) {
			struct source_def *d = NULL;
			T_INT(source_def_load(&d, names[i], &e), 0);
			T_OK(d && d->shipped);
			source_def_free(d);
		}
		arena_release(&a);
		for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
			struct source_def *d = NULL;
			T_INT(source_def_parse(&d, own[i], strlen(own[i]), "own", &e), 0);
			T_OK(d && !d->shipped);
			source_def_free(d);
		}
	}
}

static void clean_up(void)
{
	static const char *const names[] = { "p", "c", "0", "1", "2", "3", "4", "5", "a", "b", "r", "s", "t" };
	char path[64];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s.json", dir, names[i]);
		unlink(path);
	}
	T_OK(rmdir(dir) == 0);
}

int main(void)
{
	T_OK(mkdtemp(dir) != NULL);
	test_vars();
	test_request();
	test_auth();
	test_walks();
	test_limits();
	test_streams();
	test_whole();
	test_extends();
	test_check();
	test_describe();
	test_shipped();
	clean_up();
	return t_done();
}
