/* Badges that go on counting. What they count is what the server counts: the time in which the
   calendar is open. Nothing needs it: without it a badge says how things stood when it was made.

   <script src="…/countdown.js" data-words="{% sla_words %}" defer></script> */
"use strict";
{
    const SECOND = 1000;
    const MINUTE = 60 * SECOND;
    const HOUR = 60 * MINUTE;
    const DAY = 24 * HOUR;
    const STORE = "sla-countdown";
    const KEPT = 50;

    const words = JSON.parse(document.currentScript.dataset.words);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");

    /* What the server called now, by when that was here: the clock of this machine may be wrong,
       but goes on as every other. It is kept for the session, because a page that the browser
       brings back from its cache was made when it first came. */
    const moments = new Map();
    let known;
    try {
        known = new Map(JSON.parse(sessionStorage.getItem(STORE)));
    } catch {
        known = new Map();
    }

    function momentOf(now) {
        if (!moments.has(now)) {
            moments.set(now, {wall: known.get(now) ?? Date.now(), steady: performance.now()});
            if (!known.has(now)) {
                known.set(now, Date.now());
                keep();
            }
        }
        return moments.get(now);
    }

    function keep() {
        try {
            sessionStorage.setItem(STORE, JSON.stringify([...known].slice(-KEPT)));
        } catch {
            // Not allowed here: then a page from the cache begins anew.
        }
    }

    /* Milliseconds since then. The steady clock stands still while some machines sleep, and the
       other may be put back. */
    const since = ({wall, steady}) => Math.max(Date.now() - wall, performance.now() - steady, 0);

    const open = (spans, passed) => spans.reduce(
        (sum, [from, to]) => sum + Math.max(0, Math.min(to, passed) - from), 0);

    /* As the server writes it, in two units; with seconds, where they count. */
    function duration(time, exact) {
        if (exact) {
            const seconds = Math.floor(time / SECOND) % 60;
            return time < MINUTE
                ? `${seconds}s`
                : `${Math.floor(time / MINUTE)}m ${String(seconds).padStart(2, "0")}s`;
        }
        const counts = [
            [Math.floor(time / DAY), "d"],
            [Math.floor(time / HOUR) % 24, "h"],
            [Math.floor(time / MINUTE) % 60, "m"],
        ];
        const largest = counts.findIndex(([count]) => count);
        if (largest < 0) {
            return time ? "<1m" : "0m";
        }
        const shown = counts.slice(largest, largest + 2).filter(([count]) => count);
        return shown.map(([count, unit]) => `${count}${unit}`).join(" ");
    }

    class Countdown extends HTMLElement {
        connectedCallback() {
            this.told ??= JSON.parse(this.dataset.countdown);
            this.moment ??= momentOf(this.told.now);
            // A timer speaks only where it is asked to.
            this.setAttribute("role", "timer");
            this.setAttribute("aria-live", "off");
            running.add(this);
            wake(0);
        }

        disconnectedCallback() {
            running.delete(this);
            wake(0);
        }

        /* Say how it stands; gives for how many milliseconds that holds. */
        show() {
            const {now, left, warn, due, open: spans} = this.told;
            const passed = since(this.moment);
            const at = now + passed;
            if (at > due) {
                this.turn("breached");
            } else if (warn !== null && at >= warn) {
                this.turn("at_risk");
            }
            const time = left - open(spans, passed);
            const over = this.told.state === "breached";
            const exact = !over && time < HOUR && !calm.matches;
            this.say(words[over ? "over" : "left"].replace(
                "%(duration)s", duration(Math.abs(time), exact)));

            const unit = exact ? SECOND : MINUTE;
            const next = spans.find(([, to]) => to > passed);
            const waits = [warn - at, due + 1 - at].filter((wait) => wait > 0);
            if (next && next[0] > passed) {
                waits.push(next[0] - passed);
            } else if (next) {
                waits.push(time > 0 ? time % unit + 1 : unit - -time % unit);
            }
            return Math.min(...waits, MINUTE);
        }

        say(text) {
            const time = this.querySelector("time");
            if (time.textContent !== text) {
                time.textContent = text;
            }
        }

        turn(state) {
            const was = this.told.state;
            if (was === state) {
                return;
            }
            this.told.state = state;
            for (const name of [...this.classList].filter((name) => name.endsWith(`--${was}`))) {
                this.classList.replace(name, name.replace(`--${was}`, `--${state}`));
            }
            const [label, shape] = words[state];
            this.querySelector("path")?.setAttribute("d", shape);
            const written = this.querySelector(".sla-badge__state");
            if (written) {
                written.textContent = label;
            }
            if (written && state === "breached" && this.told.waived) {
                const waived = document.createElement("span");
                waived.className = "sla-badge__waived";
                waived.textContent = words.waived;
                this.append(" ", waived);
            }
            this.dispatchEvent(new CustomEvent("sla-turn", {bubbles: true, detail: {state}}));
        }
    }

    /* One timer for all of them; none while nobody looks. */
    const running = new Set();
    let timer;

    function wake(milliseconds) {
        clearTimeout(timer);
        if (running.size && !document.hidden) {
            timer = setTimeout(tick, Math.max(milliseconds, 0));
        }
    }

    function tick() {
        let wait = MINUTE;
        for (const countdown of running) {
            wait = Math.min(wait, countdown.show());
        }
        wake(wait);
    }

    document.addEventListener("visibilitychange", () => wake(0));
    calm.addEventListener("change", () => wake(0));

    const define = () => customElements.define("sla-countdown", Countdown);
    if (document.readyState === "loading") {
        document.addEventListener("DOMContentLoaded", define);
    } else {
        define();
    }
}
