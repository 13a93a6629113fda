"""Which templates are compared, and a new one from another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption
from headscribe.core.places import user_config
from headscribe.core.settings import VIEW, DescribeSettings
from headscribe.store.atomic import write_text

if TYPE_CHECKING:
    from headscribe.prompts import Template


def choose_templates(
    prompts: Sequence[str], settings: DescribeSettings, *, parts: bool
) -> list[tuple[Template, str]]:
    """The templates to compare, each with the reference that a map of this kind fits.

    Args:
        prompts: as typed.
        settings: its folders are looked through.
        parts: whether the map holds the parts of heads.

    Raises:
        BadOption: fewer than two, one that does not describe, or one twice.
        BadPrompt: one cannot be used.
    """
    from headscribe.prompts import fitting_reference, load_template

    if len(prompts) < 2:
        raise BadOption("one prompt cannot be compared", where="PROMPT", do="Give two or more")
    folders = settings.prompt_folders
    fitting = [fitting_reference(reference, folders, parts=parts) for reference in prompts]
    found = [(load_template(reference, folders), reference) for reference in fitting]
    seen: dict[str, str] = {}
    for template, reference in found:
        if not template.describes:
            do = "Compare templates that describe: headscribe prompts list"
            raise BadOption(f"{template.reference} does not describe heads", where=reference, do=do)
        for key in (template.hash, template.reference):
            if key in seen:
                do = "Give each prompt once, under a name and version of its own"
                raise BadOption(f"{reference} and {seen[key]} are the same prompt", where="PROMPT", do=do)
            seen[key] = reference
    return found


def new_template(
    name: str,
    source: str = "describe",
    out: Path | None = None,
    *,
    folders: Sequence[str | Path] = (),
    force: bool = False,
) -> tuple[str, Path]:
    """Write a template that begins as another one, under the next version of its name.

    Args:
        name: small letters, digits and ``_``.
        source: the template to begin with.
        out: the file; None for the user's config folder.
        folders: folders of templates, beside the shipped ones and the user's.
        force: whether a file that is there may be replaced.

    Returns:
        ``name@version``, and the file.

    Raises:
        BadPrompt: the name or the source cannot be used.
        BadOption: the file is there.
    """
    from headscribe.prompts import find_template, find_templates, fitting_reference
    from headscribe.prompts.copying import copy_text

    known = [found.version for found in find_templates(folders) if found.name == name]
    version = max(known, default=0) + 1
    fitting = fitting_reference(source, folders, parts=VIEW == "parts" or "@" in source)
    text = copy_text(find_template(fitting, folders), name, version)
    path = out or user_config() / "prompts" / f"{name}-{version}.toml"
    if path.exists() and not force:
        raise BadOption("there is a file already", where=path, do="Give another -o, or --force to replace it")
    write_text(path, text)
    return f"{name}@{version}", path
