"""What is in the wardrobe is what was learned, and stays until somebody deletes it."""

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from album2avatar.asset_pictures import asset_icon
from album2avatar.asset_table import load_asset_table, save_asset_table
from album2avatar.errors import WardrobeError
from album2avatar.mesh.storage import load_mesh, save_mesh
from album2avatar.prior.adapter import load_adapter
from album2avatar.prior.model import load_prior
from album2avatar.prior.personalized import load_record
from album2avatar.prior.tokens import load_tokens
from album2avatar.wardrobe.compatibility import require_compatible
from album2avatar.wardrobe.library import WARDROBE_VARIABLE, Wardrobe, default_wardrobe_folder
from album2avatar.wardrobe.pattern import load_pattern
from toy_person import ASSETS, PHOTO_COLORS
from wardrobe_states import PAINTED, state_of


def test_each_asset_becomes_an_entry_with_what_was_learned_of_it(made_avatar, tmp_path):
    wardrobe = Wardrobe(tmp_path / "new" / "wardrobe")
    entries = wardrobe.add(made_avatar, "Anna's summer")
    learned = load_file(made_avatar.personalization / "tokens.safetensors")
    adapter = (made_avatar.personalization / "adapter.safetensors").read_bytes()
    record = load_record(made_avatar.personalization)
    assert [entry.kind for entry in entries] == ["hair", "top", "bottom"]
    for entry, asset, color in zip(entries, ASSETS, PAINTED, strict=True):
        folder = wardrobe.folder_of(entry.id)
        token = load_file(folder / "token.safetensors")
        assert list(token) == [asset.token]
        assert np.array_equal(token[asset.token], learned[asset.token])
        assert (folder / "adapter.safetensors").read_bytes() == adapter
        assert (folder / "thumbnail.png").read_bytes() == asset_icon(made_avatar, asset.kind)
        assert (entry.name, entry.words, entry.token) == (asset.name, asset.name, asset.token)
        assert (entry.prior, entry.prior_hash) == ("tiny", record.prior_hash)
        assert (entry.source, entry.subject, entry.body) == ("Anna's summer", "person", "anny")
        assert load_pattern(folder / "pattern.safetensors").body_kind == "anny"
        assert entry.color == color


def test_the_prior_reads_an_entry_s_token_and_adapter(wardrobe, made_avatar):
    """They make of the base prior what the avatar's own files make of it."""
    entry, folder = wardrobe.entries("top")[0], made_avatar.root.parent / "prior"
    by_entry, by_avatar = load_prior(folder), load_prior(folder)
    own = wardrobe.folder_of(entry.id)
    assert load_tokens(own / "token.safetensors", by_entry) == (entry.token,)
    load_tokens(made_avatar.personalization / "tokens.safetensors", by_avatar)
    load_adapter(own, by_entry)
    load_adapter(made_avatar.personalization, by_avatar)
    expected = by_avatar.unet.state_dict()
    assert all(torch.equal(t, expected[name]) for name, t in by_entry.unet.state_dict().items())
    rows = [
        prior.text_encoder.get_input_embeddings().weight[
            prior.tokenizer.convert_tokens_to_ids(entry.token)
        ]
        for prior in (by_entry, by_avatar)
    ]
    assert torch.equal(*rows)


def test_the_photos_give_the_color_of_what_the_surface_lost(avatar, tmp_path):
    """A piece too small for the mesh has no pattern either."""
    painted = load_mesh(avatar.painted)
    without_hair = {name: assets.clamp(min=1) for name, assets in painted.extras.items()}
    save_mesh(avatar.painted, painted.mesh, painted.uv, without_hair)
    hair, top, _ = Wardrobe(tmp_path / "wardrobe").add(avatar, "Anna")
    assert (hair.color, hair.body) == (tuple(PHOTO_COLORS[1].tolist()), None)
    assert "pattern.safetensors" not in hair.files
    assert (top.color, top.body) == (PAINTED[1], "anny")


def test_adding_twice_is_adding_once_and_keeps_the_artist_s_names(wardrobe, made_avatar):
    first = wardrobe.entries()
    renamed = wardrobe.rename(first[0].id, "best hair")
    again = wardrobe.add(made_avatar, "Anna once more")
    assert {entry.id for entry in again} == {entry.id for entry in first}
    assert wardrobe.entries() == (renamed, *first[1:])


