"""Reads a small YAML 1.2 file strictly: sections, lists, text, numbers, true, false and null; no tags, no dates.

YAML allows more than settings need: a file of a few lines that expands to gigabytes, nesting that overflows the stack,
tags that construct objects. All of this is refused with its place, before anything is constructed.
"""

import copy
import math
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, MaxDepthExceededError
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.resolver import VersionedResolver

try:
    from _ruamel_yaml import CParser  # of ruamel.yaml.clib
except ImportError:
    CParser = None

BYTES = 2**18  # of a file
DEPTH = 20  # of nesting
VALUES = 20_000  # in a file; those of an alias count at each use
DIGITS = 40  # of a number
LARGEST, SMALLEST = 3.4028234e38, 1.1754944e-38  # magnitudes that float32 holds without loss of digits
TAG = "tag:yaml.org,2002:"
READ_DIFFERENTLY = frozenset("\t\x85\u2028\u2029\ufeff")  # by libyaml, which follows YAML 1.1


class Unreadable(ValueError):
    """A file that this module refuses; the message does not name the file."""


def read(path: Path) -> Any:
    """Return the plain values of the file.

    Raises:
        FileNotFoundError: there is no file.
        Unreadable: one line with the place and the error.
    """
    return copy.deepcopy(_parsed(text(path)))


@lru_cache(maxsize=1)  # a stage reads params.yaml three times
def _parsed(content: str) -> Any:
    if CParser is not None:
        try:
            if plain(content):
                return _Loader(content).get_single_data()
        except (YAMLError, Unreadable):
            pass  # the reader in Python reports the error
    return in_python(content)


def plain(content: str) -> bool:
    """Return whether libyaml gives the same values as the reader in Python, in a third of the time.

    It does unless the text has a tag, an anchor, a block of text, a directive, deep nesting or certain characters.

    Raises:
        YAMLError: libyaml refuses the text.
    """
    if not READ_DIFFERENTLY.isdisjoint(content):
        return False
    parser, depth = CParser(content), 0
    while parser.check_event():
        event = parser.get_event()
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEPTH or isinstance(event, AliasEvent) or getattr(event, "version", None):
            return False
        if isinstance(event, NodeEvent) and (event.anchor or getattr(event, "tag", None)):
            return False
        if isinstance(event, ScalarEvent) and event.style in ("|", ">"):
            return False
    return True


def in_python(content: str) -> Any:
    """Return the document as ruamel.yaml's Python reader reads it.

    Raises:
        Unreadable: one line with the place and the error.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer, yaml.Constructor, yaml.max_depth = _Composer, _Constructor, DEPTH
    try:
        return yaml.load(content)
    except MaxDepthExceededError as error:
        raise Unreadable(
            f"line {error.problem_mark.line + 1}: is nested more than {DEPTH} deep; write it flat"
        ) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        problem = error.problem or error.context or "not YAML"
        said = f"{error.context}, {problem}" if error.context and problem.startswith("but ") else problem
        raise Unreadable(f"{place}{' '.join(said.split())}") from None
    except ReaderError as error:
        raise Unreadable(
            f"character {error.position + 1} is U+{ord_of(error):04X}, which YAML excludes; remove it"
        ) from None
    except YAMLError as error:
        raise Unreadable(" ".join(str(error).split())) from None


def ord_of(error: ReaderError) -> int:
    return error.character if isinstance(error.character, int) else ord(error.character)


def text(path: Path) -> str:
    """Return the content of a small file of UTF-8.

    Raises:
        FileNotFoundError: there is no file.
        Unreadable: it is a folder or a device, may not be read, is too large, or is not UTF-8.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable(f"is {kind(found)}, and should be a file; put the file back: git checkout {path}")
        with path.open("rb") as file:
            content = file.read(BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}; fix that, or: git checkout {path}") from None
    if len(content) > BYTES:
        raise Unreadable(f"is larger than {BYTES >> 10} KiB, the limit for settings; remove what does not belong there")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start} is not UTF-8; save the file as UTF-8") from None


def kind(found: os.stat_result) -> str:
    return "a folder" if stat.S_ISDIR(found.st_mode) else "a device or a pipe"


