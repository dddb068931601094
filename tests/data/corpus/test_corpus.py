import bz2
import hashlib
from pathlib import Path

import numpy as np
import pytest

from bakeoff.data.corpus import corpus
from bakeoff.data.sources import catalogue as sources
from bakeoff.settings import BadInput

PAGE = '  <page>\n    <ns>0</ns>\n    <text xml:space="preserve">{}</text>\n  </page>\n'


def dump(path: Path, *markups: str) -> Path:
    text = "<mediawiki>\n" + "".join(PAGE.format(markup) for markup in markups) + "</mediawiki>\n"
    path.write_bytes(bz2.compress(text.encode()))
    return path


@pytest.mark.parametrize(
    ("markup", "words"),  # what wikifil.pl itself makes of them, run under Perl 5
    [
        ("In 1905, 26 years old", "in one nine zero five two six years old"),
        ("[[File name|shown]] and [[plain]] or [[de:Verweis]]", "shown and plain or"),
        ("[[Image:cat.jpg|thumb|left|200px|A cat]] sat", "a cat sat"),
        ("[[Category:Animals|cat]] [[category:Things]]", "animals things"),
        ("[http://a.org/x?y=1 the site] [https://b.org other]", "the site https b org other"),
        ("word&lt;ref name=&quot;a&quot;&gt;Source, 2001&lt;/ref&gt; next&lt;br /&gt;line", "word nextline"),
        ("{{Infobox|a=1}} {| table | cell |} text", "text"),
        ("AT&amp;amp;T caf&amp;eacute; Zürich&amp;nbsp;am See", "at t caf z rich am see"),
        ("ABC's Ü &quot;quoted&quot; don't", "abc s quoted don t"),
        ("{{outer {{inner}} rest}} end", "rest end"),
        ("#REDIRECT [[Elsewhere]]", ""),
    ],
)
def test_markup_becomes_the_words_that_wikifil_makes_of_it(markup: str, words: str) -> None:
    assert corpus.clean(markup.encode()) == words.split()


def test_the_sample_becomes_what_wikifil_makes_of_it() -> None:
    articles = list(corpus.articles(sources.files("wikipedia-sample")["dump"]))
    words = [word for article in articles for word in article]
    assert (len(articles), len(words)) == (106, 512_934)
    digest = hashlib.sha256(" ".join(words).encode()).hexdigest()
    assert (
        digest == "b74872e6d20f2db871e955f05d0ca192b3d54a1a78185147a1c12c669c08fae3"
    )  # of `bzcat DUMP | perl wikifil.pl`, its words joined by single spaces


def test_only_what_stands_between_text_tags_is_read_and_redirects_are_left_out(tmp_path: Path) -> None:
    path = dump(tmp_path / "dump.bz2", "first\nsecond line", "#redirect [[first]]", "third")
    assert list(corpus.articles(path)) == [["first", "second", "line"], ["third"]]


def test_damaged_dumps_and_other_files_are_refused(tmp_path: Path) -> None:
    path = dump(tmp_path / "dump.bz2", "some words " * 1000)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(BadInput, match=r"should be a \.bz2 file, whole"):
        list(corpus.articles(path))
    path.write_bytes(b"plain text")
    with pytest.raises(BadInput, match=r"should be a \.bz2 file, whole"):
        list(corpus.articles(path))
    path.write_bytes(bz2.compress(b"plain text"))
    with pytest.raises(BadInput, match="holds no page"):
        list(corpus.articles(path))
    path.write_bytes(bz2.compress(b"<text >never ends\n"))
    with pytest.raises(BadInput, match="ends inside a page"):
        list(corpus.articles(path))


TEXTS = [list("bbbaaaccd"), list("ccded")]  # c 4; a, b, d 3; e 1


def test_ids_count_down_from_the_most_frequent_word_and_ties_go_by_the_alphabet() -> None:
    indexed = corpus.index(TEXTS, vocabulary_size=100, minimum_count=1)
    assert indexed.words == ("UNK", "c", "a", "b", "d", "e")
    assert indexed.counts.tolist() == [0, 4, 3, 3, 3, 1]
    assert indexed.ids.dtype == np.int32
    assert [indexed.words[n] for n in indexed.ids] == [word for words in TEXTS for word in words]


def test_rare_words_become_unk_which_is_counted_among_the_vocabulary() -> None:
    indexed = corpus.index(TEXTS, vocabulary_size=3, minimum_count=1)
    assert indexed.words == ("UNK", "c", "a")
    assert indexed.counts.tolist() == [7, 4, 3]
    assert indexed.counts.tolist() == np.bincount(indexed.ids).tolist()
    assert corpus.index(TEXTS, vocabulary_size=100, minimum_count=3).words == ("UNK", "c", "a", "b", "d")
    assert corpus.index(TEXTS, vocabulary_size=100, minimum_count=4).words == ("UNK", "c")


def test_a_text_without_frequent_words_is_refused() -> None:
    for texts in (TEXTS, []):
        with pytest.raises(BadInput, match="minimum_count is 5, and no word of the text occurs so often"):
            corpus.index(texts, vocabulary_size=100, minimum_count=5)


def test_ids_and_vocabulary_are_written_as_others_read_them(tmp_path: Path) -> None:
    indexed = corpus.index(TEXTS, vocabulary_size=3, minimum_count=1)
    indexed.save_ids(tmp_path / "ids.npy")
    indexed.save_vocabulary(tmp_path / "vocabulary.csv")
    assert np.load(tmp_path / "ids.npy").tolist() == indexed.ids.tolist()
    assert (tmp_path / "vocabulary.csv").read_bytes() == b"word,count\nUNK,7\nc,4\na,3\n"
