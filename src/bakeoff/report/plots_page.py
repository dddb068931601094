"""The page that `dvc plots` fills, with the drawing libraries inside, so that it works without a network.

DVC's own page loads Vega from the web. The same libraries lie in Snakemake's package, which draws its reports with
them; they are copied from there into a file that git ignores.
"""

from importlib.metadata import distribution
from pathlib import Path

PATH = Path(".dvc/tmp/plots_page.html")  # `plots.html_template` in .dvc/config
LIBRARIES = ("vega", "vega-lite", "vega-embed")  # in this order: each uses those before it

# DVC puts its plots in place of {plot_divs}, and would put links to the web in place of {scripts}.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
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
    path.write_text(PAGE.replace("LIBRARIES", "\n".join(map(embedded, LIBRARIES))), encoding="utf-8")


def embedded(library: str) -> str:
    """A library of Snakemake's package as a script element, under its licence."""
    folder = distribution("snakemake").locate_file(f"snakemake/assets/data/{library}")
    licence, code = (Path(str(folder), name).read_text(encoding="utf-8") for name in ("LICENSE", f"{library}.js"))
    return f"<!--\n{library}\n{licence}-->\n<script>\n{code}\n</script>"
