"""The joints treated today: nerves resolved, header and body reconciled, sides tied to joints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from facetcode import anatomy
from facetcode.extract import laterality
from facetcode.extract.laterality import KnownSide, SideWord
from facetcode.extract.level_context import OURS, Treated, generalises
from facetcode.extract.level_grammar import Item
from facetcode.extract.reading import Reading
from facetcode.facts import Doubt, Evidence, Kind, Level, NamedAs, Nerve, Side

Key = tuple[str, KnownSide | None]
"""A joint or nerve name with the side said of it; None when its words say none."""


@dataclass(slots=True)
class Account:
    """What one part of the note (heading, narrative) says was treated."""

    joints: dict[str, set[KnownSide]] = field(default_factory=dict)
    nerves: dict[str, set[KnownSide]] = field(default_factory=dict)
    unclear: dict[str, set[KnownSide]] = field(default_factory=dict)
    """Single levels that neither a nerve word nor a joint word governs."""
    evidence: list[Evidence] = field(default_factory=list)
    sides: list[SideWord] = field(default_factory=list)
    offset: bool = False
    """A thoracic range or lone pair that reads as nerves or as joints with the same count."""
    crossing: bool = False
    """A nerve range across C7-T1 or T12-L1, where the two readings differ in count."""
    mentions: int = 0

    def __bool__(self) -> bool:
        return bool(self.joints or self.nerves or self.unclear)


@dataclass(frozen=True, slots=True)
class Found:
    """Levels of today, leftover nerves, lumbar joints, and the doubts about them."""

    levels: tuple[Level, ...]
    nerves: tuple[Nerve, ...]
    lumbar: tuple[Level, ...]
    doubts: tuple[Doubt, ...]


def _add(into: dict[str, set[KnownSide]], names: Iterable[str], side: SideWord | None) -> None:
    for name in names:
        sides = into.setdefault(name, set())
        if side is not None:
            sides.add(side.value)


def _chains(items: Sequence[Item]) -> list[list[Item]]:
    """Items written as one chain (``C3/4/5``) share their offsets; the rest stand alone."""
    groups: list[list[Item]] = []
    for item in items:
        if groups and (groups[-1][-1].start, groups[-1][-1].end) == (item.start, item.end):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _read_mention(
    account: Account, treated: Treated, words: Mapping[int, SideWord], kind: Kind
) -> None:
    """Put one mention's items into the account as joints, nerves or unclear single levels.

    ``words``: the side word of a mention or of one item, by where it starts.
    """
    is_mbb = kind == "medial_branch_block" and treated.procedure != "FACET_INJECTION"
    nerve = treated.object in {"nerve", "bone"} or (treated.object == "level" and is_mbb)
    for chain in _chains(treated.mention.items):
        first, last = chain[0].first, chain[-1].last
        side = words.get(chain[0].start) or words.get(treated.target.start)
        if chain[0].form == "single":
            names = [item.first for item in chain]
            # The third occipital nerve is a nerve whatever words stand beside it.
            named = nerve or names == [anatomy.TON]
            _add(account.nerves if named else account.unclear, names, side)
            continue
        span = len(chain) > 1 or chain[0].form == "range"
        if span and nerve:
            if first[0] != last[0]:
                account.crossing = True
                _add(account.joints, anatomy.joints_between(first, last), side)
                continue
            account.offset |= first[0] == "T"
            _add(account.nerves, _nerve_range(first, last), side)
            continue
        if (first, last) in {("C7", "C8"), ("C8", "T1")}:
            _add(account.nerves, [first, last], side)
            continue
        if treated.object == "nerve" and first[0] == "T" and len(treated.mention.items) == 1:
            account.offset = True
        joints = [j for item in chain for j in item.joints]
        _add(account.joints, joints, side)


def _nerve_range(first: str, last: str) -> list[str]:
    names = list(anatomy.nerves_between(first, last))
    if first == "C2":
        # C2 is no medial branch; kept so that the reader is asked whether the TON is meant.
        names = ["C2", *anatomy.nerves_between("C3", last)]
    return names


def _account(reading: Reading, mentions: Sequence[Treated], kind: Kind) -> Account:
    account = Account(mentions=len(mentions))
    sides = laterality.assign(reading, mentions)
    for treated in mentions:
        _read_mention(account, treated, sides, kind)
        account.evidence.append(reading.evidence(treated.target.start, treated.target.end))
        for at in (treated.target.start, *(item.start for item in treated.mention.items)):
            side = sides.get(at)
            if side is not None and side not in account.sides:
                account.sides.append(side)
    return account


def _is_ours(treated: Treated) -> bool:
    return treated.procedure in OURS or treated.procedure is None


def _told(reading: Reading, treated: Treated) -> bool:
    """Whether an account tells of more than a lone vertebra, which may be a landmark."""
    items = treated.mention.items
    listed = len(items) > 1 or items[0].form != "single"
    if not listed or treated.narrated:
        return listed
    sentence = reading.sentence_at(treated.target.start)
    return reading.section_at(sentence.start).category == "narrative" and bool(
        laterality.words(reading.even, sentence.start, sentence.end)
    )


def _select(
    reading: Reading, mentions: Sequence[Treated]
) -> tuple[list[Treated], list[Treated], list[Treated]]:
    """Live mentions of the block: in the heading, in the account, in addenda."""
    live = [t for t in mentions if t.live and _is_ours(t)]
    header = [t for t in live if t.place == "header" and not (t.object == "bone")]
    body = [
        t
        for t in live
        if t.place == "body"
        and (t.acted or _told(reading, t) or t.object in {"nerve", "joint"} or t.named)
    ]
    if not header:
        # A title without a heading of its own: the block's name, told without needle or drug.
        named = [t for t in body if t.named and not t.narrated]
        if named and len(named) < len(body):
            header, body = named, [t for t in body if t not in named]
    addendum = [t for t in live if t.place == "addendum"]
    nerve_names = {
        i.first for t in [*header, *body] if t.object == "nerve" for i in t.mention.items
    }
    if nerve_names:
        # Bone beside a named nerve is where the needle sits, one vertebra down in the thorax; in
        # the neck the pillar bears the nerve's own number.
        body = [
            t
            for t in body
            if t.object != "bone"
            or all(i.first in nerve_names and i.first[0] == "C" for i in t.mention.items)
        ]
    else:
        body = [
            t for t in body if t.object != "bone" or all(i.first[0] == "C" for i in t.mention.items)
        ]
    return header, body, addendum


def find(reading: Reading, mentions: Sequence[Treated], kind: Kind) -> Found:
    """The levels of today's facet block; call only when one was performed."""
    header_mentions, body_mentions, addendum = _select(reading, mentions)
    corrected = _corrections(reading, addendum)
    header = _account(reading, header_mentions, kind)
    body = _account(reading, body_mentions, kind)
    own_sides = False
    if corrected:
        header, body = header or body, Account()
        wrong = {
            name
            for t in mentions
            if t.place == "addendum" and t.status == "negated"
            for item in t.mention.items
            for name in (item.joints or (item.first,))
        }
        told = _account(reading, corrected, kind)
        # A side told with some of the levels is theirs; told with all of them it is the block's.
        own_sides = _names(told) != _names(header)
        header = _put_right(header, told, wrong)
    if not header and not body:
        fallback = [
            t
            for t in mentions
            if t.live
            and t.place in {"body", "diagnosis", "addendum"}
            and _is_ours(t)
            and t.object != "bone"
        ]
        body = _account(reading, fallback, kind)
    doubts: list[Doubt] = []
    low = _lumbar_apart(header, body)
    _settle_unclear(header, body, kind, doubts)
    chosen, named_as = _reconcile(
        reading, header, body, doubts, repeated=generalises(reading, rest=True)
    )
    chosen = _merged(chosen, low) if low else chosen
    note_sides = _NoteSides(reading, header, body, own_sides)
    return _resolve(reading, chosen, named_as, note_sides, doubts, header, body)


