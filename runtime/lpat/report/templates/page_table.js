"use strict";
// Tables whose headings sort them: by the cells' data-value, numbers as numbers.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  for (const heading of table.tHead.querySelectorAll("th[data-sort]")) {
    heading.querySelector("button").addEventListener("click", () => {
      const falling = heading.getAttribute("aria-sort") === "ascending" ||
        (!heading.hasAttribute("aria-sort") && heading.dataset.sort === "falling");
      for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const key = (row) => row.cells[heading.cellIndex].dataset.value;
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        const order = heading.hasAttribute("data-text") ? x.localeCompare(y) : x - y;
        return falling ? -order : order;
      });
      body.append(...rows);
    });
  }
}
