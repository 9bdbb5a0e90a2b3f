/* The tables of a policy: only what a row can have, and suggestions for what is typed.
   Nothing needs it: without it everything is offered, and what is wrong is refused on saving. */
"use strict";
{
    const WITHOUT_VALUE = ["empty", "not_empty"];
    const LISTS = ["in", "not_in"];
    const AMOUNTS = {percent: "80", before: "30m", after: "1h"};
    const WAIT = 200;

    const control = (row, name) => row.querySelector(`[name$="-${name}"]`);

    /* A condition: the comparisons that its field can have. */
    function adaptCondition(row) {
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

    /* An escalation: how much, where there is something to say. */
    function adaptEscalation(row) {
        const when = control(row, "when");
        const amount = control(row, "amount");
        amount.placeholder = AMOUNTS[when.value] ?? "";
        amount.disabled = Boolean(when.value) && !amount.placeholder && !amount.value;
    }

    const TABLES = [
        {
            css: ".sla-rows--conditions",
            input: "value",
            adapt: adaptCondition,
            field: (row) => control(row, "field").value,
            isList: (row) => LISTS.includes(control(row, "operator").value),
        },
        {
            css: ".sla-rows--escalations",
            input: "to",
            adapt: adaptEscalation,
            field: () => "escalations.to",
            isList: () => true,
        },
    ];

    /* What is being typed: of a list, what comes after the last comma. */
    function typed(text, isList) {
        const comma = isList ? text.lastIndexOf(",") : -1;
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

    async function suggest(group, table, row) {
        if (!group.dataset.values) {
            return;
        }
        const input = control(row, table.input);
        const {before, last} = typed(input.value, table.isList(row));
        const query = new URLSearchParams({field: table.field(row), q: last});
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
        listOf(input).replaceChildren(...options);
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

    function connect(group, table) {
        const rowOf = (event) => event.target.closest("tr.form-row");
        const isInput = (event) => event.target.name?.endsWith(`-${table.input}`);
        let waiting;

        group.querySelectorAll("tr.form-row").forEach(table.adapt);
        group.addEventListener("formset:added", (event) => table.adapt(event.target));
        group.addEventListener("change", (event) => {
            if (rowOf(event)) {
                table.adapt(rowOf(event));
            }
        });
        group.addEventListener("focusin", (event) => {
            if (isInput(event)) {
                suggest(group, table, rowOf(event));
            }
        });
        group.addEventListener("input", (event) => {
            if (isInput(event)) {
                if (table.input === "value") {
                    explain(rowOf(event));
                }
                clearTimeout(waiting);
                waiting = setTimeout(suggest, WAIT, group, table, rowOf(event));
            }
        });
    }

    /* What is as the settings say needs no table. */
    function fold(box) {
        const table = box.closest(".sla-rows").querySelector(".wrapper");
        const show = () => {
            table.hidden = box.checked;
        };
        box.addEventListener("change", show);
        show();
    }

    document.addEventListener("DOMContentLoaded", () => {
        for (const table of TABLES) {
            document.querySelectorAll(table.css).forEach((group) => connect(group, table));
        }
        document.querySelectorAll(".sla-rows__default input").forEach(fold);
    });
}
