"""Parts of heads as records, with the texts of their tokens."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from headscribe.core.parts import ConstantPart, PartsMapping, Ranking, Role
from headscribe.mapping.parts.chance import expected_by_chance
from headscribe.mapping.parts.constant import ConstantParts
from headscribe.mapping.parts.head import HeadFactors, RoleEnds, Rows
from headscribe.mapping.texts import TokenTexts


class PartWords:
    """Makes records; see ``core/parts.py`` for what they hold.

    Args:
        texts: of the checkpoint's tokens.
    """

    def __init__(self, texts: TokenTexts) -> None:
        self._tokens = texts.tokens

    def rows(
        self,
        factors: HeadFactors,
        root: Tensor,
        rows: Rows,
        ranking: Ranking,
        members: Sequence[Sequence[int]] | None = None,
        row_classes: Sequence[int] | None = None,
    ) -> list[PartsMapping]:
        """One record per row, ranks from 0."""
        ends, n = rows.ends, len(rows.ids)
        families, n_usable = factors.tokens.families, int(factors.tokens.usable.sum())
        own = families[rows.ids][:, None]
        cosines = (ends.promoted[:, 0] / rows.norms.clamp_min(1e-30)).tolist()
        chance = expected_by_chance(cosines, root, n_usable, n_usable - factors.flat)
        columns = (
            rows.ids,
            rows.acting,
            ends.promoted_ids,
            ends.promoted,
            ends.promoted * factors.deviations[ends.promoted_ids],
            families[ends.promoted_ids] == own,
            ends.suppressed_ids,
            ends.suppressed,
            ends.suppressed * factors.deviations[ends.suppressed_ids],
            families[ends.suppressed_ids] == own,
        )
        return [
            PartsMapping(
                rank=rank,
                ranking=ranking,
                source=self._tokens([source])[0],
                saliency=acting,
                strength=up[0],
                by_chance=chance[rank],
                targets=self._tokens(up_ids),
                logits=tuple(up_logits),
                strengths=tuple(up),
                own_spelling=tuple(up_own),
                suppressed=self._tokens(down_ids),
                suppressed_logits=tuple(down_logits),
                suppressed_strengths=tuple(down),
                suppressed_own_spelling=tuple(down_own),
                row_class=row_classes[rank] if row_classes is not None else -1,
                members=self._tokens(members[rank]) if members is not None else (),
            )
            for rank, (
                source, acting, up_ids, up, up_logits, up_own, down_ids, down, down_logits, down_own
            ) in zip(range(n), zip(*(column.tolist() for column in columns), strict=True), strict=True)
        ]  # fmt: skip

    def constant(
        self, parts: ConstantParts, place: int, agreement: float | None, *, flat: int, exact: bool
    ) -> ConstantPart:
        """The constant part of one of the heads."""
        ends = parts.ends
        return ConstantPart(
            share=float(parts.share[place]),
            promoted=self._tokens(ends.promoted_ids[place].tolist()),
            strengths=tuple(ends.promoted[place].tolist()),
            suppressed=self._tokens(ends.suppressed_ids[place].tolist()),
            suppressed_strengths=tuple(ends.suppressed[place].tolist()),
            agreement=agreement,
            flat_targets=flat,
            exact=exact,
        )

    def roles(self, found: RoleEnds) -> tuple[Role, ...]:
        """The roles of a head."""
        sources, targets = found.sources, found.targets
        return tuple(
            Role(
                role=number,
                share=float(share),
                sources=self._tokens(sources.promoted_ids[number].tolist()),
                source_loadings=tuple(sources.promoted[number].tolist()),
                targets=self._tokens(targets.promoted_ids[number].tolist()),
                target_loadings=tuple(targets.promoted[number].tolist()),
                far_sources=self._tokens(sources.suppressed_ids[number].tolist()),
                far_source_loadings=tuple(sources.suppressed[number].tolist()),
                far_targets=self._tokens(targets.suppressed_ids[number].tolist()),
                far_target_loadings=tuple(targets.suppressed[number].tolist()),
            )
            for number, share in enumerate(found.shares.tolist())
        )
