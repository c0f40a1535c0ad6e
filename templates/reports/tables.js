"use strict";
// Tables of the class summary: a click on a header sorts, a box above filters. Without this file
// they are plain tables.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

  const value = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? cell.dataset.value : cell.textContent.trim();
  };

  const compare = (column, numeric, sign) => (a, b) => {
    const x = value(a, column);
    const y = value(b, column);
    if (x === "" || y === "") return (x === "") - (y === ""); // unknown stays last
    return sign * (numeric ? Number(x) - Number(y) : collator.compare(x, y));
  };

  for (const header of table.tHead.rows[0].cells) {
    if (!header.dataset.sort) continue;
    const numeric = header.dataset.sort === "number";
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const was = header.getAttribute("aria-sort");
      // Numbers begin with the largest, words with the first.
      const first = numeric ? "descending" : "ascending";
      const other = numeric ? "ascending" : "descending";
      const now = was === first ? other : first;
      for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", now);
      const sign = now === "ascending" ? 1 : -1;
      body.append(...rows.sort(compare(header.cellIndex, numeric, sign)));
    });
  }

  if (!table.dataset.filter) continue;
  const line = document.createElement("p");
  const label = document.createElement("label");
  const box = document.createElement("input");
  const told = document.createElement("span");
  line.className = "filter";
  box.type = "search";
  box.autocomplete = "off";
  told.setAttribute("role", "status");
  label.append(table.dataset.filter, " ", box);
  line.append(label, " ", told);
  table.parentElement.before(line);
  box.addEventListener("input", () => {
    const wanted = box.value.trim().replace(/\s+/g, " ").toLocaleLowerCase();
    for (const row of rows) {
      const cells = Array.from(row.cells, (cell) => cell.textContent.trim().toLocaleLowerCase());
      row.hidden = !cells.some((text) => text.includes(wanted));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    told.textContent = wanted ? `${shown} / ${rows.length}` : "";
  });
}
