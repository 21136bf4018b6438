// The page: its steppers and answers, what is hidden and kept, its keys, its paper.

let active = null;
const steppers = [];
const answers = [];
const secrets = [...document.querySelectorAll("main > * .derived td, main > .derived td, main td.derived")]
  .map((td) => [td, td.textContent]);

// A grid that stands in the page itself, as the steps' own are described.
const standing = (made) => {
  const tds = [...made.querySelectorAll("td")];
  return { made, tds, columns: made.rows[0].cells.length, cells: tds.map((td) => td.textContent), inputs: null };
};

// An answer that a stepper's output shows too is folded away; any other is itself typed into.
let before = null;
document.querySelectorAll("main > h2, .stepper, .answer").forEach((node) => {
  if (node.matches("h2")) {
    before = null;
  } else if (node.matches(".stepper")) {
    before = new Stepper(node, JSON.parse(document.getElementById(node.dataset.steps).textContent));
    const made = before;
    node.addEventListener("pointerdown", () => { active = made; });
    node.addEventListener("focusin", () => { active = made; });
    steppers.push(made);
  } else if (before && before.asks) {
    const folded = make("details", "answer");
    node.replaceWith(folded);
    node.classList.remove("answer");
    folded.append(make("summary", "", "the whole answer"), node);
    before = null;
  } else {
    const grids = [...node.querySelectorAll("table.grid")].map(standing);
    const score = make("p", "score");
    score.setAttribute("aria-live", "polite");
    node.append(score);
    const whole = !node.querySelector("td.cut");
    if (whole) grids.forEach((drawn) => { drawn.number = source(drawn); });
    answers.push({ node, grids, score, whole });
    before = null;
  }
});

// What stands in the page itself and repeats an earlier answer, such as the input of an activation.
const repeats = [];
{
  const places = new Map(answers.flatMap(({ grids }) => grids.map((drawn) => [drawn.made, drawn])));
  let count = 0;
  const nodes = "main > .grids:not(.answer) table.grid, main > .wide > table, .stepper, .answer > .scroll table.grid";
  document.querySelectorAll(nodes).forEach((node) => {
    if (node.matches(".stepper")) {
      const one = steppers.find(({ root }) => root === node);
      count = Math.max(count, one.before + one.outputs.length);
    } else if (places.has(node)) {
      count = Math.max(count, places.get(node).number);
    } else if (!node.closest(".answer")) {
      const isTable = node.matches(".table");
      const taken = isTable && node.querySelector("td.derived") ? [...node.tBodies[0].rows].map((row) => row.cells[1]) : [];
      const tds = taken.filter((td) => td && td.textContent);
      const drawn = isTable ? { tds, cells: tds.map((td) => td.textContent) } : standing(node);
      const from = repeated(drawn, 0, count);
      if (from) repeats.push({ drawn, from });
    }
  });
}
const mask = () => repeats.forEach(({ drawn, from }) => {
  const secret = hides() && !from.known();
  drawn.tds.forEach((td, index) => { td.textContent = secret ? "" : drawn.cells[index]; });
});

const hideAnswers = (typed = null) => {
  const hidden = document.body.classList.toggle("hides");
  hide.setAttribute("aria-pressed", String(hidden));
  secrets.forEach(([td, text]) => { td.textContent = hidden ? "" : text; });
  const put = (drawn, values) => { if (values) drawn.typed = values; };
  if (typed) steppers.forEach((one, index) => one.outputs.forEach((drawn, at) => put(drawn, (typed.steps[index] || [])[at])));
  steppers.forEach((one) => { one.shown.clear(); one.show(); });
  answers.forEach(({ node, grids, score, whole }, index) => {
    node.hidden = hidden && !whole;
    if (!whole) return;
    const count = () => counted(grids, score);
    grids.forEach((drawn, at) => {
      if (typed) put(drawn, (typed.answers[index] || [])[at]);
      if (hidden) ask(drawn, count);
      else tell(drawn);
    });
    count();
  });
  mask();
  keep();
};

// ---- what is hidden, and what was typed, outlives a reload

const memory = ["convcalc", location.pathname, ...steppers.map(({ root }) => root.dataset.steps), document.title].join(" ");
const typedIn = () => ({
  hidden: hides(),
  steps: steppers.map((one) => one.outputs.map((drawn) => drawn.typed || null)),
  answers: answers.map(({ grids }) => grids.map((drawn) => drawn.typed || null)),
});
const keep = () => {
  if (document.body.classList.contains("reworked")) return; // what is typed into other numbers is not kept
  try { sessionStorage.setItem(memory, JSON.stringify(typedIn())); } catch { /* a browser that keeps nothing */ }
};
const kept = () => {
  try { return JSON.parse(sessionStorage.getItem(memory)); } catch { return null; }
};
document.addEventListener("typed", keep);
document.addEventListener("known", () => {
  steppers.forEach((one) => one.show());
  mask();
});