def _lumbar_apart(header: Account, body: Account) -> Account:
    """The lumbar levels of a note that also names ours, taken out of both accounts.

    They are another session's count: no heading disagrees with an account for their sake.
    """
    low = Account()
    ours = [
        name
        for account in (header, body)
        for name in (*account.joints, *account.nerves, *account.unclear)
        if name[0] == "C" or (name[0] == "T" and "L" not in name and name != "T12")
    ]
    if not ours:
        return low
    for account in (header, body):
        for source, into in (
            (account.joints, low.joints),
            (account.nerves, low.nerves),
            (account.unclear, low.nerves),
        ):
            for name in [n for n in source if n[0] in "LS"]:
                into.setdefault(name, set()).update(source.pop(name))
    return low


_CORRECTION = re.compile(
    r"\b(?:correct(?:ion|ed|s)?|should\s+(?:read|state|be|have)|amend(?:ed)?|actual(?:ly)?|error|incorrect(?:ly)?|rather\s+than|instead\s+of|not\s+[CT]\d|revis(?:ed|ion)|clarif|erroneous(?:ly)?|mistaken(?:ly)?|typo)",
    re.IGNORECASE,
)


def _corrections(reading: Reading, addendum: Sequence[Treated]) -> list[Treated]:
    """Mentions of an addendum that corrects the levels; it wins over the note above it."""
    right = []
    for treated in addendum:
        sentence = reading.sentence_at(treated.target.start)
        section = reading.section_at(treated.target.start)
        words = reading.words(section.start, min(section.end, sentence.end + 200))
        if (_CORRECTION.search(words) and treated.status == "performed") or (
            _CORRECTION.search(words) and treated.status == "unknown"
        ):
            right.append(treated)
    return right


