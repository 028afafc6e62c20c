"""`album2avatar wardrobe` from the outside."""

import json
import sys

import pytest

from album2avatar.cli import main


@pytest.fixture
def say(wardrobe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command; give (exit code, standard output, standard error)."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words: object, folder=wardrobe.folder) -> tuple[int, str, str]:
        arguments = ["album2avatar", "wardrobe", *map(str, words), "--wardrobe", str(folder)]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_an_entry_goes_from_one_wardrobe_to_another_and_back(say, wardrobe, tmp_path):
    entry = wardrobe.entries("top")[0]
    file, other = tmp_path / "shirt.a2atoken", tmp_path / "other"
    assert say("export", entry.id[:6], file) == (0, f"{file}\n", "")
    code, out, _ = say("import", file, folder=other)
    assert (code, entry.id in out) == (0, True)
    code, out, _ = say("list", "--json", folder=other)
    assert (code, json.loads(out)) == (0, [entry.model_dump(mode="json")])
    code, out, _ = say("show", entry.id, folder=other)
    assert code == 0
    for part in ("shirt", "<asset1>", "Anna (person)", "tiny", "#fafa00", "5, all intact"):
        assert part in out


def test_a_list_shows_one_kind_or_what_was_deleted(say, wardrobe):
    hair, top, bottom = wardrobe.entries()
    code, out, _ = say("list", "--kind", "top")
    assert (code, top.id in out, hair.id in out) == (0, True, False)
    code, out, _ = say("delete", bottom.id)
    assert (code, f"wardrobe restore {bottom.id}" in out) == (0, True)
    assert bottom.id not in say("list")[1]
    assert bottom.id in say("list", "--deleted")[1]
    assert say("restore", bottom.id)[0] == 0
    assert bottom.id in say("list")[1]
    assert say("list", "--kind", "wings")[0] == 2


def test_a_name_with_brackets_is_shown_as_it_is(say, wardrobe):
    entry = wardrobe.entries()[0]
    code, out, _ = say("rename", entry.id, "[red]best[/] hair")
    assert (code, "[red]best[/] hair" in out) == (0, True)
    assert "[red]best[/] hair" in say("show", entry.id)[1]


def test_damaged_entries_are_told_beside_the_list(say, wardrobe):
    entry = wardrobe.entries()[0]
    (wardrobe.folder_of(entry.id) / "token.safetensors").unlink()
    code, out, err = say("list")
    assert (code, entry.id in out, wardrobe.entries()[0].id in out) == (0, False, True)
    assert err.startswith("album2avatar: ")
    assert "token.safetensors of the entry 'hair' is missing" in err


def test_an_empty_wardrobe_says_so(say, tmp_path):
    assert say("list", folder=tmp_path / "none") == (0, f"Nothing is in {tmp_path / 'none'}.\n", "")


@pytest.mark.parametrize("words", [("show", "wffff"), ("delete", "x"), ("restore", "w1")])
def test_an_unknown_entry_is_one_line_and_an_exit_code(say, words):
    code, out, err = say(*words)
    assert (code, out, err.count("\n")) == (8, "", 1)
    assert err.startswith("album2avatar: ")
    assert "has no entry" in err


def test_an_avatar_is_added_under_its_folder_s_name_or_a_title(say, made_avatar, tmp_path):
    code, out, _ = say("add", made_avatar.root, folder=tmp_path / "first")
    assert code == 0
    rows = [row.split() for row in out.splitlines()[1:]]
    assert [row[1:3] for row in rows] == [
        ["hair", "hair"],
        ["top", "shirt"],
        ["bottom", "trousers"],
    ]
    assert all("Anna" in row for row in rows)
    assert "Summer" in say("add", made_avatar.root, "--title", "Summer", folder=tmp_path / "w")[1]


def test_a_folder_that_is_no_avatar_is_refused(say, tmp_path):
    code, out, err = say("add", tmp_path)
    assert (code, out) == (8, "")
    assert "has learned no tokens" in err
