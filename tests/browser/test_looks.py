"""What the pages look like: by day, by night, and in the hands of those who see less well."""

from tests.browser.steps import find_ticket, in_a_month
from tests.browser.visitor import Visitor

CONTRAST = """async () => {
    // The admin's links change their colour gradually.
    await Promise.all(document.getAnimations().map((animation) => animation.finished));
    const pixel = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});

    function seen(colours) {
        for (const colour of colours) {
            pixel.fillStyle = colour;
            pixel.fillRect(0, 0, 1, 1);
        }
        return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }

    function luminance(rgb) {
        const [r, g, b] = rgb.map((part) => part / 255).map(
            (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }

    function contrast(element) {
        const behind = [];
        for (let around = element; around; around = around.parentElement) {
            behind.unshift(getComputedStyle(around).backgroundColor);
        }
        const paper = luminance(seen(behind));
        const ink = luminance(seen([...behind, getComputedStyle(element).color]));
        return (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
    }

    const hasText = (element) => [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    return [...document.querySelectorAll('[class*="sla-"], [class*="sla-"] *')]
        .filter((element) => element.checkVisibility() && hasText(element))
        .map((element) => [contrast(element), element])
        .filter(([ratio]) => ratio < 4.5)
        .map(([ratio, element]) => `${ratio.toFixed(1)} ${element.outerHTML.slice(0, 120)}`);
}"""
"""Our texts that are hard to read: WCAG asks for 4.5."""

BRIGHTNESS = """() => Math.max(
    ...getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3)) / 255"""


def test_texts_are_easy_to_read_by_day_and_by_night(admin: Visitor) -> None:
    page = admin.page

    def read() -> None:
        for colours, is_bright in ("dark", False), ("light", True):
            page.emulate_media(color_scheme=colours)
            assert (page.evaluate(BRIGHTNESS) > 0.5) is is_bright
            assert not (faint := page.evaluate(CONTRAST)), f"{page.url}, {colours}: {faint}"

    admin.open("/admin/django_sla/policy/")
    read()
    admin.open("/admin/django_sla/policy/sources/")
    read()
    admin.open("/admin/django_sla/policy/add/")
    page.get_by_label("Urgent: Response").fill("soon")
    admin.press("Save")
    read()
    admin.open("/admin/django_sla/calendar/add/")
    page.get_by_label("Name:", exact=True).fill("Colours")
    page.locator("#special_days-group").get_by_label("Date").first.fill(in_a_month())
    admin.press("Save and continue editing")
    read()
    find_ticket(admin, "For Read")
    admin.follow("Put on hold…")
    page.get_by_label("Reason:").fill("Colours")
    admin.press("Put on hold")
    for closed in page.locator("summary").all():
        closed.click()
    read()
    admin.follow("History")
    read()
    admin.open("/admin/desk/ticket/")
    read()
    for name in ("sweep", "notice"):
        admin.open(f"/admin/django_sla/{name}/")
        read()
        admin.click(page.locator("#result_list tbody th a").first)
        read()
    admin.open("/admin/django_sla/recalculation/add/")
    admin.button("See what would change").click()
    admin.arrive("What would change")
    read()
