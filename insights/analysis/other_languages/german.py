"""The rules of German."""

from insights.analysis.other_languages.rules import DateWords, LanguageRules, compiled
from insights.analysis.text.lexicon import words

_LEAD = r"^\W*(?:(?:und|aber|also|okay|ok|ja|gut|nein|hallo|sag mal|entschuldigung|genau|so),?\s+)*"
_WHO = r"(?:wer|was|wann|wo|wohin|woher|warum|wieso|weshalb|wie|welche[rsmn]?|wessen|wem|wen|womit|wofür|worüber|woran|wozu|wie viele?)"
_VERB_FIRST = (
    r"(?:hast|habt|haben|kannst|könnt|können|könnten|könntest|ist|sind|war|waren|gibt|wollen|willst|sollen|soll|müssen|muss|weißt|wisst"
    r"|wissen|darf|dürfen|möchtest|möchten|wird|werden|kommst|kommt|hat|glaubst|brauchst|brauchen)"
)
_SUBJECT = r"(?:ich|du|er|sie|es|wir|ihr|man|das|der|die|jemand|alle|denn|eigentlich|schon|mir|uns|(?-i:[A-ZÄÖÜ])\w+)"
_DO = (
    r"(?:schicke|sende|mache|übernehme|prüfe|kläre|bereite|schreibe|erstelle|rufe|bringe|hole|buche|organisiere|frage|schaue|gucke"
    r"|besorge|teste|liefere|leite|stelle|lade|gebe|ändere|aktualisiere|plane|lese|korrigiere|ergänze|bestelle|verschicke|bespreche"
    r"|informiere|sage|trage|setze|baue|behebe|repariere|reiche|lege|kümmere|melde|reserviere|überarbeite|dokumentiere|installiere"
    r"|kontaktiere|mach|schick|schreib|frag|prüf|ruf|kümmer|übersetze|überprüfe|suche|sammle|bezahle|überweise|unterschreibe)"
)
_ORDER = (
    r"(?:schick|send|ruf|mach|schreib|prüf|denk|sag|gib|stell|bring|frag|lad|plan|erstell|hol|buch|klär|übernimm|kümmer|bereit|leit|lies"
    r"|meld|schau|sieh|vergiss|vergesst|vergessen sie|bestell|reservier|korrigier|ergänz|aktualisier|teste|informier|trag|leg)"
)
_DAYS = r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)"
_LATER = (
    rf"(?:nächste[nrs]?|kommende[nr]?|morgen|übermorgen|wieder|noch ?mal|nochmals|weiter|später|am {_DAYS}"
    r"|in \w+ (?:tag|woche|monat)\w*)"
)
_TALK = r"(?:treffen|trifft|sehen|sprechen|telefonieren|reden|hören|besprechen|zusammensetzen|setzen|austauschen|unterhalten|diskutieren)"

