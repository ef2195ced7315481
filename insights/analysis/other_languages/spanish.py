"""The rules of Spanish."""

from insights.analysis.other_languages.rules import DateWords, LanguageRules, compiled
from insights.analysis.text.lexicon import words

_LEAD = r"^[\W¿¡]*(?:(?:y|pero|entonces|bueno|vale|ok|okay|sí|no|oye|oiga|perdona|pues|a ver|así que),?\s+[¿¡]?)*"
_WHO = r"(?:qué|quién|quiénes|cuándo|dónde|adónde|por qué|cómo|cuál|cuáles|cuánto|cuánta|cuántos|cuántas|a qué hora)"
_DO = (
    r"(?:mando|envío|preparo|llamo|hago|encargo|ocupo|reviso|escribo|organizo|reservo|contacto|pregunto|paso|comparto|corrijo|pongo|creo"
    r"|termino|pruebo|instalo|pido|pago|firmo|traduzco|aviso|traigo|añado|actualizo|consulto|confirmo)"
)
_ORDER = (
    r"(?:envía|manda|llama|prepara|revisa|haz|haga|pon|ponga|avisa|avise|recuerda|recuerde|pregunta|pregunte|reserva|reserve|escribe"
    r"|escriba|organiza|organice|corrige|corrija|confirma|confirme|actualiza|actualice|comparte|comparta|envíe|mande|llame|prepare"
    r"|revise|trae|traiga|añade|añada|pide|pida|consulta|consulte)"
)
_DAYS = r"(?:lunes|martes|miércoles|jueves|viernes|sábado|domingo)"
_LATER = (
    rf"(?:mañana|luego|más tarde|(?:el|este|próximo) {_DAYS}|próxim[oa]s?|que viene|de nuevo|otra vez|en (?:una|dos|tres|unas) semanas?"
    r"|en (?:unos|dos|tres) días)"
)

