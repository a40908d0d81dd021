"""Site files: what is valid, and how precisely a mistake is pointed at."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from models.catalog import load_catalog
from streetproof.cases import sign_photos
from streetproof.settings.classes import unknown_classes
from streetproof.settings.document import ConfigError, read_document
from streetproof.settings.lint import warnings_at, warnings_of
from streetproof.settings.load import SiteInvalidError, load_site, site_schema
from tests.conftest import ROOT
from vision.holidays import china

DEMO = ROOT / "configs" / "demo" / "site.yaml"


def write(folder: Path, text: str) -> Path:
    path = folder / "站点 1.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def edited(folder: Path, old: str, new: str) -> Path:
    text = DEMO.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} must stand once in the demo site"
    return write(folder, text.replace(old, new))


def mistakes(path: Path) -> list[str]:
    with pytest.raises(SiteInvalidError) as caught:
        load_site(path)
    return [str(one) for one in caught.value.mistakes]


def test_the_demo_site_is_valid_and_every_setting_in_it_is_explained() -> None:
    loaded = load_site(DEMO)
    assert loaded.site.cameras[0].zones[0].rules == ("no-parking",)
    assert all("basis" in warning for warning in warnings_of(loaded.site))
    document = read_document(DEMO)
    assert document.line_of(["cameras", 0, "zones", 0, "polygon"]) == 1 + next(
        number for number, line in enumerate(DEMO.read_text(encoding="utf-8").splitlines()) if "polygon:" in line
    )


def test_the_committed_schema_is_current() -> None:
    assert (ROOT / "configs" / "site.schema.json").read_text(encoding="utf-8") == site_schema(), "run: make schema"


def test_the_schema_names_every_top_level_setting() -> None:
    known = {"site", "model", "evidence", "plates", "keys", "live", "policies", "cameras", "publication", "procedure"}
    known |= {"database"}
    assert set(json.loads(site_schema())["properties"]) == known


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    policy: yanshi-road", "    policy: yansi-road", "did you mean 'yanshi-road'"),
        ("rules: [no-parking]", "rules: [no-praking]", "did you mean 'no-parking'"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Peking", "no IANA time zone"),
        ("        dwell: 60s ", "        dwell: 60 ", "write it with units"),
        ("  pre_roll: 10s", "  preroll: 10s", "there is no such setting"),
        ("[0.818, 0.132]", "[628, 76]", "divide pixels"),
        ("      sources: [operator]", "      sources: [filename]", "need each other"),
        ("start: 2009-02-01T12:34:00+08:00", "start: 2009-02-01T12:34:00", "timezone"),
        ("  min_score: 0.1 ", "  min_score: 1.5 ", "less than 1"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_suggestion(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = edited(tmp_path, old, new)
    told = mistakes(path)
    assert len(told) == 1
    assert words in told[0]
    assert told[0].startswith(f"{path}:")


def test_the_line_of_a_mistake_is_the_line_of_the_value(tmp_path: Path) -> None:
    path = edited(tmp_path, "[0.818, 0.132]", "[1.818, 0.132]")
    line = 1 + next(n for n, text in enumerate(path.read_text(encoding="utf-8").splitlines()) if "1.818" in text)
    assert f":{line}:" in mistakes(path)[0]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = (
        DEMO.read_text(encoding="utf-8").replace("Asia/Shanghai", "Mars/Base").replace("min_score: 0.1", "min_score: 7")
    )
    assert len(mistakes(write(tmp_path, text))) == 2


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    path = edited(tmp_path, "  id: demo  ", "  id: other\n  id: demo  ")
    with pytest.raises(ConfigError, match="stands twice") as caught:
        load_site(path)
    assert caught.value.where.endswith(":7")


def test_several_cameras_must_say_which_recordings_are_theirs(tmp_path: Path) -> None:
    data = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    data["cameras"].append({**data["cameras"][0], "id": "demo-02"})
    assert "needs `recordings`" in mistakes(write(tmp_path, yaml.safe_dump(data)))[0]
    data["cameras"][1]["id"] = "demo-01"
    assert "stands twice" in mistakes(write(tmp_path, yaml.safe_dump(data)))[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no site"),
        (b"- 1\n- 2\n", "holds no site"),
        (b"site: [unclosed", "not valid YAML"),
        (b"site: !!python/object/apply:os.system ['true']", "not valid YAML"),
        (b"\xff\xfe\x00\x00site", "not valid YAML"),
        (
            b"a: &a [1,1]\n"
            + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 30)) for c in b"abcde"),
            "expands to more",
        ),
        (b"a: &a [*a]\n", "expands to more"),
        (b"x: " + b"[" * 5000, "not valid YAML"),
    ],
)
def test_what_is_no_site_file_is_refused_in_one_clear_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        load_site(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load_site(tmp_path / "没有.yaml")
    assert "没有.yaml" in str(caught.value)


EXAMPLE = ROOT / "configs" / "examples" / "parking.yaml"


def changed(folder: Path, old: str, new: str) -> tuple[Path, int]:
    """The example with one line changed, and the number of that line."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} must stand once in the example"
    return write(folder, text.replace(old, new)), text[: text.index(old)].count("\n") + 1