def test_an_asset_that_learned_something_else_is_another_entry(wardrobe, avatar):
    tokens = avatar.personalization / "adapter.json"
    tokens.write_text(tokens.read_text() + "\n")
    wardrobe.add(avatar, "Anna")
    assert len(wardrobe.entries("hair")) == 2


def test_newest_come_first_and_the_rest_in_the_order_of_the_assets(wardrobe, avatar):
    tokens = avatar.personalization / "adapter.json"
    tokens.write_text(tokens.read_text() + "\n")
    new = wardrobe.add(avatar, "Anna")
    entries = wardrobe.entries()
    assert entries[:3] == new
    assert [entry.kind for entry in entries] == ["hair", "top", "bottom"] * 2
    assert [entry.kind for entry in wardrobe.entries("top")] == ["top", "top"]


def test_entries_of_one_avatar_share_the_bytes_of_its_adapter(wardrobe, made_avatar, tmp_path):
    fresh = Wardrobe(tmp_path / "fresh")
    folders = [fresh.folder_of(entry.id) for entry in fresh.add(made_avatar, "Anna")]
    assert len({(folder / "adapter.safetensors").stat().st_ino for folder in folders}) == 1
    assert len({(folder / "token.safetensors").stat().st_ino for folder in folders}) == 3
    fresh.delete(folders[0].name)
    assert all(fresh.verify(folder.name) for folder in folders[1:])


