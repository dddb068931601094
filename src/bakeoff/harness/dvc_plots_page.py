"""The page template of `dvc plots`, with the plotting libraries included, so that it works offline.

DVC's own page loads Vega from the web. Snakemake's package contains the same libraries for its reports; they are
copied from there into a file that git ignores.
"""

from importlib.metadata import distribution
from pathlib import Path

PATH = Path(".dvc/tmp/plots_page.html")  # `plots.html_template` in .dvc/config
LIBRARIES = ("vega", "vega-lite", "vega-embed")  # in this order: each uses those before it

# DVC's plots are scripts in the page, made of the names of files and revisions; Vega compiles its expressions. Nothing
# is loaded from elsewhere or sent there; pictures that DVC lays beside the page are files.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src file: data: blob:; base-uri 'none'; form-action 'none'"
)

# DVC puts its plots in place of {plot_divs}, and would put links to the web in place of {scripts}.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="POLICY">
{refresh_tag}
<title>Learning curves</title>
<style>body { font-family: sans-serif; margin: 2em; } .vega-embed { margin-bottom: 2em; }</style>
LIBRARIES
</head>
<body>
{plot_divs}
</body>
</html>
"""


def write_template(path: Path = PATH) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    libraries = "\n".join(map(embedded, LIBRARIES))
    path.write_text(PAGE.replace("POLICY", POLICY).replace("LIBRARIES", libraries), encoding="utf-8")


def embedded(library: str) -> str:
    """Return a library of Snakemake's package as a script element, with its licence."""
    folder = distribution("snakemake").locate_file(f"snakemake/assets/data/{library}")
    licence, code = (Path(str(folder), name).read_text(encoding="utf-8") for name in ("LICENSE", f"{library}.js"))
    return f"<!--\n{library}\n{licence}-->\n<script>\n{code}\n</script>"
