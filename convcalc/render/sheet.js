(() => {
  // A sheet of exercises: typed into, kept in this browser and in a saved page, and marked if it may mark itself.
  const blanks = [...document.querySelectorAll(".blanks")];
  if (!blanks.length) return;
  const sheet = (/Sheet [0-9a-f]{8}: .*/.exec(document.querySelector("main").textContent) || [""])[0];
  const header = document.querySelector("header");
  const lines = [...document.querySelectorAll("input.written")];
  const fields = [...lines, ...blanks.flatMap((one) => [...one.querySelectorAll("input, textarea")])];

  const make = (tag, name, text) => {
    const made = document.createElement(tag);
    made.className = name;
    made.textContent = text;
    return made;
  };
  const button = (text, act) => {
    const made = make("button", "", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };

  // ---- what was typed: kept by the browser, and in the page itself, so that a saved page has it

  const store = { read: () => null, write: () => {} };
  try {
    const kept = localStorage;
    store.read = () => JSON.parse(kept.getItem(`convcalc ${sheet}`));
    store.write = (values) => kept.setItem(`convcalc ${sheet}`, JSON.stringify(values));
  } catch { /* a browser that keeps nothing */ }

  const write = (field, value) => {
    field.value = value;
    if (field.matches("textarea")) field.textContent = value;
    else field.setAttribute("value", value);
  };
  const keep = (field) => {
    write(field, field.value);
    store.write(fields.map((one) => one.value));
  };

  // ---- an answer: the numbers of its squares, with the empty rows and columns around them left out of a field

  const span = (used) => [used.indexOf(true), used.lastIndexOf(true)];
  const mapOf = (table, isField) => {
    const rows = [...table.rows].map((row) => [...row.cells].map((cell) => cell.firstChild.value.trim()));
    if (!isField) return rows;
    const [top, bottom] = span(rows.map((row) => row.some(Boolean)));
    const [left, right] = span(rows[0].map((_, column) => rows.some((row) => row[column])));
    return top < 0 ? [] : rows.slice(top, bottom + 1).map((row) => row.slice(left, right + 1));
  };
  const typed = (one) => {
    const tables = [...one.querySelectorAll("table")];
    if (tables.length) return tables.map((table) => mapOf(table, "field" in one.dataset));
    const text = one.querySelector("input, textarea").value.trim();
    const plain = one.querySelector("input");
    if (plain) return [[[text]]];
    const maps = text.split(/\n\s*\n|;;/).map((map) => map.split(/[;\n]/).map((row) => row.trim().split(/\s+/)));
    return maps.map((map) => map.filter((row) => row[0]));
  };
  const isEmpty = (maps) => maps.every((map) => map.every((row) => row.every((cell) => !cell)));
  const asText = (maps) =>
    maps.map((map) => map.map((row) => row.map((cell) => cell.replace(/\s+/g, "") || "_").join(" ")).join("; ")).join(";; ");
  const answers = () => {
    const said = lines.filter((line) => line.value.trim()).map((line) => `${line.ariaLabel}: ${line.value.trim()}`);
    const given = blanks.map((one) => [one.dataset.exercise, typed(one)]).filter(([, maps]) => !isEmpty(maps));
    return [sheet, ...said, ...given.map(([number, maps]) => `${number}: ${asText(maps)}`), ""].join("\n");
  };
  const save = () => {
    const name = lines.length ? lines[0].value.trim().replace(/[^\p{L}\p{N}]+/gu, "-") : "";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([answers()], { type: "text/plain" }));
    link.download = `answers${name ? `-${name}` : ""}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // ---- marks, by the table of mistakes that stands in the sheet

  const marked = new Map();
  const points = (one, result, size) => {
    if (!("field" in one.dataset)) return size - result.wrong.length;
    return result.sized ? 1 + Math.floor((8 * (size - result.wrong.length)) / size) / 2 : 0;
  };
  const mark = (one, said) => {
    const marking = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(one.dataset.marking), (c) => c.charCodeAt(0))));
    const maps = typed(one);
    const isField = "field" in one.dataset;
    if (isEmpty(maps)) { said.textContent = "Nothing is filled in yet."; return; }
    const result = assess(maps, marking, isField);
    said.textContent = result.says;
    said.className = `said-of ${result.wrong.length || !result.sized ? "wrong" : "right"}`;
    const filled = [...one.querySelectorAll("input, textarea")].filter((field) => !isField || field.value.trim());
    filled.forEach((field, index) => {
      const wrong = !result.sized || result.wrong.includes(index) || (filled.length === 1 && result.wrong.length > 0);
      field.classList.toggle("wrong", wrong);
      field.classList.toggle("right", !wrong);
      field.setAttribute("aria-invalid", String(wrong));
    });
    marked.set(one, points(one, result, marking.cells.length));
    const total = lines.find((line) => line.ariaLabel === "Points");
    if (total) write(total, String([...marked.values()].reduce((sum, some) => sum + some, 0)));
  };

  for (const one of blanks.filter((blank) => blank.dataset.marking)) {
    const said = make("p", "said-of", "");
    said.setAttribute("role", "status");
    one.append(button("check", () => mark(one, said)), said);
  }

  // ---- typing: a pasted grid fills the squares from here on; Enter and the arrows go from one to the next

  const within = (field) => {
    const cell = field.closest("td");
    if (!cell) return null;
    const rows = [...field.closest("table").rows];
    return { rows, row: rows.indexOf(cell.parentNode), column: cell.cellIndex };
  };
  const paste = (event) => {
    const place = within(event.target);
    const text = event.clipboardData.getData("text").trim();
    if (!place || !/\s|;/.test(text)) return;
    event.preventDefault();
    text.split(/[\n;]+/).forEach((row, down) => row.trim().split(/[\s,]+/).forEach((value, right) => {
      const cell = (place.rows[place.row + down] || { cells: [] }).cells[place.column + right];
      if (cell) write(cell.firstChild, value);
    }));
    keep(event.target);
  };
  const move = (event) => {
    const place = within(event.target);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    let to = null;
    if (place && by) to = (place.rows[place.row + by] || { cells: [] }).cells[place.column];
    to = to ? to.firstChild : event.key === "Enter" && !event.target.matches("textarea") && fields[fields.indexOf(event.target) + 1];
    if (!to) return;
    event.preventDefault();
    to.focus();
  };
  const before = store.read();
  fields.forEach((field, index) => {
    if (before && before[index] && !field.value) write(field, before[index]);
    field.addEventListener("input", () => {
      field.classList.remove("right", "wrong");
      keep(field);
    });
    field.addEventListener("paste", paste);
    field.addEventListener("keydown", move);
  });
  const clear = () => {
    if (!confirm("Empty the whole sheet?")) return;
    fields.forEach((field) => { write(field, ""); field.classList.remove("right", "wrong"); });
    document.querySelectorAll(".said-of").forEach((said) => { said.textContent = ""; });
    marked.clear();
    keep(fields[0]);
  };
  header.prepend(button("save my answers", save), button("print", () => print()), button("clear", clear));
})();
