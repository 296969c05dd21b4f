/* SPDX-License-Identifier: MIT */
/* The words themselves: tables, and nothing else. */
#include "gen/words.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

const struct gen_topic gen_topics[] = {
	{ "good coffee", "coffee", 2, 90, "Coffee" },
	{ "my cat", "cats", 2, 85, "cats" },
	{ "the late train", "trains", -2, 70, "trains" },
	{ "the weekend", "weekend", 2, 66, "CasualTalk" },
	{ "Monday", "monday", -2, 60, "CasualTalk" },
	{ "the rent", "rent", -2, 56, "housing" },
	{ "football", "football", 1, 54, "football" },
	{ "home cooking", "cooking", 2, 50, "Cooking" },
	{ "live music", "music", 2, 48, "Music" },
	{ "open source", "opensource", 1, 44, "opensource" },
	{ "the election", "election", -1, 44, "politics" },
	{ "the weather", "weather", 0, 42, "weather" },
	{ "traffic", "traffic", -2, 40, "commuting" },
	{ "this phone update", "phones", -1, 36, "gadgets" },
	{ "a good book", "books", 2, 34, "books" },
	{ "my garden", "gardening", 2, 32, "gardening" },
	{ "the new season", "tv", 0, 30, "television" },
	{ "indie games", "gaming", 1, 30, "gaming" },
	{ "the climate summit", "climate", -1, 28, "climate" },
	{ "long runs", "running", 1, 27, "running" },
	{ "street photography", "photography", 2, 24, "photography" },
	{ "SQL", "sql", 0, 22, "databases" },
	{ "shell pipes", "unix", 1, 22, "unix" },
	{ "city cycling", "cycling", 1, 20, "bicycling" },
	{ "taxes", "taxes", -2, 20, "personalfinance" },
	{ "night skies", "astronomy", 2, 18, "astronomy" },
	{ "chess", "chess", 0, 17, "chess" },
	{ "video meetings", "meetings", -2, 16, "work" },
	{ "robots", "robots", 0, 14, "robotics" },
	{ "fresh bread", "baking", 2, 14, "Baking" },
	{ "bird watching", "birds", 2, 10, "birding" },
	{ "old maps", "maps", 1, 8, "maps" },
	{ "the northern lights", "aurora", 2, 0, "astronomy" },
	{ "the power cut", "blackout", -2, 0, "CasualTalk" },
	{ "the cup final", "cupfinal", 1, 0, "football" },
	{ "the rocket launch", "launchday", 2, 0, "space" },
	{ "storm Mara", "stormmara", -2, 0, "weather" },
	{ "the ticket queue", "ticketqueue", -2, 0, "Music" },
	{ "the surprise album", "newalbum", 2, 0, "Music" },
	{ "the data leak", "dataleak", -2, 0, "privacy" },
	{ "the bridge opening", "newbridge", 1, 0, "cities" },
	{ "the meteor shower", "meteors", 2, 0, "astronomy" },
	{ "the rail strike", "railstrike", -1, 0, "trains" },
	{ "the marathon", "citymarathon", 1, 0, "running" },
};
const size_t gen_ntopics = COUNT(gen_topics);

