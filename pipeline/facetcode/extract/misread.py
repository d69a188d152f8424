"""What speech recognition and OCR made of a note, read as it was meant; offsets hold.

A replacement takes the place of the words it replaces and is filled up with blanks, so the text
keeps its length. What was replaced is told, so that evidence can cite the whole of it as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from facetcode.extract import numbers
from facetcode.extract.rules import Words, at_words, load_rules

Edit = tuple[int, int]
"""Half-open offsets of words that are read otherwise than they stand."""


def as_meant(text: str) -> tuple[str, tuple[Edit, ...]]:
    """The text with what was misheard and misseen put right, and where; the same length."""
    edits: list[Edit] = []
    heard, seen = _rules()
    for pattern, meant in heard:
        text = _replace(text, pattern, meant, edits)
    if _SCANNED.search(text):
        for pattern, meant in seen:
            text = _replace(text, pattern, meant, edits)
    return _with_headings(text), tuple(sorted(edits))


def _replace(
    text: str,
    pattern: re.Pattern[str] | Words,
    meant: Callable[[re.Match[str]], str | None],
    edits: list[Edit],
) -> str:
    pieces: list[str] = []
    here = 0
    for match in pattern.finditer(text):
        said = match.group()
        new = meant(match)
        if new is None or new == said or len(new) > len(said):
            continue
        if said.isupper():
            new = new.upper()
        pieces += (text[here : match.start()], new.ljust(len(said)))
        here = match.end()
        edits.append(match.span())
    if not pieces:
        return text
    pieces.append(text[here:])
    return "".join(pieces)


Rule = tuple[re.Pattern[str] | Words, Callable[[re.Match[str]], str | None]]


@cache
def _rules() -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """The rules for what was misheard, and those for what was misseen."""
    rules = load_rules("misread")
    heard = [(re.compile(rule["heard"], re.IGNORECASE), rule["meant"]) for rule in rules["heard"]]

    def term(match: re.Match[str]) -> str | None:
        text, start = match.string, match.start()
        for pattern, meant in heard:
            found = pattern.match(text, start)
            if found and found.end() == match.end():
                return str(meant) + said_blank(found.group())
        return None

    spoken: tuple[Rule, ...] = (
        (at_words(rule["heard"] for rule in rules["heard"]), term),
        (_SPOKEN_CODE, _code),
        (_SPOKEN_PAIR, _pair),
        (_SPOKEN_YEAR, _year),
        (_SPOKEN_DAY, _day),
    )
    seen: tuple[Rule, ...] = (
        (_CAPS, _caps),
        (_WORD, lambda match: _word(match.group())),
        (_STROKE, lambda match: "1" if match["ordinal"] else "I"),
        (_OCR_CODE, _ocr_code),
        (_OCR_DATE, lambda match: match.group().translate(_AS_DIGITS)),
        (_OCR_CPT, lambda match: match.group().translate(_AS_DIGITS)),
        (_OCR_NUMBER, lambda match: match.group().translate(_AS_DIGITS)),
        (_OCR_LEVEL, lambda match: match.group(1) + match.group(2).translate(_AS_DIGITS)),
        (_OCR_LISTED, lambda match: match.group()[:-1] + "5"),
    )
    return spoken, seen


def said_blank(said: str) -> str:
    """The blank a replaced phrase ended with, so that words do not grow together."""
    return " " if said[-1:].isspace() else ""


# Dictation: numbers in words where digits have a form of their own.

_UNIT = "zero|oh|o|one|two|three|four|five|six|seven|eight|nine"
_TEEN = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_SPOKEN_CODE = re.compile(
    rf"\b(?P<letter>[A-TV-Z])\s*-?\s*(?P<whole>(?:{_TENS})(?:[\s-]+(?:{_UNIT}))?|(?:{_TEEN})|\d\d)"
    rf"\s+(?:point|dot)\s+(?P<rest>\d{{1,4}}\b|(?:(?:{_UNIT}|{_TEEN}|{_TENS})\b[\s-]*){{1,4}})",
    re.IGNORECASE,
)
_SPOKEN_PAIR = re.compile(
    r"\b(?P<letter>[CT])-(?P<first>\d{1,2})[ ](?P<second>\d{1,2})\b"
    r"(?!\s*(?:cc|ml|mg|%|/|\.\d|gauge))"
)
"""``C-5 6``: the joint C5-6 as a recogniser writes it."""
_SPOKEN_YEAR = re.compile(
    rf"\b(?:(?:twenty)[\s-]+(?:(?:{_TEEN})|(?:twenty|thirty)(?:[\s-]+(?:{_UNIT}))?)"
    rf"|two\s+thousand(?:\s+and)?\s+(?:(?:{_TEEN})|(?:twenty)(?:[\s-]+(?:{_UNIT}))?|(?:{_UNIT})))\b"
    r"(?!\s*(?:percent|per\s+cent|%|out\s+of|milligram|mg|cc|ml|gauge|minute|millimet|degree))",
    re.IGNORECASE,
)
_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_ORDINALS = {
    word: n
    for n, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
        "thirteenth "
        "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        start=1,
    )
} | {"thirtieth": 30}
_SPOKEN_DAY = re.compile(
    rf"\b(?P<month>{_MONTH})\s+(?:the\s+)?(?P<tens>(?:twenty|thirty)[\s-]+)?"
    rf"(?P<day>{'|'.join(_ORDINALS)})\b",
    re.IGNORECASE,
)


def _digits(words: str) -> str:
    """Digits as they are said: ``eight one two`` is 812, ``eight twelve`` too."""
    if words.strip().isdigit():
        return words.strip()
    out = ""
    tens = 0
    for word in re.split(r"[\s-]+", words.strip().lower()):
        number = 0 if word in ("oh", "o") else int(numbers.value(word) or 0)
        if number >= 20:
            out += str(tens) if tens else ""
            tens = number
        elif tens and 0 < number < 10:
            out += str(tens + number)
            tens = 0
        else:
            out += (str(tens) if tens else "") + str(number)
            tens = 0
    return out + (str(tens) if tens else "")


def _code(match: re.Match[str]) -> str | None:
    rest = _digits(match["rest"])
    blank = " " if match.group()[-1:].isspace() else ""
    whole = _digits(match["whole"])
    return f"{match['letter'].upper()}{whole}.{rest}{blank}" if len(rest) <= 4 else None


def _pair(match: re.Match[str]) -> str | None:
    if int(match["second"]) != int(match["first"]) + 1:
        return None
    return f"{match['letter']}{match['first']}-{match['second']}"


def _year(match: re.Match[str]) -> str | None:
    words = match.group().lower()
    number = _digits(re.sub(r"^two\s+thousand(?:\s+and)?\s+|^twenty[\s-]+", "", words))
    return f"20{int(number):02d}" if len(number) <= 2 else None


def _day(match: re.Match[str]) -> str | None:
    tens = {"t": 20}.get((match["tens"] or "")[:1].lower(), 0)
    if (match["tens"] or "").lower().startswith("thirty"):
        tens = 30
    day = tens + _ORDINALS[match["day"].lower()]
    return f"{match['month']} {day}" if day <= 31 else None


# OCR: characters that look alike.

_AS_DIGITS = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1", "S": "5", "B": "8"})
_SCANNED = re.compile(
    r"\d[OIl|](?![A-Za-z]{2})|(?<![A-Za-z])[OIl|]\d|[a-z][015|][a-z]|[a-z]{3}[015|](?!\d)"
    r"|(?<!\w)l(?:[A-Z]|[bcdfgjkmnprvz][a-z]|[fn](?!\w))"
    r"|[A-Z]{2}[l01][A-Z]|(?<!\w)rn|(?<!\w)M \d\d"
    r"|(?<!\w)[A-Z][A-Z0-9]*[l0][A-Z]{2}|[CT]\d? ?-?S(?!\w)"
)
"""A sign of a scan: strokes where letters belong or letters where digits do."""
_WORD = re.compile(
    r"(?<![\w.%/-])(?=[\w|]*[A-Za-z])(?=[\w|]*(?:[015|li]|rn|vv|nn|cl))[A-Za-z015|]{3,}(?![\w/%])"
)
"""A word that may hold digits or strokes for letters: ``b1ock``, ``facet5``, ``rnedial``."""
_TWINS = (("rn", "m"), ("vv", "w"), ("ii", "u"), ("cl", "d"), ("li", "h"), ("nn", "m"))
_STROKE = re.compile(r"(?<![\w'])l(?=[A-Z]|[fn](?!\w)|(?P<ordinal>st(?!\w)))")
"""A capital I or a one at a word's start: ``lV``, ``lf``, ``lst``."""
_CAPS = re.compile(r"(?<!\w)(?=[A-Zl01|]*[l01|])(?=(?:[l01|]*[A-Z]){2})[A-Zl01|]{3,}(?!\w)")
"""A word of capitals with strokes between: ``BlLATERAL``, ``lNJECTI0NS``."""
_OCR_CODE = re.compile(
    r"(?<![A-Za-z0-9.])(?P<letter>[ABD-KN-RV-Zl])(?P<whole>\d[0-9OIl|])\s?\.(?P<rest>[0-9OIlS|]{1,4})"
    r"(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9./])l(?P<bare>[1-9][0-9O])(?![A-Za-z0-9/%.,-])"
    r"|(?<![A-Za-z0-9.])M ?(?P<spine>[0-9OIlS|]{2}\s?[.,]\s?[0-9OIlS|]{1,3}"
    r"(?:(?<=[.\s]8)\s[0-9OIl|]{2})?)"
    r"(?![A-Za-z0-9])"
)
_OCR_DATE = re.compile(
    r"(?<![\w/])[\dOIl|]{1,2}(?P<sep>\s?[/-]\s?)[\dOIl|]{1,2}(?P=sep)[\dOIl|]{2,4}(?![\w/])"
    r"|(?<![\w./-])2[0O][0-9OIl|]{2}(?![\w/])"
)
_OCR_CPT = re.compile(r"(?<![\w.-])(?=[67]\w*\d)[67][0-9OIl|]{4}(?:-[0-9OIl|]{2})?(?!\w)")
_OCR_NUMBER = re.compile(
    r"(?<![\w.])(?=[\dOIlS|/]*\d)(?:[\dOIlS|]{1,2}/[1Il|][0Oo]|[\dOIlSo]{2,3}(?=\s?%|\s?(?:-|to)\s?[\dOIlSo]{2,3}\s?%))(?![\w])"
    r"|(?<![\w.])[Il|]/[1Il|][0Oo](?!\w)"
)
_OCR_LEVEL = re.compile(
    r"(?<![\w.])(?=[CT][-/SOIl|]*\d)([CT])([1-9SIl|]{0,2}(?:[-/]?[1-9SOIl|]){1,2})(?!\w)"
)
_OCR_LISTED = re.compile(r"(?<!\w)C\d\s*(?:,|and|&)\s*CS(?!\w)")


