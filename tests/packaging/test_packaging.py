"""What the kit says of itself is true: README, pyproject, environment.yml and CI agree."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement

# Import name -> name to install, where the two differ.
INSTALLED_AS = {"IPython": "ipykernel", "PIL": "pillow", "zmq": "pyzmq"}
# conda has no extras: their packages are listed by name. And it has another name for torch.
CONDA_FOR = {"bleach[css]>=6.1": {"bleach>=6.1", "tinycss2>=1.1"},
             "torch>=2.5,<2.14": {"pytorch>=2.5,<2.14"}}
# Extras whose packages some part of the library may import inside a function.
OPTIONAL = {"ray", "genanki"}
# Other packages that the bench runs where they are installed.
MEASURED = {"bourse", "pams", "gym_anytrading", "gym_trading_env"}


@pytest.fixture(scope="module")
def project(repo):
    return tomllib.loads((repo / "pyproject.toml").read_text())["project"]


def block_below(text: str, marker: str) -> str:
    found = re.search(rf"<!-- command: {marker} -->\n```bash\n(.*?)\n```", text, flags=re.DOTALL)
    assert found, f"README has no command marked {marker!r}"
    return found.group(1)


def test_conda_and_pip_install_the_same_packages(repo, project):
    lines = (repo / "environment.yml").read_text().split("dependencies:")[1].splitlines()
    listed = [line.split(" #")[0] for line in lines if line.strip()]
    assert listed[-2:] == ["  - pip:", "      - -e ."]
    wanted = {"pip", f"python{project['requires-python']}"}
    for requirement in project["dependencies"]:
        wanted |= CONDA_FOR.get(requirement, {requirement})
    assert {line.removeprefix("  - ") for line in listed[:-2]} == wanted


def test_every_import_of_the_library_is_a_declared_dependency(repo, project):
    declared = {Requirement(line).name.replace("-", "_") for line in project["dependencies"]}
    undeclared = {}
    for path in (repo / "lobsim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            else:
                continue
            for name in (full.split(".")[0] for full in names):
                known = INSTALLED_AS.get(name, name).replace("-", "_")
                if known not in {*sys.stdlib_module_names, *declared, *OPTIONAL, *MEASURED, "lobsim"}:
                    undeclared.setdefault(name, []).append(path.name)
    assert not undeclared, undeclared


def test_ray_has_a_pin_of_its_own_and_stays_out_of_the_base_kit(project):
    base = {Requirement(line).name for line in project["dependencies"]}
    assert "ray" not in base and {"torch", "gymnasium", "stable-baselines3"} <= base
    (ray,) = [
        requirement
        for line in project["optional-dependencies"]["scale"]
        if (requirement := Requirement(line)).name == "ray"
    ]
    assert {spec.operator for spec in ray.specifier} == {">=", "<"}


def test_one_version_everywhere(project):
    import lobsim

    assert lobsim.__version__ == project["version"]
    assert metadata.version("lobsim") == project["version"]


def test_ci_runs_the_readme_s_test_command_word_for_word(repo):
    readme = (repo / "README.md").read_text()
    printed = subprocess.run(
        ["bash", str(repo / ".ci" / "run"), "--print-command"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip() == block_below(readme, "test")
    assert "pytest" in printed


def test_the_readme_opens_with_the_two_commands_and_their_windows_forms(repo):
    readme = (repo / "README.md").read_text()
    course, test = block_below(readme, "course"), block_below(readme, "test")
    assert len(course.splitlines()) == len(test.splitlines()) == 1
    assert course.endswith("lobsim lab")
    opening = readme.split("\n## ")[0]
    for command in (course, test):
        steps = [step.strip() for step in command.split("&&")]
        windows = "; ".join(steps).replace("python3 -m venv", "py -m venv")
        assert windows.replace(".venv/bin/", ".venv\\Scripts\\") in opening


def test_readme_names_only_commands_that_exist(repo):
    from typer.main import get_command

    from lobsim.cli import app

    known = get_command(app).commands
    readme = (repo / "README.md").read_text()
    named = set(re.findall(r"(?<![\w/])lobsim ([a-z]+)", " ".join(re.findall(r"`[^`]+`", readme))))
    named |= set(re.findall(r"^(?:\.venv/bin/)?lobsim ([a-z]+)", readme, flags=re.MULTILINE))
    assert named <= set(known), f"README names commands that do not exist: {named - set(known)}"


def test_readme_s_map_marks_exactly_the_lessons_that_exist(repo):
    readme = (repo / "README.md").read_text()
    rows = re.findall(r"^\| (\d\d) \| (.+?) \|.*\| *(ready|in the making) *\|$", readme,
                      flags=re.MULTILINE)
    assert [number for number, *_ in rows] == [f"{n:02d}" for n in range(14)]
    there = {path.name[:2] for path in (repo / "lessons").glob("[0-9][0-9]_*") if path.is_dir()}
    marked = {number for number, _, state in rows if state != "in the making"}
    assert marked == there
    for number, title, _ in rows:
        link = re.search(r"\]\((lessons/[^)]+)\)", title)
        assert bool(link) == (number in there)
        if link:
            assert (repo / link.group(1)).is_file()


def test_the_readme_s_example_does_what_its_comments_say(repo):
    (example,) = re.findall(r"```python\n(.*?)```", (repo / "README.md").read_text(), re.DOTALL)
    names, compared = {}, 0
    for line in example.splitlines():
        code, _, comment = line.partition("  # ")
        if comment:
            stated = ast.literal_eval(re.match(r"\([^)]*\)", comment).group())
            assert tuple(eval(code, names)) == stated, line
            compared += 1
        else:
            exec(code, names)
    assert compared == 2


def test_links_of_the_readme_lead_somewhere(repo):
    readme = (repo / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        if not target.startswith("http"):
            assert (repo / target).exists(), f"README links to {target}, which does not exist"


PROBE = """
import sys, time
class Refuse:
    heavy = ("torch", "ray", "jupyterlab", "jupyter_server", "nbgrader", "nbformat", "IPython",
             "stable_baselines3", "gymnasium", "typer")
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.heavy:
            raise ImportError("heavy: " + name)