static const char *const en_neutral[] = {
	"Reading up on {t} before {d}.", "Does anyone here know more about {t}?",
	"{n} people asked me about {t} today.", "Thread about {t}, part {n}.",
	"Just a note to self: {t}, {d}, {p}.", "So {t} is what everybody in {p} talks about now.",
	"Taking the bus to {p}, then {t} in the evening.", "What changed about {t} since last year?",
	"Poll: {t}, yes or no?", "We counted {n} posts on {t} in an hour.",
	"{m} sent me this link about {t}.", "The schedule for {d}: {t} at {n} past noon.",
	"Somebody should write down how {t} works.", "Looking for numbers on {t} in {p}.",
	"I will be in {p} on {d}, mostly for {t}.", "\\\"{t}\\\" means three different things to three people.",
	"Update on {t}: nothing new so far.", "First {t}, then lunch.\\nThen {t} again.", NULL
};
static const char *const en_good[] = {
	"I love {t}, it made my {d}!", "Absolutely wonderful: {t} in {p}.",
	"What a great day for {t}, I am so happy.", "{t} never gets old, best thing this week.",
	"Thank you {m} for the tip, {t} was amazing!", "So proud of everyone who helped with {t}.",
	"Can't stop smiling about {t}. Beautiful.", "{n} out of {n}, would enjoy {t} again!!!",
	"Honestly, {t} is better than I hoped. Brilliant work.", "Nothing beats {t} on a {d} morning, pure joy.",
	"This is the nicest thing I have seen about {t} all year.", "Good news from {p}: {t} is back and it's fantastic!",
	"Friends, {t} and a sunny {d}. Life is good.", "Super excited about {t} :)",
	"Won a small prize thanks to {t}, what a lucky {d}!", "The crowd in {p} was kind and {t} was perfect.",
	"I was wrong, {t} is really lovely.", "{t}?\\nYES PLEASE, it is AWESOME", NULL
};
static const char *const en_bad[] = {
	"I hate what happened with {t}.", "Terrible: {t} again, {n} minutes lost.",
	"So tired of {t}, this is awful.", "{t} ruined my {d}. Thanks for nothing.",
	"Why is {t} always such a disaster in {p}?", "Worst {d} ever, all because of {t}.",
	"{m} is right, {t} is a sad joke.", "I am angry and disappointed about {t}.",
	"Nobody apologises for {t}, that is the ugly part.", "{n} complaints about {t} and still no answer. Shameful.",
	"Scared of what {t} will cost us.", "This can't be true. {t} failed once more!!",
	"Stuck in {p}, no help, horrible weather, and {t}.", "It's not good, {t} is broken and nobody cares.",
	"Lost my patience with {t} today :(", "The news about {t} is painful to read.",
	"Sorry, but {t} is a waste of money.", "Please stop, {t} hurts everyone who lives in {p}.", NULL
};
static const char *const de_neutral[] = { "Heute geht es in {p} um {h}.", "Wer weiß mehr über {h}?",
	"Teil {n} meiner kleinen Reihe zu {h}.", "Notiz für morgen: {h}, danach einkaufen.", NULL };
static const char *const de_good[] = { "Was für ein schöner Tag, {h} macht glücklich!", "Endlich wieder {h}, großartig!",
	"Danke {m}, {h} war wunderbar.", "{h} in {p}: einfach herrlich.", NULL };
static const char *const de_bad[] = { "Schon wieder {n} Minuten Verspätung, {h} nervt.", "Ich bin enttäuscht von {h}.",
	"{h} ist gerade eine Katastrophe.", "So ein Ärger mit {h}, und niemand hört zu.", NULL };
static const char *const es_neutral[] = { "Hoy en {p} se habla de {h}.", "¿Alguien sabe algo nuevo de {h}?",
	"Van {n} mensajes sobre {h} esta mañana.", "Apunto para luego: {h}.", NULL };
static const char *const es_good[] = { "¡Qué alegría, {h} ha sido maravilloso!", "Me encanta {h}, gracias {m}.",
	"Un día precioso en {p} con {h}.", "¡{n} puntos para {h}!", NULL };
static const char *const es_bad[] = { "Qué desastre lo de {h}.", "Otra vez igual: {h} y nadie responde.",
	"Llevo {n} minutos esperando por {h}, una vergüenza.", "Muy triste por {h}.", NULL };
static const char *const fr_neutral[] = { "À {p}, tout le monde parle de {h}.", "Quelqu'un a des chiffres sur {h} ?",
	"Épisode {n} : {h}, où en est-on ?", "Je note pour demain : {h}.", NULL };
static const char *const fr_good[] = { "Quelle belle journée grâce à {h} !", "Merci {m}, {h} était magnifique.",
	"J'adore {h}, vraiment.", "{h} à {p} : un vrai bonheur.", NULL };
static const char *const fr_bad[] = { "Encore {n} minutes perdues, {h} m'épuise.", "Très déçu par {h}.",
	"{h}, c'est une catastrophe à {p}.", "Personne ne répond au sujet de {h}, quelle honte.", NULL };
static const char *const pt_neutral[] = { "Hoje em {p} só se fala de {h}.", "Alguém tem novidades sobre {h}?",
	"Parte {n} da conversa sobre {h}.", "Anotado para amanhã: {h}.", NULL };
static const char *const pt_good[] = { "Que dia lindo, {h} me deixou feliz!", "Adoro {h}, obrigado {m}.",
	"{h} em {p} foi incrível.", "Nota {n} para {h}, que alegria!", NULL };