class _Composer(Composer):
    """Records the nodes with an explicit tag, and refuses other versions of YAML."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.warn_double_anchors = False
        self.tagged: dict[int, str] = {}

    def compose_document(self) -> Any:
        start = self.parser.peek_event()
        if start.version not in (None, (1, 2)):
            raise MarkedYAMLError(problem="another version of YAML; remove the line %YAML", problem_mark=start.end_mark)
        return super().compose_document()

    def compose_node(self, parent: Any, index: Any) -> Any:
        tag = getattr(self.parser.peek_event(), "ctag", None)
        node = super().compose_node(parent, index)
        if tag is not None:
            self.tagged[id(node)] = str(tag).replace(TAG, "!!")
        return node


class _Constructor(SafeConstructor):
    """Checks all nodes before it constructs values."""

    def construct_document(self, node: Any) -> Any:
        for count, (place, item) in enumerate(walk(node, (), 0)):
            fault = f"has more than {VALUES} values, aliases spelt out" if count >= VALUES else self.fault(item)
            if fault:
                where = f"{'.'.join(place)} (line {item.start_mark.line + 1})" if place else "the file"
                raise Unreadable(f"{where}: {fault}")
        try:
            return super().construct_document(node)
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise Unreadable(f"cannot be read as settings: {error}") from None

    def fault(self, node: Node) -> str | None:
        """Return the error of a single node, if any."""
        if tag := self.composer.tagged.get(id(node)):
            return f"has the tag {tag}, and settings have none; write the value alone, text in quotes"
        if not isinstance(node, ScalarNode):
            return None
        resolved, written = str(node.tag).removeprefix(TAG), node.value
        if resolved == "timestamp":
            return f"{written} is a date to YAML, and no setting is one; for text write it in quotes: '{written}'"
        if resolved in ("int", "float"):
            return number_fault(resolved, written, self)
        if bad := next((c for c in written if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n\r"), None):
            return f"{written!r:.60} contains the character {bad!r}, which no setting needs; remove it"
        return None


def number_fault(resolved: str, written: str, constructor: SafeConstructor) -> str | None:
    """Return why a number is refused: the number of its digits, or its magnitude."""
    if len(written) > DIGITS:
        return f"{written[:DIGITS]}... has more than {DIGITS} digits"
    node = ScalarNode(f"{TAG}{resolved}", written)
    if resolved == "int":
        return None if abs(constructor.construct_yaml_int(node)) < 2**63 else f"{written} is larger than 64 bits allow"
    value = float(constructor.construct_yaml_float(node))
    if (math.isinf(value) and not re.search("inf", written, re.I)) or LARGEST < abs(value) < math.inf:
        return f"{written} is larger than float32 allows (3.4e38)"
    zero = value == 0 and not re.search("[1-9]", re.split("[eE]", written)[0])
    if not zero and abs(value) < SMALLEST:
        return f"{written} is nearer to 0 than float32 allows (1.2e-38)"
    return None


if CParser is not None:

    class _Loader(CParser, _Constructor, VersionedResolver):  # type: ignore[misc]  # ruamel.yaml has no types for C
        """Constructs the values of `in_python` from libyaml's events; each spelling of a scalar is resolved once."""

        tagged: Mapping[int, str] = {}  # `plain` has seen that there are none

        def __init__(self, content: str) -> None:
            CParser.__init__(self, content)
            self._parser = self._composer = self._scanner = self
            _Constructor.__init__(self, loader=self)
            VersionedResolver.__init__(self, loadumper=self)
            self.resolve = cache(self.resolve)  # type: ignore[method-assign]


def walk(node: Node | None, place: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each node with its place, sections before their content, an alias as its anchor.

    Raises:
        Unreadable: a key is not text, or the nesting is too deep, as an alias inside of its own section is.
    """
    if node is None:
        return
    if depth > DEPTH:
        raise Unreadable(f"{'.'.join(place[:3])}: is nested more than {DEPTH} deep; write it flat")
    yield place, node
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from walk(item, (*place, str(index)), depth + 1)
    elif isinstance(node, MappingNode):
        for key, item in node.value:
            merge = isinstance(key, ScalarNode) and str(key.tag) == f"{TAG}merge"
            if not merge and not (isinstance(key, ScalarNode) and str(key.tag) == f"{TAG}str"):
                shown = f"{key.value:.40}" if isinstance(key, ScalarNode) else "a list or a section"
                where = ".".join(place) or "the file"
                raise Unreadable(
                    f"{where} (line {key.start_mark.line + 1}): a key is {shown}, and should be text; write a name"
                )
            if not merge:
                yield (*place, key.value[:40]), key
            yield from walk(item, place if merge else (*place, key.value[:40]), depth + 1)
