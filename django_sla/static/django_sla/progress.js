/* A recalculation that goes on by itself: posts the page's form until its phase is over.
   Nothing needs it: without it a button does the same, a few seconds of work at a time. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector(".sla-progress");
    const form = box?.closest("form");
    const button = form?.querySelector("input[type=submit]");
    if (!button) {
        return;
    }

    async function goOn() {
        const answer = await fetch(location.href, {
            method: "POST",
            headers: {Accept: "application/json"},
            body: new FormData(form),
        });
        const told = await answer.json();
        if (!answer.ok) {
            throw new Error(told.error);
        }
        box.querySelector("progress").value = told.percent;
        box.querySelector("[data-seen]").textContent = told.seen.toLocaleString(
            document.documentElement.lang || undefined,
        );
        return told.phase;
    }

    async function toTheEnd() {
        button.hidden = true;
        try {
            while (await goOn() === box.dataset.phase);
            location.reload();
        } catch (error) {
            const note = box.querySelector(".errornote");
            note.textContent = error.message;
            note.hidden = false;
            button.hidden = false;
        }
    }

    toTheEnd();
});
