"""The real models on drawn plates."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.catalog import load_catalog
from models.checks import check
from models.errors import CatalogError, ModelMissingError, ModelRefusedError
from models.plates import checks
from models.plates.interface import Colour, Doubt, Rows
from models.plates.loading import load_plate_reader
from models.store import ModelStore, load_detector
from tests.models.plates.drawing import plate, street, upright

TILTED = ((238.0, 204.0), (402.0, 216.0), (398.0, 270.0), (235.0, 257.0))


@pytest.fixture(scope="module")
def reader(plate_store):
    return load_plate_reader(store=plate_store)


def drawn(text, colour="blue", *, double=False, width=150.0):
    ratio = 2.0 if double else (480 if len(text) == 8 else 440) / 140
    return street(plate(text, colour, double=double), upright((320, 240), width, ratio))


def test_a_drawn_plate_is_read_with_everything_that_is_known_of_it(reader):
    picture = street(plate("京A12345"), TILTED)
    (found,) = reader.read(picture)
    assert found.text == "京A12345"
    assert found.certain and found.doubts == ()
    assert (found.form, found.colour, found.rows) == ("ordinary", Colour.BLUE, Rows.SINGLE)
    assert len(found.characters) == 7 and found.weakest > 0.99
    assert np.abs(found.spot.array - np.array(TILTED)).max() < 5
    assert 2 < found.spot.angle < 7
    assert 150 < found.spot.size[0] < 180
    assert found.spot.whole and found.spot.score > 0.9
    again = reader.read(picture)
    assert again == [found]
    assert reader.read(picture, reader.find(picture)) == [found]


def test_kinds_of_plates(reader):
    for text, colour, double in [
        ("川AD12345", "green", False),
        ("粤ZT12F港", "black", False),
        ("苏K7B234", "yellow", True),
    ]:
        (found,) = reader.read(drawn(text, colour, double=double))
        assert found.text == text
        assert found.rows is (Rows.DOUBLE if double else Rows.SINGLE)
        assert found.colour is Colour(colour)


def test_what_is_misread_is_uncertain_and_not_corrected(reader):
    # The recogniser does not see these characters on drawn plates; no form may be made up for what it sees instead.
    for text, colour in [
        ("浙A1234警", "white"),
        ("皖B1234学", "yellow"),
        ("使123456", "black"),
        ("沪B6D88K", "yellow"),
    ]:
        (found,) = reader.read(drawn(text, colour))
        assert found.text == text or not found.certain


def test_a_plate_at_the_edge_is_never_certain(reader):
    picture = drawn("京A12345", width=200.0)
    for left in range(220, 270, 10):
        for found in reader.read(picture[:, left:]):
            # What is left of the plate after the cut may look like a plate in its own right.
            assert found.text == "京A12345" or not found.certain
    cut = reader.read(picture[:, 245:])
    assert cut and not cut[0].spot.whole and Doubt.CUT_OFF in cut[0].doubts


def test_a_blurred_plate_is_not_certain(reader):
    for found in reader.read(cv2.GaussianBlur(drawn("京A12345", width=70.0), (0, 0), 4.0)):
        assert not found.certain


def test_alternatives_stand_beside_a_weak_character(reader):
    (found,) = reader.read(drawn("新C98765"))
    weak = [c for c in found.characters if c.confidence < 0.9]
    assert weak and all(c.alternatives for c in weak)
    assert Doubt.WEAK_CHARACTER in found.doubts


def test_pictures_without_plates(reader):
    assert reader.read(street(np.full((280, 880, 3), 128, np.uint8), TILTED)) == []
    for shape in ((1, 1, 3), (3, 900, 3), (900, 3, 3)):
        assert reader.read(np.zeros(shape, np.uint8)) == []
    for bad in (np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3), np.float32), np.zeros((0, 5, 3), np.uint8)):
        with pytest.raises(ValueError, match="H x W x 3"):
            reader.read(bad)


def test_the_models_are_named_and_pass_their_checks(reader, plate_store):
    names = load_catalog().expand("plates")
    assert reader.models == tuple(f"{name}@{load_catalog().entry(name).sha256}" for name in names)
    for name in names:
        steps = check(name, store=plate_store)
        assert [step.name for step in steps] == ["identity", "content", "layout", "reference", "detection"]
        assert all(step.ok for step in steps), steps
        assert "catalogued numbers" in steps[3].detail


def test_a_check_notices_a_runtime_that_computes_otherwise(plate_store, monkeypatch):
    from models.backends import onnxruntime

    plain = onnxruntime.OnnxRuntimeSession.run
    monkeypatch.setattr(
        onnxruntime.OnnxRuntimeSession, "run", lambda self, batch: [o * 0.9 for o in plain(self, batch)]
    )
    for name in load_catalog().expand("plates"):
        steps = check(name, store=plate_store)
        assert (steps[-1].name, steps[-1].ok) == ("reference", False)


def test_the_shipped_drawing_is_the_one_that_the_tests_draw():
    assert np.abs(checks.drawing().astype(int) - street(plate(checks.TEXT), checks.CORNERS)).max() <= 2


def test_models_are_not_taken_for_each_other(plate_store, tmp_path):
    with pytest.raises(ModelRefusedError, match="plates read"):
        load_detector("plate-detector", store=plate_store)
    with pytest.raises(ModelRefusedError, match="layout plate_text, not plate_corners"):
        load_plate_reader("plate-recogniser", "plate-detector", store=plate_store)
    with pytest.raises(ModelMissingError, match="streetproof models pull plate-detector"):
        load_plate_reader(store=ModelStore(tmp_path))
    with pytest.raises(ModelMissingError, match="plates stands for several: plate-detector, plate-recogniser"):
        load_catalog().entry("plates")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sets: {mine: [nothing]}", "names nothing, which is unknown"),
        ("sets: {yolox-nano: [yolox-nano]}", "name of a model"),
    ],
)
def test_sets_name_models(tmp_path, text, why):
    path = tmp_path / "目录.yaml"
    path.write_text(f"version: 1\n{text}\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=why):
        load_catalog([path])