def test_the_example_of_a_road_is_valid_and_shows_everything() -> None:
    loaded = load_site(EXAMPLE)
    day, night = loaded.site.policies[0].rules
    assert day.exemptions and day.dwell_by_class and day.grace and day.min_size and day.asks_calendar
    assert night.schedule is not None and night.schedule[1].excluded == ("holiday",)
    assert loaded.site.cameras[0].ground is not None
    assert all("basis" in warning for warning in warnings_of(loaded.site, date(2026, 6, 1)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("          bus: 5m", "          bsu: 5m", "no class 'bsu'; did you mean 'bus'?"),
        ("            classes: [truck]", "            classes: [van]", "exemption '装卸': the rule has no class 'van'"),
        ("            allowed: 15m", "            allowed: 2m", "no more than the 180s that 'truck' may stand anyway"),
        ("except: [holiday]", "except: [mon, tue, wed, thu, fri]", "never opens"),
        ('{days: [workday], from: "22:00"', '{days: [workdays], from: "22:00"', "did you mean 'workday'?"),
        ("min_size: {metres: 1.2}", "min_size: {meters: 1.2}", "no such setting"),
        (
            "      points: [[0.355, 0.552]",
            "      points: [[0.935, 0.552]",
            "points 1, 2, 3 lie in one line or in one spot",
        ),
        ("metres: [[-2, 14], [6, 14]", "metres: [[6, 14], [-2, 14]", "in the same order"),
        ("[0.859, 0.212]", "[0.859, 1.212]", "lies outside the image"),
        ("rules: [day, night]", "rules: [day, nihgt]", "did you mean 'night'?"),
    ],
)
def test_mistakes_of_a_road_are_told_at_their_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    path, line = changed(tmp_path, old, new)
    (told,) = mistakes(path)
    assert words in told
    where = int(told.removeprefix(f"{path}:").split(":")[0])
    # What is wrong with the four points together is told of their parent.
    assert line - where in ((0,) if "point" not in words and "order" not in words else (0, 1, 2, 3, 4))


def test_a_size_in_metres_needs_the_ground(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.strip().startswith(("ground:", "points:", "metres:"))]
    path = write(tmp_path, "\n".join(kept))
    (told,) = mistakes(path)
    assert told.startswith(f"{path}:{1 + next(n for n, line in enumerate(kept) if 'rules: [day, night]' in line)}:")
    assert "cameras[0].zones[0].rules[0]: camera example-01: zone west-kerb: rule day asks for a size in metres" in told


def test_a_year_that_the_calendar_does_not_know_is_warned_of_with_its_line() -> None:
    loaded = load_site(EXAMPLE)
    later = date(china().until.year + 1, 6, 1)
    told = [one for one in warnings_at(loaded, later) if "does not know the public holidays" in one.message]
    assert {one.location for one in told} == {
        "policies[0].rules[0].schedule",
        "policies[0].rules[0].exemptions[0].schedule",
        "policies[0].rules[1].schedule",
    }
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert all("days:" in lines[one.line - 1] for one in told)


