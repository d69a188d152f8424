"""Every way a note writes spinal levels, parsed into vertebrae, pairs and ranges; not judged here.

``C4-5``, ``C4/C5``, ``C3/4/5``, ``C34``, ``C-4``, ``C four five``, ``see five six``, ``C4, 5, 6``,
``C3 through C6``, ``TON``, ``C4-S`` (a fax's 5) … become a :class:`Mention`: a list of items in the
order written. Whether they are nerves, joints or something else is ``level_context``'s question.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Literal

from facetcode import anatomy

Form = Literal["single", "pair", "range"]

_LAST = {"C": 8, "T": 12, "L": 5, "S": 5}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        start=1,
    )
}
_WORDS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
} | _ORDINALS
_SPOKEN = {
    "c": "C", "see": "C", "sea": "C", "cee": "C", "cervical": "C",
    "t": "T", "tee": "T", "thoracic": "T", "dorsal": "T",
    "l": "L", "el": "L", "ell": "L", "lumbar": "L",
    "s": "S", "ess": "S", "sacral": "S",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One vertebra (or nerve) name, a pair of neighbours, or a longer range; offsets half-open."""

    form: Form
    first: str
    last: str
    start: int
    end: int

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints this item spells as a joint or a span of vertebrae; none for a single."""
        return () if self.form == "single" else anatomy.joints_between(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Mention:
    """An unbroken list of items, e.g. ``C4, C5 and C6``."""

    items: tuple[Item, ...]
    start: int
    end: int


# A digit as a fax reads it: l, I and | for 1, O for 0. S for 5 only where a 5 must stand.
_DIGITS = r"(?:1[0-2OoIl|]|[Il|][0-2OoIl|]|[1-9])"
_WORD = "(?:" + "|".join(_WORDS) + ")"
_ORDINAL = r"(?:(?:1[0-2]|[1-9])(?:st|nd|rd|th)|" + "|".join(_ORDINALS) + ")"
_ORDINAL_SEP = r"(?:,?\s(?:and|through|thru|to|&)\s|,\s|-|/)(?:the\s)?"
_EACH_ORDINAL = re.compile(
    r"(?P<joined>-|/|,?\s(?:through|thru|to)\s(?:the\s)?)?(?P<name>" + _ORDINAL + r")\b",
    re.IGNORECASE,
)
# "The second cervical medial branch block" counts blocks, not nerves.
_COUNTED = re.compile(
    r"\s(?:[a-z-]+\s){0,3}?(?:blocks?|mbbs?|injections?|procedures?|ablations?|sets?|rounds?"
    r"|sessions?|series|epidurals?|visits?)\b",
    re.IGNORECASE,
)
_START = re.compile(
    r"(?<![A-Za-z0-9])(?<![A-Za-z]-)(?:"
    # C4, C-4, C 4, C.4, C#4, c4; the run-together forms C45, C4C5 and T1011 are split below.
    r"(?P<letter>[CTLSctls])(?P<gap>[-.#]|\s?#\s?|\s)?(?P<digits>(?:1[OoIl|]|[Il|][0-2OoIl|]|\d{1,4}))(?![0-9])"
    # Cervical 4, cervical #7, thoracic 5
    r"|(?P<region>cervical|thoracic)\s(?:level\s|vertebra\s)?#?(?P<region_number>1[0-2]|[1-9])(?![0-9./%])"
    # C four, see five, T eleven
    r"|(?P<spoken>c|t|l|see|sea|cee|tee|el|ell)[ -](?P<number_word>" + _WORD + r")\b"
    # the fifth and sixth cervical medial branches, 6th cervical nerve
    r"|(?P<ordinals>" + _ORDINAL + r"(?:" + _ORDINAL_SEP + _ORDINAL + r"){0,7})"
    r"\s(?P<ordinal_region>cervical|thoracic|dorsal(?!\s(?:primary\s)?(?:ram|root)))\b"
    # CS for C5 and TI for T1 stand only beside another level
    r"|(?P<fax>C[S]|T[Il|])(?=\s?[-/,&]|\s(?:and|medial|facet|nerve))"
    r"|(?P<ton>T\.?O\.?N\b\.?|third\soccipital(?:\snerves?)?|3rd\soccipital(?:\snerves?)?)"
    r")",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"(?:\s?[-/]\s?|\s(?:to|through|thru|thro|-{1,2}|until)\s(?:the\s)?|\s?-{1,2}>?\s?|\s?~\s?)"
    r"(?P<letter>(?:[CTLSctls]|see|sea|cee|tee|cervical|thoracic)(?=[-\s#.]?(?:\d|[Il|O]\b|"
    + _WORD
    + r"\b)))?"
    r"[-\s#.]?(?P<number>" + _DIGITS + r"|[SIl|](?![A-Za-z0-9])|" + _WORD + r"\b)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?P<letter>[CTLS])(?P<number>1[0-2]|[1-9])(?![0-9A-Za-z])", re.IGNORECASE)
_SPOKEN_NEXT = re.compile(
    r"[ -](?:(?P<letter>c|t|l|s|see|sea|cee|tee|el|ell|ess)[ -])?(?P<number>" + _WORD + r")\b",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\s*(?:,\s*(?:and|&|plus|as\swell\sas)?|;|/|&|\+|\band\b|\bplus\b|\bas\swell\sas\b|\n)\s*"
    r"(?:at\s)?(?:the\s)?",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?P<number>1[0-2]|[1-9]|" + _WORD + r"\b)(?![0-9A-Za-z%.:]|\.\d)", re.IGNORECASE
)
# What follows a bare number that is a quantity, not a level.
_QUANTITY = re.compile(
    r"(?:\s\d)?\s*(?:/\s?\d|%|(?:-\s?)?(?:ml|cc|mg|mcg|g\b|gauge|ga\b|inch|in\b|cm|mm|sec|min|hour|hr|day|"
    r"week|month|year|wk|mo\b|yo\b|needle|level|nerve[s]?\sblock|joint|injection|block|site|out\sof|"
    r"view|pass|attempt|percent|times|x\b|am\b|pm\b|syringe|vial|total|separate|different|more|of\b|"
    r"prior|previous|to\s\d))",
    re.IGNORECASE,
)
_LEVEL_WORD = re.compile(
    r"\s*(?:medial|median|facet|faucet|nerve|joint|level|branch|mbb|block)", re.IGNORECASE
)
_MOST_BLOCKS = 3
"""Ordinals up to this one count blocks of a series; beyond it they are vertebrae."""
_BETWEEN = re.compile(r"\bbetween\s(?:the\s)?$", re.IGNORECASE)
_TIGHT = re.compile(r"(?:\s?,\s?|\s)(?P<number>1[0-2]|[1-9])(?![0-9A-Za-z%.:/-])")


def _number(raw: str) -> int | None:
    word = raw.lower()
    if word in _WORDS:
        return _WORDS[word]
    if raw in {"S", "s"}:
        return 5
    digits = raw.translate(str.maketrans("OoIl|", "00111"))
    return int(digits) if digits.isdigit() else None


def _valid(letter: str, number: int | None) -> bool:
    return number is not None and 1 <= number <= _LAST[letter]


def _below(letter: str, number: int) -> tuple[str, int] | None:
    """Region and number of the vertebra below, across C7-T1, T12-L1 and L5-S1."""
    if (letter, number) in {("C", 7), ("C", 8)}:
        return "T", 1
    if (letter, number) == ("T", 12):
        return "L", 1
    if (letter, number) == ("L", 5):
        return "S", 1
    return letter, number + 1


def _split_run(letter: str, digits: str) -> list[int] | None:
    """``45`` as [4, 5], ``1011`` as [10, 11]; None when the digits are no ascending run.

    ``T12`` stays a vertebra: a run is tried only where the whole number is no vertebra.
    """
    if len(digits) <= 2 and _valid(letter, int(digits)):
        return [int(digits)]
    found: list[int] = []
    rest = digits
    while rest:
        want = found[-1] + 1 if found else None
        for size in (2, 1):
            number = int(rest[:size]) if len(rest) >= size else None
            if number is None or not _valid(letter, number):
                continue
            if want is None and size == 2 and len(rest) == 2:
                continue
            if want is None or number == want:
                found.append(number)
                rest = rest[size:]
                break
        else:
            return None
    return found if len(found) > 1 else None


class _Scanner:
    """Reads one mention from a starting vertebra on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.items: list[Item] = []
        self.dictated: list[Item] = []
        """Pairs spoken with both letters ("see four see five"), which may be a list of two."""
        self.both_letters = False

    def read(self, match: re.Match[str]) -> Mention | None:
        head = self._head(match)
        if head is None:
            return None
        chain, start, end, spoken = head
        end = self._chain(chain, end, spoken)
        self._flush(chain, start, end)
        if (self.items and self.items[-1].first != anatomy.TON) or len(self.items) == 1:
            end = self._list(end)
        heard = (match["spoken"] or "").lower()
        if len(heard) > 1 and len(self.items) == 1 and self.items[0].form == "single":
            # "see two patients": a word that sounds like a letter needs company to be a level.
            if not _LEVEL_WORD.match(self.text, end):
                return None
        if self.dictated and any(item.form == "single" for item in self.items):
            self._list_dictated()
        return Mention(tuple(self.items), start, end) if self.items else None

    def _list_dictated(self) -> None:
        """``see four see five and see six`` goes on with a single level: all of them are."""
        items: list[Item] = []
        for item in self.items:
            if item not in self.dictated:
                items.append(item)
                continue
            for name in (item.first, item.last):
                if not items or items[-1].first != name:
                    items.append(Item("single", name, name, item.start, item.end))
        self.items = items

    def _head(self, match: re.Match[str]) -> tuple[list[tuple[str, int]], int, int, bool] | None:
        groups = match.groupdict()
        start, end = match.span()
        if groups["ton"]:
            if groups["ton"].upper().replace(".", "") == "TON" and not groups["ton"].isupper():
                return None
            self.items.append(Item("single", anatomy.TON, anatomy.TON, start, end))
            return [], start, end, False
        if groups["fax"]:
            letter, number = groups["fax"][0].upper(), 5 if groups["fax"][1] in "Ss" else 1
            if not match.group().isupper() and groups["fax"][1] != "l":
                return None
            return [(letter, number)], start, end, False
        if groups["region"]:
            return (
                [(_SPOKEN[groups["region"].lower()], int(groups["region_number"]))],
                start,
                end,
                False,
            )
        if groups["ordinals"]:
            return ([], start, end, False) if self._ordinals(match) else None
        if groups["spoken"]:
            letter, word = _SPOKEN[groups["spoken"].lower()], _WORDS[groups["number_word"].lower()]
            return ([(letter, word)], start, end, True) if _valid(letter, word) else None
        letter = groups["letter"].upper()
        digits = groups["digits"].translate(str.maketrans("OoIl|", "00111"))
        run = _split_run(letter, digits) if digits.isdigit() and digits[0] != "0" else None
        if run is None or (
            self.text[end : end + 1] == "." and self.text[end + 1 : end + 2].isdigit()
        ):
            return None
        if self.text[end : end + 1].isalpha() and not _GLUED.match(self.text, end):
            # C4s and C5a are something else; "C5TO" or "T4left" are not worth guessing at.
            if not re.match(r"(?:mbb?s?|mbn|fj)\b", self.text[end : end + 5], re.IGNORECASE):
                return None
        if self.text[end : end + 1] == "%":
            return None
        return [(letter, number) for number in run], start, end, False

    def _ordinals(self, match: re.Match[str]) -> bool:
        """Items of ``the third through sixth cervical``; whether they are vertebrae at all."""
        letter = _SPOKEN[match["ordinal_region"].lower()]
        chains: list[list[tuple[str, int]]] = []
        for each in _EACH_ORDINAL.finditer(match["ordinals"]):
            word = each["name"].lower()
            number = _ORDINALS.get(word) or int(re.sub(r"\D", "", word))
            if not _valid(letter, number):
                return False
            if each["joined"] and chains and number > chains[-1][-1][1]:
                chains[-1].append((letter, number))
            else:
                chains.append([(letter, number)])
        numbers = [number for chain in chains for _, number in chain]
        if (len(numbers) == 1 or max(numbers) <= _MOST_BLOCKS) and _COUNTED.match(
            self.text, match.end()
        ):
            return False
        if len(numbers) > 2 and _BETWEEN.search(
            self.text, max(0, match.start() - 14), match.start()
        ):
            # "between the eighth and ninth and the ninth and tenth": joints, two by two.
            if len(chains) % 2 or any(len(chain) > 1 for chain in chains):
                return False
            chains = [upper + lower for upper, lower in zip(chains[::2], chains[1::2], strict=True)]
        for chain in chains:
            self._flush(chain, match.start(), match.end())
        return True

    def _chain(self, chain: list[tuple[str, int]], end: int, spoken: bool) -> int:
        """Extend ``C4`` by ``-5``, ``/C5``, `` through C7``, ``C5`` glued, or spoken ``five``."""
        while chain:
            match = _GLUED.match(self.text, end) or _SPAN.match(self.text, end)
            if match is None and spoken:
                match = _SPOKEN_NEXT.match(self.text, end)
            if match is None:
                break
            follower = self._follow(chain[-1], match)
            if follower is None:
                break
            if (
                not match["letter"]
                and _QUANTITY.match(self.text, match.end())
                and follower[1] != chain[-1][1] + 1
            ):
                break
            chain.append(follower)
            end = match.end()
            self.both_letters = spoken and match.re is _SPOKEN_NEXT and bool(match["letter"])
        return end

    def _follow(self, last: tuple[str, int], match: re.Match[str]) -> tuple[str, int] | None:
        number = _number(match["number"])
        if number is None:
            return None
        if match["letter"]:
            letter = _SPOKEN[match["letter"].lower()]
        else:
            below = _below(*last)
            # "C7-1" and "T12-1" cross the junction; otherwise the region goes on.
            letter = below[0] if below and number == below[1] and below[0] != last[0] else last[0]
        if not _valid(letter, number):
            return None
        ahead = ("CTLS".index(letter), number) > ("CTLS".index(last[0]), last[1])
        return (letter, number) if ahead else None

    def _flush(self, chain: list[tuple[str, int]], start: int, end: int) -> None:
        """Turn a chain of vertebrae into items: neighbours into pairs, a gap into a range."""
        names = [f"{letter}{number}" for letter, number in chain]
        if len(names) == 1:
            self.items.append(Item("single", names[0], names[0], start, end))
            return
        for upper, lower in itertools.pairwise(names):
            form: Form = "pair" if _neighbours(upper, lower) else "range"
            self.items.append(Item(form, upper, lower, start, end))
            if self.both_letters:
                self.dictated.append(self.items[-1])

    def _list(self, end: int) -> int:
        """Read on over commas and *and* while levels follow."""
        while True:
            separator = _LIST.match(self.text, end)
            at = separator.end() if separator else end
            if separator:
                match = _START.match(self.text, at)
                if match:
                    if not separator.group().strip():
                        return end
                    head = self._head(match)
                    if head is None:
                        return end
                    chain, start, stop, spoken = head
                    before = len(self.items)
                    if chain:
                        stop = self._chain(chain, stop, spoken)
                        self._flush(chain, start, stop)
                        if self._again(before):
                            # "C5 and C6, the C5 branch first": told again, not listed.
                            del self.items[before:]
                            return end
                    end = stop
                    continue
            last = next((i for i in reversed(self.items) if i.first != anatomy.TON), None)
            if last is None:
                return end
            bare = None
            if separator and ("\n" not in separator.group() or len(separator.group().split()) > 0):
                bare = self._bare(at, last)
            if bare is None and not separator:
                bare = self._tight(end, last)
            if bare is None:
                return end
            chain, start, stop = bare
            end = self._chain(chain, stop, spoken=self.text[start].isalpha())
            self._flush(chain, start, end)

    def _again(self, before: int) -> bool:
        """Whether the items from ``before`` on only name levels that stand in the list already."""
        known = {(item.first, item.last) for item in self.items[:before]}
        added = self.items[before:]
        return bool(added) and all((item.first, item.last) in known for item in added)

    def _bare(self, at: int, last: Item) -> tuple[list[tuple[str, int]], int, int] | None:
        """A number without its letter, as in ``C4, 5 and 6`` or ``C4-5, 5-6``."""
        match = _BARE.match(self.text, at)
        if match is None:
            return None
        number = _number(match["number"])
        letter, before = last.last[0], int(last.last[1:])
        paired = last.form != "single"
        floor = before if paired else before + 1
        if number is None or not _valid(letter, number) or not floor <= number <= before + 3:
            return None
        spoken = match["number"].isalpha()
        follower = _SPAN.match(self.text, match.end()) or (
            _SPOKEN_NEXT.match(self.text, match.end()) if spoken else None
        )
        goes_on = follower is not None and self._follow((letter, number), follower) in (
            _below(letter, number),
            *([] if paired else [(letter, number + 2), (letter, number + 3)]),
        )
        if not goes_on and (paired or _QUANTITY.match(self.text, match.end())):
            return None
        return [(letter, number)], match.start(), match.end()

    def _tight(self, end: int, last: Item) -> tuple[list[tuple[str, int]], int, int] | None:
        """Shorthand without commas, ``C4 5 6``: only the very next number counts."""
        match = _TIGHT.match(self.text, end)
        if match is None or last.form != "single" or _QUANTITY.match(self.text, match.end()):
            return None
        letter, number = last.last[0], int(match["number"])
        if number != int(last.last[1:]) + 1 or not _valid(letter, number):
            return None
        return [(letter, number)], match.start("number"), match.end()


def _neighbours(upper: str, lower: str) -> bool:
    if anatomy.next_vertebra(upper) == lower:
        return True
    return (upper, lower) in {("C7", "C8"), ("C8", "T1")}


def find(text: str) -> list[Mention]:
    """Every level mention of an even text, in order and not overlapping."""
    found: list[Mention] = []
    end = 0
    for match in _START.finditer(text):
        if match.start() < end:
            continue
        mention = _Scanner(text).read(match)
        if mention is not None:
            found.append(_between(text, mention))
            end = mention.end
    return found


def _between(text: str, mention: Mention) -> Mention:
    """``between C4 and C5`` names one joint, not two vertebrae."""
    names = [item.first for item in mention.items]
    if len(names) != 2 or not _neighbours(*names) or mention.items[0].form != "single":
        return mention
    if not _BETWEEN.search(text, max(0, mention.start - 14), mention.start):
        return mention
    pair = Item("pair", names[0], names[1], mention.start, mention.end)
    return Mention((pair,), mention.start, mention.end)
