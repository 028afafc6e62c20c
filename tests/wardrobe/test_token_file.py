"""A token file holds what the wardrobe has, and no other file gets in."""

import io
import json
import pickle
import shutil
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load, save
from safetensors.torch import save as save_torch

from album2avatar.errors import WardrobeError, WorkspaceError
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.wardrobe.stored_archive import read_archive, write_archive
from hostile_tokens import contents_of, sealed, stored
from wardrobe_states import state_of

NAMES = (
    "entry.json",
    "token.safetensors",
    "adapter.safetensors",
    "adapter.json",
    "thumbnail.png",
    "pattern.safetensors",
)
MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def token_file(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "shirt.a2atoken"
    wardrobe = Wardrobe(filled)
    wardrobe.export(wardrobe.entries("top")[0].id, path)
    return path


@pytest.fixture(scope="module")
def target(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Wardrobe:
    """A wardrobe with other pieces, into which nothing wrong must get."""
    folder = tmp_path_factory.mktemp("target") / "wardrobe"
    shutil.copytree(filled, folder)
    wardrobe = Wardrobe(folder)
    shutil.rmtree(wardrobe.folder_of(wardrobe.entries("top")[0].id))
    return wardrobe


def refusal(target: Wardrobe, data: bytes) -> str:
    """What the wardrobe says to a file; it must refuse it and stay as it was."""
    before = state_of(target.folder)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.a2atoken"
        path.write_bytes(data)
        with pytest.raises(WardrobeError) as refused:
            target.import_file(path)
        assert [child.name for child in Path(folder).iterdir()] == ["given.a2atoken"]
    assert state_of(target.folder) == before
    assert sorted(path.name[0] for path in target.folder.iterdir()) == [".", "w", "w"]
    message = str(refused.value)
    assert "given.a2atoken" in message
    assert message.isprintable()
    assert len(message) < 1200
    return message


def test_other_readers_find_the_same_files_in_it(token_file, filled):
    entry = Wardrobe(filled).entries("top")[0]
    with zipfile.ZipFile(token_file) as archive:
        assert archive.testzip() is None
        assert tuple(archive.namelist()) == NAMES
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        for name in NAMES:
            assert archive.read(name) == (filled / entry.id / name).read_bytes()
        token = load(archive.read("token.safetensors"))
        assert token[entry.token].dtype == np.float32
        assert Image.open(io.BytesIO(archive.read("thumbnail.png"))).size == (128, 128)


def test_python_s_own_writer_writes_the_same_bytes(token_file):
    assert stored(contents_of(token_file)) == token_file.read_bytes()


def test_export_and_import_give_the_entry_back(wardrobe, tmp_path):
    for entry in wardrobe.entries():
        entry = wardrobe.rename(entry.id, f"Änne's {entry.name} 漢字 🧥")
        wardrobe.export(entry.id, tmp_path / "one.a2atoken")
        other = Wardrobe(tmp_path / entry.kind)
        assert other.import_file(tmp_path / "one.a2atoken") == entry
        assert other.import_file(tmp_path / "one.a2atoken") == entry
        assert state_of(other.folder / entry.id) == state_of(wardrobe.folder / entry.id)
        other.export(entry.id, tmp_path / "two.a2atoken")
        first, second = tmp_path / "one.a2atoken", tmp_path / "two.a2atoken"
        assert first.read_bytes() == second.read_bytes()


def test_a_pattern_is_optional_but_said(token_file, target, tmp_path):
    contents = contents_of(token_file)
    pattern = contents.pop("pattern.safetensors")
    (tmp_path / "without.a2atoken").write_bytes(stored(sealed(contents, body=None)))
    other = Wardrobe(tmp_path / "other")
    entry = other.import_file(tmp_path / "without.a2atoken")
    assert not (other.folder_of(entry.id) / "pattern.safetensors").exists()
    assert "belong together" in refusal(target, stored(sealed(contents)))
    alone = contents | {"pattern.safetensors": pattern}
    assert "belong together" in refusal(target, stored(sealed(alone, body=None)))


def changed_pattern(token_file: Path, **changes: np.ndarray | None) -> bytes:
    """The pattern with other tensors, or without some."""
    tensors = load(contents_of(token_file)["pattern.safetensors"]) | changes
    kept = {name: value for name, value in tensors.items() if value is not None}
    header = '{"kind": "garment pattern", "version": 1, "body_kind": "anny"}'
    return save(kept, {"album2avatar": header})


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("vertices", None, "vertices is missing"),
        ("vertices", np.zeros((0, 3), np.float32), "vertices that aren't there"),
        ("vertices", np.full((5000, 3), 99, np.float32), "vertices is empty or goes beyond 10"),
        ("body", np.zeros((3, 3), np.float64), "body is missing or has another form"),
        ("body", np.zeros((0, 3), np.float32), "body is empty"),
        ("body", np.full((3, 3), np.nan, np.float32), "body is not finite"),
        ("faces", np.zeros((7, 3), np.int64), "differ in number"),
        ("corner_uv", np.array(1, np.float32), "corner_uv is missing or has another form"),
        ("albedo_png", np.zeros(9, np.uint8), "albedo_png is no picture"),
        ("albedo_png", np.zeros(0, np.uint8), "albedo_png is no picture"),
    ],
)
def test_a_pattern_that_would_do_harm_is_refused(token_file, target, name, value, reason):
    data = changed_pattern(token_file, **{name: value})
    contents = contents_of(token_file) | {"pattern.safetensors": data}
    assert reason in refusal(target, stored(sealed(contents)))