def test_settings_of_a_road_are_in_the_schema() -> None:
    definitions = json.loads(site_schema())["$defs"]
    assert definitions["DayKind"]["enum"] == ["workday", "restday", "holiday"]
    assert definitions["ScheduleWindow"]["properties"]["except"]["items"]["anyOf"][1] == {"$ref": "#/$defs/DayKind"}
    rule = definitions["NoParkingRule"]["properties"]
    assert rule["dwell_by_class"]["additionalProperties"]["type"] == "string"
    assert rule["exemptions"]["items"] == {"$ref": "#/$defs/Exemption"}
    assert definitions["Ground"]["properties"]["points"]["minItems"] == 4


RULES = ROOT / "configs" / "examples" / "rules.yaml"


def test_the_example_of_other_kinds_is_valid_for_its_model() -> None:
    loaded = load_site(RULES)
    assert [rule.kind for policy in loaded.site.policies for rule in policy.rules] == ["bike_clutter", "intrusion"]
    assert loaded.site.cameras[0].zones[0].bays
    assert unknown_classes(loaded.site, load_catalog().models[loaded.site.model.name].classes) == []
    assert all("basis" in warning for warning in warnings_of(loaded.site, date(2026, 6, 1)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: bike_clutter ", "kind: bike_cluter ", "no kind of rule 'bike_cluter'; did you mean 'bike_clutter'?"),
        ("max_count: 8 ", "max_count: 0 ", "write a no_parking rule"),
        ("max_area: 12 ", "max_aera: 12 ", "no such setting"),
        ("dwell: 3s ", "dwell: 3 ", "no duration"),
        ("min_sightings: 3", "min_sightings: 1", "greater than or equal to 2"),
        ('[{from: "20:00", to: "06:00"}]', '[{from: "20:00", to: "20:00"}]', "never opens"),
        ("- [[0.68, 0.26], [0.77, 0.26]", "- [[0.01, 0.01], [0.02, 0.01], [0.02, 0.02]] #", "lies outside the zone"),
        (
            "rules: [bank]",
            "rules: [bank]\n        bays: [[[0.1, 0.4], [0.2, 0.4], [0.2, 0.5]]]",
            "only, and none holds here",
        ),
    ],
)
def test_mistakes_of_other_kinds_are_told_at_their_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = RULES.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = write(tmp_path, text.replace(old, new))
    (told,) = mistakes(path)
    assert words in told
    line = text[: text.index(old)].count("\n") + 1
    assert int(told.removeprefix(f"{path}:").split(":")[0]) - line in (0, 1)


def test_a_limit_in_square_metres_needs_the_ground(tmp_path: Path) -> None:
    lines = RULES.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.strip().startswith(("ground:", "points:", "metres:"))]
    (told,) = mistakes(write(tmp_path, "\n".join(kept)))
    assert "cameras[0].zones[0].rules[0]" in told and "has a limit in m²" in told


def test_a_model_that_cannot_tell_riders_is_told_of() -> None:
    (told,) = unknown_classes(load_site(RULES).site, ("bicycle", "motorcycle", "truck"))
    assert told == (
        ("policies", 0, "rules", 0, "kind"),
        "a rule of this kind needs 'person' as well, which the model does not know",
    )


def test_a_dwell_shorter_than_the_sampling_is_warned_of(tmp_path: Path) -> None:
    text = RULES.read_text(encoding="utf-8").replace("    look: {level: sampled, rate: 2}", "    #")
    told = warnings_of(load_site(write(tmp_path, text)).site, date(2026, 6, 1))
    assert any("3s is shorter than two sampling intervals" in one for one in told)
    assert any("3 sightings take 8s" in one for one in told)


OCCUPATION = ROOT / "configs" / "examples" / "occupation.yaml"


