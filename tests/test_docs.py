"""The documentation is true: its tutorial runs, its examples hold, its links and names exist."""

import ast
import configparser
import doctest
import importlib
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import load_command_class

from tests.docs.pages import DOCS, FENCE, PAGES, ROOT, Block, all_blocks, blocks, name

REPOSITORY = "https://github.com/django-sla/django-sla/"

OPTIONS = doctest.ELLIPSIS | doctest.REPORT_NDIFF


def doctests(found: list[Block]) -> doctest.DocTest:
    """All of a page's sessions as one, each failure told with its line."""
    test = doctest.DocTest([], {}, str(found[0]), str(found[0].page), 0, None)
    for block in found:
        for example in doctest.DocTestParser().get_examples(block.text):
            example.lineno += block.line - 1
            test.examples.append(example)
    return test


# The tutorial


SESSION = """
import doctest
test = doctest.DocTestParser().get_doctest({text!r}, globals(), {name!r}, None, 0)
raise SystemExit(doctest.DocTestRunner(optionflags={options}).run(test).failed)
"""


class Reader:
    """Does in a directory of their own what a page says."""

    FILE = re.compile(r"# (?P<path>[\w/]+\.py)(?P<end>, at the end)?\n")
    PROGRAMS = {
        "django-admin": [sys.executable, "-m", "django"],
        "python": [sys.executable],
    }

    def __init__(self, home: Path):
        self.home = home
        # Without compiled modules, each of the commands would compile Django anew.
        unset = ("DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE")
        self.environment = {key: text for key, text in os.environ.items() if key not in unset}
        # The checkout in place of what pip would install.
        self.environment |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}

    def follow(self, page: Path) -> None:
        session: list[Block] = []
        for block in blocks(page, "python", "console", "pycon"):
            if block.language == "pycon":
                session.append(block)
                continue
            self.type(session)
            session = []
            if block.language == "python":
                self.write(block)
            else:
                self.run(block)
        self.type(session)

    def write(self, block: Block) -> None:
        """The first line of a file's block is a comment with its path."""
        match = self.FILE.match(block.text)
        assert match, f"{block}: which file is this?"
        mode = "a" if match["end"] else "w"
        with (self.home / match["path"]).open(mode, encoding="utf-8") as file:
            file.write(block.text)

    def run(self, block: Block) -> None:
        """Commands after dollar signs; output, where it is shown, is compared."""
        begin, *commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        assert not begin, f"{block}: {begin!r} comes before any command"
        for text in commands:
            command, _, expected = text.partition("\n")
            program, *arguments = command.split()
            if program in ("pip", ".") or arguments[:2] == ["-m", "venv"]:
                continue  # the environment that runs this has it all
            if arguments == ["manage.py", "shell"]:
                continue  # what is typed into it comes in blocks of its own
            found = self.call([*self.PROGRAMS[program], *arguments])
            assert not expected or doctest.OutputChecker().check_output(expected, found, OPTIONS), (
                f"{block}: $ {command}\n--- shown:\n{expected}\n--- found:\n{found}"
            )

    def type(self, session: list[Block]) -> None:
        """All of it into one ``manage.py shell``."""
        if session:
            text = "\n".join(block.text for block in session)
            script = SESSION.format(text=text, name=str(session[0]), options=OPTIONS)
            self.call([sys.executable, "manage.py", "shell"], script)

    def call(self, command: list[str], typed: str = "") -> str:
        done = subprocess.run(
            command,
            input=typed,
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command[1:])}\n{done.stdout}"
        return done.stdout


TUTORIAL = DOCS / "tutorial" / "first-breach.md"


@pytest.mark.thorough
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    Reader(tmp_path).follow(TUTORIAL)


# Examples


@pytest.mark.parametrize(
    "block", [block for page in PAGES for block in blocks(page, "python")], ids=str
)
def test_python_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "pycon")], ids=name)
def test_sessions_compile(page: Path) -> None:
    for example in doctests(blocks(page, "pycon")).examples:
        compile(example.source, f"{name(page)}:{example.lineno}", "single")


def test_business_time_is_as_explained() -> None:
    test = doctests(blocks(DOCS / "explanation" / "business-time.md", "pycon"))
    assert len(test.examples) > 20
    said: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=said.append)
    assert not failed, "".join(said)


