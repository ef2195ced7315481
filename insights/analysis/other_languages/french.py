"""The rules of French."""

from insights.analysis.other_languages.rules import DateWords, LanguageRules, compiled
from insights.analysis.text.lexicon import words

_LEAD = r"^\W*(?:(?:et|mais|donc|alors|bon|bah|ben|ok|okay|oui|non|d'accord|dis|dites|excusez-moi|du coup),?\s+)*"
_WHO = r"(?:qui|que|quoi|quand|où|pourquoi|comment|combien|quel(?:le)?s?|lequel|laquelle|à quelle|à quel|de quoi|qu'est-ce|est-ce)"
_WITH = r"(?:(?:te|t'|vous|le|la|les|lui|leur|m'|me|l'|nous|m'en|y|en|s'en)\s*){0,2}"
_DO = (
    r"(?:envoie|prépare|appelle|fais|occupe|charge|vérifie|regarde|écris|rédige|organise|réserve|contacte|demande|prends|transmets|partage"
    r"|corrige|relis|mets|crée|planifie|termine|finis|teste|installe|commande|paie|signe|traduis|rappelle|apporte|ajoute|modifie)"
)
_ORDER = (
    r"(?:envo(?:ie|yez)|prépare[z]?|appelle[z]?|appelez|fai(?:s|tes)|vérifie[z]?|regarde[z]?|écri(?:s|vez)|organise[z]?|réserve[z]?"
    r"|contacte[z]?|demande[z]?|pren(?:ds|ez)|transme(?:ts|ttez)|corrige[z]?|met(?:s|tez)|pense[z]?|ajoute[z]?|modifie[z]?|préviens|prévenez"
    r"|di(?:s|tes)|donne[z]?)"
)
_DAYS = r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
_LATER = rf"(?:demain|{_DAYS}|prochaine?s?|plus tard|bientôt|dans (?:une|deux|trois|quelques) (?:semaine|jour|mois)s?|à nouveau|encore)"

