"""The real classes with tiny random weights: the same answers as the packages' own code."""

import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoProcessor, GroundingDinoForObjectDetection

from album2avatar import model_folders
from album2avatar.errors import ModelError
from album2avatar.segmentation.grounded_sam.detector import (
    Detections,
    as_picture,
    join_phrases,
    load_detector,
    merge_same_boxes,
)
from album2avatar.segmentation.grounded_sam.models import (
    find_detector,
    find_sam,
    grounded_sam_models,
)
from album2avatar.segmentation.grounded_sam.outliner import Sam
from album2avatar.segmentation.grounded_sam.phrases import detection_phrases
from album2avatar.segmentation.grounded_sam.sam_network import (
    SamShape,
    build_sam,
    load_sam,
    read_shape,
    sam_modeling,
)
from album2avatar.segmentation.grounded_sam.tagger import PAPER, cut_out, load_tagger
from album2avatar.settings import GroundedSamSettings, SegmentationSettings
from tiny_grounded_sam import TINY_SAM, save_tiny_clip, save_tiny_detector, save_tiny_sam

CPU = torch.device("cpu")
PHRASES = detection_phrases()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def detector(folder):
    return save_tiny_detector(folder / "dino")


@pytest.fixture(scope="module")
def sam(folder):
    return save_tiny_sam(folder / "sam_tiny.pth")


@pytest.fixture(scope="module")
def clip(folder):
    return save_tiny_clip(folder / "clip")


