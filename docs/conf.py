"""How the documentation is built: ``sphinx-build -W -b html docs docs/_build/html``."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent

project = "django-sla"
author = "django-sla contributors"
project_copyright = author
release = re.search(  # type: ignore[union-attr]
    r'^__version__ = "(.+)"$', (ROOT / "django_sla/__init__.py").read_text("utf-8"), re.MULTILINE
)[1]
version = release

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["deflist"]
# So that a link to "glossary.md#clock" finds its heading, as it does where the pages are read raw.
myst_heading_anchors = 3

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["wrap.css"]
html_title = f"django-sla {release}"
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": "https://github.com/django-sla/django-sla/",
    "source_branch": "main",
    "source_directory": "docs/",
}
