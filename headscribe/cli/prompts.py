"""``headscribe prompts``: look at templates, make one, check it, and find out which describes better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.settings import Only, Without, takes_settings
from headscribe.cli.show import print_json
from headscribe.core.settings import RELATION_HEAD, AskSettings, DescribeSettings, MapSettings

app = typer.Typer(help="Look at prompt templates, write your own, and compare them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="NAME, NAME@VERSION or a file.")]
TemplateFolders = Annotated[AskSettings, Only("prompt_folders")]


@app.command("list")
@takes_settings
def list_(*, asking: TemplateFolders, json: o.Json = False) -> None:
    """List the shipped templates and your own."""
    from headscribe.cli.printing.prompts import print_templates
    from headscribe.prompts import find_templates

    found = [file.facts() for file in find_templates(asking.prompt_folders)]
    print_json(found) if json else print_templates(found)


@app.command("show")
@takes_settings
def show(
    *,
    name: Name,
    rendered: Annotated[
        bool, typer.Option("--rendered", help="Show the prompt about an invented example instead.")
    ] = False,
    asking: TemplateFolders,
    json: o.Json = False,
) -> None:
    """Show a template's file, or the prompt that it makes."""
    from headscribe.cli.printing.prompts import print_prompt
    from headscribe.prompts import find_template
    from headscribe.prompts.checking import prompt_sizes
    from headscribe.prompts.examples import example_for

    found = find_template(name, asking.prompt_folders)
    if not rendered:
        print_json(found.facts() | {"text": found.text}) if json else typer.echo(found.text.rstrip())
        return
    template = found.parse()
    messages = template.render(example_for(set(template.variables))[0])
    tokens, same = prompt_sizes(template)
    if json:
        sizes = {"tokens": tokens, "same_tokens": same}
        print_json({"template": template.reference, "messages": messages, **sizes})
        return
    print_prompt(messages, tokens, same)


@app.command("new")
@takes_settings
def new(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, _.")],
    source: Annotated[
        str, typer.Option("--from", metavar="NAME", help="The template to begin with.")
    ] = "describe",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Default: your config folder.")
    ] = None,
    asking: TemplateFolders,
    force: o.Force = False,
) -> None:
    """Write a template of your own, beginning with another one."""
    from headscribe.pipeline.prompts.templates import new_template

    reference, path = new_template(name, source, out, folders=asking.prompt_folders, force=force)
    typer.echo(f"{reference} is in {path}. Change it, then: headscribe prompts check {path}")


@app.command("check")
@takes_settings
def check(
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A template's file, or its name.")],
    asking: TemplateFolders,
    json: o.Json = False,
) -> None:
    """Say everything that is wrong with a template; exit code 1 if anything is."""
    from headscribe.cli.printing.prompts import print_check
    from headscribe.operations import builtin_operations
    from headscribe.prompts import find_template
    from headscribe.prompts.checking import check_text

    found = find_template(file, asking.prompt_folders)
    checked = check_text(found.text, found.where, [operation.name for operation in builtin_operations()])
    print_json(checked.as_json()) if json else print_check(checked, found.where)
    raise typer.Exit(1 if checked.problems else 0)


@app.command("compare")
@takes_settings
def compare(
    *,
    names: Annotated[
        list[str], typer.Argument(metavar="A B…", help="Templates; the others are compared with the first.")
    ],
    model: Annotated[str, typer.Option("--model", metavar="MODEL", help="A hub id, a folder, or 'demo'.")],
    llm: Annotated[str, typer.Option("--llm", metavar="LLM", envvar="HEADSCRIBE_LLM", help="Who describes.")],
    heads: o.Heads = "sample:50",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Default: runs/prompts-MODEL.")
    ] = None,
    threshold: o.Threshold = RELATION_HEAD,
    asking: Annotated[DescribeSettings, Without("prompt")],
    mapping: MapSettings,
    operations: o.OperationPaths = None,
    revision: o.Revision = None,
    json: o.Json = False,
) -> None:
    """Describe the same heads with every template, and say which is better and how sure that is."""
    from headscribe.cli.printing.prompts import print_comparison
    from headscribe.cli.progress import progress
    from headscribe.cli.typed import typed_command
    from headscribe.pipeline.prompts.compare import compare_prompts

    with progress(quiet=json) as bars:
        found = compare_prompts(
            names,
            model,
            out,
            llm=llm,
            heads=heads,
            map_settings=mapping,
            describe_settings=asking,
            operations=operations,
            threshold=threshold,
            revision=revision,
            command=typed_command(),
            progress=bars,
        )
    print_json(found) if json else print_comparison(found)


@app.command("history")
def history(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A folder of prompts compare. Default: all of yours."),
    ] = None,
    json: o.Json = False,
) -> None:
    """Show earlier comparisons, oldest first."""
    from headscribe.cli.printing.prompts import print_history
    from headscribe.pipeline.prompts.history import earlier_comparisons

    entries = earlier_comparisons(folder)
    print_json(entries) if json else print_history(entries)