def photo(height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(height, width, 3, generator=generator)


def test_boxes_and_words_are_those_of_transformers_own_post_processing(detector):
    """Its labels hold every word that fired; ours the phrase with the surest of them."""
    picture = photo(80, 60)
    processor = AutoProcessor.from_pretrained(detector)
    model = GroundingDinoForObjectDetection.from_pretrained(detector).eval()
    inputs = processor(images=as_picture(picture), text=join_phrases(PHRASES), return_tensors="pt")
    with torch.no_grad():
        output = model(**inputs)
    (truth,) = processor.post_process_grounded_object_detection(
        output, inputs.input_ids, threshold=0.0, text_threshold=0.5, target_sizes=[(80, 60)]
    )
    (found,) = load_detector(detector, CPU).detect([picture], PHRASES, 0.0)
    assert found.scores.shape == (len(found.boxes), len(PHRASES))
    named = 0
    for box, scores in zip(found.boxes, found.scores, strict=True):
        limits = torch.tensor([60.0, 80, 60, 80])
        distances = (truth["boxes"].clamp(min=0).minimum(limits) - box).abs().amax(1)
        assert distances.min() < 1e-3
        label = truth["text_labels"][int(distances.argmin())].replace(" - ", "-")
        for phrase, score in zip(PHRASES, scores.tolist(), strict=True):
            if score < 0.5:
                continue
            named += 1
            assert any(word in label for word in phrase.replace("-", " ").split()), label
    assert named > 10


def test_what_is_found_in_a_photo_does_not_depend_on_the_photos_beside_it(detector):
    network = load_detector(detector, CPU)
    pictures = [photo(64, 64, 3), photo(60, 90, 1), photo(64, 64, 4), photo(90, 60, 2)]
    together = network.detect(pictures, PHRASES, 0.0)
    for picture, found in zip(pictures, together, strict=True):
        height, width = picture.shape[:2]
        assert (found.boxes <= torch.tensor([width, height, width, height])).all()
        (alone,) = network.detect([picture], PHRASES, 0.0)
        torch.testing.assert_close(found.boxes, alone.boxes, atol=1e-3, rtol=0)
        torch.testing.assert_close(found.scores, alone.scores, atol=1e-4, rtol=0)


def test_boxes_below_the_threshold_are_left_out(detector):
    network = load_detector(detector, CPU)
    (everything,) = network.detect([photo(64, 64)], PHRASES, 0.0)
    best = everything.scores.amax(1)
    middle = float(best.median())
    (some,) = network.detect([photo(64, 64)], PHRASES, middle)
    assert 0 < len(some.boxes) < len(everything.boxes)
    assert float(some.scores.amax(1).min()) > middle
    (nothing,) = network.detect([photo(64, 64)], PHRASES, 1.0)
    assert nothing.boxes.shape == (0, 4)


def test_boxes_on_each_other_become_one_that_knows_what_both_knew():
    boxes = torch.tensor([[0.0, 0, 100, 100], [1, 0, 100, 100], [0, 0, 50, 100]])
    scores = torch.tensor([[0.3, 0.0, 0.2], [0.1, 0.8, 0.0], [0.0, 0.0, 0.4]])
    merged = merge_same_boxes(Detections(boxes, scores))
    assert merged.boxes.tolist() == [boxes[1].tolist(), boxes[2].tolist()]
    assert torch.equal(merged.scores, torch.tensor([[0.3, 0.8, 0.2], [0.0, 0.0, 0.4]]))


@pytest.mark.parametrize(("height", "width"), [(48, 80), (130, 70)])
def test_outlines_are_those_of_sam_s_own_forward(sam, height, width):
    picture = photo(height, width)
    boxes = torch.tensor([[3.0, 4, 40, 44], [10, 10, 60, 30]]).repeat(10, 1)
    network = load_sam(sam)
    worker = Sam(network, CPU)
    (outlines,) = worker.outline([picture], [boxes])
    scale = 64 / max(height, width)
    size = (round(width * scale), round(height * scale))
    resized = as_picture(picture).resize(size, Image.Resampling.BILINEAR)
    small = torch.from_numpy(np.array(resized)).permute(2, 0, 1)
    (truth,) = network(
        [{"image": small.float(), "original_size": (height, width), "boxes": boxes * scale}],
        multimask_output=False,
    )
    torch.testing.assert_close(outlines.logits, truth["low_res_logits"][:, 0])
    in_photo = worker.in_photo(outlines, outlines.logits)
    assert in_photo.shape == (20, height, width)
    assert torch.equal(in_photo > 0.5, truth["masks"][:, 0])
    assert 0 < float(truth["masks"].float().mean()) < 1


def test_photos_outlined_together_are_outlined_as_each_alone(sam):
    worker = Sam(load_sam(sam), CPU)
    pictures = [photo(60, 90, 1), photo(90, 60, 2)]
    boxes = [torch.tensor([[3.0, 4, 40, 44]]), torch.zeros(0, 4)]
    together = worker.outline(pictures, boxes)
    (alone,) = worker.outline(pictures[:1], boxes[:1])
    torch.testing.assert_close(together[0].logits, alone.logits, atol=1e-4, rtol=1e-4)
    assert together[1].logits.shape == (0, 32, 32)


@pytest.mark.parametrize(
    ("width", "blocks", "heads", "whole"),
    [
        (768, 12, 12, (2, 5, 8, 11)),
        (1024, 24, 16, (5, 11, 17, 23)),
        (1280, 32, 16, (7, 15, 23, 31)),
    ],
)
def test_the_weights_tell_which_of_meta_s_three_they_are(width, blocks, heads, whole):
    """Numbers of `build_sam.py` in segment-anything 1.0; nothing is allocated."""
    published = SamShape(
        image_size=1024,
        patch_size=16,
        width=width,
        heads=heads,
        blocks=blocks,
        global_blocks=whole,
        window=14,
        mlp_ratio=4.0,
        prompt_width=256,
        mask_width=16,
        decoder_blocks=2,
        decoder_mlp=2048,
        masks=3,
        quality_blocks=3,
        quality_width=256,
    )
    with torch.device("meta"):
        weights = build_sam(sam_modeling(), published).state_dict()
    assert read_shape(weights) == published


def test_safetensors_are_as_good_as_meta_s_format(sam, tmp_path):
    weights = torch.load(sam, weights_only=True)
    assert read_shape(weights) == TINY_SAM
    save_file(weights, tmp_path / "sam.safetensors")
    again = load_sam(tmp_path / "sam.safetensors").state_dict()
    assert all(torch.equal(weights[name], again[name]) for name in weights)


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


def pickled(path, crater):
    path.write_bytes(pickle.dumps(Bomb(crater)))


def pickled_by_torch(path, crater):
    torch.save({"image_encoder.pos_embed": Bomb(crater)}, path)


@pytest.mark.parametrize("save", [pickled, pickled_by_torch])
def test_a_checkpoint_with_code_is_refused_and_the_code_never_runs(tmp_path, save):
    path = tmp_path / "sam_vit_h_4b8939.pth"
    save(path, tmp_path / "crater")
    with pytest.raises(ModelError, match=r"sam_vit_h_4b8939\.pth is damaged, or holds code"):
        load_sam(path)
    assert not (tmp_path / "crater").exists()


def other_weights(path):
    torch.save({"weight": torch.zeros(3)}, path)


def half_a_sam(path):
    torch.manual_seed(1)
    weights = build_sam(sam_modeling(), TINY_SAM).state_dict()
    del weights["mask_decoder.iou_token.weight"]
    torch.save(weights, path)


def a_list(path):
    torch.save([torch.zeros(3)], path)


def half_a_file(path):
    save_tiny_sam(path)
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("spoil", [other_weights, half_a_sam, a_list, half_a_file])
def test_what_is_no_sam_is_named(tmp_path, spoil):
    path = tmp_path / "sam.pth"
    spoil(path)
    with pytest.raises(ModelError, match=r"sam\.pth") as caught:
        load_sam(path)
    assert "\n" not in str(caught.value)


def without_configuration(folder):
    (folder / "config.json").unlink()


def of_another_type(folder):
    (folder / "config.json").write_text('{"model_type": "detr"}')


def with_pickled_weights(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def without_weights(folder):
    (folder / "model.safetensors").unlink()


def with_half_the_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:9000])


