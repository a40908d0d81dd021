"""A statement in Chinese and in English, and the words for rules and vehicles that bundles and notices share.

A leaf, and light: it imports nothing of this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Language(StrEnum):
    """What people are spoken to in."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Said:
    """One statement in both languages; neither is made from the other."""

    zh: str
    en: str

    @classmethod
    def quoted(cls, text: str) -> Self:
        """What somebody else has said, or a name: the same in both."""
        return cls(text, text)

    def to(self, language: Language) -> str:
        """The statement for somebody who reads `language`."""
        return self.zh if language is Language.ZH else self.en


KINDS = {
    "no_parking": Said("违法停车", "Illegal parking"),
    "bike_clutter": Said("共享单车乱停放", "Bicycle clutter"),
    "intrusion": Said("违规闯入", "Intrusion"),
    "occupation": Said("占道经营", "Street occupation"),
    "out_of_store": Said("跨门经营", "Trading out of a shop"),
    "street_vendor": Said("流动摊贩", "Street vending"),
}
"""What breaking a rule of this kind is called."""
CLASSES_ZH = {
    "car": "小型车",
    "truck": "货车",
    "bus": "客车",
    "motorcycle": "摩托车",
    "bicycle": "自行车",
    "person": "行人",
    "tricycle": "三轮车",
    "van": "面包车",
    "footprint": "占道物品",
}
"""What the model tells apart; its own names are the English words."""


def kind_words(kind: str, rule: str) -> Said:
    """What breaking `rule`, which is of this kind, is called; in general words where the kind is none of `KINDS`."""
    return KINDS.get(kind, Said("违法行为", rule))


def class_zh(cls: str) -> str:
    """The Chinese word for a class; a class that has none keeps its own name."""
    return CLASSES_ZH.get(cls, cls)