def _names(account: Account) -> set[str]:
    return {*account.joints, *account.nerves, *account.unclear}


def _put_right(header: Account, right: Account, wrong: set[str]) -> Account:
    """The heading's levels as an addendum corrects them.

    What it names already stands there: it was the account that erred. What it takes back is
    replaced; an addendum that takes nothing back names all levels anew.
    """
    names, stands = _names(right), _names(header)
    if stands and names <= stands:
        header.evidence += right.evidence
        return header
    if not wrong & stands:
        return right
    for kept in (header.joints, header.nerves, header.unclear):
        for name in wrong & set(kept):
            del kept[name]
    return _merged(header, right)


def _settle_unclear(header: Account, body: Account, kind: Kind, doubts: list[Doubt]) -> None:
    """Read single levels with no governing word as nerves, and ask where nothing settles it.

    "At the C4, C5 and C6 levels" is two joints if nerves are meant and three if joints are; a
    nerve word for the same levels elsewhere in the account settles it (rule sheet 3.3).
    """
    unclear = set(header.unclear) | set(body.unclear)
    if not unclear:
        return
    named = set(header.nerves) | set(body.nerves)
    joints = set(header.joints) | set(body.joints)
    spanned = {name for joint in joints for name in joint.split("-")}
    if kind != "medial_branch_block" and not unclear <= named:
        if joints and unclear <= spanned:
            # Vertebrae of joints named elsewhere add nothing.
            for account in (header, body):
                account.unclear.clear()
            return
        evidence = (*header.evidence, *body.evidence)[:3]
        doubts.append(
            Doubt(
                "LEVEL_AMBIGUOUS",
                f"{_listed(unclear)} can be medial branches or the upper vertebrae of joints; "
                "the readings bill a different number of levels.",
                "hard",
                tuple(evidence),
            )
        )
    for account in (header, body):
        for name, sides in account.unclear.items():
            account.nerves.setdefault(name, set()).update(sides)
        account.unclear.clear()


def _listed(names: Iterable[str]) -> str:
    order = sorted(
        set(names), key=lambda n: ("CTLS".find(n[0]), int(n[1:])) if n[1:].isdigit() else (-1, 0)
    )
    return order[0] if len(order) == 1 else f"{', '.join(order[:-1])} and {order[-1]}"


def _joint_set(account: Account) -> set[str]:
    return set(account.joints) | set(
        anatomy.joints_from_nerves(n for n in account.nerves if n in anatomy.NERVES).joints
    )


def _nerves_of(joints: Iterable[str]) -> set[str]:
    return set().union(*(anatomy.SUPPLY[j] for j in joints)) if joints else set()