sys.meta_path.insert(0, Refuse())
started = time.perf_counter()
{statement}
print(time.perf_counter() - started)
"""


def run_probe(statement: str) -> float:
    code = PROBE.replace("{statement}", statement)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return float(result.stdout.split()[-1])


def test_import_is_quick_and_needs_neither_torch_nor_jupyter_nor_ray():
    assert min(run_probe("import lobsim") for _ in range(3)) < 1.0


@pytest.mark.parametrize("name", ["engine", "data", "market", "analytics", "strategies", "course",
                                  "orderflow_ai"])
def test_no_floor_that_a_lesson_imports_needs_torch_or_jupyter(name):
    run_probe(f"import lobsim; lobsim.{name}")


def test_all_public_names_load():
    import lobsim

    for name in lobsim.__all__:
        assert getattr(lobsim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        lobsim.nonsense


def test_the_top_level_holds_only_what_the_kit_is_made_of(repo):
    given = {"pyproject.toml", "README.md", "lessons", "lobsim", "solutions", "tests", "data",
             "environment.yml"}
    tools_look_there = {"nbgrader_config.py", "LICENSE", ".ci", ".gitignore"}
    listed = subprocess.run(["git", "ls-files"], cwd=repo, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git clone, so nobody knows which files belong to it")
    tops = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert tops == given | tools_look_there


def test_floors_import_downward_only(repo):
    floor = {"engine": 0, "market": 1, "data": 1, "analytics": 2, "strategies": 2, "plots": 2}
    floor |= {"envs": 3, "agents": 4, "orderflow_ai": 4, "sim_to_real": 5, "course": 6}
    upward = []
    for path in (repo / "lobsim").rglob("*.py"):
        here = path.relative_to(repo / "lobsim").parts[0].removesuffix(".py")
        if here not in floor:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                parts = name.split(".")
                if parts[0] == "lobsim" and len(parts) > 1 and parts[1] in floor:
                    if floor[parts[1]] > floor[here]:
                        upward.append(f"{path.name} imports {name}")
    assert not upward


def test_source_files_are_short_and_say_in_line_one_what_they_are(repo):
    for path in (repo / "lobsim").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if not text.strip():
            continue
        assert ast.get_docstring(ast.parse(text)), f"{path.name} does not say what it is"
        lines = text.splitlines()
        assert len(lines) <= 500, f"{path.name} has {len(lines)} lines"
        long = [n for n, line in enumerate(lines, 1) if len(line) > 100]
        assert not long, f"{path.name} has lines over 100 characters: {long[:5]}"
