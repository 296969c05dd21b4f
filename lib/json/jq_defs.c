/* SPDX-License-Identifier: MIT */
/* Definitions in front of a jq program, which see to it that no record can end the process and no number becomes another.
 *
 * Operators are calls too: `a + b` is _plus(a; b), and a definition in front of the program is what they then call. What
 * libjq's own definitions call stays as it was, so those that calculate or print are here again. `[op, …] | debug | input`
 * is a call of jq_call: jq.c takes both ends.
 */
#include "json/jq_parts.h"

#include <string.h>

enum runs { ALL, NARROW, WIDE };
enum trigger { WORD, CHARACTER, PRINTS, FAR };

struct def {
	const char *name;        /* it is there when the program, or a later one, has this */
	enum runs runs;
	enum trigger trigger;
	const char *text;
};

/* The numbers are those of enum jq_op. */
#define CALL(op, args) "([" op "," args "]|debug|input)"
#define NOT_HERE(name, what) { name, ALL, WORD, "def " name ": error(\"" what " for a stream: the program sees one record at a time\");" }
#define NUMBERS "($a|type)==\"number\" and ($b|type)==\"number\""
#define REPEATED \
	"if ($a|type)==\"string\" and ($b|type)==\"number\" then __repeat($a;$b) elif ($a|type)==\"number\" and ($b|type)==\"string\" then __repeat($b;$a)"
/* Of several results the last operand goes the slowest, as in jq. */
#define OPERANDS "b as $b|a as $a|"

