"""libyaml reads a settings file as the reader in Python does, or leaves it to that one."""

import random
from pathlib import Path

import pytest
from ruamel.yaml.error import YAMLError

from bakeoff.base import strict_yaml

PARAMS = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
INSERTED = [
    *"abz019.,:;-_+'\"[]{}#&*!|>%@`?~=/\\ \t\n\r\0\x07\x7f\x85\u2028\ufeffäß\u200b<",
    *("true", "null", "1e3", "0o7", "0x1", "1:2", "yes", "2001-01-01", "\n  ", "\n- ", ": ", "- ", "? ", " #", ".inf"),
    *(".nan", "1_0", "---\n", "...\n", "!!str ", "!a ", "&a ", "*a", "<<: ", "\\u00e4", '"\\x41"'),
]


def mutated(draw: random.Random) -> str:
    """A few lines of params.yaml with up to four characters or words put in, taken out or repeated."""
    lines = [line for line in PARAMS.splitlines() if line.strip()]
    length = draw.randint(1, 8)
    start = draw.randrange(len(lines) - length)
    chosen = lines[start : start + length]
    indent = min(len(line) - len(line.lstrip()) for line in chosen)
    text = "".join(f"{line[indent:]}\n" for line in chosen)
    for _ in range(draw.randint(0, 4)):
        place = draw.randrange(len(text) + 1)
        match draw.randrange(4):
            case 0 | 1:
                text = text[:place] + draw.choice(INSERTED) + text[place:]
            case 2:
                text = text[:place] + text[place + draw.randint(1, 4) :]
            case 3:
                source = draw.randrange(len(text) + 1)
                text = text[:place] + text[source : source + draw.randint(1, 9)] + text[place:]
    return text


def by_libyaml(text: str) -> object:
    if not strict_yaml.plain(text):
        raise strict_yaml.Unreadable("left to Python")
    return strict_yaml._Loader(text).get_single_data()


def test_what_libyaml_reads_is_what_python_reads() -> None:
    draw, compared = random.Random(0), 0
    for _ in range(600):
        text = mutated(draw)
        try:
            read = by_libyaml(text)
        except (YAMLError, strict_yaml.Unreadable):
            continue
        compared += 1
        assert repr(read) == repr(strict_yaml.in_python(text)), text
    assert compared > 150


def test_params_yaml_is_read_by_libyaml() -> None:
    assert by_libyaml(PARAMS) == strict_yaml.in_python(PARAMS)


@pytest.mark.parametrize(
    "text",
    ["a:\t\n  b: 1\n", "a: !!str 1\n", "a: &x 1\nb: *x\n", "%YAML 1.1\n---\na: yes\n", "a: |\n  text\n", "a: b\x85c\n"],
)
def test_what_libyaml_might_read_differently_is_left_to_python(text: str) -> None:
    assert not strict_yaml.plain(text)