def test_the_example_of_occupation_is_valid_for_its_model() -> None:
    loaded = load_site(OCCUPATION)
    (rule,) = loaded.site.policies[0].rules
    assert rule.kind == "occupation"
    rules = loaded.site.rules_of(loaded.site.cameras[0])
    assert [shop.name for shop in rules.shops] == ["阿明 水果店"] and len(rules.watched_ground) == 1
    assert unknown_classes(loaded.site, load_catalog().models[loaded.site.model.name].classes) == []
    assert all("basis" in warning for warning in warnings_of(loaded.site, date(2026, 6, 1)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: occupation", "kind: ocupation", "did you mean 'occupation'?"),
        ("min_area: 1.0 ", "min_area: 0 ", "greater than 0"),
        ("min_area: 1.0 ", "min_aera: 1.0 ", "no such setting"),
        ("dwell: 10m ", "dwell: 0s ", "must be more than 0"),
        ("reach: 0.8 ", "reach: 80 ", "less than or equal to 20"),
        (
            "        frontage: [[0.42, 0.24], [0.60, 0.24]]",
            "        frontage: [[420, 240], [600, 240]]",
            "divide pixels",
        ),
        ("        licence: 92", "        license: 92", "correct its spelling"),
    ],
)
def test_mistakes_of_occupation_are_told_at_their_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = OCCUPATION.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = write(tmp_path, text.replace(old, new))
    (told,) = mistakes(path)
    assert words in told
    line = text[: text.index(old)].count("\n") + 1
    assert int(told.removeprefix(f"{path}:").split(":")[0]) - line in (0, 1)


def test_occupation_needs_the_ground(tmp_path: Path) -> None:
    lines = OCCUPATION.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.strip().startswith(("ground:", "points:", "metres:"))]
    (told,) = mistakes(write(tmp_path, "\n".join(kept)))
    assert "cameras[0].zones[0].rules[0]" in told and "add four points" in told


def test_a_class_of_ones_own_must_be_one_that_the_model_knows(tmp_path: Path) -> None:
    text = OCCUPATION.read_text(encoding="utf-8").replace("linger: 0.25 ", "supports: [person, hand cart] ")
    site = load_site(write(tmp_path, text)).site
    (told,) = unknown_classes(site, ("person", "handcart"))
    assert told == (
        ("policies", 0, "rules", 0, "supports", 1),
        "the model knows no class 'hand cart'; did you mean 'handcart'?",
    )


def test_signs_that_no_case_can_show_are_warned_of_with_their_line(tmp_path: Path) -> None:
    photo = tmp_path / "标志.jpg"
    photo.write_bytes(b"a photograph")
    sha256 = hashlib.sha256(photo.read_bytes()).hexdigest()
    demo = (ROOT / "configs/demo/site.yaml").read_text(encoding="utf-8")
    begin = demo.index("        signs:")

    def photographed(file: str, digest: str) -> str:
        taken = "taken_by: 王五, taken_on: 2026-09-01"
        return f"{{kind: sign, name: 禁停, photo: {{file: {file}, sha256: {digest}, {taken}}}}}"

    def warned(sign: str) -> list[str]:
        path = tmp_path / "site.yaml"
        path.write_text(demo[:begin] + f"        signs: [{sign}]\n", encoding="utf-8")
        return [str(one) for one in warnings_at(load_site(path)) if "sign_not_shown" in str(one)]

    assert not warned(photographed("标志.jpg", sha256))
    (neither,) = warned("{kind: sign, name: 禁停}")
    assert "site.yaml:" in neither and "neither a `place`" in neither
    (gone,) = warned(photographed("gone.jpg", sha256))
    (other,) = warned(photographed("标志.jpg", "ab" * 32))
    assert "gone.jpg" in gone and "not the photograph with that SHA-256" in other


def test_photographs_of_signs_lie_beside_the_site_file(tmp_path: Path) -> None:
    demo = (ROOT / "configs/demo/site.yaml").read_text(encoding="utf-8")
    photo = f"photo: {{file: photos/a.jpg, sha256: {'ab' * 32}, taken_by: 王五, taken_on: 2026-09-01}}"
    path = tmp_path / "site.yaml"
    path.write_text(demo[: demo.index("        signs:")] + f"        signs: [{{kind: sign, name: 禁停, {photo}}}]\n")
    loaded = load_site(path)
    assert sign_photos(loaded, loaded.site.cameras[0].zones[0]) == {"ab" * 32: tmp_path / "photos/a.jpg"}