@pytest.mark.parametrize("vertex", [-1, 10**6, 2**62])
def test_a_pattern_whose_faces_name_other_vertices_is_refused(token_file, target, vertex):
    faces = load(contents_of(token_file)["pattern.safetensors"])["faces"].copy()
    faces[-1, 2] = vertex
    contents = contents_of(token_file)
    contents["pattern.safetensors"] = changed_pattern(token_file, faces=faces)
    assert "vertices that aren't there" in refusal(target, stored(sealed(contents)))


def test_sealed_contents_are_accepted_where_nothing_is_wrong(token_file, tmp_path):
    """Else the tests below would prove nothing."""
    half = save_torch({"<asset1>": torch.ones(16, dtype=torch.bfloat16)})
    contents = contents_of(token_file) | {"token.safetensors": half}
    (tmp_path / "good.a2atoken").write_bytes(stored(sealed(contents)))
    other = Wardrobe(tmp_path / "other")
    assert other.verify(other.import_file(tmp_path / "good.a2atoken").id).token == "<asset1>"


def test_a_full_fine_tuning_travels_too(token_file, tmp_path):
    contents = contents_of(token_file) | {"adapter.json": b'{"method": "full"}'}
    (tmp_path / "full.a2atoken").write_bytes(stored(sealed(contents)))
    assert Wardrobe(tmp_path / "other").import_file(tmp_path / "full.a2atoken").kind == "top"


@pytest.mark.slow
def test_every_flipped_byte_outside_of_the_contents_is_noticed(token_file, target):
    """Those of the contents have a checksum and a hash; headers and directory have neither."""
    data = token_file.read_bytes()
    inner = np.zeros(len(data), bool)
    with zipfile.ZipFile(token_file) as archive:
        for info in archive.infolist():
            start = info.header_offset + 30 + len(info.filename)
            inner[start : start + info.file_size] = True
    places = np.flatnonzero(~inner)
    assert len(places) == len(NAMES) * (30 + 46) + 2 * sum(map(len, NAMES)) + 22
    folder = Path(tempfile.mkdtemp())
    for place in places.tolist():
        path = folder / "flipped.a2atoken"
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        with pytest.raises(WardrobeError):
            read_archive(path, folder, dict.fromkeys(NAMES, 1 << 20))
    shutil.rmtree(folder)


@MANY
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_flipped_byte_is_noticed(token_file, target, place, change):
    data = bytearray(token_file.read_bytes())
    data[int(place * len(data))] ^= change
    refusal(target, bytes(data))