/* In their order, but for the calculating ones, which stand between. */
static const struct def first[] = {
	/* What is not for a stream, or tells of the machine. */
	NOT_HERE("inputs", "input and inputs are not"),
	NOT_HERE("stderr", "stderr is not"),
	NOT_HERE("halt", "halt is not"),
	NOT_HERE("halt_error", "halt_error is not"),
	{ "halt_error", ALL, WORD, "def halt_error(a): halt_error;" },
	NOT_HERE("input_filename", "input_filename is not"),
	NOT_HERE("input_line_number", "input_line_number is not"),
	NOT_HERE("get_search_list", "get_search_list is not"),
	NOT_HERE("get_jq_origin", "get_jq_origin is not"),
	NOT_HERE("get_prog_origin", "get_prog_origin is not"),
	NOT_HERE("modulemeta", "modulemeta is not"),

	/* An assertion fails where a bound is NaN. */
	{ "__bound", ALL, WORD, "def __bound: if type==\"number\" and isnan then error(\"a slice's bound is not a number\") else . end;" },
	{ "truncate_stream", ALL, WORD, "def __truncate(s): truncate_stream(s);def truncate_stream(s): __bound|__truncate(s);" },

	/* Times: an assertion fails where gmtime(3) finds none, or where the format is no text; the format's length is taken from the stack. */
	{ "__when", ALL, WORD,
	  "def __when: if type==\"number\" then if isnan or .>=9007199254740992 or .<= -9007199254740992 then error(\"the number is not a time\") else . end"
	  " elif type==\"array\" then if all(.[:8][];type==\"number\" and .> -1e8 and .<1e8) then . else error(\"not a broken-down time\") end"
	  " else . end;" },
	{ "__form", ALL, WORD,
	  "def __form: if type!=\"string\" then error(\"a time format must be a string\") elif utf8bytelength>1000 then"
	  " error(\"a time format must be at most 1000 bytes\") else . end;" },
	{ "gmtime", ALL, WORD, "def __gmtime: gmtime;def gmtime: __when|__gmtime;" },
	{ "localtime", ALL, WORD, "def __localtime: localtime;def localtime: __when|__localtime;" },
	{ "mktime", ALL, WORD, "def __mktime: mktime;def mktime: __when|__mktime;" },
	{ "strftime", ALL, WORD, "def __strftime(f): strftime(f);def strftime(f): __when|__strftime(f|__form);" },
	{ "strflocaltime", ALL, WORD, "def __strflocaltime(f): strflocaltime(f);def strflocaltime(f): __when|__strflocaltime(f|__form);" },
	{ "strptime", ALL, WORD, "def __strptime(f): strptime(f);def strptime(f): __strptime(f|__form);" },
	{ "todateiso8601", ALL, WORD, "def __todate: todateiso8601;def todateiso8601: __when|__todate;" },
	{ "todate", ALL, WORD, "def __todate: todateiso8601;def todate: __when|__todate;" },

	/* Texts. */
	{ "__rewrite", ALL, WORD, "def __rewrite: " CALL("13", ".") ";" },
	{ "implode", ALL, WORD, "def __implode: implode;def implode: if type==\"array\" then " CALL("10", ".") " else __implode end;" },
	{ "_strindices", ALL, WORD, "def __strindices($i): _strindices($i);def _strindices($i): if $i==\"\" then [] else __strindices($i) end;" },
	{ "__indices", ALL, WORD, "def __indices($i): if type==\"string\" and $i==\"\" then [] else indices($i) end;" },
	{ "indices", ALL, WORD, "def indices($i): __indices($i);" },
	{ "index", ALL, WORD, "def index($i): __indices($i)|.[0];" },
	{ "rindex", ALL, WORD, "def rindex($i): __indices($i)|.[-1:][0];" },

	/* All matches: behind an empty match libjq goes on inside a character, and gsub goes on where it was. */
	{ "__each", ALL, WORD,
	  "def __each($re;$m): . as $s|length as $n|($m|split(\"g\")|join(\"\")) as $f|def __r($k):"
	  " first(_match_impl(\"\\\\A(?m:(?:.{1000}){\"+($k/1000|floor|tostring)+\"}.{\"+($k%1000|tostring)+\",}?)\\\\K(?:\"+$re+(if $f|contains(\"x\") then \"\\n\" else \"\" end)+\")\";$f;false)|.[])"
	  "|.,((.offset+([.length,1]|max)) as $k|select($k<$n)|$s|__r($k));__r(0);" },
	{ "match", ALL, WORD,
	  "def match(re;mode): mode as $m|re as $r|if ($m|type)==\"string\" and type==\"string\" and ($r|type)==\"string\" and ($m|contains(\"g\"))"
	  " and utf8bytelength!=length and (($m|contains(\"x\")) or " CALL("12", "$r") ") then __each($r;$m) else _match_impl($r;$m;false)|.[] end;"
	  "def match($v): ($v|type) as $t|if $t==\"string\" then match($v;null) elif $t==\"array\" and ($v|length)>0 then match($v[0];$v[1])"
	  " else error($t+\" not a string or array\") end;" },
	{ "__named", ALL, WORD, "def __named: reduce (.captures[]|select(.name!=null)) as $c ({};.+{($c.name):$c.string});" },
	{ "capture", ALL, WORD, "def capture(re;mode): match(re;mode)|__named;def capture($v): match($v)|__named;" },
	{ "scan", ALL, WORD, "def scan(re): match(re;\"g\")|if .captures==[] then .string else [.captures[].string] end;" },
	{ "__splits", ALL, WORD,
	  "def __splits($re;f): . as $s|[0,(match($re;\"g\"+f)|.offset,.offset+.length),length] as $b|range(0;$b|length;2) as $i|$s[$b[$i]:$b[$i+1]];" },
	{ "splits", ALL, WORD, "def splits($re;f): __splits($re;f);def splits($re): __splits($re;null);" },
	{ "split", ALL, WORD, "def split($re;f): [__splits($re;f)];" },
	{ "__gsub", ALL, WORD,
	  "def __gsub($re;s;$f): def __all: . as $in|([match($re;$f+\"g\")]|unique_by(.offset)) as $m|def __r($i;$at): if $i==($m|length) then $in[$at:]"
	  " else $m[$i] as $e|$in[$at:$e.offset]+($e|__named|s)+__r($i+1;$e.offset+$e.length) end;__r(0;0);"
	  "def __one: . as $in|[match($re;$f)]|if .==[] then $in else .[0] as $e|if $e.length==0 then $in|__all else"
	  " $in[:$e.offset]+($e|__named|s)+($in[$e.offset+$e.length:]|if .==\"\" then . else __one end) end end;__one;" },
	{ "sub", ALL, WORD,
	  "def __sub($re;s;f): sub($re;s;f);def sub($re;s;f): f as $f|if ($f|type)==\"string\" and ($f|contains(\"g\"))"
	  " then __gsub($re;s;$f|split(\"g\")|join(\"\")) else __sub($re;s;$f) end;" },
	{ "gsub", ALL, WORD, "def gsub($re;s;f): f as $f|__gsub($re;s;($f+\"\")|split(\"g\")|join(\"\"));def gsub($re;s): __gsub($re;s;\"\");" },

	/* Paths: an index may ask for all memory, a slice's bound may be NaN. */
	{ "__path", ALL, WORD, "def __path: " CALL("11", ".") ";" },
	{ "__getpath", ALL, WORD, "def __getpath(p): getpath(p);" },
	{ "__delpaths", ALL, WORD, "def __delpaths(p): delpaths(p);" },
	{ "__setpath", ALL, WORD, "def __setpath(p;v): setpath(p;v);" },
	{ "setpath", ALL, WORD, "def setpath(p;v): v as $v|p as $p|__setpath($p|__path;$v);" },
	{ "getpath", ALL, WORD, "def getpath(p): p as $p|__getpath($p|__path);" },
	{ "delpaths", ALL, WORD, "def delpaths(p): p as $p|__delpaths(if ($p|type)==\"array\" then $p|map(__path) else $p end);" },
	{ "fromstream", ALL, WORD, "def __fromstream(f): fromstream(f);def fromstream(f): __fromstream(f|if type==\"array\" then .[0]|=__path else . end);" },
	{ "_assign", ALL, FAR, "def _assign(p;v): v as $v|reduce path(p) as $p (.;__setpath($p|__path;$v));" },
	{ "_modify", ALL, FAR,
	  "def _modify(p;f): reduce path(p) as $p (.;label $o|(__setpath($p|__path;__getpath($p)|f)|.,break $o),__delpaths([$p]));" },

	/* Text to numbers. */
	{ "tonumber", NARROW, WORD,
	  "def __tonumber: tonumber;def tonumber: if type==\"string\" and utf8bytelength>=16 then " CALL("8", ".") "|.[] else __tonumber"
	  "|if isnan then error(\"nan cannot be parsed as a number\") else . end end;" },
	{ "tonumber", WIDE, WORD, "def __tonumber: tonumber;def tonumber: if type==\"string\" then " CALL("8", ".") "|.[] else __tonumber end;" },
	{ "fromjson", ALL, WORD, "def __fromjson: fromjson;def fromjson: if type==\"string\" then " CALL("9", ".") "|.[] else __fromjson end;" },

	/* Numbers to text. */
	{ "__text", WIDE, WORD, "def __text: if type==\"string\" then . else " CALL("7", ".") " end;" },
	{ "tojson", WIDE, WORD, "def tojson: " CALL("7", ".") ";" },
	{ "tostring", WIDE, WORD, "def tostring: __text;" },
	{ "join", WIDE, WORD, "def __join($x): join($x);def join($x): [.[]|if type==\"number\" then __text else . end]|__join($x);" },
	{ "INDEX", WIDE, WORD,
	  "def INDEX(f;g): reduce f as $r ({};reduce ($r|g|__text) as $k (.;.+{($k):$r}));def INDEX(g): INDEX(.[];g);" },
	{ "format", WIDE, PRINTS,
	  "def __format($f): format($f);def __cells($f): [.[]|if type==\"number\" then if isnan then \"\" else __text end else [.]|__format($f) end];"
	  "def format(f): f as $f|if $f==\"text\" then __text elif $f==\"json\" then " CALL("7", ".")
	  " elif type==\"array\" and $f==\"csv\" then __cells($f)|join(\",\")"
	  " elif type==\"array\" and $f==\"tsv\" then __cells($f)|join(\"\\t\")"
	  " elif $f==\"sh\" then if type==\"array\" then __cells($f)|join(\" \") elif type==\"number\" then __text else __format($f) end"
	  " elif ($f==\"csv\" or $f==\"tsv\" or type==\"string\") then __format($f) else __text|__format($f) end;" },

	/* Calculation. A text times a number may ask for all memory. */
	{ "__repeat", ALL, WORD,
	  "def __product(a;b): a*b;def __repeat($s;$n): if ($s|utf8bytelength)*$n>67108864 then error(\"a repeated string must be at most 64 MiB\")"
	  " else __product($s;$n) end;" },
	{ "*", NARROW, CHARACTER, "def __times(a;b): a*b;def _multiply(a;b): " OPERANDS REPEATED " else __times($a;$b) end;" },
	{ "*", WIDE, CHARACTER,
	  "def __times(a;b): a*b;def _multiply(a;b): " OPERANDS "if " NUMBERS " then " CALL("2", "$a,$b") " el" REPEATED " else __times($a;$b) end;" },
	{ "%", ALL, CHARACTER, "def __mod(a;b): a%b;def _mod(a;b): " OPERANDS "if " NUMBERS " then " CALL("4", "$a,$b") " else __mod($a;$b) end;" },
	{ "/", WIDE, CHARACTER, "def __over(a;b): a/b;def _divide(a;b): " OPERANDS "if " NUMBERS " then " CALL("3", "$a,$b") " else __over($a;$b) end;" },
	{ "-", WIDE, CHARACTER, "def __minus(a;b): a-b;def _minus(a;b): " OPERANDS "if " NUMBERS " then " CALL("1", "$a,$b") " else __minus($a;$b) end;" },
	{ "+", WIDE, CHARACTER, "def __plus(a;b): a+b;def _plus(a;b): " OPERANDS "if " NUMBERS " then " CALL("0", "$a,$b") " else __plus($a;$b) end;" },
	{ "add", WIDE, WORD, "def add: reduce .[] as $x (null;.+$x);" },
	{ "range", WIDE, WORD,
	  "def __range($a;$b): range($a;$b);def range($a;$b): if ($a|type)==\"number\" and ($a>=9007199254740992 or $a<= -9007199254740992)"
	  " then error(\"a range from \\($a) is beyond the exact integers\") else __range($a;$b) end;def range($n): range(0;$n);"
	  "def range($a;$b;$by): if $by>0 then $a|while(.<$b;.+$by) elif $by<0 then $a|while(.>$b;.+$by) else empty end;" },
	{ "__dec", WIDE, WORD,
	  "def __dec: if type==\"number\" and (.>=9007199254740992 or .<= -9007199254740992) then " CALL("5", ".") " else . end;"
	  "def __code: if type==\"number\" and (.>=9007199254740992 or .<= -9007199254740992) then " CALL("6", ".") " else . end;" },
};

