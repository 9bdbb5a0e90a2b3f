"""Where texts stand on a page: none cut off, none outside, none upon another."""

from playwright.sync_api import Page

PROBLEMS = """() => {
    const SLACK = 2;
    const UNSEEN = new Set(["SCRIPT", "STYLE", "OPTION", "TITLE", "TEXTAREA"]);

    // For those who hear the page, or not in the flow of what stands beside it.
    function isApart(element) {
        for (let around = element; around; around = around.parentElement) {
            const {clip, clipPath, position, textIndent} = getComputedStyle(around);
            if (clip !== "auto" || clipPath !== "none" || parseFloat(textIndent) < -100
                    || around.offsetWidth === 1 || ["sticky", "fixed"].includes(position)) {
                return true;
            }
        }
        return false;
    }

    // What of a rectangle is to be seen, where it is not just scrolled away; null: it is cut off.
    function shown({left, right, top, bottom}, element) {
        for (let around = element; around !== document.body; around = around.parentElement) {
            const {overflowX, overflowY} = getComputedStyle(around);
            if (overflowX === "visible" && overflowY === "visible" || around.localName === "svg") {
                continue;
            }
            const box = around.getBoundingClientRect();
            const scrolls = [overflowX, overflowY].some((way) => ["auto", "scroll"].includes(way));
            if (!scrolls && (box.left - left > SLACK || right - box.right > SLACK
                    || box.top - top > SLACK || bottom - box.bottom > SLACK)) {
                return null;
            }
            left = Math.max(left, box.left);
            right = Math.min(right, box.right);
            top = Math.max(top, box.top);
            bottom = Math.min(bottom, box.bottom);
        }
        return {left, right, top, bottom};
    }

    const problems = [];
    const boxes = [];
    const {clientWidth: width, scrollWidth} = document.documentElement;
    if (scrollWidth > width) {
        problems.push(`the page scrolls: ${scrollWidth} of ${width}`);
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        const element = text.parentElement;
        if (!text.data.trim() || UNSEEN.has(element.nodeName.toUpperCase())
                || !element.checkVisibility({visibilityProperty: true}) || isApart(element)) {
            continue;
        }
        const said = text.data.trim().slice(0, 60);
        const range = document.createRange();
        range.selectNodeContents(text);
        for (const rectangle of range.getClientRects()) {
            const box = shown(rectangle, element);
            if (box === null) {
                problems.push(`cut off: ${said}`);
            } else if (box.right > width + SLACK || box.left < -SLACK) {
                problems.push(`outside: ${said}`);
            } else if (box.right - box.left > SLACK && box.bottom - box.top > SLACK) {
                boxes.push({...box, text, said});
            }
        }
    }
    boxes.sort((one, other) => one.top - other.top);
    boxes.forEach((one, number) => {
        for (const other of boxes.slice(number + 1)) {
            if (other.top >= one.bottom) {
                break;
            }
            const height = Math.min(one.bottom, other.bottom) - other.top;
            const least = Math.min(one.bottom - one.top, other.bottom - other.top);
            const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
            if (one.text !== other.text && height > least / 2 && across > SLACK) {
                problems.push(`upon another: ${one.said} | ${other.said}`);
            }
        }
    });
    return problems;
}"""


def problems(page: Page) -> list[str]:
    """Of the texts of a page, as wide as it is at present."""
    found: list[str] = page.evaluate(PROBLEMS)
    return found