@MANY
@given(share=st.floats(0, 1, exclude_max=True))
@example(share=0.0)
@example(share=0.99999)
def test_a_file_cut_short_is_noticed(token_file, target, share):
    data = token_file.read_bytes()
    refusal(target, data[: int(share * len(data))])


@MANY
@given(data=st.binary(max_size=400), mark=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06"]))
def test_any_other_file_is_refused(target, data, mark):
    refusal(target, mark + data)


@MANY
@given(extra=st.binary(min_size=1, max_size=60), before=st.booleans())
def test_nothing_may_stand_before_or_after_the_archive(token_file, target, extra, before):
    data = token_file.read_bytes()
    refusal(target, extra + data if before else data + extra)


@MANY
@given(
    name=st.sampled_from(["entry.json", "adapter.json"]),
    text=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=20,
    ).map(json.dumps),
)
@example(name="entry.json", text="[" * 60_000)
@example(name="adapter.json", text="[" * 60_000)
@example(name="adapter.json", text='{"unet":' * 7_000)
@example(name="adapter.json", text='{"unet": {"r": 1e999}}')
@example(name="adapter.json", text='{"unet": {"r": 0}}')
@example(name="adapter.json", text='{"unet": {"rank": 4}}')
@example(name="adapter.json", text="{}")
@example(name="adapter.json", text='{"method": "pickle"}')
@example(name="adapter.json", text='{"\\u001b[2J": 1}')
@example(name="adapter.json", text="\x00")
def test_other_json_is_refused(token_file, target, name, text):
    contents = contents_of(token_file)
    data = text.encode("utf-8", "surrogatepass")
    if name == "entry.json":
        refusal(target, stored(contents | {name: data}))
    else:
        assert "adapter.json" in refusal(target, stored(sealed(contents | {name: data})))


@MANY
@given(data=st.data())
def test_flipped_bytes_under_right_hashes_never_crash(token_file, tmp_path_factory, data):
    """Somebody may seal anything; it gets in whole, or not at all and with a sentence."""
    contents = contents_of(token_file)
    name = data.draw(st.sampled_from(NAMES[1:]))
    changed = bytearray(contents[name])
    limit = min(len(changed), 2000)
    for place in data.draw(st.lists(st.integers(0, limit - 1), min_size=1, max_size=4)):
        changed[place] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.a2atoken"
        path.write_bytes(stored(sealed(contents | {name: bytes(changed)})))
        wardrobe = Wardrobe(Path(folder) / "wardrobe")
        try:
            entry = wardrobe.import_file(path)
        except WardrobeError:
            assert state_of(wardrobe.folder) == {}
        else:
            assert wardrobe.verify(entry.id) == entry


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "w000000000000"}, "the id is not that of the files"),
        ({"id": "../../etc"}, "id is wrong"),
        ({"kind": "wings"}, "kind is wrong"),
        ({"name": ""}, "name is wrong"),
        ({"name": "x" * 61}, "name is wrong"),
        ({"name": "shirt\x1b]0;owned\x07"}, "name is wrong"),
        ({"source": "two\nlines"}, "source is wrong"),
        ({"token": "asset1"}, "token is wrong"),
        ({"token": "<asset7>"}, "doesn't hold the one word <asset7>"),
        ({"prior_hash": "abc"}, "prior_hash is wrong"),
        ({"color": [1, 2, 256]}, "color.2 is wrong"),
        ({"color": [1, 2]}, "color.2 is wrong"),
        ({"created_at": "yesterday"}, "created_at is wrong"),
        ({"created_at": "2026-01-31T09:30:00+02:00"}, "created_at is wrong"),
        ({"created_at": "9999-12-31T23:59:59.999999-23:59"}, "created_at is wrong"),
        ({"format": 2}, "format is wrong"),
        ({"note": "mine"}, "note is wrong"),
        ({"subject": None}, "subject is wrong"),
    ],
)
def test_an_entry_that_breaks_the_schema_is_refused_by_field(token_file, target, change, field):
    contents = sealed(contents_of(token_file), **change)
    assert field in refusal(target, stored(contents))