# Commands and manifests


def commands(page: Path) -> Iterator[str]:
    """Every command of ours that a page shows, as somebody would type it."""
    for block in blocks(page, "console", "text", "ini"):
        for line in block.text.splitlines():
            if found := re.search(r"(?:^\$|=|&&) ?\S*python \S*manage\.py (sla_.+)", line):
                yield found[1]
    for manifest in manifests(page):
        for command in values(manifest, "command"):
            if command[:2] == ["python", "manage.py"]:
                yield shlex.join(command[2:])


def manifests(page: Path) -> list[Any]:
    return [found for block in blocks(page, "yaml") for found in yaml.safe_load_all(block.text)]


def values(document: Any, key: str) -> Iterator[Any]:
    """Of this key, at any depth."""
    inner = document.values() if isinstance(document, dict) else document
    if isinstance(document, dict) and key in document:
        yield document[key]
    if isinstance(document, dict | list):
        for value in inner:
            yield from values(value, key)


SHOWN = sorted({(name(page), command) for page in PAGES for command in commands(page)})


@pytest.mark.parametrize(("page", "command"), SHOWN)
def test_commands_are_spelled_as_they_are(page: str, command: str) -> None:
    program, *arguments = shlex.split(command)
    known = load_command_class("django_sla", program)
    # Called from a program it raises what is wrong, in place of ending the tests.
    known._called_from_command_line = False
    known.create_parser("manage.py", program).parse_args(arguments)


def test_commands_are_found_wherever_they_are_shown() -> None:
    page = DOCS / "how-to" / "run-the-sweep.md"
    shown = [command for where, command in SHOWN if where == name(page)]
    loops = ["sla_sweep --loop 30", "sla_sweep --loop 30 --no-deliver", "sla_deliver --loop 10"]
    assert set(shown) == {
        *loops,
        "sla_sweep --deliver",
        "sla_sweep --deliver --verbosity 0",
    }


