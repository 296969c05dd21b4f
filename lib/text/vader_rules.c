// SPDX-License-Identifier: MIT
/* The words that VADER's rules name: figures and lists from the paper and the reference package 3.3.2. */
#include "text/vader_int.h"

#define UP(w) { w, VF_UP, VW_NONE }
#define DOWN(w) { w, VF_DOWN, VW_NONE }
#define NEG(w) { w, VF_NEGATE, VW_NONE }
#define ID(w, id) { w, 0, id }

const struct vader_rule_word vader_rule_words[] = {
	UP("absolutely"), UP("amazingly"), UP("awfully"), UP("completely"), UP("considerable"), UP("considerably"),
	UP("decidedly"), UP("deeply"), UP("effing"), UP("enormous"), UP("enormously"), UP("entirely"), UP("especially"),
	UP("exceptional"), UP("exceptionally"), UP("extreme"), UP("extremely"), UP("fabulously"), UP("flipping"),
	UP("flippin"), UP("frackin"), UP("fracking"), UP("fricking"), UP("frickin"), UP("frigging"), UP("friggin"),
	UP("fully"), UP("fuckin"), UP("fucking"), UP("fuggin"), UP("fugging"), UP("greatly"), UP("hella"), UP("highly"),
	UP("hugely"), UP("incredible"), UP("incredibly"), UP("intensely"), UP("major"), UP("majorly"), UP("more"),
	UP("most"), UP("particularly"), UP("purely"), UP("quite"), UP("really"), UP("remarkably"), UP("substantially"),
	UP("thoroughly"), UP("total"), UP("totally"), UP("tremendous"), UP("tremendously"), UP("uber"),
	UP("unbelievably"), UP("unusually"), UP("utter"), UP("utterly"),
	{ "so", VF_UP, VW_SO }, { "very", VF_UP, VW_VERY },

	DOWN("almost"), DOWN("barely"), DOWN("hardly"), DOWN("kinda"), DOWN("kindof"), DOWN("kind-of"), DOWN("less"),
	DOWN("little"), DOWN("marginal"), DOWN("marginally"), DOWN("occasional"), DOWN("occasionally"), DOWN("partly"),
	DOWN("scarce"), DOWN("scarcely"), DOWN("slight"), DOWN("slightly"), DOWN("somewhat"), DOWN("sorta"),
	DOWN("sortof"), DOWN("sort-of"),

	/* those written with n't are caught by the rule for that spelling */
	NEG("aint"), NEG("arent"), NEG("cannot"), NEG("cant"), NEG("couldnt"), NEG("darent"), NEG("didnt"),
	NEG("doesnt"), NEG("dont"), NEG("hadnt"), NEG("hasnt"), NEG("havent"), NEG("isnt"), NEG("mightnt"),
	NEG("mustnt"), NEG("neither"), NEG("neednt"), NEG("none"), NEG("nope"), NEG("not"), NEG("nothing"),
	NEG("nowhere"), NEG("oughtnt"), NEG("shant"), NEG("shouldnt"), NEG("uhuh"), NEG("uh-uh"), NEG("wasnt"),
	NEG("werent"), NEG("wont"), NEG("wouldnt"), NEG("rarely"), NEG("seldom"), NEG("despite"),
	{ "never", VF_NEGATE, VW_NEVER }, { "nor", VF_NEGATE, VW_NOR }, { "without", VF_NEGATE, VW_WITHOUT },

	ID("no", VW_NO), ID("or", VW_OR), ID("but", VW_BUT), ID("kind", VW_KIND), ID("of", VW_OF), ID("this", VW_THIS),
	ID("doubt", VW_DOUBT), ID("least", VW_LEAST), ID("at", VW_AT), ID("the", VW_THE), ID("shit", VW_SHIT),
	ID("bomb", VW_BOMB), ID("bad", VW_BAD), ID("ass", VW_ASS), ID("bus", VW_BUS), ID("stop", VW_STOP),
	ID("yeah", VW_YEAH), ID("right", VW_RIGHT), ID("death", VW_DEATH), ID("kiss", VW_KISS), ID("to", VW_TO),
	ID("die", VW_DIE), ID("for", VW_FOR), ID("beating", VW_BEATING), ID("broken", VW_BROKEN), ID("heart", VW_HEART),
	ID("just", VW_JUST), ID("enough", VW_ENOUGH), ID("sort", VW_SORT),
	{ NULL, 0, 0 }
};

/* "badass" is in the reference's list as well, but as one word it can never match there. */
static const struct {
	unsigned char id[3];
	double value, head;
} idioms[] = {
	{ { VW_THE, VW_SHIT }, 3, 3 },
	{ { VW_THE, VW_BOMB }, 3, 3 },
	{ { VW_BAD, VW_ASS }, 1.5, 1.5 },
	{ { VW_BUS, VW_STOP }, 0.0, 0.0 },
	{ { VW_YEAH, VW_RIGHT }, -2, -2 },
	{ { VW_KISS, VW_OF, VW_DEATH }, -1.5, -1.5 },
	{ { VW_TO, VW_DIE, VW_FOR }, 3, 3 },
	{ { VW_BEATING, VW_HEART }, 3.5, 3.1 },
	{ { VW_BROKEN, VW_HEART }, 0, -2.9 },   /* VADER_HEAD only */
};

bool vader_idiom(enum vader_edition edition, unsigned a, unsigned b, unsigned c, double *value)
{
	size_t n = sizeof idioms / sizeof *idioms - (edition == VADER_3_3_2);
	if (a == VW_NONE || b == VW_NONE)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (idioms[i].id[0] != a || idioms[i].id[1] != b || idioms[i].id[2] != c)
			continue;
		*value = edition == VADER_HEAD ? idioms[i].head : idioms[i].value;
		return true;
	}
	return false;
}

bool vader_dampener(unsigned a, unsigned b)
{
	return (a == VW_JUST && b == VW_ENOUGH) || (b == VW_OF && (a == VW_KIND || a == VW_SORT));
}