def test_hashes_that_don_t_fit_are_refused(token_file, target):
    contents = contents_of(token_file)
    other = contents | {"adapter.json": contents["adapter.json"] + b"\n"}
    assert "adapter.json is not what entry.json says" in refusal(target, stored(other))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_unknown_missing_and_doubled_members_are_refused(token_file, target):
    contents = contents_of(token_file)
    pairs = list(contents.items())
    odd = [
        [*pairs, ("run.py", b"print()")],
        [*pairs, ("weights.pkl", pickle.dumps([1]))],
        [*pairs, ("/etc/passwd", b"")],
        [*pairs, ("../token.safetensors", b"")],
        [*pairs, ("folder/", b"")],
        [*pairs, ("folder\\adapter.json", b"")],
        [*pairs, ("ADAPTER.JSON", b"{}")],
        [("adapter.json", b"{}"), *pairs],
        pairs[1:],
        pairs[:-1],
        [],
        [*pairs, *pairs],
        pairs[::-1],
    ]
    for members in odd:
        refusal(target, stored(members))
    said = refusal(target, stored([*pairs, ("/etc/passwd", b"")]))
    assert "'/etc/passwd'" in said
    assert "holds adapter.json twice" in refusal(target, stored([*pairs, pairs[3]]))


def test_a_member_named_as_a_path_is_refused_even_where_the_entry_lists_it(token_file, target):
    contents = contents_of(token_file) | {"../../evil.txt": b"x"}
    refusal(target, stored(sealed(contents)))


def test_archives_packed_in_another_way_are_refused(token_file, target):
    contents = contents_of(token_file)
    for options in (
        {"compress_type": zipfile.ZIP_DEFLATED},
        {"compress_type": zipfile.ZIP_LZMA},
        {"date_time": (2026, 1, 31, 9, 30, 0)},
        {"extra": b"\xff\xff\x01\x00x"},
        {"comment": b"hello"},
        {"external_attr": 0o120777 << 16},  # a symbolic link
    ):
        refusal(target, stored(contents, **options))


def test_a_bomb_is_refused_by_its_header(token_file, target):
    contents = contents_of(token_file)
    zeros = contents | {"adapter.safetensors": bytes(50_000_000)}
    packed = stored(zeros, compress_type=zipfile.ZIP_DEFLATED)
    assert len(packed) < 100_000
    assert "packed in another way" in refusal(target, packed)
    large = stored({"entry.json": bytes(65_537)})
    assert "has 65537 bytes, and 65536 are allowed" in refusal(target, large)
    data = bytearray(stored(contents))
    struct.pack_into("<II", data, 18, 2**32 - 1, 2**32 - 1)
    assert "4294967295 bytes" in refusal(target, bytes(data))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("token.safetensors", save({"<asset1>": np.full(16, np.nan, np.float32)})),
        (
            "token.safetensors",
            save_torch({"<asset1>": torch.full((16,), torch.inf, dtype=torch.bfloat16)}),
        ),
        ("token.safetensors", save({"<asset1>": np.ones((4, 4), np.float32)})),
        ("token.safetensors", save({"<asset1>": np.ones(0, np.float32)})),
        ("token.safetensors", save({"<asset1>": np.ones(16, np.int64)})),
        ("token.safetensors", save({"<asset2>": np.ones(16, np.float32)})),
        ("token.safetensors", save({f"<asset{i}>": np.ones(16, np.float32) for i in (1, 2)})),
        ("token.safetensors", save({})),
        ("token.safetensors", pickle.dumps({"<asset1>": [1.0]})),
        ("token.safetensors", b""),
        ("token.safetensors", struct.pack("<Q", 2**63) + b"{}"),
        ("token.safetensors", struct.pack("<Q", 3 * 2**20) + b"{}"),
        ("adapter.safetensors", save({"unet.x": np.full(3, -np.inf, np.float16)})),
        ("adapter.safetensors", save({"unet.\x1b[2J": np.ones(3, np.float16)})),
        ("adapter.safetensors", save({"unet.x": np.ones((1,) * 7, np.float16)})),
        ("adapter.safetensors", save({"unet.x": np.ones(3, np.uint8)})),
        ("adapter.safetensors", save({})),
        ("thumbnail.png", b"\x89PNG\r\n\x1a\n"),
        ("thumbnail.png", b"GIF89a" + bytes(40)),
        ("pattern.safetensors", save({"vertices": np.zeros((3, 3), np.float32)})),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_by_name(token_file, target, name, data):
    contents = sealed(contents_of(token_file) | {name: data})
    assert name in refusal(target, stored(contents))


