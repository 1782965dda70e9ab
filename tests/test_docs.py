"""The pages say what is so: their links lead somewhere, their commands and settings exist."""

import re
from pathlib import Path

import pytest

from deployments.setup import table
from kootenay.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
class TestAPage:
    def test_links_lead_somewhere(self, page: Path) -> None:
        targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
        dead = [
            target for target in targets if not target.startswith("https://") and not (page.parent / target).exists()
        ]
        assert dead == []

    def test_make_targets_exist(self, page: Path) -> None:
        makefile = (CHECKOUT / "Makefile").read_text()
        targets = re.findall(r"(?:^    |`)(?:[A-Z_]+=\S+ )*make ([a-z]+)", page.read_text(), re.MULTILINE)
        unknown = [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)]
        assert unknown == []

    def test_deployments_exist(self, page: Path) -> None:
        named = re.findall(r"deployment run ([a-z/-]+)", page.read_text())
        flows = {
            f"{each['entrypoint'].split(':')[1].replace('_', '-')}/{each['name']}" for each in table()["deployments"]
        }
        assert set(named) <= flows

    def test_lines_fit_a_screen(self, page: Path) -> None:
        text = re.sub(r"^(\||!\[).*$", "", page.read_text(), flags=re.MULTILINE)
        long = [line for line in text.splitlines() if len(line) > 125]
        assert long == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_settings_that_pages_name_exist(page: Path) -> None:
    for section, key in re.findall(r"`\[([a-z]+)\] ([a-z_]+)", page.read_text()):
        fields = Settings.model_fields[section].annotation
        assert fields is not None
        assert key in fields.model_fields, f"[{section}] {key}"


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [CHECKOUT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#]+\.md)\)", page.read_text())
        todo += [(page.parent / link).resolve() for link in links if not link.startswith("https://")]
    assert set(PAGES) <= seen
