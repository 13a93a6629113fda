"""``headscribe prompts``: look at templates, make one, check it, and find out which describes better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headscribe.cli import options as o
from headscribe.cli.settings import Only, Without, takes_settings
from headscribe.cli.show import err, money, print_json, print_table
from headscribe.core.settings import RELATION_HEAD, AskSettings, DescribeSettings, MapSettings

if TYPE_CHECKING:
    from headscribe.prompts.loading import TemplateFile

app = typer.Typer(help="Look at prompt templates, write your own, and compare them.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="NAME, NAME@VERSION or a file.", show_default=False)
]
TemplateFolders = Annotated[AskSettings, Only("prompt_folders")]
LISTED = (("Template", "left"), ("Purpose", "left"), ("From", "left"))


@app.command("list")
@takes_settings
def list_(*, asking: TemplateFolders, json: o.Json = False) -> None:
    """List the shipped templates and your own."""
    from headscribe.prompts import find_templates

    found = [_listed(file) for file in find_templates(asking.prompt_folders)]
    if json:
        print_json(found)
        return
    print_table("", LISTED, [(row["template"], row["purpose"], row["from"]) for row in found])


def _listed(file: TemplateFile) -> dict[str, Any]:
    from headscribe.core.errors import BadPrompt

    said: dict[str, Any] = {
        "template": file.reference if file.name else Path(file.where).name,
        "purpose": None,
        "describes": None,
        "hash": None,
        "from": "shipped" if file.shipped else file.where,
    }
    try:
        template = file.parse()
    except BadPrompt as problem:
        return said | {"purpose": f"cannot be used: {problem.what}"}
    return said | {"purpose": template.purpose, "describes": template.describes, "hash": template.hash}


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
    from headscribe.prompts import find_template
    from headscribe.prompts.checking import prompt_sizes
    from headscribe.prompts.examples import example_for

    found = find_template(name, asking.prompt_folders)
    if not rendered:
        print_json(_listed(found) | {"text": found.text}) if json else typer.echo(found.text.rstrip())
        return
    template = found.parse()
    messages = template.render(example_for(set(template.variables))[0])
    tokens, same = prompt_sizes(template)
    if json:
        sizes = {"tokens": tokens, "same_tokens": same}
        print_json({"template": template.reference, "messages": messages, **sizes})
        return
    for message in messages:
        typer.echo(f"--- {message.role}\n{message.content}")
    err().print(_sizes(tokens, same), soft_wrap=True)


def _sizes(tokens: int, same: int) -> str:
    return f"About {tokens:,} tokens about the example, the first {same:,} the same for every head."


@app.command("new")
@takes_settings
def new(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, _.")],
    source: Annotated[
        str, typer.Option("--from", metavar="NAME", help="The template to begin with.")
    ] = "describe",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="Default: your config folder.", show_default=False),
    ] = None,
    asking: TemplateFolders,
    force: o.Force = False,
) -> None:
    """Write a template of your own, beginning with another one."""
    from headscribe.core.errors import BadOption
    from headscribe.core.places import user_config
    from headscribe.core.settings import VIEW
    from headscribe.prompts import find_template, find_templates, fitting_reference
    from headscribe.prompts.copying import copy_text
    from headscribe.store.atomic import write_text

    known = [found.version for found in find_templates(asking.prompt_folders) if found.name == name]
    version = max(known, default=0) + 1
    fitting = fitting_reference(source, asking.prompt_folders, parts=VIEW == "parts" or "@" in source)
    text = copy_text(find_template(fitting, asking.prompt_folders), name, version)
    path = out or user_config() / "prompts" / f"{name}-{version}.toml"
    if path.exists() and not force:
        raise BadOption("there is a file already", where=path, do="Give another -o, or --force to replace it")
    write_text(path, text)
    typer.echo(f"{name}@{version} is in {path}. Change it, then: headscribe prompts check {path}")


@app.command("check")
@takes_settings
def check(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A template's file, or its name.", show_default=False)
    ],
    asking: TemplateFolders,
    json: o.Json = False,
) -> None:
    """Say everything that is wrong with a template; exit code 1 if anything is."""
    from headscribe.operations import builtin_operations
    from headscribe.prompts import find_template
    from headscribe.prompts.checking import check_text

    found = find_template(file, asking.prompt_folders)
    checked = check_text(found.text, found.where, [operation.name for operation in builtin_operations()])
    if json:
        reference = checked.template.reference if checked.template else None
        print_json(
            {
                "template": reference,
                "problems": checked.problems,
                "tokens": checked.tokens,
                "same_tokens": checked.same_tokens,
            }
        )
    else:
        for problem in checked.problems:
            typer.echo(f"{found.where}: {problem}")
        if checked.template:
            sizes = _sizes(checked.tokens, checked.same_tokens)
            typer.echo(f"{checked.template.reference} can be used. {sizes}")
    raise typer.Exit(1 if checked.problems else 0)


@app.command("compare")
@takes_settings
def compare(
    *,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="A B…", help="Templates; the others are compared with the first.", show_default=False
        ),
    ],
    model: Annotated[str, typer.Option("--model", metavar="MODEL", help="A hub id, a folder, or 'demo'.")],
    llm: Annotated[str, typer.Option("--llm", metavar="LLM", envvar="HEADSCRIBE_LLM", help="Who describes.")],
    heads: o.Heads = "sample:50",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Default: runs/prompts-MODEL.", show_default=False),
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
    if json:
        print_json(found)
        return
    print_comparison(found)


@app.command("history")
def history(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A folder of prompts compare. Default: all of yours."),
    ] = None,
    json: o.Json = False,
) -> None:
    """Show earlier comparisons, oldest first."""
    from headscribe.core.errors import BadStore
    from headscribe.core.places import user_data
    from headscribe.store.prompts.prompt_results import read_history

    if folder is not None and not folder.is_dir():
        raise BadStore("no such folder", where=folder, do="Give the folder that prompts compare wrote")
    entries = read_history(folder or user_data() / "prompts")
    if json:
        print_json(entries)
        return
    if not entries:
        typer.echo("No comparison yet. Make one: headscribe prompts compare A B --model MODEL --llm LLM")
    for entry in entries:
        means = (one.get("means", {}).get("cost_usd") for one in entry["prompts"])
        costs = [mean * entry["n_heads"] for mean in means if mean is not None]
        spent = sum(costs) if costs else None
        facts = f"{entry['model']}, {entry['n_heads']} heads, {entry['method']}, {entry['llm']}"
        typer.echo(f"{entry['at'][:16].replace('T', ' ')}  {facts}, cost {money(spent)}")
        for line in entry["verdicts"]:
            typer.echo(f"  {line}")
