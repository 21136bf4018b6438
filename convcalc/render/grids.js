// Elements of a page, as convcalc's own HTML has them; grids, pictures of them, and what is typed into their cells.

const PRINTED = 64; // steps that are all printed
const [PICTURE_COLUMNS, PICTURE_ROWS] = [16, 8]; // from here on a grid is a picture
const MOST_ENLARGED = 11; // rows and columns of a window that is enlarged
const COLOURS = ["red", "green", "blue"];
const SPEEDS = [["slow", 3000], ["normal", 1500], ["fast", 600], ["very fast", 150]];

const make = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

// Text put into an element, its powers raised: e^(x − max) as convcalc/render/powers.py takes it apart.
const POWER = /\^(\((?:[^()]|\([^()]*\))*\)|[-−]?\([^()]*\)|[-−]?[\p{L}\p{N}_.]+)/gu;
const typeset = (element, text) => {
  let at = 0;
  for (const power of text.matchAll(POWER)) {
    const whole = power[1].startsWith("(") && power[1].endsWith(")");
    element.append(text.slice(at, power.index), make("sup", "", whole ? power[1].slice(1, -1) : power[1]));
    at = power.index + power[0].length;
  }
  element.append(text.slice(at));
  return element;
};

const button = (text, label, act) => {
  const made = make("button", "", text);
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
};

// ---- elements of a step, as convcalc's own HTML has them

const sum = ([, label, opening, terms, joiner, closing, sign, value, final]) => {
  const made = make("p", "sum");
  if (label) made.append(make("span", "label", label), " ");
  typeset(made, opening);
  terms.forEach((term, index) => {
    const written = typeset(make("span", "term"), (index ? joiner : "") + term);
    made.append(written);
  });
  const outcome = typeset(make("span", "outcome"), `${closing} ${sign} `);
  if (final && value) outcome.append(typeset(make("b"), value));
  else typeset(outcome, value);
  made.append(outcome);
  return made;
};

const table = ([, columns, left, rows, given], masked) => {
  const made = make("table", "table");
  const line = (texts, tag) => {
    const row = make("tr");
    texts.forEach((text, index) => {
      const said = masked && given && index >= given ? (tag === "th" ? "?" : "") : text;
      row.append(typeset(make(tag, left.includes(index) ? "left" : ""), said));
    });
    return row;
  };
  const head = make("thead");
  head.append(line(columns, "th"));
  const body = make("tbody");
  body.append(...rows.map((texts) => line(texts, "td")));
  made.append(head, body);
  const wide = make("div", "wide");
  wide.append(made);
  return wide;
};

const BUILD = {
  s: sum,
  t: (block, masked, level, repeats) => table(repeats ? [...block.slice(0, 4), 1] : block, masked),
  x: ([, text, quiet]) => typeset(make("p", quiet ? "quiet worked" : "worked"), text),
  h: ([, text], masked, level) => make(`h${level}`, "worked", text),
  d: ([, text]) => make("pre", "worked", text),
};

const grid = ([title, rows, columns, cells, padding, shades, values]) => {
  const photo = Boolean(shades) && columns >= PICTURE_COLUMNS && rows >= PICTURE_ROWS;
  const scroll = make("div", photo ? "scroll photo" : "scroll");
  const made = make("table", photo || columns <= 20 ? "grid" : "grid dense");
  made.append(make("caption", "", title));
  const [top, bottom, left, right] = padding || [0, 0, 0, 0];
  const tds = [];
  const body = make("tbody");
  for (let row = 0; row < rows; row += 1) {
    const line = make("tr");
    for (let column = 0; column < columns; column += 1) {
      const inside = row >= top && row < rows - bottom && column >= left && column < columns - right;
      const td = make("td", inside ? "" : "padding", cells[tds.length]);
      if (values && values[tds.length]) td.dataset.value = values[tds.length];
      tds.push(td);
      line.append(td);
    }
    body.append(line);
  }
  made.append(body);
  scroll.append(made);
  const drawn = { scroll, made, tds, rows, columns, cells, shades, padding, plain: tds.map((td) => td.className), inputs: null };
  if (photo) {
    scroll.style.setProperty("--rows", rows);
    scroll.style.setProperty("--columns", columns);
    drawn.photo = make("span", "frame");
    scroll.append(drawn.photo);
  }
  return drawn;
};

// Three channels of 0 to 255 as one picture in its colours.
const isColour = (channels) => channels.length === COLOURS.length && channels.every(({ photo, cells }) =>
  photo && cells.every((cell) => /^\d+$/.test(cell) && Number(cell) < 256) && cells.some((cell) => Number(cell) > 1));
const inColour = (channels) => {
  const [{ rows, columns, plain }] = channels;
  const scroll = make("div", "scroll photo");
  const made = make("canvas");
  Object.assign(made, { width: columns, height: rows });
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", "the input in its colours");
  const pen = made.getContext("2d");
  const pixels = pen.createImageData(columns, rows);
  plain.forEach((padding, index) => {
    const colour = padding ? [128, 128, 128, 60] : [...channels.map(({ cells }) => Number(cells[index])), 255];
    pixels.data.set(colour, index * 4);
  });
  pen.putImageData(pixels, 0, 0);
  scroll.style.setProperty("--rows", rows);
  scroll.style.setProperty("--columns", columns);
  const photo = make("span", "frame");
  scroll.append(made, photo, make("div", "caption", "red, green and blue: 0 to 255"));
  return { scroll, photo };
};

