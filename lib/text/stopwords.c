// SPDX-License-Identifier: MIT
/* Words that every topic has: articles, pronouns, prepositions, auxiliaries, and the small talk of the networks.
 * Our own lists, in lower case. */
#include "text/entity.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

static const char all[] = " rt via amp http https www com html ";

static const char en[] =
	" a about above after again against ago ain't all almost along already also although always am among an and another any "
	"anybody anyone anything are aren't around as at away back be became because become been before behind being below "
	"between both but by came can can't cannot come could couldn't did didn't do does doesn't doing don't done down during "
	"each either else enough even ever every everybody everyone everything few first for from further get gets getting "
	"give go goes going gone gonna got gotta had hadn't has hasn't have haven't having he he'd he'll he's her here here's "
	"hers herself him himself his how how's however i i'd i'll i'm i've if in instead into is isn't it it's its itself just "
	"keep kept last least less let let's like ll look lot lots made make makes making many may maybe me mean might mine "
	"more most much must my myself need never new next no nobody none nor not nothing now of off often oh ok okay on once "
	"one only onto or other others our ours ourselves out over own per perhaps put quite rather re really said same saw "
	"say says see seem seems seen shall she she'd she'll she's should shouldn't since so some somebody someone something "
	"sometimes soon still such take takes than that that's the their theirs them themselves then there there's these they "
	"they'd they'll they're they've thing things think this those though through thus till to today together too took "
	"toward towards tried try two under until up upon us use used using ve very want wants was wasn't way we we'd we'll "
	"we're we've well went were weren't what what's whatever when when's where where's whether which while who who's whom "
	"whose why will with within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself "
	"yourselves im dont didnt doesnt isnt cant wont ive youre thats ";

static const char de[] =
	" aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da dabei damit dann "
	"das dass dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein "
	"eine einem einen einer eines einfach er es etwas euch euer für gegen hab habe haben hast hat hatte hatten hier hin "
	"hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins ist ja jede jedem jeden jeder jedes jetzt kann "
	"kein keine keinen können könnte machen mal man mehr mein meine meinem meinen meiner mich mir mit muss müssen nach "
	"nein nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner seit sich sie sind so soll "
	"sollte sondern über um und uns unser unsere unter viel vom von vor wann war waren warum was weil weiter welche "
	"wenn wer werde werden wie wieder will wir wird wo wurde wurden zu zum zur zwischen ";

static const char es[] =
	" a al algo ante antes aquí así aunque bien cada casi como con contra cual cuando de del desde donde dos durante e el "
	"él ella ellas ellos en entre era eran eres es esa esas ese eso esos está están estaba estamos estar estas este esto "
	"estos estoy fue fueron ha haber había hace hacer hacia han has hasta hay he hemos hoy la las le les lo los más me mi "
	"mí mis mismo mucho muchos muy nada ni no nos nosotros nuestra nuestro o os otra otro para pero poco por porque pues "
	"que qué quien quién se sea ser si sí sido sin sino sobre solo sólo son soy su sus también tan tanto te tener tengo "
	"ti tiene tienen toda todas todo todos tu tú tus un una unas uno unos va van vez voy y ya yo ";

static const char fr[] =
	" a à ai aie alors as au aucun aujourd'hui aussi autre autres aux avait avec avez avoir avons bien c'est car ce cela ces "
	"cet cette ceux chez ci comme comment dans de déjà des deux donc du elle elles en encore entre es est et étaient était "
	"été être eu eux fait faire fois font ici il ils j'ai je jusqu la là le les leur leurs lui ma mais me même mes moi moins "
	"mon n'est ne ni non nos notre nous on ont ou où par parce pas peu peut plus pour pourquoi qu quand que quel quelle "
	"qu'il qu'on qui quoi sa sans se sera ses si son sont sous suis sur ta te tes toi ton tous tout toute toutes très tu un "
	"une va vers voilà vos votre vous y ";

