"""How ``headscribe prompts`` prints templates, checks and comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from headscribe.cli.show import err, left, money, print_table, right

if TYPE_CHECKING:
    from headscribe.core.chat import Message
    from headscribe.core.prompt_comparison import Difference, PromptComparison
    from headscribe.prompts.checking import Checked

SHOWN_HEADS = 10
"""Heads that are printed; the table on disk has all."""


def print_templates(found: Iterable[dict[str, Any]]) -> None:
    """Print templates, by what ``TemplateFile.facts`` says of each."""
    columns = left("Template", "Purpose", "From")
    print_table("", columns, [(row["template"], row["purpose"], row["from"]) for row in found])


def print_prompt(messages: Iterable[Message], tokens: int, same: int) -> None:
    """Print a prompt on stdout, and its size on stderr."""
    for message in messages:
        typer.echo(f"--- {message.role}\n{message.content}")
    err().print(_sizes(tokens, same), soft_wrap=True)


def print_check(checked: Checked, where: str) -> None:
    """Print what is wrong with the template in the file ``where``, or that it can be used."""
    for problem in checked.problems:
        typer.echo(f"{where}: {problem}")
    if checked.template:
        sizes = _sizes(checked.tokens, checked.same_tokens)
        typer.echo(f"{checked.template.reference} can be used. {sizes}")


def _sizes(tokens: int, same: int) -> str:
    return f"About {tokens:,} tokens about the example, the first {same:,} the same for every head."


def print_history(entries: Sequence[dict[str, Any]]) -> None:
    """Print earlier comparisons, each with what it cost and its verdicts."""
    if not entries:
        typer.echo("No comparison yet. Make one: headscribe prompts compare A B --model MODEL --llm LLM")
    for entry in entries:
        means = (one.get("means", {}).get("cost_usd") for one in entry["prompts"])
        costs = [mean * entry["n_heads"] for mean in means if mean is not None]
        facts = f"{entry['model']}, {entry['n_heads']} heads, {entry['method']}, {entry['llm']}"
        cost = money(sum(costs) if costs else None)
        typer.echo(f"{entry['at'][:16].replace('T', ' ')}  {facts}, cost {cost}")
        for line in entry["verdicts"]:
            typer.echo(f"  {line}")


def print_comparison(found: PromptComparison) -> None:
    """Print prompts side by side, their differences, the heads furthest apart, and the verdicts."""
    columns = [("", "left"), *((result.prompt, "right") for result in found.prompts)]
    rows: list[tuple[object, ...]] = [
        (measure.name, *(_number(measure.key, result.means[measure.key]) for result in found.prompts))
        for measure in found.measures
    ]
    rows.append(("unclear", *(_share(result.counts) for result in found.prompts)))
    rows.append(("heads without an answer", *(_unanswered(result.counts) for result in found.prompts)))
    print_table(f"{found.n_heads} heads of {found.model}, {found.method}, {found.llm}", columns, rows)
    later = [
        (row.prompt, _measure(found, row), _number(row.measure, row.mean, sign=True), _interval(row), row.n)
        for row in found.differences
    ]
    sides = (*left("Prompt", "Measure"), *right("Difference", "Interval", "Heads"))
    print_table(f"Against {found.prompts[0].prompt}, intervals at {found.level:.4g}", sides, later)
    _print_heads(found)
    for line in found.verdicts:
        typer.echo(line[0].upper() + line[1:] + ".")


def _print_heads(found: PromptComparison) -> None:
    """The heads on which the last prompt and the first are furthest apart."""
    first, last = found.prompts[0].prompt, found.prompts[-1].prompt
    sides = {name: {row.head: row for row in found.rows if row.prompt == name} for name in (first, last)}
    apart = []
    for head, row in sides[last].items():
        a, b = sides[first][head].value(found.primary), row.value(found.primary)
        if a is not None and b is not None and a != b:
            apart.append((abs(b - a), head, a, b, sides[first][head].description, row.description))
    apart.sort(key=lambda one: (-one[0], one[1]))
    if apart:
        columns = (*left("Head"), *right(first, last), *left(first, last))
        rows = [
            (head.name, f"{a:.2f}", f"{b:.2f}", old, new) for _, head, a, b, old, new in apart[:SHOWN_HEADS]
        ]
        print_table(f"Heads furthest apart, {len(apart)} of {found.n_heads} differ", columns, rows)


def _share(counts: dict[str, int]) -> str | None:
    answered = counts["ok"] + counts["unclear"]
    return f"{counts['unclear'] / answered:.0%}" if answered else None


def _unanswered(counts: dict[str, int]) -> int:
    return sum(counts.values()) - counts["ok"] - counts["unclear"]


def _measure(found: PromptComparison, row: Difference) -> str:
    return next(measure.name for measure in found.measures if measure.key == row.measure)


def _interval(row: Difference) -> str | None:
    if row.low is None or row.high is None:
        return None
    ends = (_number(row.measure, end, sign=True) for end in (row.low, row.high))
    return f"[{', '.join(map(str, ends))}]"


def _number(key: str, value: float | None, *, sign: bool = False) -> str | None:
    if value is None:
        return None
    plus = "+" if sign else ""
    if key == "tokens":
        return f"{value:{plus},.0f}"
    return f"{value:{plus}.3g}" if key in {"cost_usd", "seconds"} else f"{value:{plus}.2f}"