// The frame around rows and columns of a picture.
const frame = (drawn, rows, columns, name) => {
  const [top, left] = [Math.min(...rows), Math.min(...columns)];
  const [tall, wide] = [Math.max(...rows) - top + 1, Math.max(...columns) - left + 1];
  drawn.photo.className = `frame ${name}`;
  Object.entries({ top, left, tall, wide }).forEach(([side, cells]) => drawn.photo.style.setProperty(`--${side}`, cells));
};

// Row and column numbers beside a grid whose cells are named by them.
const number = ({ made, columns, photo }) => {
  if (photo || columns > 20 || made.tHead) return;
  const head = make("tr");
  const mark = (text) => {
    const one = make("th", "place", text);
    one.setAttribute("aria-hidden", "true");
    return one;
  };
  head.append(mark(""), ...Array.from({ length: columns }, (_, column) => mark(column)));
  made.createTHead().append(head);
  [...made.tBodies[0].rows].forEach((row, index) => row.prepend(mark(index)));
};

// ---- answers that are typed, into a grid's cells

const ask = (drawn, counted, focused = () => {}) => {
  if (drawn.inputs) return;
  drawn.typed = drawn.typed || [];
  drawn.inputs = drawn.tds.map((td, index) => {
    const input = make("input", "cell");
    Object.assign(input, { type: "text", inputMode: "text", autocomplete: "off", spellcheck: false });
    const [row, column] = [Math.floor(index / drawn.columns), index % drawn.columns];
    input.setAttribute("aria-label", `${drawn.made.caption.textContent}, row ${row}, column ${column}`);
    input.value = drawn.typed[index] || "";
    input.addEventListener("focus", () => focused(index));
    input.addEventListener("change", () => check(drawn, index, counted));
    input.addEventListener("keydown", (event) => {
      const to = { Enter: index + 1, ArrowDown: index + drawn.columns, ArrowUp: index - drawn.columns }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      check(drawn, index, counted);
      if (drawn.inputs[to]) drawn.inputs[to].focus();
    });
    td.replaceChildren(input);
    td.classList.add("typed");
    return input;
  });
  drawn.inputs.forEach((input, index) => { if (input.value) check(drawn, index, counted); });
  counted();
};

const check = (drawn, index, counted) => {
  const input = drawn.inputs[index];
  drawn.typed[index] = input.value;
  const empty = input.value.trim() === "";
  const right = !empty && isRight(input.value, drawn.tds[index].dataset.value || drawn.cells[index]);
  input.classList.toggle("right", right);
  input.classList.toggle("wrong", !empty && !right);
  input.setAttribute("aria-invalid", String(!empty && !right));
  drawn.tds[index].dataset.mark = empty ? "" : right ? "✓" : "✗";
  counted();
  if (isRightAll(drawn) !== Boolean(drawn.known)) {
    drawn.known = isRightAll(drawn);
    document.dispatchEvent(new Event("known"));
  }
  document.dispatchEvent(new Event("typed"));
};

const tell = (drawn) => {
  drawn.inputs = null;
  drawn.tds.forEach((td, index) => {
    td.textContent = drawn.cells[index];
    td.classList.remove("typed");
    delete td.dataset.mark;
  });
};

const counted = (grids, score) => {
  const inputs = grids.flatMap((drawn) => drawn.inputs || []);
  const all = grids.reduce((sum, drawn) => sum + drawn.tds.length, 0);
  const right = inputs.filter((input) => input.classList.contains("right")).length;
  const wrong = inputs.filter((input) => input.classList.contains("wrong")).length;
  score.textContent = inputs.length ? `${right} of ${all} right${wrong ? `, ${wrong} not yet` : ""}` : "";
};

const hides = () => document.body.classList.contains("hides");

// ---- answers that later operations take in: hidden there, too, until they are all right

const SOURCES = []; // each the cells of an answer, and whether it is typed in right
const isRightAll = (drawn) => Boolean(drawn.inputs) && drawn.inputs.every((input) => input.classList.contains("right"));
const source = (drawn) => SOURCES.push({ cells: drawn.cells, columns: drawn.columns, known: () => isRightAll(drawn) });
const without = ({ cells, rows, columns }, [top, bottom, left, right]) => cells.filter((_, index) => {
  const [row, column] = [Math.floor(index / columns), index % columns];
  return row >= top && row < rows - bottom && column >= left && column < columns - right;
});
// The answer, of so many first ones, that a grid has the cells of: all of them, or a row; nothing of too few cells.
const repeated = (grid_, padding, count) => {
  const cells = padding ? without(grid_, padding) : grid_.cells;
  const text = cells.join(" ");
  if (new Set(cells).size < 2) return null;
  return SOURCES.slice(0, count).find((one) => one.cells.join(" ") === text || (cells.length === one.columns
    && one.cells.some((_, at) => at % one.columns === 0 && one.cells.slice(at, at + one.columns).join(" ") === text)));
};
