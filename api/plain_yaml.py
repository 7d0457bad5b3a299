"""How is YAML read without guesses?"""

from collections.abc import Hashable
from math import isfinite
from typing import Any

import yaml


class PlainLoader(yaml.SafeLoader):
    """Takes only `true` and `false` for truth, leaves moments as text, and refuses a name that is given twice.

    Aliases are refused too: a few lines of them can stand for more than the memory holds, or for themselves.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node; raises `yaml.composer.ComposerError` where it is an alias."""
        if self.check_event(yaml.AliasEvent):
            alias = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's parser has no types.
            fault = f"the alias *{alias.anchor} is not taken here; write out what it stands for"
            raise yaml.composer.ComposerError(None, None, fault, alias.start_mark)
        return super().compose_node(parent, index)

    def construct_finite(self, node: yaml.ScalarNode) -> float | str:
        """Return the number; what is not one (`.nan`, `.inf`) stays as written, for the API to name its place."""
        number = self.construct_yaml_float(node)
        return number if isfinite(number) else str(node.value)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping; raises `yaml.constructor.ConstructorError` where a name comes twice."""
        seen = set()
        for name, _ in node.value:
            if name.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{name.value} is given twice", name.start_mark)
            seen.add(name.value)
        return super().construct_mapping(node, deep)


_GUESSES = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}

PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _GUESSES or first in "tfTF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

PlainLoader.add_constructor("tag:yaml.org,2002:float", PlainLoader.construct_finite)
