"""The user's own templates: found in folders, never confused with released ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from headscribe.core.errors import BadPrompt
from headscribe.prompts import find_template, load_template, template_names
from headscribe.prompts.copying import copy_text
from tests.prompts.good_template import GOOD


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "headscribe" / "prompts"
    folder.mkdir(parents=True)
    return folder


def test_templates_of_the_config_folder_and_of_given_folders_are_found_by_name(config: Path, tmp_path: Path):
    (config / "any-name.toml").write_text(GOOD)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "second.toml").write_text(
        GOOD.replace("version = 1", "version = 2").replace("Give", "Now give")
    )
    assert "mine@1" in template_names()
    assert "mine@2" not in template_names()
    assert load_template("mine").version == 1
    assert load_template("mine", [folder]).version == 2
    assert load_template("mine@1", [folder]).version == 1
    assert load_template(str(folder / "second.toml")).reference == "mine@2"


def test_an_own_version_of_a_shipped_template_is_the_newest_but_cannot_replace_a_released_one(config: Path):
    text = find_template("describe@1").text.replace("How to look:", "Look like this:")
    (config / "a.toml").write_text(text.replace("version = 1", "version = 9"))
    assert load_template("describe").reference == "describe@9"
    (config / "b.toml").write_text(text)
    with pytest.raises(BadPrompt, match="another template is called describe@1"):
        load_template("describe@1")


def test_a_copy_that_says_the_same_is_no_conflict(config: Path):
    (config / "copy.toml").write_text(find_template("describe@1").text)
    assert load_template("describe@1").reference == "describe@1"


def test_a_file_that_cannot_be_read_is_named_when_its_template_is_missing(config: Path):
    (config / "broken.toml").write_text('name = "mine')
    assert load_template("describe").name == "describe"
    with pytest.raises(BadPrompt, match="no prompt template 'mine'") as caught:
        load_template("mine")
    assert "broken.toml" in str(caught.value)


def test_a_missing_folder_is_one_line(tmp_path: Path):
    with pytest.raises(BadPrompt, match="no such folder"):
        load_template("describe", [tmp_path / "nowhere"])


def test_a_new_template_is_the_old_one_under_another_name(tmp_path: Path):
    text = copy_text(find_template("describe"), "mine", 3)
    (tmp_path / "mine.toml").write_text(text)
    template = load_template(str(tmp_path / "mine.toml"))
    assert template.reference == "mine@3"
    assert template.hash == load_template("describe").hash


@pytest.mark.parametrize("name", ["", "Mine", "1x", "a b", "../x", "a-b"])
def test_a_name_that_cannot_be_used_is_refused(name):
    with pytest.raises(BadPrompt, match="cannot name a template"):
        copy_text(find_template("describe"), name)
