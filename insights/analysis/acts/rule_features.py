"""Hand-written rules for questions, tasks and follow-ups. Each is one binary feature; its weight is learned."""

import re

_OPENER = (
    r"(?:(?:so|and|but|or|okay|ok|well|um|uh|now|hey|hi|hello|right|then|also|alright|just|actually|yeah|yes|no|sure|sorry|oh|ah|hmm|great|good"
    r"|perfect|fine|nice|cool|excellent|wonderful|lovely|interesting|thanks|thank you|please|first|next|finally|i mean|you know|i see"
    r"|tell me|by the way|one (?:more|last) (?:thing|question)|quick question|good (?:morning|afternoon|idea|point))[,.:; ]+){0,5}"
)
_LEAD = "^" + _OPENER
_AUX = (
    r"(?:is|are|was|were|do|does|did|can|could|would|will|should|shall|have|has|had|am|may|might|isn't|aren't|don't|doesn't|didn't|can't"
    r"|couldn't|won't|wouldn't|shouldn't|haven't|hasn't|wasn't|weren't)"
)
_SUBJECT = (
    r"(?:you|we|i|he|she|it|they|there|that|this|the|these|those|anyone|anybody|somebody|someone|your|our|my|any|all|people|[a-z]+ing)"
)
_WH = r"(?:what|who|whom|whose|when|where|why|which|how|what's|who's|where's|how's|when's)"
_CONTACT = (
    r"(?:follow(?:ing)?[- ]up|circle back|circling back|touch(?:ing)? base|get(?:ting)? back to"
    r"|check(?:ing)? (?:back )?in\b|reach(?:ing)? out|sync(?:ing)? up"
    r"|catch(?:ing)? up|ping|call(?:ing)? (?:\w+ ){0,3}back|get in touch"
    r"|get(?:ting)? (?:\w+ ){1,3}on the (?:phone|line)|report(?:ing)? back|come back to"
    r"|loop(?:ing)? (?:\w+ )?(?:in|back)|nudge|remind|chase|reconnect|revisit|regroup|reconvene|hear back"
    r"|speak (?:to|with)|talk (?:to|with)|meet (?:with|again)"
    r"|drop (?:\w+ ){1,3}(?:a line|a note|an e-?mail)|let (?:\w+ ){1,3}know|keep (?:\w+ ){1,3}posted"
    r"|keep (?:\w+ ){1,3}updated|pick (?:this|that|it) (?:back )?up)"
)
_PROMISE = (
    r"(?:i'll|i will|we'll|we will|i'm going to|i am going to|we're going to|we are going to|i'm gonna"
    r"|we're gonna|i can|i could|we can|let me|let's|let us"
    r"|i'd like to|we should|we need to|i need to|i have to|we have to|i must|we must|i should|i plan to|we plan to)"
)
_ASK = (
    r"(?:can you|could you|would you|will you|you should|you need to|you have to|you must|you'll|please"
    r"|don't forget|make sure|be sure|remember to|would you mind)"
)

_CLAUSE = r"(?:^|[,;:.!] |\b(?:and|but|so|or) )" + _OPENER
_KNOWN = r"(?:tell (?:me|us)|let (?:me|us) know|explain|say|remind (?:me|us)|show (?:me|us)|know|give (?:me|us) an idea)"
_ASK_TO_KNOW = (
    r"(?:(?:can|could|would|will) you (?:\w+ )?" + _KNOWN + r"|do (?:you|we) (?:\w+ )?know|" + _CLAUSE + r"tell (?:me|us)"
    r"|(?:can|could|may) (?:i|we) (?:\w+ )?(?:ask|know))"
)