@cache
def _known() -> frozenset[str]:
    return frozenset(load_rules("misread")["words"].split())


@lru_cache(maxsize=8192)
def _word(word: str) -> str | None:
    low, known = word.lower(), _known()
    if low in known:
        return None
    for reading in _readings(low):
        if reading in known:
            return reading.capitalize() if word[:1].isupper() else reading
    return None


def _readings(word: str) -> Iterator[str]:
    plain = word.replace("0", "o").replace("5", "s")
    for one in ("l", "i"):
        base = re.sub(r"[1|]", one, plain)
        yield base
        for strokes, letter in _TWINS:
            if strokes in base:
                yield base.replace(strokes, letter)
                yield base.replace(strokes, letter, 1)
        yield base.replace("l", "i")
        yield base.replace("i", "l")
        for at, letter in enumerate(base):
            if letter in "li":
                yield base[:at] + ("i" if letter == "l" else "l") + base[at + 1 :]


def _ocr_code(match: re.Match[str]) -> str | None:
    if match["spine"]:
        return "M" + re.sub(r"\s", "", match["spine"].replace(",", ".")).translate(_AS_DIGITS)
    if match["bare"]:
        return "I" + match["bare"].translate(_AS_DIGITS)
    letter = "I" if match["letter"] == "l" else match["letter"]
    whole, rest = match["whole"].translate(_AS_DIGITS), match["rest"].translate(_AS_DIGITS)
    return f"{letter}{whole}.{rest}"


def _caps(match: re.Match[str]) -> str | None:
    word = match.group()
    meant = re.sub(r"[l1|]", "I", word).replace("0", "O")
    sure = meant.lower() in _known() or not re.search(r"[01|]", word)
    return meant if sure else None


@cache
def _heading() -> re.Pattern[str]:
    rules = load_rules("misread")
    names = "|".join(rules["headings"])
    column = r"[ ]{3,}(?=[A-Za-z(])"
    return re.compile(
        rf"(?im)^(?:(?P<name>[ ]*(?:{names}))"
        rf"(?P<stop>\.(?=[ ]+[A-Z])|,(?=[ ]+[a-z])|[ ]+colon\b[,.]?|{column})"
        rf"|(?P<label>[ ]*(?:{rules['columns']}))(?P<gap>{column}))"
    )


def _with_headings(text: str) -> str:
    """``Technique. She was prone`` as ``Technique: She was prone``, for the sectionizer.

    So is a form's label whose value stands a column away.
    """

    def labelled(match: re.Match[str]) -> str:
        return f"{match['name'] or match['label']}:".ljust(len(match.group()))

    return _heading().sub(labelled, text)
