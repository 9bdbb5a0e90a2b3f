/* A list that is kept up to date: every so many seconds, when the tab is looked at again, and when a
   badge in it turns. Nothing needs it: without it there is a link that loads the page again. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const LONGEST = 10 * 60_000;
    const PATIENCE = 20_000;
    const MOMENT = 1_000;

    const box = document.querySelector("[data-sla-refresh]");
    if (!box) {
        return;
    }
    const content = box.querySelector("[data-content]");
    const failed = box.querySelector("[data-failed]");
    const out = box.querySelector("[data-out]");
    const time = box.querySelector("time");
    const usual = Number(box.dataset.every) * 1_000;

    let etag = box.dataset.etag;
    let wait = usual;
    let asked = performance.now();
    let timer;
    let busy = false;

    function plan(milliseconds) {
        clearTimeout(timer);
        if (!document.hidden && out.hidden) {
            timer = setTimeout(refresh, milliseconds);
        }
    }

    async function refresh() {
        if (busy) {
            return;
        }
        busy = true;
        asked = performance.now();
        try {
            const answer = await fetch(box.dataset.slaRefresh, {
                cache: "no-store",
                headers: {"If-None-Match": etag},
                redirect: "manual",
                signal: AbortSignal.timeout(PATIENCE),
            });
            if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) {
                failed.hidden = true;
                out.hidden = false;
                return;
            }
            if (!answer.ok && answer.status !== 304) {
                throw new Error(answer.statusText);
            }
            if (answer.ok) {
                put(await answer.text());
                etag = answer.headers.get("ETag") ?? "";
            }
            say(new Date(answer.headers.get("Date") ?? Date.now()));
            failed.hidden = true;
            wait = usual;
        } catch {
            failed.hidden = false;
            wait = Math.min(2 * wait, LONGEST);
        } finally {
            busy = false;
            plan(wait);
        }
    }

    /* In place of what is there. Who has the focus on a ticket keeps it, or else is left at the
       list; nothing scrolls. */
    function put(html) {
        const focused = document.activeElement;
        const had = content.contains(focused);
        const fresh = new DOMParser().parseFromString(html, "text/html").body.childNodes;
        content.replaceChildren(...fresh);
        if (had) {
            const again = focused.id && document.getElementById(focused.id);
            (again || content).focus({preventScroll: true});
        }
    }

    function say(when) {
        const style = {timeStyle: "medium"};
        const language = document.documentElement.lang || undefined;
        time.dateTime = when.toISOString();
        try {
            time.textContent = when.toLocaleTimeString(
                language, {...style, timeZone: box.dataset.timeZone});
        } catch {
            // A zone that only the server knows.
            time.textContent = when.toLocaleTimeString(language, style);
        }
    }

    document.addEventListener("visibilitychange", () => {
        plan(Math.max(wait - (performance.now() - asked), 0));
    });
    box.addEventListener("sla-turn", () => plan(MOMENT));
    say(new Date(time.dateTime));
    plan(usual);
});