def _merged(*accounts: Account) -> Account:
    whole = Account()
    for account in accounts:
        for name, sides in account.joints.items():
            whole.joints.setdefault(name, set()).update(sides)
        for name, sides in account.nerves.items():
            whole.nerves.setdefault(name, set()).update(sides)
        whole.evidence += account.evidence
        whole.offset |= account.offset
        whole.crossing |= account.crossing
    return whole


def _reconcile(
    reading: Reading, header: Account, body: Account, doubts: list[Doubt], *, repeated: bool
) -> tuple[Account, NamedAs]:
    """One account out of heading and narrative, with LEVEL_CONFLICT where they cannot both hold."""
    both = _merged(header, body)
    named_as: NamedAs = (
        "both" if both.joints and both.nerves else "joints" if both.joints else "nerves"
    )
    if not header or not body:
        only = header or body
        return _joints_against_nerves(only, doubts), named_as
    top, below = _joint_set(header), _joint_set(body)
    if header.joints and body.nerves and not body.joints:
        need = _nerves_of(header.joints) | {n for n in header.nerves}
        if below == top or (set(body.nerves) == need and not header.nerves):
            if below == top:
                return _with(both, header), named_as
        if _example(set(body.nerves) <= need, len(body.nerves), repeated):
            return _with(both, header), named_as
    elif (
        below <= top
        and _example(True, len(below) or len(body.nerves), repeated)
        and set(body.nerves) <= set(header.nerves) | _nerves_of(top)
    ):
        return _with(both, header), named_as
    elif below == top:
        return _with(both, header), named_as
    elif header.nerves and not header.joints and body.nerves and not body.joints and not top:
        return both, named_as
    fewer = _fewer(header, body, top, below)
    doubts.append(
        Doubt(
            "LEVEL_CONFLICT",
            f"The heading gives {_named(top, header)}, the account {_named(below, body)}.",
            "hard",
            tuple([*header.evidence[:2], *body.evidence[:2]]),
        )
    )
    return _with(both, fewer), named_as


def _example(fits: bool, count: int, repeated: bool) -> bool:
    """Whether the body tells one level as an example, or says the rest were done alike."""
    return fits and (repeated or count <= 1)


def _with(both: Account, chosen: Account) -> Account:
    """The chosen account's levels with the evidence of both."""
    return Account(
        joints={k: set(v) for k, v in chosen.joints.items()},
        nerves={k: set(v) for k, v in chosen.nerves.items()},
        evidence=both.evidence,
        offset=chosen.offset and both.offset,
        crossing=chosen.crossing,
    )


def _fewer(header: Account, body: Account, top: set[str], below: set[str]) -> Account:
    if len(top) != len(below):
        fewer = header if len(top) < len(below) else body
        return fewer if (top if fewer is header else below) else (header if top else body)
    if header.joints and not body.joints:
        return header
    return body


def _named(joints: set[str], account: Account) -> str:
    if joints:
        return ", ".join(sorted(joints, key=anatomy.order))
    return _listed(account.nerves) if account.nerves else "none"


def _joints_against_nerves(account: Account, doubts: list[Doubt]) -> Account:
    """Joints and nerves named in one account: compare, never choose silently."""
    if not account.joints or not account.nerves:
        return account
    known = [n for n in account.nerves if n in anatomy.NERVES]
    from_nerves = anatomy.joints_from_nerves(known)
    need = _nerves_of(account.joints)
    if set(from_nerves.joints) == set(account.joints) or set(known) < need:
        return Account(
            joints=account.joints,
            evidence=account.evidence,
            offset=account.offset,
            crossing=account.crossing,
        )
    if not (need & set(known)):
        # Different levels named in different ways: both were done.
        return account
    doubts.append(
        Doubt(
            "LEVEL_CONFLICT",
            f"The joints named are {_named(set(account.joints), account)}; the nerves blocked, "
            f"{_listed(account.nerves)}, supply {_named(set(from_nerves.joints), account)}.",
            "hard",
            tuple(account.evidence[:4]),
        )
    )
    if len(from_nerves.joints) < len(account.joints) and from_nerves.joints:
        return Account(nerves=account.nerves, evidence=account.evidence)
    return Account(joints=account.joints, evidence=account.evidence)