def without_a_tokenizer(folder):
    for path in folder.glob("tokenizer*"):
        path.unlink()


def without_picture_sizes(folder):
    (folder / "preprocessor_config.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_configuration, r"config\.json is missing"),
        (of_another_type, "of type 'detr'"),
        (with_pickled_weights, r"pytorch_model\.bin is a pickle"),
        (without_weights, r"model\.safetensors is missing"),
        (with_half_the_weights, "can't be loaded"),
        (without_a_tokenizer, r"tokenizer\.json is missing"),
        (without_picture_sizes, "can't be loaded"),
    ],
)
def test_what_is_wrong_with_a_detector_is_said(detector, tmp_path, spoil, said):
    folder = tmp_path / "dino"
    shutil.copytree(detector, folder)
    spoil(folder)
    with pytest.raises(ModelError, match=said) as caught:
        load_detector(folder, CPU)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_in_the_file_are_not_made_up(detector, tmp_path):
    folder = tmp_path / "dino"
    shutil.copytree(detector, folder)
    model = GroundingDinoForObjectDetection.from_pretrained(folder)
    weights = {name: tensor for name, tensor in model.state_dict().items() if "backbone" in name}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="weights are missing"):
        load_detector(folder, CPU)


def test_the_package_that_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "segment_anything", None)
    monkeypatch.delitem(sys.modules, "segment_anything.modeling", raising=False)
    with pytest.raises(ModelError, match=r"pip install 'album2avatar\[grounded-sam\]'"):
        sam_modeling()
    with pytest.raises(ModelError, match=r"pip install 'album2avatar\[grounded-sam\]'"):
        grounded_sam_models(SegmentationSettings(provider="grounded_sam"))


def test_models_are_found_by_path_by_name_and_in_the_hub_s_cache(
    detector, sam, clip, folder, monkeypatch, tmp_path
):
    chosen = GroundedSamSettings(detector=str(detector), sam=str(sam), tagger=str(clip))
    settings = SegmentationSettings(provider="grounded_sam", grounded_sam=chosen)
    assert grounded_sam_models(settings) == [detector, sam, clip]
    assert grounded_sam_models(SegmentationSettings()) == []
    monkeypatch.setenv(model_folders.MODELS_VARIABLE, str(folder))
    by_name = GroundedSamSettings(detector="dino", sam="sam_tiny.pth")
    assert (find_detector(by_name), find_sam(by_name)) == (detector, sam)
    repository = tmp_path / "models--somebody--dino"
    snapshot = repository / "snapshots" / "abc"
    shutil.copytree(detector, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert find_detector(GroundedSamSettings(detector="somebody/dino")) == snapshot


def test_a_model_that_is_nowhere_is_named_with_its_setting(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    nowhere = GroundedSamSettings(detector="somebody/nothing", sam="nothing.pth")
    with pytest.raises(ModelError, match=r"segmentation\.grounded_sam\.detector"):
        find_detector(nowhere)
    with pytest.raises(ModelError, match=r"segmentation\.grounded_sam\.sam"):
        find_sam(nowhere)


def test_the_tagger_chooses_between_the_words_of_the_kind(clip):
    tagger = load_tagger(clip, CPU)
    pictures = [("top", photo(30, 20)), ("shoes", photo(12, 40)), ("top", photo(9, 9, 1))]
    names = tagger.name(pictures)
    assert [set(tagger.name([each])[0]) for each in pictures] == [set(each) for each in names]
    assert "sneakers" in names[1]
    assert "sneakers" not in names[0]
    assert all(sum(each.values()) == pytest.approx(1, abs=1e-5) for each in names)
    for each, alone in zip(names, (tagger.name([picture])[0] for picture in pictures), strict=True):
        assert each == pytest.approx(alone, abs=1e-5)
    assert tagger.name([]) == []


def test_a_folder_that_is_no_clip_is_refused_as_tagger(detector):
    with pytest.raises(ModelError, match="not a CLIP"):
        load_tagger(detector, CPU)


def test_a_garment_is_cut_out_on_grey_paper():
    pixels = torch.ones(10, 10, 3)
    mask = torch.zeros(10, 10, dtype=torch.bool)
    mask[2:5, 3] = True
    mask[4, 3:8] = True
    cut = cut_out(pixels, mask)
    assert cut.shape == (3, 5, 3)
    assert torch.equal(cut[..., 0] == 1, mask[2:5, 3:8])
    assert (cut[0, 1] == PAPER).all()