static const char *const pt_bad[] = { "Que tristeza o que houve com {h}.", "Mais {n} minutos na fila por causa de {h}.",
	"{h} está um caos.", "Ninguém explica nada sobre {h}, péssimo.", NULL };
static const char *const it_neutral[] = { "Oggi a {p} si parla di {h}.", "Qualcuno sa qualcosa di {h}?",
	"Puntata {n}: {h}.", NULL };
static const char *const it_good[] = { "Che bella giornata con {h}!", "Grazie {m}, {h} è stato bellissimo.",
	"Adoro {h}, sempre.", NULL };
static const char *const it_bad[] = { "Che disastro {h}.", "Ancora {n} minuti di ritardo per {h}.",
	"Sono deluso da {h}, davvero.", NULL };
static const char *const ja_neutral[] = { "今日は{p}で{h}の話をしました。", "{h}について詳しい人いますか?",
	"{h}のメモ、その{n}。", NULL };
static const char *const ja_good[] = { "{h}が本当に楽しかった!", "{m} さんのおかげで{h}を満喫できました、ありがとう。",
	"{h}、最高の一日でした。", NULL };
static const char *const ja_bad[] = { "{h}で{n}分も待たされた、つらい。", "{h}にはがっかりしました。",
	"また{h}の問題か…もう疲れた。", NULL };
static const char *const ko_neutral[] = { "오늘 {p}에서는 {h} 이야기뿐이에요.", "{h}에 대해 아시는 분 있나요?",
	"{h} 기록 {n}번째.", NULL };
static const char *const ko_good[] = { "{h} 덕분에 정말 행복한 하루!", "{m} 님 고마워요, {h} 최고였어요.",
	"{h}는 언제나 좋아요.", NULL };
static const char *const ko_bad[] = { "{h} 때문에 {n}분이나 늦었어요.", "{h}에 너무 실망했습니다.",
	"또 {h} 문제라니 지쳤어요.", NULL };
static const char *const ar_neutral[] = { "الجميع في {p} يتحدث عن {h} اليوم.", "هل من جديد حول {h}؟",
	"الجزء {n} من الحديث عن {h}.", NULL };
static const char *const ar_good[] = { "يوم جميل مع {h}!", "شكرا {m}، كان {h} رائعا.", "أحب {h} كثيرا.", NULL };
static const char *const ar_bad[] = { "خيبة أمل كبيرة بسبب {h}.", "انتظرنا {n} دقيقة بسبب {h}.",
	"لا أحد يجيب عن {h}، أمر محزن.", NULL };
static const char *const hi_neutral[] = { "आज {p} में {h} की चर्चा है।", "{h} के बारे में कोई नई खबर?",
	"{h} पर भाग {n}।", NULL };
static const char *const hi_good[] = { "{h} ने दिन बना दिया!", "धन्यवाद {m}, {h} शानदार था।",
	"मुझे {h} बहुत पसंद है।", NULL };
static const char *const hi_bad[] = { "{h} से बहुत निराशा हुई।", "{h} के कारण {n} मिनट की देरी।",
	"{h} पर कोई जवाब नहीं, दुखद।", NULL };
static const char *const tr_neutral[] = { "Bugün {p} içinde herkes {h} konuşuyor.", "{h} hakkında bilgisi olan var mı?",
	"{h} notları, bölüm {n}.", NULL };
static const char *const tr_good[] = { "{h} günümü güzelleştirdi, çok mutluyum!", "Teşekkürler {m}, {h} harikaydı.",
	"{h} her zaman keyifli.", NULL };
static const char *const tr_bad[] = { "{h} yüzünden {n} dakika geciktim.", "{h} tam bir hayal kırıklığı.",
	"Yine {h}, artık yoruldum.", NULL };
static const char *const ru_neutral[] = { "Сегодня в {p} все говорят про {h}.", "Кто знает подробности про {h}?",
	"Заметка номер {n}: {h}.", NULL };
static const char *const ru_good[] = { "Какой чудесный день, спасибо {h}!", "Спасибо {m}, {h} это было прекрасно.",
	"Обожаю {h}.", NULL };
static const char *const ru_bad[] = { "Опять {n} минут ожидания, {h} утомляет.", "Очень разочарован: {h}.",
	"С {h} просто беда.", NULL };