_CHECKED = re.compile(
    r"(?-i:\bT/O\b)|\btime-?\s?out\b|\buniversal\s+protocol\b|\bconsent(?:ed)?\b", re.IGNORECASE
)


_MARKED = re.compile(
    r"\b(?:was|were|site|skin|sides?|surgical|been)\s+(?:site\s+)?mark(?:ed|ing)\b|\bi\s+marked\b|\b(?:drew|wrote)\s+an?\s+arrow\b",
    re.IGNORECASE,
)


class _NoteSides:
    """What the note as a whole says of the side: votes of its places, and the side they give."""

    def __init__(self, reading: Reading, header: Account, body: Account, corrected: bool) -> None:
        self.reading = reading
        self.header = laterality.merge(w.value for w in header.sides)
        self.body = laterality.merge(w.value for w in body.sides)
        self.votes: list[tuple[str, KnownSide, SideWord]] = []
        self.corrected = corrected
        self.other = laterality.other_side(reading)
        self._collect(header, body)

    def _collect(self, header: Account, body: Account) -> None:
        reading = self.reading
        places: dict[str, list[SideWord]] = {}
        for word in header.sides:
            places.setdefault("title", []).append(word)
        for word in body.sides:
            sentence = reading.sentence_at(word.start)
            checked = _CHECKED.search(reading.even, sentence.start, sentence.end)
            if not checked:
                places.setdefault("narration", []).append(word)
        for check in _CHECKED.finditer(reading.even):
            told = reading.section_at(check.start()).category == "consent"
            if told or reading.section_time(check.start()) in {"performed", "none"}:
                sentence = reading.sentence_at(check.start())
                places.setdefault("timeout", []).extend(
                    laterality.words(reading.even, sentence.start, sentence.end)
                )
        for mark in _MARKED.finditer(reading.even):
            if reading.section_time(mark.start()) in {"performed", "none"}:
                sentence = reading.sentence_at(mark.start())
                marked = laterality.words(reading.even, sentence.start, sentence.end)
                if len({w.value for w in marked}) == 1:
                    places.setdefault("marking", []).extend(marked)
        for section in reading.sections:
            if section.category in {"side", "timeout", "levels", "title", "procedure"}:
                name = {"procedure": "title", "levels": "title"}.get(
                    section.category, section.category
                )
                if name == "title" and places.get("title"):
                    continue
                found = [
                    w
                    for w in laterality.words(reading.even, section.body, section.end)
                    if not reading.dated_before_today(reading.sentence_at(w.start))
                ]
                if not found and name == "side":
                    found = laterality.letter(reading.even, section.body, section.end)
                if name == "title":
                    found = [w for w in found if self._beside_block(w)]
                places.setdefault(name, []).extend(found)
        if not any(places.values()):
            places["narration"] = self._narrated()
        elif self.other:
            places["narration"] = self._with_other_side(places.get("narration") or self._narrated())
        for name, words in places.items():
            side = laterality.merge(w.value for w in words)
            if side is not None:
                self.votes.append((name, side, words[0]))

    def _with_other_side(self, narrated: list[SideWord]) -> list[SideWord]:
        """The narration's sides with the second side it says was done the same way."""
        start, end, named = self.other[0]
        side = laterality.merge(w.value for w in narrated)
        if named is None and side in {"right", "left"}:
            named = "left" if side == "right" else "right"
        return [*narrated, SideWord(named, start, end)] if named else narrated

    def _beside_block(self, word: SideWord) -> bool:
        sentence = self.reading.sentence_at(word.start)
        return (
            any(
                sentence.start <= t.start < sentence.end
                for t in self.reading.of(*OURS, "MEDIAL_BRANCH", "FACET_JOINT", "LEVEL")
            )
            or self.reading.section_at(word.start).category == "procedure"
        )

    def _narrated(self) -> list[SideWord]:
        """Sides of live sentences that speak of the block, its needle, or the spine's skin."""
        found: list[SideWord] = []
        for target in self.reading.of(*OURS, "MEDIAL_BRANCH", "FACET_JOINT", "ACT", "BLOCK"):
            if self.reading.status(target) not in {"performed", "unknown"}:
                continue
            if self.reading.section_at(target.start).category in {"exam", "imaging", "diagnosis"}:
                continue
            sentence = self.reading.sentence_at(target.start)
            for word in laterality.words(self.reading.even, sentence.start, sentence.end):
                if word not in found:
                    found.append(word)
        return found

    def diagnosis_side(self) -> SideWord | None:
        """A side in the diagnosis, for notes that state it nowhere else."""
        for section in self.reading.sections:
            if section.category == "diagnosis":
                found = laterality.words(self.reading.even, section.body, section.end)
                if found:
                    return found[0]
        return None