// ---- the whole of a script, as a row of pictures: each line's answer, and a link to its working

const SIDE = 72; // pixels of the larger side of a picture
const MOST_MAPS = 3;
const thumbnail = ({ cells, columns }) => {
  const colours = live.shades(cells);
  if (!colours) return null;
  const rows = cells.length / columns;
  const size = Math.max(2, Math.floor(SIDE / Math.max(rows, columns)));
  const made = make("canvas", "thumbnail");
  Object.assign(made, { width: columns * size, height: rows * size });
  made.setAttribute("aria-hidden", "true");
  const pen = made.getContext("2d");
  colours.forEach((colour, index) => {
    pen.fillStyle = /#[0-9a-f]{6}/.exec(colour)[0];
    pen.fillRect((index % columns) * size, Math.floor(index / columns) * size, size, size);
  });
  return made;
};
const drawWhole = () => {
  const lines = [...document.querySelectorAll("main > h2")].filter((one) => one.textContent.startsWith("> "));
  if (lines.length < 3) return;
  const whole = make("nav", "whole");
  whole.setAttribute("aria-label", "the whole");
  lines.forEach((line, index) => {
    const parts = [];
    for (let node = line.nextElementSibling; node && !lines.includes(node); node = node.nextElementSibling) parts.push(node);
    const folded = parts.flatMap((node) => [...node.querySelectorAll(":scope > .grids table.grid")]);
    const standing_ = parts.filter((node) => node.matches(".grids")).flatMap((node) => [...node.querySelectorAll("table.grid")]);
    const tables = (folded.length ? folded : standing_).map(standing);
    if (!tables.length) return;
    line.id = `line-${index}`;
    const [, name, words] = /^(?:([\w-]+) = ?)?(.*)$/.exec(line.textContent.slice(2));
    const [word, more] = words.split(" ");
    const link = make("a", "", name || (more && /^\w/.test(more) ? `${word} ${more}` : word));
    link.href = `#${line.id}`;
    const row = make("span", "maps");
    row.append(...tables.slice(0, MOST_MAPS).map(thumbnail).filter(Boolean));
    const { columns, cells } = tables[0];
    const shape = `${tables.length > 1 ? `${tables.length}×` : ""}${cells.length / columns}×${columns}`;
    if (whole.childElementCount) whole.append(make("span", "sign", "→"));
    link.prepend(row);
    link.append(make("span", "quiet", shape));
    whole.append(link);
  });
  if (whole.childElementCount > 3) lines[0].before(whole);
};

const header = document.querySelector("header");
const hide = button("hide the answers", "hide the answers, to type your own", () => hideAnswers());
const theme = button("light / dark", "change between light and dark", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
const canHide = answers.length > 0 || steppers.some((one) => one.asks);
if (canHide) header.append(hide);
if (steppers.length + answers.length > 2) {
  header.append(make("span", "only-hidden quiet", "Later inputs stay hidden until you have them right."));
}
header.append(theme);
drawWhole();
const typedBefore = kept();
if (canHide && (typedBefore ? typedBefore.hidden : "hidden" in document.body.dataset)) hideAnswers(typedBefore);

const inView = (one, share) => {
  const { top, bottom } = one.root.getBoundingClientRect();
  return bottom > innerHeight * share && top < innerHeight * (1 - share);
};
const SIDES = ["ArrowLeft", "ArrowRight"];
// What is typed into, or scrolled, keeps its keys; a list gives the arrows to the sides, a box all but its space.
const keeps = ({ target, key }) => {
  if (target.closest("button")) return key === " " || key === "Enter";
  if (target.closest("[type=checkbox]")) return key === " ";
  if (target.closest("select")) return !SIDES.includes(key);
  return Boolean(target.closest("input, textarea, a, summary, pre, .wide, .scroll:focus"));
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keeps(event)) return;
  const inside = event.target.closest(".stepper");
  // Of several, the one in view takes the arrows to the sides; the keys that scroll a page must be meant for it.
  if (steppers.length > 1 && !inside && !SIDES.includes(event.key)) return;
  const seen = active && (inside || inView(active, 0)) ? active : steppers.find((one) => inView(one, 0.15));
  const one = steppers.length === 1 ? steppers[0] : seen;
  if (one) one.key(event);
});
// What is wider than its place is scrolled with the keys, too.
const wide = "main > .grids .scroll, main > .wide, main > pre, details .scroll, .stage pre";
const reach = () => document.querySelectorAll(wide).forEach((one) => {
  if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
  else one.removeAttribute("tabindex");
});
reach();
addEventListener("resize", reach);
document.addEventListener("toggle", reach, true);
addEventListener("beforeprint", () => {
  steppers.forEach((one) => one.print(true));
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => steppers.forEach((one) => one.print(false)));
