"""What axe finds on a page, by rule and place."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

STILL = "document.getAnimations().forEach((animation) => animation.finish())"
"""Links of the admin change their colour gradually."""

RUN = """async (only) => {
    // Without what differs among pages of one kind: ids, addresses, the names of fields, and
    // whether there are filters.
    function place([selector]) {
        const path = [];
        let element = document.querySelector(selector);
        for (; element && element !== document.body; element = element.parentElement) {
            const names = [...element.classList].filter(
                (name) => name !== "filtered" && !name.startsWith("field-"));
            path.unshift([element.localName, ...names].join("."));
        }
        return path.join(" > ");
    }

    const options = {resultTypes: ["violations"], iframes: false};
    const {violations} = await axe.run(document, only ? {...options, runOnly: only} : {
        ...options, rules: {"target-size": {enabled: true}}});
    return violations.flatMap(({id, nodes}) => nodes.map(
        ({target, html, failureSummary}) => [id, place(target), `${html}\\n${failureSummary}`]));
}"""
"""Every rule of WCAG 2.2 A and AA, and what axe calls best practice."""

Findings = dict[tuple[str, str], str]
"""What is wrong, by the rule and the place."""


SIGHT = [
    "color-contrast",
    "link-in-text-block",
    "meta-viewport",
    "scrollable-region-focusable",
    "target-size",
]
"""What depends on colours and on the width of the page."""


def findings(page: Page, only: list[str] | None = None) -> Findings:
    """By all rules, or some."""
    page.evaluate(AXE_SCRIPT)
    page.evaluate(STILL)
    return {(rule, place): why for rule, place, why in page.evaluate(RUN, only)}