RULES = LanguageRules(
    code="es",
    question_start=compiled(r"^[^¿]{0,40}¿", _LEAD + _WHO + r"\b(?! (?:bien|bueno|pena|lástima|bonito|sea)\b)"),
    reaction=compiled(r"[\W¿¡]*(?:ah |oh |y )?(?:verdad|no|sí|en serio|perdón|eh|de verdad|cómo|qué|ah sí|vale|de acuerdo|claro)\s*\?+\W*"),
    asks_for_words=compiled(
        r"\b(?:oyes|oye|oír|escuchas?|escuchan|escuchar|ver mi pantalla|repetir|explicar\w*|decirme|decirnos|hablar más|entiendes)\b",
        _LEAD + r"[¿]?\s*" + _WHO + r"\b",
    ),
    request=compiled(
        r"\b(?:puedes|podrías|podría|pueden|podríais|podéis|puede)\b (?:usted |ustedes |por favor )?"
        r"\w+(?:r|rme|rnos|rle|rles|rlo|rla|rselo|rmelo)\b",
        r"\bpor favor\b",
        r"\bte importaría\b",
        r"\bno (?:te )?olvides?\b",
        r"\b(?:envía|manda|llama|prepara|revisa|haz|pon|avisa|recuerda|pregunta|reserva|escribe|pasa|dile|avísa|envíe|mande|pása|mánda|lláma"
        r"|escríbe|recuérda|envía)(?:me|nos|le|les|lo|la|melo|noslo|selo)\b",
        _LEAD + _ORDER + r" (?:a|el|la|los|las|un|una|al|que|también|todo|eso|esto)\b",
        r"\b(?:alguien|(?-i:[A-ZÁÉÍÓÚ])\w+) (?:puede|podría) \w+(?:ar|er|ir)\w*\b",
        r"\b(?:necesito|quiero) que\b",
    ),
    commitment=compiled(
        r"\b(?:voy|vamos) a (?:\w+ )?\w+(?:ar|er|ir)(?:me|nos|te|le|les|lo|la|los|las|selo|telo)?\b(?<!ser)",
        r"\b(?:tengo|tenemos) que \w+(?:ar|er|ir)\w*\b",
        r"\b(?:hay que|debemos|debo|deberíamos|habrá que|falta) \w+(?:ar|er|ir)\w*\b",
        r"\b(?!seré|estaré|podré|habré|sabré|tendré|iré)\w+(?:aré|eré|iré|aremos|eremos|iremos|ndré|ndremos|haré|haremos)\b",
        r"\b(?:me encargo|me ocupo|nos encargamos|yo lo|yo la)\b",
        rf"\b(?:te|le|les|os|lo|la|se lo) (?:lo |la |los |las )?{_DO}\b",
        rf"^\W*(?:yo|mañana|luego|hoy|ahora|el {_DAYS})\b[^¿?]*\b{_DO}\b",
        r"\b(?-i:[A-ZÁÉÍÓÚ])\w+ (?:va a|tiene que|se encarga|se ocupa|debe|prepara|envía|manda) ?\w*",
    ),
    own=compiled(r"\b(?:yo|voy|me encargo|me ocupo|tengo|debo)\b", r"\b\w+(?:aré|eré|iré|ndré|haré)\b", rf"\b{_DO}\b"),
    no_task=compiled(
        r"\b(?:he|has|ha|hemos|habéis|han|había|habían|fue|fueron)\b (?:\w+ )?\w+(?:ado|ido|to|cho)\b",
        r"\b\w{2,}(?:é|ó|aron|ieron|amos)\b (?:\w+ ){0,3}(?:ayer|anoche|la semana pasada|el mes pasado|el año pasado)\b",
        r"\b(?:me gustaría|nos gustaría|habría|hubiera|quisiera|sería)\b",
        r"\bno (?:\w+ )?(?:voy|vamos|tengo|tenemos|hace falta|hay|puedo|podemos|quiero|creo)\b",
        r"\b(?:ayer|antes|normalmente|siempre|la semana pasada|el mes pasado|el año pasado|todos los días|cada día|a veces)\b",
        r"^\W*(?:si)\b[^,]*$",
    ),
    follow_up=compiled(
        r"\b(?:te|le|les|os) (?:vuelvo a llamar|llamo|llamaré|escribo|escribiré|aviso|avisaré)\b.*\b" + _LATER,
        r"\b(?:vuelvo|volver\w+|vuelve|volvamos|volvemos) a (?:hablar|llamar|vernos|reunirnos|tratar|ver|comentar|revisar)\w*\b",
        r"\b(?:hablamos|nos vemos|nos reunimos|nos llamamos|nos juntamos|quedamos|seguimos|veámonos|reunámonos|hablemos|hablaremos)\b"
        rf".*\b{_LATER}\b",
        rf"\b{_LATER}\b.*\b(?:hablamos|nos vemos|nos reunimos|nos llamamos|quedamos|seguimos|hablaremos|nos veremos|nos reuniremos)\b",
        r"\bretom\w+\b",
        r"\b(?:próxima|otra|nueva|siguiente) (?:reunión|llamada|cita|conversación|sesión)\b",
        r"\b(?:agendar|programar|concertar|fijar|agendemos|programemos|organizar|convocar) (?:una|otra|la|nuestra)"
        r" (?:reunión|llamada|cita)\b",
        r"\b(?:dar|damos|daré|hacer|haré|hacemos) (?:el |un )?seguimiento\b",
        r"\b(?:me pongo|me pondré|nos pondremos|nos ponemos) en contacto\b",
        r"\bte mantengo al tanto\b",
    ),
    dates=DateWords(
        months=(
            ("enero",), ("febrero",), ("marzo",), ("abril",), ("mayo",), ("junio",), ("julio",), ("agosto",), ("septiembre", "setiembre"),
            ("octubre",), ("noviembre",), ("diciembre",),
        ),
        weekdays=(
            ("lunes",), ("martes",), ("miércoles", "miercoles"), ("jueves",), ("viernes",), ("sábado", "sabado"), ("domingo",),
        ),
        days={"anteayer": -2, "pasado mañana": 2, "hoy": 0, "ayer": -1, "mañana": 1},
        weeks={"la semana pasada": -1, "esta semana": 0, "la próxima semana": 1, "la semana que viene": 1},
        clock=r"\ba las? (?:(?P<hour>[01]?\d|2[0-4])(?:[:.](?P<minute>[0-5]\d))?|(?P<word>{numbers}))\b(?: horas?)?",
        date=r"\b(?:el )?(?P<day>\d{1,2}) de (?P<month>{months})(?: (?:de|del) (?P<year>\d{4}))?|\b(?P<day2>\d{1,2})/(?P<month2>\d{1,2})"
        r"(?:/(?P<year2>\d{4}|\d{2}))?\b",
        numbers={
            "un": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10,
            "once": 11, "doce": 12, "quince": 15, "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "cien": 100, "mil": 1000,
        },
        before_weekday=r"(?:(?:el|este|próximo|para el|hasta el) )?(?:próximo )?",
        not_a_day=r"\b(?:(?:por|de|en) la mañana|esta mañana|la mañana|cada mañana|las? (?:\d+|\w+) de la mañana)\b",
    ),
    stop_words=words("stop_words_es"),
    determiners=words("determiners_es"),
    joining=frozenset(["de", "del", "la", "las", "los", "el"]),
    currencies={"euro": "EUR", "euros": "EUR", "dólar": "USD", "dólares": "USD", "pesos": "MXN", "libras": "GBP"},
    percent=r"por ciento",
    many={"mil": 1e3, "millón": 1e6, "millones": 1e6},
    units={
        "segundo": 1, "segundos": 1, "minuto": 60, "minutos": 60, "hora": 3600, "horas": 3600, "día": 86_400, "días": 86_400,
        "semana": 604_800, "semanas": 604_800, "mes": 2_629_800, "meses": 2_629_800, "año": 31_557_600, "años": 31_557_600,
    },
    ahead=r"en|dentro de",
)  # fmt: skip