RULES = LanguageRules(
    code="fr",
    question_start=compiled(
        _LEAD + r"(?:est-ce|qu'est-ce|pourquoi|comment|combien|quand|où|qui|quel(?:le)?s?|à quelle|à quel)\b"
        r"(?! (?:même|que ce soit|il|elle)\b)",
        _LEAD + r"\w+-(?:t-)?(?:tu|vous|il|elle|on|nous|ils|elles|ce)\b",
    ),
    reaction=compiled(
        r"\W*(?:ah |oh |et |non )?(?:vraiment|bon|ah oui|oui|pardon|hein|comment|quoi|non|sérieux|d'accord|c'est vrai)\s*\?+\W*"
    ),
    asks_for_words=compiled(
        r"\b(?:entende?[szt]|entendre|répéter|expliquer|parler plus|voir mon écran|comprendre|comprenez|me dire|nous dire|m'expliquer)\b",
        _LEAD + r"(?:est-ce que (?:tu|vous) (?:sais|savez|as|avez)|" + _WHO + r"\b(?! que (?:tu|vous) (?:peux|pouvez|pourrais|pourriez)))",
    ),
    request=compiled(
        r"\b(?:peux|pourrais|veux)-tu\b",
        r"\b(?:pouvez|pourriez|voulez)-vous\b",
        r"\b(?:tu|vous) (?:peux|pouvez|pourrais|pourriez|dois|devez) \w+(?:er|ir|re|oir)\b",
        r"\b(?:tu|vous) (?:peux|pouvez|pourrais|pourriez) (?:me|m'|nous|le|la|les|lui|leur|l')\s*\w+",
        r"\b(?:s'il te plaît|s'il vous plaît|merci de|veuillez|merci d')\b",
        r"\bn'oublie[sz]? pas\b",
        r"\b\w+(?:e|ez|s)-(?:moi|nous|le|la|lui|leur|les)\b",
        _LEAD + _ORDER + r" (?:à|le|la|les|un|une|des|du|au|ce|cette|l'|lui|bien|aussi)\b",
        r"\b(?:quelqu'un|(?-i:[A-ZÉÈ])\w+) (?:peut|pourrait) \w+(?:er|ir|re)\b",
    ),
    commitment=compiled(
        rf"\bje (?:vais|dois|veux bien) {_WITH}\w+(?:er|ir|re|oir)\b",
        rf"\bj(?:e |'){_WITH}(?!serai|aurai|pourrai|saurai|verrai)\w+rai\b",
        rf"\bj(?:e |'){_WITH}{_DO}\b(?! (?:pas|souvent|toujours|jamais)\b)",
        r"\b(?:il faut|il faudra|il faudrait|il reste à|on doit|nous devons|on devrait|nous allons|on va)\b (?:qu[e'] ?\w+ |\w+ )?\w*",
        r"\b(?-i:[A-ZÉÈ])\w+ (?:va|doit|devra|s'occupe|s'en occupe|se charge|prépare|envoie)\b",
        r"\b(?:nous|on) (?:te|vous|lui|leur)? ?(?:\w+rons|\w+ra)\b",
    ),
    own=compiled(r"\bje\b", r"\bj'"),
    no_task=compiled(
        r"\b(?:j'ai|tu as|il a|elle a|on a|nous avons|vous avez|ils ont|a été|ont été)\b (?:\w+ ){0,2}\w+(?:é|ée|és|ées|i|is|it|u|us)\b",
        r"\b(?:je suis|elle est|il est|nous sommes|on est) (?:\w+ ){0,2}\w+(?:é|ée|és|ées|i|u|ue)\b",
        r"\b(?:j'aurais|je serais|j'aimerais|on aurait|nous aurions|je voudrais)\b",
        r"\b(?:ne|n')\s*(?:\w+\s*){1,2}(?:pas|jamais|plus)\b(?<!oublie pas)(?<!oublies pas)(?<!oubliez pas)",
        r"\bje vais (?:bien|mal|mieux|au|à|en|chez)\b",
        r"\b(?:hier|d'habitude|autrefois|la semaine dernière|le mois dernier|chaque jour|tous les jours|souvent)\b",
        r"\bil faut (?:dire|avouer|reconnaître|croire)\b",
    ),
    follow_up=compiled(
        r"\b(?:on|nous) (?:se|nous) (?:revoit|rappelle|retrouve|reparle|voit|parle|appelle)\b",
        r"\bnous nous (?:revoyons|retrouvons|voyons|rappelons|reparlons|reverrons|retrouverons)\b",
        r"\b(?:je|nous|on) (?:te|vous|lui|le|la|les|leur) (?:rappell?e\w*|recontact\w*|tien\w* au courant|reviens|tiendr\w+ au courant)\b",
        r"\breparl\w+\b",
        r"\bre(?:venir|viens|viendr\w+|voir|prendre) (?:vers|sur (?:ce|cette|le|la)|cette discussion|la discussion)\b",
        r"\b(?:refaire|faire|refaisons|faisons|refait|fait) (?:un|le) point\b",
        r"\b(?:prochaine?|nouvelle?|autre) (?:réunion|rendez-vous|point|appel|entretien)\b",
        r"\b(?:fixer|fixons|prendre|prenons|caler|planifier|organiser|prévoir) (?:un|une|le|la|notre)"
        r" (?:rendez-vous|réunion|appel|point)\b",
        r"\brelanc\w+\b",
        rf"\b(?:rendez-vous|réunion|discut\w+|parl\w+|appel\w*|revoir|retrouver)\b.*\b{_LATER}\b(?=.*\b(?:se|nous|on)\b)",
    ),
    dates=DateWords(
        months=(
            ("janvier",), ("février",), ("mars",), ("avril",), ("mai",), ("juin",), ("juillet",), ("août",), ("septembre",), ("octobre",),
            ("novembre",), ("décembre",),
        ),
        weekdays=(("lundi",), ("mardi",), ("mercredi",), ("jeudi",), ("vendredi",), ("samedi",), ("dimanche",)),
        days={"avant-hier": -2, "après-demain": 2, "aujourd'hui": 0, "demain": 1, "hier": -1},
        weeks={"la semaine dernière": -1, "cette semaine": 0, "la semaine prochaine": 1},
        clock=r"\b(?:(?:à|vers) )?(?P<hour>[01]?\d|2[0-4])\s?h(?:\s?(?P<minute>[0-5]\d))?\b"
        r"|(?:\b(?:à|vers|dès|avant|après) |(?<=\best ))(?:(?P<hour2>[01]?\d|2[0-4])|(?P<word>{numbers}))"
        r" heures?(?:\s(?P<minute2>[0-5]\d))?\b",
        date=r"\b(?:le )?(?P<day>\d{1,2}|1er)\s(?P<month>{months})(?:\s(?P<year>\d{4}))?|\b(?P<day2>\d{1,2})/(?P<month2>\d{1,2})"
        r"(?:/(?P<year2>\d{4}|\d{2}))?\b",
        numbers={
            "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9, "dix": 10,
            "onze": 11, "douze": 12, "quinze": 15, "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "cent": 100, "mille": 1000,
        },
        before_weekday=r"(?:(?:le|ce|avant|d'ici|jusqu'à|dès) )?",
    ),
    stop_words=words("stop_words_fr"),
    determiners=words("determiners_fr"),
    joining=frozenset(["de", "du", "des", "d", "à", "la", "le", "l"]),
    currencies={"euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "francs": "CHF", "livres": "GBP"},
    percent=r"pour cent",
    many={"mille": 1e3, "million": 1e6, "millions": 1e6, "milliard": 1e9, "milliards": 1e9},
    units={
        "seconde": 1, "secondes": 1, "minute": 60, "minutes": 60, "heure": 3600, "heures": 3600, "jour": 86_400, "jours": 86_400,
        "semaine": 604_800, "semaines": 604_800, "mois": 2_629_800, "an": 31_557_600, "ans": 31_557_600, "année": 31_557_600,
        "années": 31_557_600,
    },
    ahead=r"dans|d'ici",
)  # fmt: skip
