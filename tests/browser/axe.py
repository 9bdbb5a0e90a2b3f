"""What axe finds on a page, by rule and place."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

STILL = "document.getAnimations().forEach((animation) => animation.finish())"
"""Links of the admin change their colour gradually."""

RUN = """async () => {
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

    const {violations} = await axe.run(document, {
        resultTypes: ["violations"], iframes: false, rules: {"target-size": {enabled: true}}});
    return violations.flatMap(({id, nodes}) => nodes.map(
        ({target, html, failureSummary}) => [id, place(target), `${html}\\n${failureSummary}`]));
}"""
"""Every rule of WCAG 2.2 A and AA, and what axe calls best practice."""

Findings = dict[tuple[str, str], str]
"""What is wrong, by the rule and the place."""


def findings(page: Page) -> Findings:
    page.evaluate(AXE_SCRIPT)
    page.evaluate(STILL)
    return {(rule, place): why for rule, place, why in page.evaluate(RUN)}
