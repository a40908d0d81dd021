from __future__ import annotations

import ast

import onnx
import pytest
import yaml

from models.catalog import load_catalog
from models.errors import CatalogError, ModelMissingError

ENTRY = {
    "title": "Mine",
    "licence": "CC0-1.0",
    "sha256": "a" * 64,
    "size": 1000,
    "layout": "yolov8",
    "input_size": [640, 640],
    "classes": "coco",
    "sources": [{"kind": "url", "url": "https://example.org/mine.onnx"}],
}


def written(tmp_path, document):
    path = tmp_path / "目录 own.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document), encoding="utf-8")
    return path


def test_the_built_in_catalog_is_complete():
    catalog = load_catalog()
    assert {"yolov3-tiny", "yolox-nano", "yolov8n-int8", "yolo11n", "yolo26n"} <= set(catalog.models)
    assert len(catalog.class_lists["coco"]) == 80
    for entry in catalog.models.values():
        assert (entry.sha256 is None) == (entry.reference is None), "every fixed file has its reference numbers"
    assert catalog.models["yolov3-tiny"].weak
    assert catalog.by_hash("0" * 64) is None


def test_the_classes_are_those_the_networks_were_trained_with(shared_models):
    for path in shared_models:
        properties = {p.key: p.value for p in onnx.load(path).metadata_props}
        if "names" in properties:
            names = ast.literal_eval(properties["names"])
            assert load_catalog().class_lists["coco"] == tuple(names[i] for i in range(80))


def test_ones_own_models_join_the_catalog(tmp_path):
    own = {"version": 1, "class_lists": {"two": ["car", "person"]}, "models": {"mine": {**ENTRY, "classes": "two"}}}
    catalog = load_catalog([written(tmp_path, own)])
    assert catalog.entry("mine").classes == ("car", "person")
    assert catalog.by_hash("a" * 64) == catalog.entry("mine")
    assert "mine" not in load_catalog().models
    with pytest.raises(ModelMissingError, match="mine"):
        catalog.entry("mina")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": None}, "sha256 and size are needed"),
        ({"sources": [{"kind": "url", "url": "http://example.org/m.onnx"}]}, "url"),
        ({"sources": [{"kind": "url", "url": "https://user:word@example.org/m.onnx"}]}, "url"),
        ({"sources": [{"kind": "ftp"}]}, "kind"),
        ({"size": 10**12}, "size"),
        ({"licence": ""}, "licence"),
        ({"licence": None}, "licence"),
        ({"layout": "yolov3_tiny"}, "heads"),
        ({"reference": {"outputs": [{"count": 1, "mean": float("nan"), "deviation": 0, "samples": []}]}}, "mean"),
    ],
)
def test_an_entry_that_makes_no_sense_is_told(tmp_path, change, why):
    path = written(tmp_path, {"version": 1, "models": {"mine": ENTRY | change}})
    with pytest.raises(CatalogError, match=why) as caught:
        load_catalog([path])
    assert "目录 own.yaml" in str(caught.value)


@pytest.mark.parametrize("name", ["yolox-nano", "../up", "UPPER", "", "a b", "x" * 65])
def test_names_are_unique_and_plain(tmp_path, name):
    with pytest.raises(CatalogError, match=r"defined already|name"):
        load_catalog([written(tmp_path, {"version": 1, "models": {name: ENTRY}})])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "document"),
        ("- a\n- b\n", "document"),
        ("version: 2\n", "version"),
        ("version: 1\nmodels: {a: {}, a: {}}\n", "given twice"),
        ("version: 1\nmodels: &m {}\nclass_lists: *m\n", "aliases"),
        ("a: [1, 2\n", "no valid YAML"),
        ("!!python/object/apply:os.system ['true']\n", "no valid YAML"),
        ("[" * 5000, "no valid YAML"),
        ("\x00", "no valid YAML"),
        ("#" * (1024 * 1024 + 1), "more than"),
        ("? {a: b}\n: c\n", "no valid YAML"),
        ("? [a]\n: c\n", "no valid YAML"),
    ],
)
def test_files_that_are_no_catalog_are_told(tmp_path, text, why):
    with pytest.raises(CatalogError, match=why):
        load_catalog([written(tmp_path, text)])


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CatalogError, match="cannot be read"):
        load_catalog([tmp_path / "none.yaml"])
