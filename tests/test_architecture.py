"""The house of docs/architecture.md: imports point downward, and a flow is not one until all its parts stand."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
WORLDLY = {"os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "time"}
PURE = {"astral"} | (set(sys.stdlib_module_names) - WORLDLY)
"""What decisions may stand on: nothing that touches the world or reads a clock."""

FLOORS: dict[str, set[str]] = {
    "kootenay/errors.py": set(),
    "kootenay/rules": {"kootenay.errors", "kootenay.rules"},
    "kootenay/adapters": {"kootenay.errors", "kootenay.rules", "kootenay.adapters"},
    "kootenay/settings": {"kootenay.errors", "kootenay.rules", "kootenay.settings"},
    "kootenay/wiring.py": {"kootenay.errors", "kootenay.rules", "kootenay.adapters", "kootenay.settings"},
    "gallery": {"kootenay", "gallery"},
    "guard": {"kootenay", "guard"},
    "tasks": {"kootenay", "tasks", "prefect", "prefect_aws"},
    "flows": {"kootenay.errors", "kootenay.rules", "kootenay.settings", "tasks", "prefect"},
    "deployments": {"prefect", "deployments"},
    "rig": {"kootenay", "rig"},
    "demo": {"kootenay", "rig", "demo", "deployments", "prefect"},
    "bench": {"kootenay", "rig", "guard", "bench", "deployments", "prefect"},
}
"""What each part of the house may import of the house, and of Prefect."""

OURS = {part.split("/")[0] for part in FLOORS} | {"tests", "prefect", "prefect_aws"}
LONGEST_MODULE = 300


def modules(part: str) -> Iterator[Path]:
    path = CHECKOUT / part
    yield from [path] if path.suffix else sorted(path.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("part", FLOORS)
def test_imports_point_downward(part: str) -> None:
    upward = {
        f"{path.relative_to(CHECKOUT)} imports {module}"
        for path in modules(part)
        for module in imports(path)
        if within(module, OURS) and not within(module, FLOORS[part])
    }
    assert upward == set()


def test_every_package_has_its_floor() -> None:
    packages = {path.parent.name for path in CHECKOUT.glob("*/__init__.py")} - {"tests", "kootenay"}
    assert packages <= set(FLOORS)


def test_rules_stand_on_nothing_that_touches_the_world() -> None:
    foreign = {
        f"{path.name} imports {module}"
        for path in modules("kootenay/rules")
        for module in imports(path)
        if not within(module, PURE | FLOORS["kootenay/rules"])
    }
    assert foreign == set()


def test_rules_read_no_clock() -> None:
    clocks = [
        path.name
        for path in modules("kootenay/rules")
        if re.search(r"\b(now|utcnow|today|time\.time|monotonic)\(", path.read_text())
    ]
    assert clocks == []


@pytest.mark.parametrize(
    "program", ["gallery.app", "guard.watch", "kootenay.adapters.gphoto2_child", "kootenay.wiring"]
)
def test_prefect_is_not_loaded_by(program: str) -> None:
    """Importing it costs 2 s of CPU and 85 MB, which neither the site nor the camera's child may pay."""
    code = f"import sys, {program}; sys.exit('prefect' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=True)


def test_the_camera_child_loads_next_to_nothing() -> None:
    code = (
        "import sys, kootenay.adapters.gphoto2_child; "
        "sys.exit(' '.join({'pydantic', 'sqlalchemy', 'numpy', 'PIL', 'boto3'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=True)


def test_no_module_outgrows_a_screenful_of_screens() -> None:
    long = {
        str(path.relative_to(CHECKOUT)): count
        for part in FLOORS
        for path in modules(part)
        if (count := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    assert long == {}


@pytest.mark.parametrize("part", FLOORS)
def test_a_module_opens_with_what_it_is_for(part: str) -> None:
    silent = [str(path) for path in modules(part) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


FLOW_FILES = sorted(path for path in (CHECKOUT / "flows").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("path", FLOW_FILES, ids=lambda path: path.stem)
class TestAFlowHas:
    def test_a_deployment(self, path: Path) -> None:
        table = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())
        entrypoints = [deployment["entrypoint"] for deployment in table["deployments"]]
        assert any(entrypoint.startswith(f"flows/{path.name}:") for entrypoint in entrypoints)

    def test_a_page_that_says_what_it_promises_refuses_and_how_to_undo_it(self, path: Path) -> None:
        page = (CHECKOUT / "docs" / f"{path.stem}.md").read_text()
        for heading in ("## Promises", "## Refuses", "## Undo"):
            assert heading in page

    def test_a_test(self, path: Path) -> None:
        tests = "".join(file.read_text() for file in (CHECKOUT / "tests" / "flows").glob("test_*.py"))
        assert f"from flows.{path.stem} import" in tests

    def test_a_docstring_with_requires_and_safe_to_repeat(self, path: Path) -> None:
        docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert "Requires:" in docstring
        assert "Safe to repeat because:" in docstring


def test_the_map_names_every_part_of_the_house() -> None:
    text = (CHECKOUT / "docs" / "architecture.md").read_text()
    missing = [part for part in FLOORS if f"{part}" not in text]
    assert missing == []


def test_nothing_names_a_place_of_somebodys_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    pattern = re.compile(r"/(?:root|work|home/[a-z]+)/[a-z]")
    named = [
        name
        for name in listed.splitlines()
        if (CHECKOUT / name).suffix in {".py", ".md", ".toml", ".yaml", ".sh", ".lock", ""}
        and (CHECKOUT / name).is_file()
        and name != "tests/test_architecture.py"
        and pattern.search((CHECKOUT / name).read_text(errors="ignore"))
    ]
    assert named == []


def test_the_lock_names_no_address() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock
    unhashed = [line for line in re.findall(r"^[a-z0-9].*$", lock, re.MULTILINE) if not line.endswith("\\")]
    assert unhashed == []