def _one(sides: set[KnownSide]) -> Side:
    merged = laterality.merge(sides)
    return merged if merged is not None else "unstated"


def _resolve(
    reading: Reading,
    chosen: Account,
    named_as: NamedAs,
    note: _NoteSides,
    doubts: list[Doubt],
    header: Account,
    body: Account,
) -> Found:
    """Nerves to joints side by side, then every joint's side."""
    default, conflict = _note_side(note, header, body, generalises(reading))
    fixed = None if note.corrected else laterality.corrected(reading)
    if fixed is not None:
        default, conflict = fixed.value, None
        chosen.evidence.append(reading.evidence(fixed.start, fixed.end))
    if conflict is not None:
        doubts.append(conflict)
    if "C2" in chosen.nerves:
        _ask_for_ton(chosen, doubts)
    if chosen.crossing:
        doubts.append(_range_doubt("hard", chosen))
    elif chosen.offset:
        doubts.append(_range_doubt("soft", chosen))
    override = default if conflict is not None or fixed is not None else None
    told = {side for sides in (*chosen.joints.values(), *chosen.nerves.values()) for side in sides}
    if note.other and default == "bilateral" and len(told) == 1:
        override = default  # one side told, and the same done on the other
    per_side: dict[str, set[KnownSide]] = {}
    because: dict[str, str] = {}
    leftovers: list[Nerve] = []
    for joint, sides in chosen.joints.items():
        per_side.setdefault(joint, set()).update(sides)
    for side, nerves in _by_side(chosen.nerves, default).items():
        resolution = anatomy.joints_from_nerves(nerves)
        for joint in resolution.joints:
            sides = per_side.setdefault(joint, set())
            if side != "unstated":
                sides.update({side})
            need = sorted(anatomy.SUPPLY[joint], key=anatomy.NERVES.index)
            because[joint] = (
                f"the third occipital nerve supplies {joint}"
                if need == [anatomy.TON]
                else f"{' + '.join(need)} medial branches supply {joint}"
            )
        for nerve in resolution.leftover:
            if not any(nerve in anatomy.SUPPLY[j] for j in chosen.joints):
                leftovers.append(Nerve(nerve, side, tuple(chosen.evidence[:2])))
    levels: list[Level] = []
    for joint in sorted(per_side, key=anatomy.order):
        side = _one(per_side[joint])
        if override is not None or side == "unstated":
            side = default if override is None else override
        levels.append(
            Level(
                joint,
                side,
                named_as,
                _evidence_for(reading, joint, chosen),
                because.get(joint, ""),
                _side_evidence(side, [fixed] if fixed else [*header.sides, *body.sides], note),
            )
        )
    ours = tuple(level for level in levels if anatomy.is_cervical_thoracic(level.joint))
    lumbar = tuple(level for level in levels if not anatomy.is_cervical_thoracic(level.joint))
    leftover = tuple(n for n in leftovers if n.name[0] in "CT")
    if ours and all(level.side == "unstated" for level in ours):
        word = note.diagnosis_side()
        if word is not None and conflict is None:
            ours = tuple(
                Level(
                    v.joint,
                    word.value,
                    v.named_as,
                    (*v.evidence, reading.evidence(word.start, word.end)),
                    v.because,
                    (reading.evidence(word.start, word.end),),
                )
                for v in ours
            )
    return Found(ours, leftover, lumbar, tuple(doubts))


def _side_evidence(side: Side, words: Sequence[SideWord], note: _NoteSides) -> tuple[Evidence, ...]:
    """The words that give a level its side: those beside levels, and the note's other places."""
    if side == "unstated":
        return ()
    voted = [word for _, _, word in note.votes]
    fitting = {w for w in (*words, *voted) if side == "bilateral" or w.value == side}
    spots = sorted({(word.start, word.end) for word in fitting})
    return tuple(note.reading.evidence(start, end) for start, end in spots)