def test_a_new_name_changes_nothing_else(wardrobe):
    entry = wardrobe.entries()[0]
    renamed = wardrobe.rename(entry.id, "  Anna's   [red] hair ")
    assert renamed == entry.model_copy(update={"name": "Anna's [red] hair"})
    assert wardrobe.verify(entry.id) == renamed


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x1b[31mb"])
def test_a_name_that_can_t_be_shown_is_refused(wardrobe, name):
    before = state_of(wardrobe.folder)
    with pytest.raises(WardrobeError, match="can't be the name"):
        wardrobe.rename(wardrobe.entries()[0].id, name)
    assert state_of(wardrobe.folder) == before


def test_what_was_deleted_comes_back_as_it_was(wardrobe):
    before, entries = state_of(wardrobe.folder), wardrobe.entries()
    wardrobe.delete(entries[1].id)
    assert wardrobe.entries() == (entries[0], entries[2])
    assert wardrobe.deleted() == (entries[1],)
    with pytest.raises(WardrobeError, match="has no entry"):
        wardrobe.get(entries[1].id)
    assert wardrobe.restore(entries[1].id) == entries[1]
    assert wardrobe.deleted() == ()
    assert state_of(wardrobe.folder) == before


def test_deleting_again_after_an_import_keeps_one_copy(wardrobe, tmp_path):
    entry = wardrobe.entries()[0]
    wardrobe.export(entry.id, tmp_path / "one.a2atoken")
    for _ in range(2):
        wardrobe.delete(entry.id)
        assert wardrobe.deleted() == (entry,)
        assert wardrobe.import_file(tmp_path / "one.a2atoken") == entry
        assert wardrobe.deleted() == ()


def test_adding_brings_back_what_was_deleted_under_its_own_name(wardrobe, made_avatar):
    entry = wardrobe.rename(wardrobe.entries()[0].id, "best hair")
    wardrobe.delete(entry.id)
    assert entry in wardrobe.add(made_avatar, "Anna")
    assert wardrobe.deleted() == ()


def test_the_beginning_of_an_id_is_enough_where_it_is_one_entry_s(wardrobe):
    ids = [entry.id for entry in wardrobe.entries()]
    for entry in ids:
        lengths = range(1, len(entry) + 1)
        own = next(n for n in lengths if sum(i.startswith(entry[:n]) for i in ids) == 1)
        assert wardrobe.get(entry[:own]).id == entry
    with pytest.raises(WardrobeError, match="may be one of 3 entries"):
        wardrobe.get("w")


@pytest.mark.parametrize("entry", ["", ".", "..", "../x", "/", ".deleted", "w*", "W0", "nonsense"])
def test_what_is_no_id_finds_nothing_and_deletes_nothing(wardrobe, entry):
    before = state_of(wardrobe.folder)
    for action in (wardrobe.get, wardrobe.delete, wardrobe.restore, wardrobe.folder_of):
        with pytest.raises(WardrobeError, match="has no entry"):
            action(entry)
    assert state_of(wardrobe.folder) == before


def test_damaged_entries_are_told_by_name_and_hide_no_others(wardrobe):
    hair, top, bottom = wardrobe.entries()
    (wardrobe.folder_of(hair.id) / "adapter.safetensors").unlink()
    text = wardrobe.folder_of(top.id) / "entry.json"
    text.write_text(text.read_text().replace('"format": 1', '"format": 7'))
    (wardrobe.folder / "holiday pictures").mkdir()
    shutil.copytree(wardrobe.folder / bottom.id, wardrobe.folder / f"{bottom.id} copy")
    assert wardrobe.entries() == (bottom,)
    reasons = {found.folder.name: found.reason for found in wardrobe.damaged()}
    assert "adapter.safetensors of the entry 'hair' is missing" in reasons.pop(hair.id)
    assert "format is wrong" in reasons.pop(top.id)
    assert "entry.json is missing" in reasons.pop("holiday pictures")
    assert f"holds the entry {bottom.id} ('trousers')" in reasons.pop(f"{bottom.id} copy")
    assert not reasons
    with pytest.raises(WardrobeError, match=r"adapter\.safetensors of the entry 'hair' is missing"):
        wardrobe.get(hair.id)


def test_adding_again_mends_a_damaged_entry(wardrobe, made_avatar):
    hair = wardrobe.entries()[0]
    adapter = wardrobe.folder_of(hair.id) / "adapter.safetensors"
    data = bytearray(adapter.read_bytes())
    data[-1] ^= 1
    adapter.unlink()
    adapter.write_bytes(data)
    with pytest.raises(WardrobeError, match=r"adapter\.safetensors is damaged"):
        wardrobe.verify(hair.id)
    wardrobe.add(made_avatar, "Anna")
    assert wardrobe.verify(hair.id).files == hair.files


def test_an_empty_or_missing_folder_is_an_empty_wardrobe(tmp_path):
    wardrobe = Wardrobe(tmp_path / "none")
    assert (wardrobe.entries(), wardrobe.deleted(), wardrobe.damaged()) == ((), (), ())
    assert not wardrobe.folder.exists()


def test_an_avatar_whose_assets_changed_since_is_refused(wardrobe, avatar):
    before = state_of(wardrobe.folder)
    table = load_asset_table(avatar)
    renamed = table.assets[1].model_copy(update={"name": "blouse"})
    save_asset_table(
        avatar, table.model_copy(update={"assets": (table.assets[0], renamed, table.assets[2])})
    )
    with pytest.raises(WardrobeError, match="were changed after its tokens were learned"):
        wardrobe.add(avatar, "Anna")
    assert state_of(wardrobe.folder) == before


@pytest.mark.parametrize("name", ["personalization.json", "adapter.safetensors", "adapter.json"])
def test_an_avatar_that_has_learned_nothing_is_refused(wardrobe, avatar, name):
    (avatar.personalization / name).unlink()
    with pytest.raises(WardrobeError, match=rf"learned no tokens .* \({name} is missing\)"):
        wardrobe.add(avatar, "Anna")


def test_an_avatar_that_is_not_painted_is_refused(avatar, wardrobe):
    avatar.albedo.unlink()
    with pytest.raises(WardrobeError, match="is not painted yet"):
        wardrobe.add(avatar, "Anna")


def test_an_asset_that_no_photo_shows_gives_no_entry(avatar, tmp_path):
    for photo in load_asset_table(avatar).photos:
        mask = np.array(Image.open(avatar.mask(photo.photo)))
        Image.fromarray(np.where(mask == 1, 0, mask)).save(avatar.mask(photo.photo))
    entries = Wardrobe(tmp_path / "wardrobe").add(avatar, "Anna")
    assert [entry.kind for entry in entries] == ["top", "bottom"]


def test_a_prior_is_named_without_the_folders_of_this_computer(avatar, tmp_path):
    record = avatar.personalization / "personalization.json"
    record.write_text(record.read_text().replace('"tiny"', '"/home/anna/models/sd-2-1"'))
    entries = Wardrobe(tmp_path / "wardrobe").add(avatar, "Anna")
    assert {entry.prior for entry in entries} == {"sd-2-1"}


def test_a_folder_that_can_t_be_a_wardrobe_is_a_sentence(made_avatar, tmp_path):
    (tmp_path / "file").write_text("")
    wardrobe = Wardrobe(tmp_path / "file")
    for action in (wardrobe.entries, lambda: wardrobe.add(made_avatar, "Anna")):
        with pytest.raises(WardrobeError, match=str(tmp_path / "file")):
            action()


def test_what_a_kill_left_is_never_seen_and_goes_with_the_next_change(wardrobe):
    entries = wardrobe.entries()
    left = wardrobe.folder / ".new-abc"
    shutil.copytree(wardrobe.folder_of(entries[0].id), left)
    assert wardrobe.entries() == entries
    assert wardrobe.damaged() == ()
    wardrobe.rename(entries[0].id, "hair of mine")
    assert not left.exists()


def test_the_variable_chooses_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setenv(WARDROBE_VARIABLE, str(tmp_path / "shared"))
    assert default_wardrobe_folder() == tmp_path / "shared"
    monkeypatch.delenv(WARDROBE_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_wardrobe_folder().name == "wardrobe"


def test_another_base_model_is_refused_with_both_names(wardrobe):
    entry = wardrobe.entries("top")[0]
    require_compatible(entry, entry.prior_hash, "whatever it is called here")
    with pytest.raises(WardrobeError) as refused:
        require_compatible(entry, "0" * 64, "sdxl")
    assert "'shirt'" in str(refused.value)
    assert "learned on the base model 'tiny'" in str(refused.value)
    assert "made with 'sdxl'" in str(refused.value)
    with pytest.raises(WardrobeError, match="another version of the base model 'tiny'"):
        require_compatible(entry, "0" * 64, "tiny")


@pytest.mark.slow
def test_two_processes_add_while_this_one_renames_and_deletes(wardrobe, avatar, made_avatar):
    """Both add two avatars; nothing is there twice, lost, or half there."""
    config = avatar.personalization / "adapter.json"
    config.write_text(config.read_text() + "\n")
    old = {entry.id for entry in wardrobe.entries()}
    code = (
        "import sys; from pathlib import Path; from album2avatar.workspace import Workspace\n"
        "from album2avatar.wardrobe.library import Wardrobe\n"
        "for _ in range(2):\n"
        "    for avatar in map(Path, sys.argv[2:]):\n"
        "        Wardrobe(Path(sys.argv[1])).add(Workspace(avatar), 'x')"
    )
    command = [sys.executable, "-c", code, str(wardrobe.folder)]
    avatars = [str(made_avatar.root), str(avatar.root)]
    processes = [subprocess.Popen([*command, *order]) for order in (avatars, avatars[::-1])]
    rounds = 0
    while any(process.poll() is None for process in processes):
        for entry in old:
            # The others may bring it back between the two.
            wardrobe.delete(wardrobe.rename(entry, f"round {rounds}").id)
            if entry in {deleted.id for deleted in wardrobe.deleted()}:
                try:
                    wardrobe.restore(entry)
                except WardrobeError:
                    assert wardrobe.get(entry).id == entry
            assert wardrobe.damaged() == ()
        rounds += 1
        time.sleep(0.1)  # the others' turn
    assert [process.wait() for process in processes] == [0, 0]
    entries = wardrobe.entries()
    assert old < {entry.id for entry in entries}
    assert len(entries) == 6
    assert all(wardrobe.verify(entry.id) for entry in entries)
    assert {path.name for path in wardrobe.folder.iterdir()} == {
        ".lock",
        ".deleted",
        *(entry.id for entry in entries),
    }


def test_threads_that_import_the_same_file_get_one_entry(wardrobe, tmp_path):
    entry = wardrobe.entries()[0]
    wardrobe.export(entry.id, tmp_path / "one.a2atoken")
    other, found = Wardrobe(tmp_path / "other"), []
    threads = [
        threading.Thread(target=lambda: found.append(other.import_file(tmp_path / "one.a2atoken")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [entry] * 8
    assert other.entries() == (entry,)


def test_reading_exporting_and_importing_do_without_torch(wardrobe, tmp_path: Path):
    """The service must answer at once, and loading torch takes seconds."""
    code = (
        "import sys; from pathlib import Path; from album2avatar.wardrobe.library import Wardrobe\n"
        "here, there = Wardrobe(Path(sys.argv[1])), Wardrobe(Path(sys.argv[2]))\n"
        "for entry in here.entries():\n"
        "    here.export(entry.id, there.folder / 'x.a2atoken')\n"
        "    there.import_file(there.folder / 'x.a2atoken')\n"
        "assert there.entries() == here.entries()\n"
        "print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, wardrobe.folder, tmp_path / "there"]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == "False\n"


def test_entry_json_is_readable_by_a_person(wardrobe):
    entry = wardrobe.entries("top")[0]
    text = (wardrobe.folder_of(entry.id) / "entry.json").read_text(encoding="utf-8")
    assert json.loads(text)["name"] == "shirt"
    assert '\n  "kind": "top",\n' in text
