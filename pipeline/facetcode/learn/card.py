"""A model's card: what it decides, what it learnt from, how good it is on hands it did not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from facetcode.learn.agreement import FEATURES


def per_cent(value: float) -> str:
    """``0.9312`` as ``93.1 %``."""
    return f"{100 * value:.1f} %"


def between(interval: Mapping[str, float], *, signed: bool = False) -> str:
    """``4.1 % (1.0 to 7.2)``, a 95 % interval."""
    sign = "+" if signed else ""
    value, low, high = (100 * interval[k] for k in ("value", "low", "high"))
    return f"{value:{sign}.1f} % ({low:{sign}.1f} to {high:{sign}.1f})"


def plain(interval: Mapping[str, float]) -> str:
    """``0.141 (0.110 to 0.173)``, a 95 % interval."""
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


def trained_on(data: Mapping[str, Any]) -> str:
    """The corpus in a sentence."""
    return (
        f"{data['notes']} invented notes in {data['voices']} voices (train and dev), "
        f"{data['first_looks']} with a first look; data fingerprint `{data['sha256'][:16]}`."
    )


def ablation_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rules beside rules with the model, a row a figure."""
    lines = ["| | rules | with the model | difference |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {r['figure']} | {per_cent(r['rules'])} | {per_cent(r['models'])} | "
        f"{between(r['gain'], signed=True)} |"
        for r in rows
    ]
    return "\n".join(lines)


def decision_card(task: str, says: str, m: Mapping[str, Any]) -> str:
    """The card of a model that may overrule the rules."""
    verdict = "In use." if m["earned"] else f"Not in use: {m['reason']}"
    labels = "\n".join(
        f"| {name} | {n} | {rule} | {model} |"
        for name, (n, rule, model) in sorted(m["labels"].items())
    )
    tried = "; ".join(f"{name} {per_cent(share)}" for name, share in m["tried"].items())
    test = ""
    if m.get("test"):
        t = m["test"]
        test = f"""
## On the test voices

{t["notes"]} notes in {t["voices"]} voices that neither rules nor model had seen: the rules had {per_cent(t["rules_right"])} of
{t["decisions"]} decisions right, the model {per_cent(t["model_right"])}, a difference of {between(t["gain"], signed=True)}.

{ablation_table(t["ablation"])}
"""
    return f"""# {task}

Decides of {says}. {verdict}

Learnt from {trained_on(m["data"])} A model votes after the rules, whose answer is one of its features.

## On voices left out

Each of {m["hands"]} voices was judged by a model that had not seen it. The rules' answers are those of the first
look where one is kept; elsewhere they are those of rules that were written with the voice in sight, which flatters the rules.

Right of {m["decisions"]} decisions: rules {per_cent(m["rules_right"])}, model {per_cent(m["model_right"])}, gain {between(m["gain"], signed=True)},
95 % interval over voices.

| answer | labelled so | rules right | model right |
| --- | --- | --- | --- |
{labels}

The whole program on the same voices, beside the rules as they are now. These were mended after the voices were read, so no model can
gain here; it counts what unread voices say:

{ablation_table(m["ablation"])}
{test}
Tried: {tried}.

## Limits

Invented notes. A practice's notes may need other words: `facetcode train` learns them and says whether that helped.
Words that fewer than five notes have are no features, so that no name becomes one.
"""


def confidence_card(m: Mapping[str, Any]) -> str:
    """The card of the confidence model."""
    q = m["left_out"]
    weights = "\n".join(
        f"| {name} | {FEATURES[name]} | {weight:+.2f} |"
        for name, weight in sorted(m["weights"].items(), key=lambda pair: pair[1])
    )
    cover = "; ".join(
        f"{per_cent(float(level))} right: the surest {per_cent(share)}"
        for level, share in q["covered"].items()
    )
    test = "No test voice has been scored yet, so nothing is certified and `--auto-at` marks no record."
    if m.get("test"):
        t = m["test"]
        test = f"""{t["notes"]} notes in {t["voices"]} voices, scored once, before anybody had read them.

| | confidence | the base rate |
| --- | --- | --- |
| Brier score | {plain(t["brier"])} | {t["base_brier"]:.3f} |
| expected calibration error | {plain(t["ece"])} | |
| claims right | {per_cent(t["right"])} | |

Their coded notes certify `--auto-at`: {m["promise"]}"""
    return f"""# confidence

The probability that a record's claim lines and status are exactly right under its policy. {"In use." if m["earned"] else "Not in use: it does not beat the base rate."}

Learnt from {trained_on(m["data"])}

## First looks

Rules were written while the train and dev voices were read, so on them the program is right far more often than on a
stranger's notes; a confidence learnt there would be too sure. What it is learnt from are *first looks*: each voice coded by the
program as it was before anybody had read that voice (`annotations/first_looks`, with the commit of each). Voices that were there
with the first rules have none and are left out ({m["without_look"]}). The programs of the first looks were younger and worse
than this one: {per_cent(q["right"])} of their claims were right. On unseen notes the confidence is therefore rather too low than too high,
which costs coverage and not safety; the test voices, coded by this program, say by how much.

## On voices left out

A logistic regression with the shrinkage chosen by an inner round of voices left out (C {m["strength"]:g}). Intervals are a
bootstrap over {q["hands"]} voices.

| | confidence | the base rate |
| --- | --- | --- |
| Brier score | {plain(q["brier"])} | {q["base_brier"]:.3f} |
| gain on the base rate | {plain(q["gain"])} | |
| expected calibration error | {plain(q["ece"])} | |
| boosted trees instead, Brier score (dropped) | {q["trees_brier"]:.3f} | |

Coverage on these voices: {cover}.

## On the test voices

{test}

## Features

Each is standardised; the weight is what one standard deviation adds to the log-odds.

| feature | meaning | weight |
| --- | --- | --- |
{weights}

## Limits

Invented notes by authors who share habits. A practice that wants a promise for its own notes trains on decisions of its
own coders (`facetcode train`): the promise then is about its hands.
"""


def novelty_card(m: Mapping[str, Any]) -> str:
    """The card of the novelty model."""
    return f"""# novelty

How alike a note is to the nearest voice of the corpus, and whether it is unlike all of them. In use.

Learnt from {trained_on(m["data"])} Hashed words and marks with their weights, one direction a voice; no word of a note is in the file.

A note is new when its cosine with the nearest voice is below {m["limit"]:.3f}, as for {per_cent(m["share"])} of the corpus itself (a note
compared with the rest of its voice). Of the notes of a voice that is left out {per_cent(m["told"])} are told to be new, so a new
template shows on the first night as a group of new notes, not as each of its notes.

{per_cent(m["own_nearer"])} of the notes are nearer to their own voice than to any other. Tried and dropped: words alone (40 %), characters in
threes (49 %), both against single notes instead of whole voices.
"""