def test_a_pickle_of_torch_is_refused(token_file, target):
    stream = io.BytesIO()
    torch.save({"<asset1>": torch.ones(16)}, stream)
    contents = contents_of(token_file) | {"token.safetensors": stream.getvalue()}
    assert "token.safetensors is no safetensors file" in refusal(target, stored(sealed(contents)))


def test_a_tensor_that_is_named_twice_is_refused(token_file, target):
    one = '"<asset1>":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}'
    header = f"{{{one},{one}}}".encode()
    data = struct.pack("<Q", len(header)) + header + bytes(64)
    contents = contents_of(token_file) | {"token.safetensors": data}
    refusal(target, stored(sealed(contents)))


@pytest.mark.parametrize("side", [513, 5000])
def test_a_thumbnail_of_many_pixels_is_refused_before_it_is_decoded(token_file, target, side):
    stream = io.BytesIO()
    Image.new("1", (side, side)).save(stream, format="PNG")
    contents = contents_of(token_file) | {"thumbnail.png": stream.getvalue()}
    assert f"{side}x{side} pixels" in refusal(target, stored(sealed(contents)))


def test_a_thumbnail_cut_short_is_refused(token_file, target):
    contents = contents_of(token_file)
    contents["thumbnail.png"] = contents["thumbnail.png"][:-200]
    assert "thumbnail.png is no picture" in refusal(target, stored(sealed(contents)))


def test_a_missing_file_or_folder_is_a_sentence(target, tmp_path):
    before = state_of(target.folder)
    for path in (tmp_path / "none.a2atoken", tmp_path):
        with pytest.raises(WardrobeError, match="can't be read"):
            target.import_file(path)
    assert state_of(target.folder) == before


def test_a_damaged_entry_is_not_exported(wardrobe, tmp_path):
    entry = wardrobe.entries()[0]
    (wardrobe.folder_of(entry.id) / "thumbnail.png").write_bytes(b"x")
    with pytest.raises(WardrobeError, match=r"thumbnail\.png is damaged"):
        wardrobe.export(entry.id, tmp_path / "one.a2atoken")
    assert list(tmp_path.glob("*.a2atoken")) == []


def test_an_export_needs_the_suffix_and_a_place_to_write(wardrobe, tmp_path):
    entry = wardrobe.entries()[0]
    with pytest.raises(WardrobeError, match=r"Name the file one\.a2atoken"):
        wardrobe.export(entry.id, tmp_path / "one.zip")
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="can't be written"):
        wardrobe.export(entry.id, tmp_path / "file" / "one.a2atoken")


def test_what_is_too_large_for_one_file_is_said_before_it_is_written(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**32)  # takes no room on the disk
    with pytest.raises(WardrobeError, match=r"has 4\.0 GiB"):
        write_archive(tmp_path / "target", [("large", tmp_path / "large")])
    assert not (tmp_path / "target").exists()


def test_the_exported_tensors_can_be_opened_from_the_unpacked_archive(token_file, tmp_path):
    shutil.unpack_archive(token_file, tmp_path, "zip")
    with safe_open(tmp_path / "adapter.safetensors", framework="numpy") as file:
        assert any("lora_A" in name for name in file.keys())  # noqa: SIM118
