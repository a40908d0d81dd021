"""Rules can only be about what the model knows by name."""

from __future__ import annotations

from collections.abc import Sequence

from streetproof.settings.document import ConfigError
from streetproof.settings.site import Site
from vision.policy import unknown_id


def unknown_classes(site: Site, known: Sequence[str]) -> list[tuple[tuple[int | str, ...], str]]:
    """Each class name that a rule needs and that is none of `known`: where it stands in the site file, and what to say
    of it."""
    found: list[tuple[tuple[int | str, ...], str]] = []
    for p, policy in enumerate(site.policies):
        for r, rule in enumerate(policy.rules):
            place = ("policies", p, "rules", r)
            found += [
                ((*place, field, c), f"the model knows {unknown_id('class', name, known)}")
                for c, (field, name) in enumerate(rule.asked)
                if name not in known
            ]
            found += [
                ((*place, "kind"), f"a rule of this kind needs {name!r} as well, which the model does not know")
                for name in rule.needed
                if name not in known and name not in rule.classes
            ]
    return found


def check_classes(site: Site, known: Sequence[str], where: str) -> None:
    """Raises ConfigError for the first class that the model does not know: its rule would never find anything."""
    for _, message in unknown_classes(site, known):
        raise ConfigError(message, where=where, remedy="Correct the classes of the rule, or use another model")