/* C's functions of numbers; what comes behind the program's own words only. */
static const char *const of_one[] = {
	"acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "ceil", "cos", "cosh", "erf", "erfc", "exp", "exp10", "exp2", "expm1",
	"fabs", "floor", "gamma", "j0", "j1", "lgamma", "log", "log10", "log1p", "log2", "logb", "nearbyint", "pow10", "rint", "round",
	"significand", "sin", "sinh", "sqrt", "tan", "tanh", "tgamma", "trunc", "y0", "y1"
};
static const char *const of_two[] = {
	"atan2", "copysign", "drem", "fdim", "fmax", "fmin", "fmod", "hypot", "ldexp", "nextafter", "nexttoward", "pow", "remainder", "scalb",
	"scalbln"
};

static const struct def last[] = {
	{ "fma", WIDE, WORD, "def __fma(a;b;c): fma(a;b;c);def fma(a;b;c): __fma(a|__dec;b|__dec;c|__dec)|__code;" },
	{ "frexp", WIDE, WORD, "def __frexp: frexp;def frexp: __dec|__frexp;" },
	{ "modf", WIDE, WORD, "def __modf: modf;def modf: __dec|__modf|map(__code);" },
	{ "lgamma_r", WIDE, WORD, "def __lgamma_r: lgamma_r;def lgamma_r: __dec|__lgamma_r|map(__code);" },
	/* They count up to their first number. */
	{ "__order", ALL, WORD, "def __order: if type==\"number\" and fabs<1e6 then . else error(\"the order of a Bessel function must be less than 1000000\") end;" },
	{ "jn", ALL, WORD, "def __jn(a;b): jn(a;b);def jn(a;b): __jn(a|__order;b);" },
	{ "yn", ALL, WORD, "def __yn(a;b): yn(a;b);def yn(a;b): __yn(a|__order;b);" },
	/* Behind all that calls jq_call with them. */
	NOT_HERE("debug", "debug is not"),
	NOT_HERE("input", "input and inputs are not"),
};

