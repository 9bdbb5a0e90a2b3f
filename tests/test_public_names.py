"""Nothing public vanishes: names once documented stay documented, and are there.

``public_names.txt`` has every public name of every release. A name leaves it only when its
deprecation is over; a new one is added: ``python tests/test_public_names.py``.
"""

import re
from pathlib import Path

LIST = Path(__file__).parent / "public_names.txt"
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"


def documented() -> set[str]:
    """The names in the tables of the reference, each under its heading; that they exist, as they
    are written there, is tested with the rest of the documentation."""
    names, owner = set(), ""
    for line in PAGE.read_text("utf-8").splitlines():
        if heading := re.match(r"#+ `(django_sla[\w.]*)`", line):
            owner = heading[1]
        elif owner and (row := re.match(r"\| (`.+?`(?:, `.+?`)*) \|", line)):
            names |= {f"{owner}.{said.partition('(')[0]}" for said in re.findall("`(.+?)`", row[1])}
    return names


def test_no_public_name_vanishes() -> None:
    known = set(LIST.read_text("utf-8").split())
    assert known - documented() == set(), "deprecate it first; see docs/explanation/stability.md"


def test_every_public_name_is_listed() -> None:
    known = LIST.read_text("utf-8").split()
    assert len(known) > 200
    assert known == sorted(documented()), "python tests/test_public_names.py"


if __name__ == "__main__":
    LIST.write_text("\n".join(sorted(documented())) + "\n", "utf-8")