def test_units_and_manifests_are_whole() -> None:
    page = DOCS / "how-to" / "run-the-sweep.md"
    units = []
    for block in blocks(page, "ini"):
        unit = configparser.ConfigParser(interpolation=None)
        unit.read_string(block.text)
        units.append(unit)
    services = [unit["Service"] for unit in units if "Service" in unit]
    assert [service["ExecStart"].partition(" ")[0] for service in services] == [
        "/srv/desk/.venv/bin/python"
    ] * 2
    assert [unit["Install"]["WantedBy"] for unit in units if "Install" in unit] == [
        "multi-user.target",
        "timers.target",
    ]
    deployment, job = manifests(page)
    probe = deployment["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["exec"]
    assert probe["command"][:2] == ["python", "-c"]
    compile(probe["command"][2], "livenessProbe", "exec")
    assert (deployment["kind"], job["kind"]) == ("Deployment", "CronJob")
    template = deployment["spec"]["template"]
    assert deployment["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    assert list(values(job, "restartPolicy")) == ["Never"]
    # As long as a mail server may take to answer.
    assert min(values([deployment, job], "terminationGracePeriodSeconds")) > 60


# Openings


@pytest.mark.parametrize("page", [page for page in PAGES if DOCS in page.parents], ids=name)
def test_a_page_begins_with_what_it_is_for(page: Path) -> None:
    title, opening, *_ = page.read_text("utf-8").split("\n\n")
    assert title.startswith("# ")
    assert re.match(r"\w|\*|`\w|\[|\"", opening), opening
    assert len(opening) > 60


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    for page in DOCS.rglob("*.md"):
        path = page.relative_to(DOCS).as_posix()
        assert path == "index.md" or f"]({path})" in index, path


def test_the_glossary_is_in_order() -> None:
    words = re.findall(r"^## (.+)$", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE)
    assert words == sorted(set(words), key=str.casefold)


# Blocks

CHECKED = {
    "console": "commands, and what they print",
    "css": "custom properties",
    "html+django": "rendered by tests/docs/site/examples.py",
    "ini": "units",
    "json": "read; loaded or compared where it is what somebody is given",
    "nginx": "a line of another program's",
    "po": "compiled by tests/docs/site/examples.py",
    "pycon": "typed",
    "python": "run by tests/docs/test_examples.py",
    "text": "what is printed, or a sketch",
    "toml": "read by tests/docs/site/examples.py",
    "yaml": "manifests, and what others read",
    "{literalinclude}": "a file of the tests",
    "{toctree}": "the index",
}
"""What becomes of a block in each language."""


def test_every_block_is_in_a_language_that_is_checked() -> None:
    found = {
        match["language"].partition(" ")[0]
        for page in PAGES
        for match in FENCE.finditer(page.read_text("utf-8"))
    }
    assert found == set(CHECKED)


@pytest.mark.parametrize("block", all_blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


def test_custom_properties_exist() -> None:
    style = (ROOT / "django_sla/static/django_sla/sla.css").read_text("utf-8")
    for block in all_blocks("css"):
        for found in re.findall(r"--sla-[\w-]+|\.sla-[\w-]+", block.text):
            assert found in style


PROGRAMS = {
    *(".", "cd", "celery", "curl", "django-admin", "export", "make", "mariadb-tzinfo-to-sql"),
    *("pip", "python", "systemctl"),
}


def test_programs_extras_and_goals_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    goals = " ".join(re.findall(r"^([\w -]+):", makefile, re.MULTILINE)).split()
    for block in all_blocks("console"):
        for line in re.findall(r"^\$ (.+)$", block.text, re.MULTILINE):
            program, *arguments = line.split()
            assert program in PROGRAMS, block
            if program == "pip":
                wanted = set(re.findall(r"\[([\w-]+)\]", line))
                assert wanted <= set(project["optional-dependencies"]), block
            if program == "make":
                assert arguments[0] in goals, block


# What commands print


@cache
def words_of_the_code() -> set[str]:
    folders = ("channels", "core", "doctor", "flow", "management", "reports")
    paths = [path for name in folders for path in (ROOT / "django_sla" / name).rglob("*.py")]
    texts = [path.read_text("utf-8") for path in [*paths, ROOT / "django_sla" / "words.py"]]
    return set(re.findall(r"[A-Za-z]{4,}", " ".join(texts)))


def printed() -> Iterator[tuple[Block, str, str]]:
    """What is shown below a command of ours, with it; that of the tutorial is compared whole."""
    for block in all_blocks("console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if "manage.py sla_" in command and output.strip() and block.page != TUTORIAL:
                yield block, command, output


OF_THE_EXAMPLE = {
    *("Carnival", "Christmas", "Family", "HistoricalTicket", "Night", "Ofice", "Ticket", "Year"),
    *("escalated", "holidays", "soon"),
}
"""Words of a project that is imagined there."""


@pytest.mark.parametrize(
    ("block", "command", "output"),
    list(printed()),
    ids=lambda value: str(value) if isinstance(value, Block) else "",
)
def test_what_is_printed_is_in_words_of_the_code(block: Block, command: str, output: str) -> None:
    words = set(re.findall(r"[A-Za-z]{4,}", output))
    known = words_of_the_code() | OF_THE_EXAMPLE | set(re.findall(r"\w+", command))
    assert words <= known, words - known


# Pictures

SCREENSHOTS = DOCS / "_static" / "screenshots"
PICTURE = re.compile(r"!\[(?P<text>[^\]]+)\]\((?P<path>[^)]+\.png)\)")
KILOBYTES = 120


def test_every_picture_is_shown_small_and_described() -> None:
    """What it says is compared by ``tests/browser/test_screenshots.py``."""
    shown = {
        match["path"].rpartition("/")[2]: match["text"]
        for page in PAGES
        for match in PICTURE.finditer(page.read_text("utf-8"))
    }
    pictures = list(SCREENSHOTS.glob("*.png"))
    assert set(shown) == {picture.name for picture in pictures}
    for picture in pictures:
        assert picture.stat().st_size <= KILOBYTES * 1024
        assert picture.with_suffix(".txt").is_file()
        assert len(shown[picture.name]) > 40


# Links


def links(page: Path) -> Iterator[str]:
    text = FENCE.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        yield re.sub(
            rf"^{REPOSITORY}(blob|raw)/main/", f"{ROOT.as_posix()}/", target.partition("#")[0]
        )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page: Path) -> None:
    relative = [link for link in links(page) if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not (page.parent / link).is_file()] == []


HEADS = ("| question", "| what |", "| how it is written")


@pytest.mark.parametrize(("page", "rows"), [("decisions.md", 40), ("promises.md", 12)])
def test_every_answer_names_a_test_that_exists(page: str, rows: int) -> None:
    lines = (DOCS / "explanation" / page).read_text("utf-8").splitlines()
    answers = [one for one in lines if one.startswith("| ") and not one.startswith(HEADS)]
    cited = re.compile(r"\[`(\w+)`\]\(([^)]+\.py)\)")
    assert len(answers) >= rows
    for answer in answers:
        tests = cited.findall(answer)
        assert tests, f"no test: {answer}"
        for test, path in tests:
            module = (DOCS / "explanation" / path).read_text("utf-8")
            assert re.search(rf"^\s*(def|class) {test}\b", module, re.MULTILINE), (
                f"{path} has no {test}"
            )


ARCHITECTURE = DOCS / "explanation" / "architecture.md"


def test_the_architecture_names_modules_that_exist() -> None:
    modules = re.findall(r"`([a-z]+/\w+\.py)`", ARCHITECTURE.read_text("utf-8"))
    assert len(modules) > 5
    assert [path for path in modules if not (ROOT / "django_sla" / path).is_file()] == []


def test_the_walk_names_functions_that_exist() -> None:
    text = ARCHITECTURE.read_text("utf-8")
    taken = re.findall(r"`([a-z]+/\w+\.py)`\s+`(\w+)\(\)`", text)
    assert len(taken) > 12
    for path, function in taken:
        source = (ROOT / "django_sla" / path).read_text("utf-8")
        assert re.search(rf"^ *def {function}\(", source, re.MULTILINE), f"{path} {function}"


# Names


def described() -> Iterator[tuple[str, str]]:
    """Every name in the tables of the API page, as written, with the heading it stands under."""
    owner = ""
    for line in (DOCS / "reference" / "api.md").read_text("utf-8").splitlines():
        if heading := re.match(r"#+ `(django_sla[\w.]*)`", line):
            owner = heading[1]
        elif row := re.match(r"\| (`.+?`(?:, `.+?`)*) \|", line):
            for written in re.findall(r"`(.+?)`", row[1]):
                yield owner, written


def resolve(dotted: str) -> Any:
    """A module, or what is inside one, as it was written down there."""
    try:
        return importlib.import_module(dotted)
    except ImportError:
        owner, _, name = dotted.rpartition(".")
        found = resolve(owner)
        if name in getattr(found, "__dataclass_fields__", {}):
            return found.__dataclass_fields__[name]
        # Static, because the manager of an abstract model refuses to be looked at.
        attribute = inspect.getattr_static(found, name)
        return attribute.__func__ if isinstance(attribute, classmethod) else attribute


def parameters(signature: inspect.Signature) -> list[tuple[str, Any, Any]]:
    found = [(p.name, p.kind, p.default) for p in signature.parameters.values()]
    return [part for part in found if part[0] not in ("self", "cls")]


@pytest.mark.parametrize(("owner", "written"), list(described()), ids=lambda text: text)
def test_the_api_is_as_described(owner: str, written: str) -> None:
    bare, has_signature, _ = written.partition("(")
    found = resolve(f"{owner}.{bare}")
    if not has_signature:
        return
    stub = ast.parse(f"def {written}: ...")
    module = sys.modules[getattr(found, "__module__", owner)]
    known = dict(vars(module))
    exec(compile(stub, written, "exec"), known)
    assert parameters(inspect.signature(known[bare])) == parameters(inspect.signature(found))


def test_the_api_has_every_name_of_the_face() -> None:
    face, exceptions = (
        importlib.import_module(f"django_sla.{name}") for name in ("models", "exceptions")
    )
    public = {f"{face.__name__}.{name}" for name in face.__all__}
    public |= {
        f"{exceptions.__name__}.{name}"
        for name, found in vars(exceptions).items()
        if isinstance(found, type) and found.__module__ == exceptions.__name__
    }
    assert public <= {f"{owner}.{written.partition('(')[0]}" for owner, written in described()}