/* Words with which a value can become as deep as the program runs long. */
static const char *const nesting[] = { "reduce", "foreach", "def", "recurse", "recurse_down", "walk", "until", "while", "repeat", "limit",
	"setpath", "getpath", "delpaths", "fromstream", "paths", "leaf_paths", "tostream" };

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool prints(const char *text)
{
	return strchr(text, '@') || strstr(text, "\\(") || jq_text_has(text, "format");
}

static bool is_wanted(const struct def *d, const struct jq_text *t, const char *text, bool wide)
{
	if ((d->runs == WIDE && !wide) || (d->runs == NARROW && wide))
		return false;
	switch (d->trigger) {
	case FAR: return t->far && t->assigns;
	case PRINTS: return prints(text);
	default: return jq_text_has(text, d->name);
	}
}

/* In front of what is in B; the program's text is behind both. */
static void put_front(struct buf *b, const char *def)
{
	size_t n = strlen(def);
	buf_reserve(b, n + 1);
	memmove(b->p + n, b->p, b->n);
	memcpy(b->p, def, n);
	b->n += n;
}

static void put_math(struct buf *b, const char *name, bool two)
{
	struct buf def = BUF_INIT;
	if (two)
		buf_printf(&def, "def __%s(a;b): %s(a;b);def %s(a;b): __%s(a|__dec;b|__dec)|__code;", name, name, name, name);
	else
		buf_printf(&def, "def __%s: %s;def %s: __dec|__%s|__code;", name, name, name, name);
	put_front(b, buf_cstr(&def));
	buf_release(&def);
}

/* From behind: what a later definition needs is found in the text so far. */
void jq_defs_put(struct buf *b, struct jq_text *t, bool wide)
{
	struct buf text = BUF_INIT;
	if (t->program.n)
		buf_put(&text, t->program.p, t->program.n);
	size_t program = text.n;
	for (size_t i = COUNT(last); i-- > 0;)
		if (is_wanted(&last[i], t, buf_cstr(&text), wide))
			put_front(&text, last[i].text);
	for (size_t i = 0; wide && i < COUNT(of_one) + COUNT(of_two); i++) {
		bool two = i >= COUNT(of_one);
		const char *name = two ? of_two[i - COUNT(of_one)] : of_one[i];
		if (jq_text_has(buf_cstr(&text) + text.n - program, name))
			put_math(&text, name, two);
	}
	for (size_t i = COUNT(first); i-- > 0;)
		if (is_wanted(&first[i], t, buf_cstr(&text), wide))
			put_front(&text, first[i].text);
	buf_put(b, text.p, text.n - program);
	buf_release(&text);
}

bool jq_defs_deep(const char *text)
{
	for (size_t i = 0; i < COUNT(nesting); i++)
		if (jq_text_has(text, nesting[i]))
			return true;
	return false;
}
