import json
import re
from pathlib import Path

import pytest
from dvc_render.html import HTML
from dvc_render.vega import VegaRenderer

from bakeoff.harness.dvc_plots_page import LIBRARIES, write_template

TEMPLATES = Path(__file__).parents[2] / ".dvc/plots"
ROW = {
    "task": "images",
    "model": "cnn",
    "optimizer": "adam",
    "step": "28",
    "epoch": "0.25",
    "runs": "3",
    "rev": "workspace",
}
ROWS = [ROW | {"loss": "0.5", "loss_low": "0.4", "loss_high": "0.6"}]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("dvc") / "tmp/page.html"
    write_template(path)
    return path.read_text(encoding="utf-8")


def filled() -> VegaRenderer:
    return VegaRenderer(ROWS, "loss", x="step", y="loss", template="curves", template_dir=str(TEMPLATES))


def test_the_page_loads_nothing_from_elsewhere(template: str) -> None:
    page = HTML(template).with_scripts(VegaRenderer.SCRIPTS).with_element(filled().generate_html()).embed()
    assert not re.search("<script[^>]*src=", page)
    assert not re.search("src=|href=|@import", re.sub("<script.*?</script>", "", page, flags=re.DOTALL))
    assert page.count("<script>") == len(LIBRARIES)
    assert "vegaEmbed('#" in page


def test_each_library_is_there_with_its_licence(template: str) -> None:
    for name, what_it_defines in zip(LIBRARIES, ("vega", "vegaLite", "vegaEmbed"), strict=True):
        assert re.search(rf"<!--\n{name}\nCopyright[^>]*Redistribution", template), name
        assert re.search(rf"\.{what_it_defines}\s*=", template), name


def test_no_library_ends_its_own_script_or_takes_dvcs_placeholders(template: str) -> None:
    assert template.count("</script>") == len(LIBRARIES)
    assert template.count("{plot_divs}") == template.count("{refresh_tag}") == 1


def test_the_template_takes_its_columns_from_the_plot() -> None:
    spec = json.dumps(filled().get_filled_template())
    assert "DVC_METRIC" not in spec
    assert "datum['loss_low']" in spec and "datum['loss_high']" in spec


def test_the_page_can_neither_load_nor_send_anything(template: str) -> None:
    page = HTML(template).with_scripts(VegaRenderer.SCRIPTS).with_element(filled().generate_html()).embed()
    (policy,) = re.findall('<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert page.index(policy) < page.index("<script>")
    assert policy.startswith("default-src 'none'; ") and "http" not in policy and "*" not in policy
    assert "connect-src" not in policy and "form-action 'none'" in policy
