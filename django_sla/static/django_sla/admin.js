/* Conditions of a policy: only the comparisons that a field can have, and suggestions for its value.
   Nothing needs it: without it every comparison is offered, and a wrong one is refused on saving. */
"use strict";
{
    const WITHOUT_VALUE = ["empty", "not_empty"];
    const LISTS = ["in", "not_in"];
    const WAIT = 200;

    const control = (row, name) => row.querySelector(`[name$="-${name}"]`);

    function adapt(row) {
        const field = control(row, "field");
        const operator = control(row, "operator");
        const usable = field.selectedOptions[0]?.dataset.operators?.split(" ");
        for (const option of operator.options) {
            option.hidden = option.disabled = Boolean(usable) && !usable.includes(option.value);
        }
        if (operator.selectedOptions[0]?.disabled) {
            operator.value = usable[0];
        }
        control(row, "value").disabled = WITHOUT_VALUE.includes(operator.value);
    }

    /* What is being typed: of a list, what comes after the last comma. */
    function typed(row) {
        const text = control(row, "value").value;
        const comma = LISTS.includes(control(row, "operator").value) ? text.lastIndexOf(",") : -1;
        const before = comma < 0 ? "" : `${text.slice(0, comma + 1)} `;
        return {before, last: text.slice(comma + 1).trim()};
    }

    function listOf(input) {
        const known = input.list;
        if (known && input.parentNode.contains(known)) {
            return known;
        }
        const list = document.createElement("datalist");
        list.id = `${input.id}-values`;
        input.setAttribute("list", list.id);
        input.after(list);
        return list;
    }

    async function suggest(group, row) {
        if (!group.dataset.values) {
            return;
        }
        const {before, last} = typed(row);
        const query = new URLSearchParams({field: control(row, "field").value, q: last});
        const response = await fetch(`${group.dataset.values}?${query}`);
        if (!response.ok) {
            return;
        }
        const {values} = await response.json();
        const options = values.map(({value, label}) => {
            const option = document.createElement("option");
            option.value = before + value;
            option.label = label;
            return option;
        });
        listOf(control(row, "value")).replaceChildren(...options);
    }

    /* A key says little; beneath it stands what it is the key of. */
    function explain(row) {
        const input = control(row, "value");
        const chosen = [...(input.list?.options ?? [])].find((option) => option.value === input.value);
        let note = row.querySelector(".sla-rows__note");
        if (!note) {
            note = document.createElement("p");
            note.className = "sla-rows__note";
            input.parentNode.append(note);
        }
        note.textContent = chosen && chosen.label !== chosen.value ? chosen.label : "";
    }

    function connect(group) {
        const rowOf = (event) => event.target.closest("tr.form-row");
        const isValue = (event) => event.target.name?.endsWith("-value");
        let waiting;

        group.querySelectorAll("tr.form-row").forEach(adapt);
        group.addEventListener("formset:added", (event) => adapt(event.target));
        group.addEventListener("change", (event) => adapt(rowOf(event)));
        group.addEventListener("focusin", (event) => {
            if (isValue(event)) {
                suggest(group, rowOf(event));
            }
        });
        group.addEventListener("input", (event) => {
            if (isValue(event)) {
                explain(rowOf(event));
                clearTimeout(waiting);
                waiting = setTimeout(suggest, WAIT, group, rowOf(event));
            }
        });
    }

    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll(".sla-rows--conditions").forEach(connect);
    });
}