#define LANG(code, weight) { #code, weight, { code##_neutral, code##_good, code##_bad } }
const struct gen_lang gen_langs[] = {
	LANG(en, 560), LANG(es, 90), LANG(ja, 70), LANG(pt, 60), LANG(de, 50), LANG(fr, 50),
	LANG(ar, 30), LANG(hi, 25), LANG(tr, 20), LANG(it, 18), LANG(ko, 15), LANG(ru, 12),
};
const size_t gen_nlangs = COUNT(gen_langs);

const struct gen_place gen_places[] = {
	{ "Lisbon", "PT", "38.7223", "-9.1393" }, { "Nairobi", "KE", "-1.2864", "36.8172" },
	{ "Leipzig", "DE", "51.3397", "12.3731" }, { "Osaka", "JP", "34.6937", "135.5023" },
	{ "São Paulo", "BR", "-23.5505", "-46.6333" }, { "Lyon", "FR", "45.764", "4.8357" },
	{ "Chicago", "US", "41.8781", "-87.6298" }, { "Jaipur", "IN", "26.9124", "75.7873" },
	{ "Bergen", "NO", "60.3913", "5.3221" }, { "Bogotá", "CO", "4.711", "-74.0721" },
	{ "İzmir", "TR", "38.4237", "27.1428" }, { "Busan", "KR", "35.1796", "129.0756" },
	{ "Alexandria", "EG", "31.2001", "29.9187" }, { "Toronto", "CA", "43.6532", "-79.3832" },
	{ "Kraków", "PL", "50.0647", "19.945" }, { "Wellington", "NZ", "-41.2866", "174.7756" },
};
const size_t gen_nplaces = COUNT(gen_places);

const char *const gen_weekdays[7] = { "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday" };

const char *const gen_emoji[GEN_MOODS][16] = {
	{ "🤔", "👀", "📌", "🗓️", "💬", "📊", "🔎", "🚲", "☕", "🌍", "📚", "🎧", "🧭", "🛰️", "🏙️", "👩🏽‍💻" },
	{ "😀", "😍", "🎉", "❤️", "🔥", "👏", "🙌", "✨", "😊", "🥳", "💖", "👍🏾", "🌞", "🏆", "😂", "🤗" },
	{ "😡", "😭", "💔", "😞", "👎", "😤", "🤦", "😱", "🙄", "😢", "🥀", "⛔", "😩", "🤬", "☹️", "🚧" },
};

const char *const gen_first[] = {
	"Ada", "Bela", "Chen", "Dora", "Emil", "Fatima", "Gita", "Hana", "Ivo", "Jomo", "Kemal", "Lena", "Mina",
	"Noor", "Otto", "Pilar", "Quinn", "Rosa", "Sami", "Tove", "Uma", "Vera", "Wim", "Xenia", "Yuki", "Zora",
	"Amir", "Bruno", "Carla", "Dmitri", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jun", "Katja", "Luis",
	"Maya", "Nils", "Olga", "Pablo", "Rania", "Sven", "Tariq", "Ulla", "Viktor", "Wanda", "Yara", "Zeynep",
};
const size_t gen_nfirst = COUNT(gen_first);
const char *const gen_last[] = {
	"Abbas", "Brandt", "Costa", "Diaz", "Eriksen", "Fischer", "Gupta", "Hansen", "Ito", "Jansen", "Kaya",
	"Lopez", "Moreau", "Nowak", "Okafor", "Park", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Vogel",
	"Weber", "Xu", "Yilmaz", "Zhou", "Adeyemi", "Becker", "Conti", "Duarte", "Evans", "Ferrari", "Garcia",
	"Haddad", "Ivanov", "Joshi", "Kim", "Larsen", "Meyer", "Novak", "Olsen", "Pereira", "Rao", "Santos",
	"Takahashi", "Unger", "Vargas", "Wagner", "Young", "Zimmer",
};
const size_t gen_nlast = COUNT(gen_last);

const char *const gen_hosts[8] = { "town.example", "birds.example", "social.example", "code.example", "kaffee.example",
	"fosto.example", "mar.example", "kita.example" };
const char *const gen_sites[8] = { "https://news.example/a/", "https://video.example/w?v=", "https://blog.example/2026/",
	"https://docs.example/p/", "https://photos.example/i/", "https://maps.example/?q=", "https://shop.example/item/",
	"https://wiki.example/wiki/" };