RULES = LanguageRules(
    code="de",
    question_start=compiled(
        _LEAD + _WHO + r"\b(?!\s+(?:gesagt|besprochen|immer|auch|du siehst|betrifft|ihr wisst|sie wissen)\b)(?=.*\w\s+\w)",
        _LEAD + _VERB_FIRST + r"\s+" + _SUBJECT + r"\b",
    ),
    reaction=compiled(
        r"\W*(?:ach |oh |ja |na )?(?:wirklich|echt|ja|so|wie bitte|was|bitte|nein|stimmt's|ernsthaft|hä|ach so|oder|und)\?+\W*"
    ),
    asks_for_words=compiled(
        r"\b(?:hören|hört|hörst|verstehen|verstanden|wiederholen|erklären|lauter sprechen|langsamer sprechen|sehen sie|siehst du|seht ihr"
        r"|mir sagen|uns sagen|mir helfen zu verstehen)\b",
        _LEAD + _WHO + r"\b",
    ),
    request=compiled(
        r"\b(?:kannst|könntest|würdest) du\b",
        r"\b(?:können|könnten|würden) sie\b",
        r"\b(?:könnt|könntet) ihr\b",
        r"\b(?:kann|könnte) (?:bitte )?(?:jemand|einer|(?-i:[A-ZÄÖÜ])\w+) (?:bitte |das |den |die |dem |der |sich )",
        r"\b(?:bitte)\b(?=.*\w{3})(?!.*\b(?:moment|warten|kaffee)\b)",
        _LEAD + _ORDER + r"e?n?(?: sie)? (?:bitte|mir|uns|das|den|die|doch|mal|daran|ihm|ihr|dich|nicht|dem|der|es|sie|alle)\b",
    ),
    commitment=compiled(
        r"\bich werde\b(?! (?:nicht|nie|oft|immer|krank|müde|alt)\b)",
        rf"\bich {_DO}\b(?! (?:nicht|nie|immer|oft|gerade|manchmal|mir sorgen|mich,? (?:ob|warum|wie)|mich oft)\b)",
        rf"\w+\s+(?:\w+\s+){{0,4}}{_DO}\s+ich\b",
        r"\b(?:ich|wir) (?:muss|müssen|sollte|sollten|soll|sollen|werden)\b(?! (?:nicht|nie|mal sehen)\b)(?=.*\w(?:en|ern|eln|tun)\b)",
        r"\b(?:muss|müssen|soll|sollte|wird|werden)\b (?:ich|wir)\b(?=.*\w(?:en|ern|eln|tun)\b)",
        r"\b(?:muss|müssen|sollte|sollten)\b.*\b(?:ge\w+t|ge\w+en|\w+iert|über\w+|ver\w+|er\w+t) werden\b",
        r"\b(?-i:[A-ZÄÖÜ])\w+ (?:übernimmt|kümmert sich|soll|muss|schickt|bereitet|erstellt|prüft|klärt|organisiert)\b",
        r"\bdas übernehme\b",
        r"\bnicht vergessen\b",
        r"\b(?:die|nächste|meine|deine|eure|unsere) aufgabe\b",
    ),
    own=compiled(r"\bich\b", r"\bübernehme\b"),
    no_task=compiled(
        r"\b(?:habe|hatte|hat|haben|hatten|wurde|wurden|bin|ist)\b.*\b(?:ge\w{2,}t|ge\w{2,}en|\w+iert|ver\w+t|be\w+t|er\w+t|über\w+(?:t|en))[.!?]?$",
        r"\b(?:hätte|wäre|würde ich|würden wir) ?(?:gerne?|lieber)?\b(?!.*\bbitte\b)(?!.*\bdu\b)",
        r"\b(?:werde|muss|müssen|brauche|brauchen|will|wollen)\b (?:\w+ ){0,3}(?:nicht|nie|kein\w*)\b",
        r"\b(?:früher|gestern|letzte[nrs]? (?:woche|monat|jahr|mal|montag|freitag)|normalerweise|jedes mal|jeden tag|damals)\b",
        r"^\W*(?:falls|wenn)\b[^,]*$",
    ),
    follow_up=compiled(
        r"\b(?:melde|melden)\b (?:\w+ )?(?:mich|uns|sich)\b",
        r"\b(?:komme|kommen|kommt)\b.*\bdarauf zurück\b",
        r"\bdarauf zurückkommen\b",
        rf"\b{_LATER}\b.*\b{_TALK}\b",
        rf"\b{_TALK}\b.*\b{_LATER}\b",
        r"\b(?:nächster|nächsten|neuen|weiteren|anderen) (?:termin|treffen|meeting|gespräch|anruf)\b",
        r"\bfolge(?:termin|treffen|gespräch)\w*\b",
        r"\btermin (?:\w+ ){0,3}(?:vereinbaren|ausmachen|finden|machen|festlegen)\b",
        r"\b(?:vereinbaren|machen) (?:wir )?(?:\w+ ){0,3}termin\b",
        r"\b(?:nachhaken|nachfassen|wiedervorlage)\b",
        r"\brufe?n?\b.*\b(?:zurück|noch ?mal an|wieder an)\b",
        r"\bzurückrufen\b",
        r"\b(?:halte|halten)\b.*\bauf dem laufenden\b",
    ),
    dates=DateWords(
        months=(
            ("januar", "jänner"), ("februar",), ("märz",), ("april",), ("mai",), ("juni",), ("juli",), ("august",), ("september",),
            ("oktober",), ("november",), ("dezember",),
        ),
        weekdays=(
            ("montag",), ("dienstag",), ("mittwoch",), ("donnerstag",), ("freitag",), ("samstag", "sonnabend"), ("sonntag",),
        ),
        days={"vorgestern": -2, "gestern": -1, "heute": 0, "übermorgen": 2, "morgen": 1},
        weeks={"letzte woche": -1, "diese woche": 0, "nächste woche": 1, "nächster woche": 1, "kommende woche": 1, "übernächste woche": 2},
        clock=r"\b(?:um )?(?:(?P<hour>[01]?\d|2[0-4])(?:[:.](?P<minute>[0-5]\d))?|(?P<word>{numbers}))"
        r"(?:\s*uhr(?:\s*(?P<late>[0-5]?\d)\b)?)",
        date=r"\b(?P<day>\d{1,2})\.\s?(?P<month>{months}|\d{1,2}\.)(?:\s?(?P<year>\d{4}|\d{2}(?=\D|$)))?",
        before_weekday=r"(?:(?:am|bis|nächste[nr]?|kommende[nr]?|diesen|zum|ab|jeden) )?",
        numbers={
            "ein": 1, "eine": 1, "einem": 1, "einen": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7,
            "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "fünfzehn": 15, "zwanzig": 20, "dreißig": 30, "vierzig": 40,
            "fünfzig": 50, "hundert": 100, "tausend": 1000,
        },
        not_a_day=r"\b(?:guten morgen|(?:am|heute|gestern|jeden|diesen|eines|nächsten|den|im|der|einen) morgen)\b",
    ),
    stop_words=words("stop_words_de"),
    determiners=frozenset(),
    nouns_are_capitalised=True,
    currencies={"euro": "EUR", "euros": "EUR", "dollar": "USD", "franken": "CHF", "pfund": "GBP"},
    percent=r"prozent",
    many={"tausend": 1e3, "million": 1e6, "millionen": 1e6, "milliarde": 1e9, "milliarden": 1e9},
    units={
        "sekunde": 1, "sekunden": 1, "minute": 60, "minuten": 60, "stunde": 3600, "stunden": 3600, "tag": 86_400, "tage": 86_400,
        "tagen": 86_400, "woche": 604_800, "wochen": 604_800, "monat": 2_629_800, "monate": 2_629_800, "monaten": 2_629_800,
        "jahr": 31_557_600, "jahre": 31_557_600, "jahren": 31_557_600,
    },
    ahead=r"in",
)  # fmt: skip