static const char it[] =
	" a ad agli ai al alla alle allo anche ancora avere aveva c'è che chi ci come con contro cosa così cui da dagli dai dal "
	"dalla dalle dallo degli dei del dell della delle dello dentro di dopo dove due e è ed era erano essere fa fare fino fra "
	"gli già ha hai hanno ho i il in io la le lei li lo loro lui ma me mi mia mio molto ne negli nei nel nella nelle nello "
	"no noi non nostra nostro o ogni oggi ora per perché però più poco poi qua quando quanto quella quelle quelli quello "
	"questa queste questi questo qui sarà se sei sempre senza si sì sia siamo sono sta sto su sua sue sugli sui sul sulla "
	"suo suoi te ti tra tu tutta tutti tutto un una uno va vi voi ";

static const char nl[] =
	" aan al alle alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een eens en er ge geen "
	"gewoon had hadden heb hebben heeft heel hem hen het hier hij hoe hun ik in is ja je jij jouw jullie kan kunnen maar "
	"me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons onze ook op over reeds te tegen toch "
	"toen tot u uit uw van veel voor waar waren was wat we weer wel werd wezen wie wij wil worden wordt zal ze zei zelf "
	"zich zij zijn zo zonder zou ";

static const char pt[] =
	" a à ainda além ao aos aquela aquele aqui as às assim até bem cada com como contra da das de dela dele deles depois do "
	"dos e é ela elas ele eles em entre era essa esse esta está estão estar estava este estou eu foi foram há hoje isso "
	"isto já la lhe lo mais mas me mesmo meu meus minha muito muitos na nada não nas nem no nos nós nossa nosso num numa "
	"o os ou outra outro para pela pelas pelo pelos por porque pra qual quando que quem se seja sem sempre ser seu seus "
	"só sobre sou sua suas também tanto te tem têm tenho ter teu tinha toda todas todo todos tu tua tudo um uma umas uns "
	"vai você vocês vou ";

static const struct {
	char lang[3];
	const char *words;
} lists[] = { { "", all }, { "en", en }, { "de", de }, { "es", es }, { "fr", fr }, { "it", it }, { "nl", nl }, { "pt", pt } };

#define LISTS (sizeof lists / sizeof *lists)
#define SLOTS 4096u   /* more than twice the words */

struct stopwords {
	struct {
		const char *p;
		unsigned char n, in;   /* in: a set of 1 << number in lists */
	} slot[SLOTS];
};

static unsigned find(const struct stopwords *s, const char *p, size_t n)
{
	unsigned i = (unsigned)hash_bytes(p, n, 0) & (SLOTS - 1);
	while (s->slot[i].p && (s->slot[i].n != n || memcmp(s->slot[i].p, p, n) != 0))
		i = (i + 1) & (SLOTS - 1);
	return i;
}

struct stopwords *stopwords_new(void)
{
	struct stopwords *s = mem_zalloc(sizeof *s);
	for (size_t k = 0; k < LISTS; k++)
		for (const char *p = lists[k].words, *end; *p; p = end) {
			p += *p == ' ';
			end = strchrnul(p, ' ');
			if (end == p)
				continue;
			unsigned i = find(s, p, (size_t)(end - p));
			s->slot[i].p = p;
			s->slot[i].n = (unsigned char)(end - p);
			s->slot[i].in |= (unsigned char)(1u << k);
		}
	return s;
}

void stopwords_free(struct stopwords *s)
{
	mem_free(s);
}

bool stopwords_has(const struct stopwords *s, const char *lang, size_t nlang, const char *key, size_t n)
{
	const size_t english = 1;
	size_t list = english;
	unsigned i = find(s, key, n);
	if (!s->slot[i].p)
		return false;
	for (size_t k = english; k < LISTS; k++)
		if (nlang >= 2 && (nlang == 2 || lang[2] == '-' || lang[2] == '_') && memcmp(lang, lists[k].lang, 2) == 0)
			list = k;
	return s->slot[i].in & (1u | 1u << list);
}