_CUES: tuple[tuple[str, str], ...] = (
    (
        "wh_clause",
        _CLAUSE + _WH + r"(?: (?!(?:i|we|you|they|he|she|it|that|this|there)\b)[\w']+){0,4}? " + _AUX + r" (?:\w+ )?(?:" + _SUBJECT[3:],
    ),
    ("wh_is", _CLAUSE + r"(?:(?:what|who|where|how|when|why) (?:is|are|was|were)|(?:what|who|where|how|when|why)'s) "),
    ("aux_clause", r"[,;:.!] " + _OPENER + _AUX + " " + _SUBJECT + r"\b"),
    (
        "wh_listed",
        r"(?:, |\band |\bor )(?:who|what|when|where|why|how|which) (?!(?:much|many|long|often|soon|far|big|large|old|of|one)\b|"
        + _AUX
        + r"\b)(?:(?:i|we|you|they|he|she|it|the \w+|people|everyone) )?\w+ ",
    ),
    ("ask_to_know", _ASK_TO_KNOW + r"\b(?: \w+){0,3}? (?:" + _WH + r"|if|whether|about)\b"),
    ("wh_first", _LEAD + _WH + r"\b"),
    ("wh_inverted", _LEAD + r"(?:" + _WH + r")(?: \w+){0,3} " + _AUX + " " + _SUBJECT + r"\b"),
    ("wh_statement", _LEAD + _WH + r" (?:i|we|you|they|he|she|it|the \w+) (?:\w+ )?(?!" + _AUX + r"\b)\w+.* (?:is|was|are|were)\b"),
    ("aux_first", _LEAD + _AUX + " " + _SUBJECT + r"\b"),
    (
        "tag",
        r"\b(?:right|correct|is it|isn't it|aren't you|don't you|do you|did you|won't we|is that right|or not"
        r"|or what|yeah|no|okay)[.?!]*$",
    ),
    (
        "tag_inverted",
        r"\b(?:is|are|was|were|do|does|did|can|could|would|will|should|has|have)n't (?:it|you|we|they|he|she"
        r"|that|there)[.?!]*$",
    ),
    (
        "indirect_question",
        r"\b(?:i was |i'm |i am |just |we were )?(?:wondering|curious)\b|\bi wonder\b|\b(?:tell"
        r"|show) me (?:\w+ )?" + _WH + r"\b|\bany (?:idea|thoughts|questions|objections|news|chance)\b",
    ),
    (
        "like_to_know",
        r"\b(?:like|love|want|need|have) to (?:know|ask|hear|check|find out|understand) (?:\w+ ){0,2}(?:if"
        r"|whether|about|" + _WH + r")\b|\bquestion (?:is|for|about)\b",
    ),
    (
        "reported_question",
        r"\b(?:asked|told|knew|explained|showed|said|learned|depends on|know|see|understand"
        r"|remember) (?:\w+ ){0,2}" + _WH + r"\b",
    ),
    ("what_about", r"\b(?:what|how) about\b|\bhow come\b|\bwhat if\b"),
    ("promise", r"\b" + _PROMISE + r"\b"),
    ("promise_first", _LEAD + _PROMISE + r"\b"),
    ("ask", r"\b" + _ASK + r"\b"),
    ("ask_first", _LEAD + r"(?:\w+[, ]+)?" + _ASK + r"\b"),
    (
        "third_will",
        r"\b(?:(?!there|this|that|it|you|i|we|they)\w+) (?:will|is going to|is gonna|has to|needs to|should"
        r"|must|is supposed to|is to|have to|need to|are going to) \w+",
    ),
    ("named_request", r"^[A-Z]\w+,? (?:please|can you|could you|would you|will you)\b"),
    (
        "responsible",
        r"\b(?:responsible for|in charge of|takes? care of|taking care of|owns?|on me|my job|assigned to"
        r"|action item|to-?do|deadline|due)\b",
    ),
    (
        "by_when",
        r"\b(?:by|before|until|till|no later than|at the latest|asap|as soon as possible|end of (?:the |this "
        r"|next )?(?:day|week|month|quarter|year|business)|close of business|eod)\b",
    ),
    (
        "when",
        r"\b(?:tomorrow|tonight|today|monday|tuesday|wednesday|thursday|friday|next (?:week|month|sprint"
        r"|meeting|time)|this (?:week|afternoon|evening))\b",
    ),
    ("past", r"\b(?:yesterday|last (?:week|month|year|time|night)|ago|was|were|did|sent|had|handled|already)\b"),
    (
        "hedge",
        r"\b(?:if i were|would have|could have|in theory|suppose|imagine|let's say|i'll be honest|you will see"
        r"|i have to (?:say|admit)|we used to|used to|if we had)\b",
    ),
    (
        "polite",
        r"\b(?:thank you|thanks|welcome|nice to meet|good (?:morning|afternoon|evening)|how are you|hold on"
        r"|one moment|go ahead|stay on the line|bear with me|excuse me)\b",
    ),
    ("negative", r"\b(?:won't|not going to|don't need to|don't have to|no need to|never mind|can't|cannot|doesn't need)\b"),
    ("contact", r"\b" + _CONTACT),
    (
        "contact_promise",
        r"\b(?:"
        + _PROMISE
        + r"|"
        + _ASK
        + r"|will|is going to|needs to|has to|should|must|probably|remember to|to)\b(?: \w+){0,3} "
        + _CONTACT,
    ),
    (
        "contact_noun",
        r"\b(?:the|a|our|my|this|last|that|any) (?:\w+ )?(?:follow[- ]?up|check[- ]?in|sync|catch[- ]?up"
        r"|reminder|call ?back)\b",
    ),
    (
        "contact_past",
        r"\b(?:followed|circled|touched|checked|reached|synced|caught|talked|spoke|called|reminded|pinged"
        r"|got back|met|looped|chased)\b",
    ),
    (
        "set_meeting",
        r"\b(?:set up|schedule|book|arrange|organi[sz]e|plan|put|have|do|hold|send)\b(?: \w+){0,4} (?:meeting"
        r"|call|session|chat|invite|appointment|demo|sync|catch-?up|check-?in|one on one|calendar)\b",
    ),
    (
        "again",
        r"\b(?:again|once more|another (?:call|meeting|round|chat|session)|one more (?:call|meeting|round"
        r"|chat)|next meeting|next call|next time|in touch|back to (?:you|them|him|her|us|me|that|this))\b",
    ),
    ("once_i", r"\b(?:once|as soon as|after|when) (?:i|we|they|he|she|the) (?:have|has|hear|get|know|speak|talk|see|\w+ is|\w+ are)\b"),
    (
        "imperative",
        _LEAD + r"(?:please |kindly )?(?:send|email|call|check|make|write|prepare|review|update|add|fix|put|take|bring"
        r"|ask|tell|book|schedule|move|finish|complete|submit|share|upload"
        r"|forward|confirm|draft|create|look|get|order|print|sign|test|run|remove|delete|change|contact|reach"
        r"|remind|follow|ping|set|note|remember|ensure|let)\b",
    ),
)

NAMES: tuple[str, ...] = tuple(name for name, _ in _CUES)
_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE if name != "named_request" else 0) for name, pattern in _CUES)
_LONGEST = 1000


def found(text: str) -> tuple[int, ...]:
    """Return the numbers (into NAMES) of the rules that match a message, in order. Reads at most 1000 characters."""
    text = text[:_LONGEST].strip().replace("’", "'")
    return tuple(number for number, pattern in enumerate(_PATTERNS) if pattern.search(text))
