"""Reading Darknet's network description: an ini-like text whose sections repeat and whose order matters."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.errors import ModelRefusedError

MOST_BYTES = 256 * 1024
MOST_SECTIONS = 1024


@dataclass(frozen=True, slots=True)
class Section:
    """One `[kind]` with its options as written."""

    kind: str
    line: int
    options: dict[str, str] = field(default_factory=dict)

    def whole(self, key: str, default: int | None, lowest: int, highest: int) -> int:
        """An integer option within lowest..highest; `default` where it is not given (None: it must be given)."""
        text = self.options.get(key)
        if text is None:
            if default is None:
                raise self.refusal(f"option {key!r} is missing")
            return default
        return self._bounded(key, text, lowest, highest)

    def wholes(self, key: str, lowest: int, highest: int) -> tuple[int, ...]:
        """A comma-separated list of integers, each within lowest..highest; empty where it is not given."""
        text = self.options.get(key, "")
        return tuple(self._bounded(key, part, lowest, highest) for part in text.split(",") if part.strip())

    def refusal(self, why: str) -> ModelRefusedError:
        """The error for this section."""
        return ModelRefusedError(
            why,
            where=f"[{self.kind}] at line {self.line}",
            remedy="Only Darknet networks made of convolutional, maxpool, route, upsample and yolo layers convert.",
        )

    def _bounded(self, key: str, text: str, lowest: int, highest: int) -> int:
        try:
            value = int(text.strip()[:20])
        except ValueError as error:
            raise self.refusal(f"option {key!r} is no whole number: {text.strip()[:40]!r}") from error
        if not lowest <= value <= highest:
            raise self.refusal(f"option {key!r} is {value}, outside {lowest}..{highest}")
        return value


def parse_cfg(data: bytes) -> tuple[Section, ...]:
    """The sections in order. Raises ModelRefusedError for what is no Darknet description."""
    if len(data) > MOST_BYTES:
        raise ModelRefusedError(f"the network description has {len(data)} bytes, more than {MOST_BYTES}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelRefusedError("the network description is no text") from error
    sections: list[Section] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].split(";", 1)[0].strip()
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            sections.append(Section(line[1:-1].strip().lower(), number))
            if len(sections) > MOST_SECTIONS:
                raise sections[-1].refusal(f"more than {MOST_SECTIONS} sections")
            continue
        key, equals, value = line.partition("=")
        if not equals or not sections:
            raise ModelRefusedError(f"line {number} of the network description is neither [section] nor key=value")
        sections[-1].options[key.strip()] = value.strip()
    if not sections or sections[0].kind not in ("net", "network"):
        raise ModelRefusedError("the network description does not begin with [net]")
    return tuple(sections)
