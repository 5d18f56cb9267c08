addEventListener("beforeprint", () => document.querySelectorAll("details.layer").forEach((one) => (one.open = true)));
document.querySelectorAll("table.sortable").forEach((table) => {
  const body = table.tBodies[0], rows = [...body.rows], place = document.createElement("p");
  const box = document.createElement("input");
  box.type = "search";
  box.placeholder = "search layer, state, verdict";
  box.setAttribute("aria-label", "Search the table");
  box.addEventListener("input", () => rows.forEach((row) => {
    row.hidden = !row.textContent.toLowerCase().includes(box.value.toLowerCase());
  }));
  place.className = "search";
  place.append(box);
  table.parentElement.before(place);
  const read = (row, column) => {
    const text = row.cells[column].innerText.split("\n")[0].replace("−", "-").replace(/[,×]/g, "");
    return text === "–" ? -Infinity : isNaN(text) ? text : Number(text);
  };
  [...table.tHead.rows[table.tHead.rows.length - 1].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      table.querySelectorAll("[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down > 0 ? "ascending" : "descending");
      const keys = new Map(rows.map((row) => [row, read(row, column)]));
      body.append(...[...rows].sort((a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        const order = typeof x === "number" && typeof y === "number"
          ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
        return down * order;
      }));
    });
  });
});