def _by_side(nerves: dict[str, set[KnownSide]], default: Side) -> dict[Side, list[str]]:
    """Nerves grouped by side; when all share their sides they are resolved once."""
    shared = {frozenset(sides) for sides in nerves.values() if sides}
    if not nerves:
        return {}
    if len(shared) <= 1:
        side: Side = _one(set(next(iter(shared)))) if shared else default
        return {side: [n for n in nerves if n in anatomy.NERVES]}
    grouped: dict[Side, list[str]] = {}
    for name, sides in nerves.items():
        if name not in anatomy.NERVES:
            continue
        spread: set[Side] = set(sides) if sides else {default}
        for side in ("right", "left"):
            if side in spread or "bilateral" in spread:
                grouped.setdefault(side, []).append(name)
        if spread == {"unstated"}:
            grouped.setdefault("unstated", []).append(name)
    return grouped


def _evidence_for(reading: Reading, joint: str, chosen: Account) -> tuple[Evidence, ...]:
    """The mentions that hold the joint's own names or its nerves; all of them where none does."""
    names = set(joint.split("-")) | set(anatomy.SUPPLY.get(joint, ()))
    numbers = {n[1:] for n in names if n[1:].isdigit()}
    fitting = [
        e
        for e in chosen.evidence
        if numbers & set(re.findall(r"\d+", e.text)) or not re.search(r"\d", e.text)
    ]
    return tuple(dict.fromkeys(fitting or chosen.evidence))


def _ask_for_ton(chosen: Account, doubts: list[Doubt]) -> None:
    """C2 in a list of medial branches: perhaps the third occipital nerve; ask, code as if so."""
    sides = chosen.nerves.pop("C2")
    chosen.nerves.setdefault(anatomy.TON, set()).update(sides)
    doubts.append(
        Doubt(
            "LEVEL_AMBIGUOUS",
            "C2 is no medial branch of a facet joint: "
            "was the third occipital nerve (C2-C3) blocked?",
            "hard",
            tuple(chosen.evidence[:2]),
        )
    )


def _range_doubt(severity: str, chosen: Account) -> Doubt:
    return Doubt(
        "LEVEL_AMBIGUOUS",
        "The range can name the nerves blocked or the joints treated"
        + (
            ": the count is the same, the joints are not."
            if severity == "soft"
            else ", with different counts."
        ),
        severity,  # type: ignore[arg-type]
        tuple(chosen.evidence[:2]),
    )


def _note_side(
    note: _NoteSides, header: Account, body: Account, repeated: bool
) -> tuple[Side, Doubt | None]:
    """The side of levels that name none, and the conflict if places of the note disagree."""
    if not note.votes:
        return "unstated", None
    if note.other and note.header in {None, "bilateral"}:
        return "bilateral", None
    asymmetric = (
        len({frozenset(s) for s in (*header.joints.values(), *header.nerves.values()) if s}) > 1
    )
    values = {side for _, side, _ in note.votes}
    if len(values) == 1 or asymmetric:
        return next(iter(values)) if len(values) == 1 else (note.header or "unstated"), None
    by_place = {name: side for name, side, _ in note.votes}
    narrated = by_place.get("narration")
    others = {side for name, side in by_place.items() if name != "narration"}
    if others == {"bilateral"} and narrated in {"right", "left"} and repeated:
        return "bilateral", None
    if not others - {"bilateral"} and narrated is None:
        return "bilateral", None
    counts: dict[KnownSide, int] = {}
    for _, side, _ in note.votes:
        counts[side] = counts.get(side, 0) + 1
    best = max(counts.values())
    leaders = [side for side, n in counts.items() if n == best]
    told = ", ".join(f"{name} {side}" for name, side, _ in note.votes)
    doubt = Doubt(
        "SIDE_CONFLICT",
        f"Parts of the note disagree on the side: {told}.",
        "hard",
        tuple(note.reading.evidence(w.start, w.end) for _, _, w in note.votes),
    )
    return (leaders[0] if len(leaders) == 1 else "unstated"), doubt
