"""A comparison as sections of tables, for its page and for the screen."""

from __future__ import annotations

from collections.abc import Iterator

from headscribe.core.analyses import HeadOperations, KnownHeads, ModelAnalysis, ModelProfile
from headscribe.core.end_scores import KIND_NAMES
from headscribe.core.model_comparison import Comparison, OperationInModel, Similarity, Universality
from headscribe.core.sections import Cell, Section, Shaded, Table

ONLY_THE_SHAPE = "Its architecture fits, which a fine-tuned model's does too."


def comparison_sections(comparison: Comparison) -> Iterator[Section]:
    """The models, what they share, their heads beside each other, and the heads that the literature names."""
    yield _models(comparison)
    if comparison.universality is not None:
        yield _universality(comparison.universality)
    if comparison.suppression is not None:
        yield _universal_suppression(comparison.suppression)
    for similarity in comparison.similarities:
        yield _similarity(similarity)
    for model in comparison.models:
        if model.known is not None:
            yield known_section(model.label, model.known)


def _models(comparison: Comparison) -> Section:
    threshold, kinds = comparison.models[0].profile.threshold, {one.kind for one in comparison.models}
    which = KIND_NAMES[kinds.pop()] if len(kinds) == 1 else "score (see the notes)"
    groups = (f"Key/value groups of {one.label}: {one.sharing.in_words()}" for one in comparison.models)
    lead = [
        f"A relation head has a {which} of at least {threshold:g} for some operation, a suppressing head "
        "such a suppression score.",
        *groups,
    ]
    columns = (
        "Model", "Layers × heads", "Operations", "Heads", "With one operation", "Several of one category",
        "Of different categories",
    )  # fmt: skip
    tables: list[Table] = []
    for caption, profiles in (
        ("Relation heads", [(model, model.profile) for model in comparison.models]),
        ("Suppressing heads", [(model, model.suppression) for model in comparison.models]),
    ):
        tables.append(Table(caption, columns, tuple(_overview(*one) for one in profiles)))
        tables += [_categories(model.label, caption, profile) for model, profile in profiles]
    return Section("models", "Models", " ".join(lead), tuple(tables))


def _overview(model: ModelAnalysis, profile: ModelProfile) -> tuple[Cell, ...]:
    return (
        model.label,
        f"{model.n_layers} × {model.n_heads}",
        len(profile.operations),
        f"{len(profile.heads)} of {profile.n_heads}",
        profile.one_operation,
        profile.several_in_one_category,
        profile.several_categories,
    )


def _categories(label: str, heads: str, profile: ModelProfile) -> Table:
    """Where the heads of each category lie; a head counts in each of its categories."""
    rows: list[tuple[Cell, ...]] = []
    for column, category in enumerate(profile.categories):
        per_layer = [counts[column] for counts in profile.counts]
        most = max(per_layer)
        rows.append(
            (
                category,
                profile.operation_categories.count(category),
                sum(per_layer),
                " ".join(f"L{layer}" for layer, n in enumerate(per_layer) if n == most) if most else None,
                " ".join(map(str, per_layer)),
            )
        )
    columns = ("Category", "Operations", heads, "Most in", "By layer, from L0")
    return Table(f"{label}, {heads.lower()} by category", columns, tuple(rows))


def _universality(universality: Universality) -> Section:
    lead = (
        "How many relation heads, the best head with its score, which is also the colour, and the relation "
        "heads' median depth: 0 is the first layer, 1 the last. In every model: "
        f"{universality.n_universal} of the {universality.n_common} operations scored in all."
    )
    matrix = _matrix("Relation heads", universality, open=True)
    return Section("universality", "Operations × models", lead, (matrix,))


def _universal_suppression(universality: Universality) -> Section:
    lead = (
        "The same of heads that suppress an operation's targets. In every model: "
        f"{universality.n_universal} of the {universality.n_common} operations scored in all."
    )
    matrix = _matrix("Suppressing heads", universality, open=False)
    return Section("universal-suppression", "Suppression × models", lead, (matrix,))


def _matrix(caption: str, universality: Universality, *, open: bool) -> Table:
    rows = tuple(
        (row.operation, row.category, f"{row.n_found} of {row.n_scored}", *map(_in_model, row.models))
        for row in universality.operations
    )
    return Table(caption, ("Operation", "Category", "In models", *universality.models), rows, open=open)


def _in_model(model: OperationInModel | None) -> Cell:
    if model is None:
        return "not scored"
    depth = "" if model.median_depth is None else f", depth {model.median_depth:.2f}"
    best = f"{model.n_heads}: {model.best_head.name} {model.best_score:.2f}{depth}"
    return Shaded(best, model.best_score)


def _similarity(similarity: Similarity) -> Section:
    title = f"{similarity.model} and {similarity.other}"
    rows = tuple(
        (match.head.name, match.other.name, match.cosine, match.operation) for match in similarity.matches
    )
    columns = (similarity.model, similarity.other, "Cosine", "Operation")
    tables = (Table("Heads that match each other best", columns, rows),) if rows else ()
    return Section("similarity", title, similarity.in_words(), tables)


def known_section(label: str, known: KnownHeads) -> Section:
    """The heads that the literature names, beside what the map says of them."""
    lead = "" if known.certain else f"This holds if the model is {known.model}. {ONLY_THE_SHAPE}"
    heads = tuple(
        (row.head, row.role, row.outcome, row.operation, row.score, row.published, row.source)
        for row in known.heads
    )
    roles = tuple(
        (
            role.role,
            role.criterion,
            role.n_known,
            role.n_testable,
            role.n_recovered if role.n_testable else None,
            None if role.base_rate is None else f"{role.base_rate:.0%}",
        )
        for role in known.roles
    )
    tables = (
        Table("By role", ("Role", "Shown by", "Known", "Testable", "Recovered", "Any head"), roles),
        Table("Each head", ("Head", "Role", "Outcome", "Operation", "Score", "Published", "Source"), heads),
        Table(
            "Relation heads that the list does not name",
            ("Head", "Operations"),
            tuple((row.head, _operations(row)) for row in known.unlisted),
        ),
        Table("Sources", ("Source", "Citation", "Address"), known.citations),
    )
    return Section("known", f"{label}: heads that the literature names in {known.model}", lead, tables)


def _operations(row: HeadOperations) -> str:
    pairs = zip(row.operations, row.scores, strict=True)
    return ", ".join(f"{operation} {score:.2f}" for operation, score in pairs)
