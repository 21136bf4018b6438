// Steps one after the other, drawn from their data.

// Grids that change from step to step are told by what is changed since the step before: here each becomes whole.
const whole = (data) => {
  const latest = [];
  for (const { b } of data.steps) {
    for (const [kind, lines, result] of b) {
      if (kind !== "p") continue;
      for (const part of [...lines.flat(), result]) {
        if (!part || part.k === undefined) continue;
        if (!part.i) {
          const cells = [...latest[part.k][3]];
          for (let index = 0; index < part.j.length; index += 2) cells[part.j[index]] = part.j[index + 1];
          part.i = [...latest[part.k]];
          part.i[3] = cells;
        }
        latest[part.k] = part.i;
      }
    }
  }
};

class Stepper {
  constructor(root, data) {
    Object.assign(this, { root, term: null, timer: null });
    this.take(data);
    const above = [...document.querySelectorAll("main > h2, main > h3")]
      .filter((heading) => heading.compareDocumentPosition(root) & Node.DOCUMENT_POSITION_FOLLOWING).pop();
    const level = above ? Number(above.tagName[1]) + 1 : 2;
    this.level = Math.min(level + 1, 6);
    this.where = make(`h${level}`, "where");
    this.stage = make("div", "stage");
    this.reads = make("p", "reads quiet", "\u00a0");
    this.reads.setAttribute("aria-live", "polite");
    this.said = make("p", "said");
    this.said.setAttribute("aria-live", "polite");
    this.all = make("div", "all");
    const live = data.live ? [this.tinker(data.live)] : [];
    root.replaceChildren(this.controls(), ...live, this.where, this.stage, this.reads, this.said, this.all);
    root.setAttribute("role", "group");
    root.tabIndex = 0;
    root.setAttribute("aria-label", "Steps. Arrow keys move, Home and End go to the ends, space plays.");
    this.show(this.at);
  }

  take(data) {
    whole(data);
    Object.assign(this, { data, at: data.at, slots: [], drawn: "", shown: new Set() });
    this.grids = data.bodies.map((body) => this.listen(grid(body)));
    this.grids.forEach((one, index) => { one.index = index; });
    this.before = this.before === undefined ? SOURCES.length : this.before;
    const outputs = new Set(data.steps.flatMap((step) => Stepper.parts(step).filter(([part, made]) => made && part.c)
      .map(([part]) => part.b)));
    this.outputs = [...outputs].map((index) => this.grids[index]);
    this.grids.forEach((one) => { one.repeats = outputs.has(one.index) ? null : repeated(one, one.padding, this.before); });
    const columns = data.steps.flatMap((step) => step.b.filter(([kind, , , , given]) => kind === "t" && given > 1))
      .map(([, , , rows]) => ({ cells: rows.map((row) => row[1]).filter(Boolean) }));
    this.taken = columns.map((column) => repeated(column, 0, this.before)).filter(Boolean);
    if (this.grids.some((one) => one.photo)) this.grids.forEach((one) => { one.shades = one.shades || live.shades(one.cells); });
    this.outputs.forEach(source);
    this.outputs.forEach(number);
  }

  // ---- another kernel, bias, stride or padding: the page works it anew

  tinker(given) {
    const start = JSON.stringify([given.kernel, given.bias, given.stride, given.padding]);
    const made = make("details", "live");
    const form = make("div", "bar");
    const kernels = make("div", "grids");
    const said = make("p", "changed");
    said.setAttribute("role", "status");
    const numbers = (label, name, values, names) => {
      const group = make("label", "", `${label} `);
      const fields = values.map((value, index) => {
        const field = make("input", "setting");
        Object.assign(field, { type: "text", inputMode: "numeric", value, size: 3, autocomplete: "off" });
        field.setAttribute("aria-label", names.length ? `${label}, ${names[index]}` : label);
        field.addEventListener("input", work);
        group.append(field);
        return field;
      });
      form.append(group);
      return fields;
    };
    let weights = [];
    const lay = (planes) => {
      weights = planes.map((rows, channel) => {
        const title = planes.length > 1 ? `kernel, channel ${channel}` : "kernel";
        const table = make("table", "grid");
        table.append(make("caption", "", title));
        const fields = rows.map((row, r) => {
          const line = table.insertRow();
          return row.map((cell, c) => {
            const field = make("input", "cell");
            Object.assign(field, { type: "text", value: cell, autocomplete: "off", spellcheck: false });
            field.setAttribute("aria-label", `${title}, row ${r}, column ${c}`);
            field.addEventListener("input", work);
            line.insertCell().append(field);
            return field;
          });
        });
        kernels.append(table);
        return fields;
      });
    };
    const work = () => {
      const whole = (fields) => fields.map((field) => (/^\d+$/.test(field.value.trim()) ? Number(field.value) : NaN));
      const padding = whole(pads);
      const settings = {
        input: given.input.map((plane) => plane.map((row) => row.map(live.read))),
        kernel: weights.map((rows) => rows.map((row) => row.map((field) => live.read(field.value)))),
        bias: live.read(bias.value),
        stride: whole(strides),
        padding: padding.length === 1 ? Array(4).fill(padding[0]) : padding,
        heat: given.heat,
      };
      const fields = [...weights.flat(2), bias, ...strides, ...pads];
      fields.forEach((field) => field.setAttribute("aria-invalid", String(live.read(field.value) === null)));
      const unread = fields.find((field) => field.getAttribute("aria-invalid") === "true");
      const fault = unread ? `${unread.getAttribute("aria-label")}: '${unread.value}' is no number` : live.fault(settings);
      said.classList.toggle("fault", Boolean(fault));
      if (fault) { said.textContent = fault; return; }
      const typed = [weights.map((rows) => rows.map((row) => row.map((field) => live.exact(live.read(field.value))))),
        live.exact(settings.bias), settings.stride, settings.padding];
      const changed = JSON.stringify(typed) !== start;
      const [at, answer] = [this.at, this.root.parentNode.querySelector("details.answer")];
      this.take(changed ? live.steps({ ...settings, hasBias: settings.bias.top !== 0n }) : this.original);
      this.at = Math.min(at, this.last);
      this.slider.max = this.last;
      if (answer) answer.hidden = changed;
      document.body.classList.toggle("reworked", changed && document.querySelectorAll(".stepper").length === 1);
      said.textContent = changed ? `changed: ${live.told(settings).join(" · ")}` : "";
      this.show();
    };
    const restore = () => {
      const put = (fields, values) => fields.forEach((field, index) => { field.value = values[index]; });
      kernels.replaceChildren();
      lay(given.kernel);
      put([bias], [given.bias]);
      put(strides, given.stride);
      put(pads, sides);
      work();
    };
    const sides = new Set(given.padding).size > 1 ? given.padding : [given.padding[0]];
    this.original = this.data;
    const [bias] = numbers("bias", "bias", [given.bias], []);
    const strides = numbers("stride", "stride", given.stride, ["down", "across"]);
    const pads = numbers("padding", "padding", sides, sides.length > 1 ? ["top", "bottom", "left", "right"] : []);
    const names = Object.keys(given.kernels);
    if (names.length) {
      const choose = make("select");
      choose.setAttribute("aria-label", "a kernel by name");
      choose.append(new Option("a kernel by name …", ""), ...names.map((name) => new Option(name, name)));
      choose.addEventListener("change", () => {
        if (!choose.value) return;
        kernels.replaceChildren();
        lay([given.kernels[choose.value]]);
        work();
      });
      form.append(choose);
    }
    form.append(button("as it was", "the kernel and settings as they were", restore));
    lay(given.kernel);
    const both = make("div", "grids");
    both.append(kernels, form);
    made.append(make("summary", "", "change the kernel"), both, said);
    return made;
  }

  get step() { return this.data.steps[this.at]; }
  // Whether it takes in an earlier answer that is not known yet.
  get repeats() {
    const sources = [...this.grids.map((one) => one.repeats), ...this.taken];
    return hides() && sources.some((one) => one && !one.known());
  }
  get masked() { return hides() && !this.shown.has(this.at); }
  // Whether the output is typed into, cell by cell.
  get asks() { return this.data.steps.some((step) => Stepper.parts(step).some(([part, made]) => made && part.c)); }
  get last() { return this.data.steps.length - 1; }

  controls() {
    const bar = make("div", "bar");
    this.slider = make("input");
    Object.assign(this.slider, { type: "range", min: 0, max: this.last, step: 1 });
    this.slider.setAttribute("aria-label", "step");
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.playing = button("play", "play (space)", () => this.play());
    this.speed = make("select");
    this.speed.setAttribute("aria-label", "speed");
    SPEEDS.forEach(([name, wait]) => this.speed.append(new Option(name, wait, wait === 1500, wait === 1500)));
    this.speed.addEventListener("change", () => { if (this.timer) { this.play(); this.play(); } });
    this.slowly = make("input");
    this.slowly.type = "checkbox";
    const slowly = make("label");
    slowly.append(this.slowly, " term by term");
    this.slowly.addEventListener("change", () => this.go(this.at, this.slowly.checked ? 0 : null));
    this.reveal = button("show this step", "show the working of this step", () => {
      this.shown.add(this.at);
      this.show();
    });
    this.score = make("span", "score");
    this.score.setAttribute("aria-live", "polite");
    const hidden = make("span", "only-hidden");
    hidden.append(this.reveal, this.score);
    bar.append(
      button("«", "first step (Home)", () => this.go(0)),
      button("‹", "back (left arrow)", () => this.go(this.at - 1)),
      this.playing,
      button("›", "on (right arrow)", () => this.next()),
      button("»", "last step (End)", () => this.go(this.last)),
      this.slider, this.speed, slowly, hidden,
    );
    return bar;
  }

  // ---- moving

  go(index, term = null) {
    this.at = Math.max(0, Math.min(this.last, index));
    this.term = term;
    this.show();
  }

  next() {
    if (!this.slowly.checked) { this.go(this.at + 1); return; }
    if (this.term !== null && this.term < this.terms().length) { this.go(this.at, this.term + 1); return; }
    if (this.at < this.last) this.go(this.at + 1, 0);
  }

  terms() { return [...this.stage.querySelectorAll(".term")]; }

  play() {
    clearInterval(this.timer);
    const stop = this.timer !== null;
    this.timer = null;
    if (!stop) {
      if (this.at === this.last) this.go(0, this.slowly.checked ? 0 : null);
      const wait = Number(this.speed.value) / (this.slowly.checked ? 2 : 1);
      this.timer = setInterval(() => {
        this.next();
        const done = !this.slowly.checked || this.term === null || this.term >= this.terms().length;
        if (this.at === this.last && done) this.play();
      }, wait);
    }
    this.playing.textContent = this.timer ? "pause" : "play";
    this.playing.setAttribute("aria-pressed", String(this.timer !== null));
  }

  // ---- drawing

  show() {
    const step = this.step;
    this.where.textContent = `step ${this.at + 1} of ${this.last + 1} · ${step.n}`;
    this.slider.value = this.at;
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    const kind = JSON.stringify(step.b.map((block) => (block[0] === "p" ? this.kind(block) : block[0])));
    if (kind !== this.drawn) {
      this.drawn = kind;
      this.slots = step.b.map((block) => this.build(block));
      this.stage.replaceChildren(...this.slots.map((slot) => slot.element));
    } else {
      step.b.forEach((block, index) => this.update(this.slots[index], block));
    }
    this.stage.classList.toggle("masked", this.masked);
    this.stage.classList.toggle("beside", step.b.some((block) => block[0] === "p" && block[1].length > 1));
    this.mark(step);
    this.write();
    const sums = [...this.stage.querySelectorAll(".sum")].map((one) => one.textContent);
    this.said.textContent = [this.where.textContent, ...this.windows(), ...(hides() ? [] : sums.slice(-1))].join(": ");
    this.highlight([]);
  }

  // Where a step reads, for who does not see it: the window's rows and columns.
  windows() {
    const span = (places) => (places.length > 1 ? `${places[0]} to ${places[places.length - 1]}` : places[0]);
    const read = Stepper.parts(this.step).find(([part]) => part.w && !part.o);
    return read ? [`window of rows ${span(read[0].w[0])}, columns ${span(read[0].w[1])}`] : [];
  }

  // What a picture is made of: the same for all steps, but for what changes in it.
  kind([, lines, result]) {
    const of = (part) => (typeof part === "string" ? part : "i" in part ? "own" : part.b);
    return [lines.map((line) => line.map(of)), result ? of(result) : null];
  }

  part(part, several = false) {
    if (typeof part === "string") return { element: make("span", "sign", part) };
    if ("i" in part) return { own: true, ...this.own(part) };
    const drawn = this.grids[part.b];
    const enlarged = drawn.photo && part.w && !part.o && this.enlarge(drawn, part, several);
    return { element: drawn.scroll, enlarged };
  }

  // A window of a picture with its numbers, and (of a single channel) the cells around it; of one size in all steps.
  enlarge(drawn, part, several) {
    const [rows, columns] = part.w;
    if (Math.max(rows.length, columns.length) > MOST_ENLARGED) return null;
    const ring = Number(!several && rows.length + columns.length < MOST_ENLARGED);
    const made = make("table", "grid enlarged");
    made.append(make("caption", "", "the window"));
    const body = make("tbody");
    const tds = [];
    for (let row = 0; row < rows.length + 2 * ring; row += 1) {
      const line = make("tr");
      for (let column = 0; column < columns.length + 2 * ring; column += 1) {
        tds.push(make("td"));
        line.append(tds[tds.length - 1]);
      }
      body.append(line);
    }
    made.append(body);
    return { element: made, tds, ring, drawn, width: columns.length + 2 * ring };
  }

  // Fill what is enlarged with a step's numbers.
  fill({ tds, ring, drawn, width }, part, secret) {
    const [step, across] = part.w.map((places) => (places.length > 1 ? places[1] - places[0] : 1));
    const row = (index) => part.w[0][0] + (index - ring) * step;
    const column = (index) => part.w[1][0] + (index - ring) * across;
    tds.forEach((td, index) => {
      const [down, right] = [Math.floor(index / width), index % width];
      const [r, c] = [row(down), column(right)];
      const inside = r >= 0 && c >= 0 && r < drawn.rows && c < drawn.columns;
      const at = r * drawn.columns + c;
      const within = down >= ring && right >= ring && right < width - ring && down < tds.length / width - ring;
      td.textContent = inside && !secret ? drawn.cells[at] : "";
      td.className = `${within ? "window" : "beside"}${inside && drawn.plain[at] ? " padding" : ""}`;
      td.style.cssText = inside && !drawn.plain[at] && !secret ? drawn.shades[at] : "";
    });
  }

  own(part) {
    const [title, rows, columns, cells, padding, shades, values] = part.i;
    const pictured = columns >= PICTURE_COLUMNS && rows >= PICTURE_ROWS;
    const drawn = grid([title, rows, columns, cells, padding, shades || (pictured ? live.shades(cells) : 0), values]);
    if (this.grids.some((one) => one.photo)) drawn.shades = live.shades(drawn.cells);
    drawn.repeats = part.d ? null : repeated(drawn, drawn.padding, this.before);
    this.dress(drawn, this.untold(part), this.masked && part.d);
    return { element: drawn.scroll, grid: drawn };
  }

  // A part without the marks that would tell while answers are hidden: the cell taken, and the cells written to.
  untold(part) {
    return this.masked ? { ...part, c: undefined, w: part.o ? undefined : part.w } : part;
  }

  build(block) {
    if (block[0] !== "p") return { element: BUILD[block[0]](block, this.masked, this.level, this.repeats) };
    const [, lines, result] = block;
    const element = make("div", "picture");
    element.style.setProperty("--lines", lines.length);
    const column = make("div", "lines");
    const parts = [];
    for (const line of lines) {
      const row = make("div", "line");
      const built = line.map((part) => this.part(part, lines.length > 1));
      row.append(...built.flatMap((one) => [one.element, ...(one.enlarged ? [one.enlarged.element] : [])]));
      parts.push(built);
      column.append(row);
    }
    element.append(column);
    const channels = lines.map(([part]) => (part.b === undefined ? {} : this.grids[part.b]));
    const colour = isColour(channels) && lines[0][0].w ? inColour(channels) : null;
    if (colour) {
      element.classList.add("in-colour");
      element.prepend(colour.scroll);
      parts.forEach(([one], index) => {
        if (one.enlarged) one.enlarged.element.caption.textContent = COLOURS[index];
      });
    }
    const made = result ? this.part(result) : null;
    if (made) {
      const line = lines[0];
      if (typeof line[line.length - 1] !== "string") element.append(make("span", "sign", "→"));
      element.append(made.element);
    }
    return { element, parts, made, colour };
  }

  update(slot, block) {
    if (block[0] !== "p") {
      const element = BUILD[block[0]](block, this.masked, this.level, this.repeats);
      slot.element.replaceWith(element);
      slot.element = element;
      return;
    }
    const [, lines, result] = block;
    const renew = (built, part) => {
      if (!built || !built.own) return;
      const fresh = this.own(part);
      built.element.replaceWith(fresh.element);
      Object.assign(built, fresh);
    };
    lines.forEach((line, row) => line.forEach((part, index) => renew(slot.parts[row][index], part)));
    renew(slot.made, result);
  }

  // The parts of a step's pictures that are drawn on the grids all steps share; the results are told apart.
  static parts(step) {
    const parts = [];
    for (const [kind, lines, result] of step.b) {
      if (kind !== "p") continue;
      for (const line of lines) for (const part of line) if (part.b !== undefined) parts.push([part, false]);
      if (result && result.b !== undefined) parts.push([result, true]);
    }
    return parts;
  }

  mark(step) {
    step.b.forEach((block, index) => {
      if (block[0] !== "p") return;
      const [{ w: window }] = block[1][0];
      if (this.slots[index].colour && window) frame(this.slots[index].colour, ...window, "window");
      block[1].forEach((line, row) => line.forEach((part, place) => {
        const { enlarged } = this.slots[index].parts[row][place];
        const { repeats } = this.grids[part.b] || {};
        if (enlarged && part.w) this.fill(enlarged, part, hides() && (repeats ? !repeats.known() : this.masked && part.d));
      }));
    });
    for (const [part, made] of Stepper.parts(step)) {
      const drawn = this.grids[part.b];
      const typed = hides() && made && part.c && !drawn.photo;
      if (typed) ask(drawn, () => this.count(), (index) => this.turnTo(drawn, index));
      else if (drawn.inputs) tell(drawn);
      // A picture is not typed into: while answers are hidden, nothing of it is made.
      const unmade = hides() && made && part.c && drawn.photo ? { ...part, m: this.masked ? 0 : part.m } : null;
      this.dress(drawn, unmade || (typed ? part : this.untold(part)), this.masked && part.d && !typed && !unmade);
    }
  }

  turnTo(drawn, index) {
    const [step] = this.stepsOf(drawn).get(index) || [];
    if (step !== undefined && step !== this.at) this.go(step);
  }

  count() { counted(this.outputs.filter((one) => !one.photo), this.score); }

  // Give every cell its class, and open cells a dot.
  dress(drawn, part, hidden) {
    const secret = hidden || (hides() && Boolean(drawn.repeats) && !drawn.repeats.known());
    const { columns, tds, plain, cells, shades } = drawn;
    const names = plain.slice();
    if (part.w) {
      const marked = part.o ? "result" : "window";
      for (const row of part.w[0]) for (const column of part.w[1]) {
        const index = row * columns + column;
        names[index] = `${names[index]} ${marked}`.trim();
      }
    }
    if (drawn.photo) {
      if (part.c) frame(drawn, [part.c[0]], [part.c[1]], "result");
      else if (part.w) frame(drawn, part.w[0], part.w[1], part.o ? "result" : "window");
      else drawn.photo.className = "frame";
    }
    const current = part.c ? part.c[0] * columns + part.c[1] : -1;
    const made = part.m === undefined ? cells.length : part.m;
    for (let index = 0; index < tds.length; index += 1) {
      const td = tds[index];
      let name = names[index];
      let text = cells[index];
      if (index === current) name = "result";
      else if (index >= made && name !== "result") { name = "pending"; text = "·"; }
      if (secret) text = "";
      if (index === current) td.setAttribute("aria-current", "true");
      else if (td.hasAttribute("aria-current")) td.removeAttribute("aria-current");
      if (drawn.inputs) name = `${name} typed`.trim();
      else if (td.textContent !== text) td.textContent = text;
      if (td.className !== name) td.className = name;
      const shaded = shades && !secret && (drawn.photo ? name !== "pending" && !plain[index] : name === "");
      const shade = shaded ? shades[index] : "";
      if (td.style.cssText !== shade && (shades || td.style.cssText)) td.style.cssText = shade;
    }
  }

  // Write as much of the sums as `term` says, and mark the cells that the last term reads.
  write() {
    const done = this.term === null;
    this.stage.querySelectorAll("td.now").forEach((td) => td.classList.remove("now"));
    let index = 0;
    [...this.stage.querySelectorAll(".sum")].forEach((one, number) => {
      const terms = [...one.querySelectorAll(".term")];
      terms.forEach((term, place) => {
        const written = done || index < this.term;
        term.classList.toggle("unwritten", !written);
        if (!written) this.untell(number, place);
        if (!done && index === this.term - 1) this.point(number, place);
        index += 1;
      });
      one.querySelector(".outcome").classList.toggle("unwritten", !done && index > this.term);
    });
    if (!done && this.term < index) {
      this.stage.querySelectorAll(".picture > .scroll td.result").forEach((td) => {
        if (!td.querySelector("input")) td.textContent = "?";
      });
      this.stage.querySelectorAll(".picture .line td.result").forEach((td) => td.classList.remove("result"));
    }
  }

  // Empty the product of a term that is not written yet.
  untell(line, place) {
    const at = this.slots.findIndex((one) => one.parts && one.parts[line]);
    if (at < 0) return;
    this.step.b[at][1][line].forEach((part, index) => {
      if (typeof part === "string" || !part.d || part.w || part.c) return;
      const drawn = "i" in part ? this.slots[at].parts[line][index].grid : this.grids[part.b];
      const cell = this.data.down ? (place % drawn.rows) * drawn.columns + Math.floor(place / drawn.rows) : place;
      if (cell < drawn.tds.length) drawn.tds[cell].textContent = "";
    });
  }

  point(line, place) {
    const slot = this.slots.find((one) => one.parts);
    const parts = slot && slot.parts[line];
    if (!parts) return;
    const picture = this.step.b[this.slots.indexOf(slot)];
    picture[1][line].forEach((part, index) => {
      if (typeof part === "string") return;
      const drawn = "i" in part ? parts[index].grid : this.grids[part.b];
      const rows = part.w ? part.w[0] : [...Array(drawn.rows).keys()];
      const columns = part.w ? part.w[1] : [...Array(drawn.columns).keys()];
      if (place >= rows.length * columns.length) return;
      const [row, column] = this.data.down
        ? [place % rows.length, Math.floor(place / rows.length)]
        : [Math.floor(place / columns.length), place % columns.length];
      drawn.tds[rows[row] * drawn.columns + columns[column]].classList.add("now");
      const { enlarged } = parts[index];
      if (enlarged) enlarged.tds[(row + enlarged.ring) * enlarged.width + column + enlarged.ring].classList.add("now");
    });
  }

  // ---- pointing at cells

  listen(drawn) {
    const place = (event) => drawn.tds.indexOf(event.target.closest("td"));
    drawn.made.classList.add("can");
    drawn.made.addEventListener("pointerover", (event) => this.tellReaders(drawn, place(event)));
    drawn.made.addEventListener("pointerleave", () => this.highlight([]));
    drawn.made.tabIndex = 0;
    drawn.made.addEventListener("keydown", (event) => this.walk(drawn, event));
    drawn.made.addEventListener("blur", () => this.pointAt(drawn, -1));
    drawn.made.addEventListener("click", (event) => {
      const index = place(event);
      const steps = this.stepsOf(drawn).get(index) || [];
      this.tellReaders(drawn, index);
      if (steps.length === 1 && !event.target.closest("input")) this.go(steps[0]);
    });
    return drawn;
  }

  // With the keys, from cell to cell of a grid; Enter goes to the step that makes or first reads a cell.
  walk(drawn, event) {
    if (event.target !== drawn.made || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: drawn.columns, ArrowUp: -drawn.columns }[event.key];
    const at = drawn.pointed === undefined || drawn.pointed < 0 ? -1 : drawn.pointed;
    if (event.key === "Enter" && at >= 0) {
      const [step] = this.stepsOf(drawn).get(at) || [];
      if (step !== undefined) this.go(step);
    } else if (by !== undefined) {
      const to = at < 0 ? 0 : at + by;
      if (to < drawn.tds.length && to >= 0) this.pointAt(drawn, to);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  pointAt(drawn, index) {
    if (drawn.pointed >= 0) drawn.tds[drawn.pointed].classList.remove("pointed");
    drawn.pointed = index;
    if (index < 0) { this.highlight([]); return; }
    this.tellReaders(drawn, index);
    const td = drawn.tds[index];
    td.classList.add("pointed");
    const [row, column] = [Math.floor(index / drawn.columns), index % drawn.columns];
    const cell = `row ${row}, column ${column}: ${td.textContent || "empty"}`;
    this.reads.textContent = [cell, this.reads.textContent.trim()].filter(Boolean).join(". ");
  }

  // Which steps mark a cell: read it, or make it.
  stepsOf(drawn) {
    if (!drawn.steps) {
      drawn.steps = new Map();
      const add = (index, step) => {
        if (!drawn.steps.has(index)) drawn.steps.set(index, []);
        const steps = drawn.steps.get(index);
        if (steps[steps.length - 1] !== step) steps.push(step);
      };
      this.data.steps.forEach((step, number) => {
        for (const [part] of Stepper.parts(step)) {
          if (part.b !== drawn.index) continue;
          if (part.c) add(part.c[0] * drawn.columns + part.c[1], number);
          if (part.w) for (const r of part.w[0]) for (const c of part.w[1]) add(r * drawn.columns + c, number);
        }
      });
    }
    return drawn.steps;
  }

  tellReaders(drawn, index) {
    if (index >= 0 && this.tellWeight(drawn, index)) return;
    const steps = index < 0 ? [] : this.stepsOf(drawn).get(index) || [];
    const cells = [];
    for (const number of steps) {
      for (const [part] of Stepper.parts(this.data.steps[number])) {
        const other = this.grids[part.b];
        if (other === drawn) continue;
        if (part.c) cells.push(other.tds[part.c[0] * other.columns + part.c[1]]);
        else if (part.w && steps.length === 1) {
          for (const r of part.w[0]) for (const c of part.w[1]) cells.push(other.tds[r * other.columns + c]);
        }
      }
    }
    this.highlight(cells);
    if (steps.length > 1) {
      const names = steps.slice(0, 12).map((number) => this.data.steps[number].n);
      const more = steps.length > 12 ? ", …" : "";
      this.reads.textContent = `This cell is in ${steps.length} steps: ${names.join(", ")}${more}`;
    }
  }

  // A weight lights the inputs that it meets, and the outputs that it goes into.
  tellWeight(drawn, index) {
    const [row, column] = [Math.floor(index / drawn.columns), index % drawn.columns];
    const met = new Set();
    let count = 0;
    for (const step of this.data.steps) {
      for (const [kind, lines, result] of step.b) {
        if (kind !== "p") continue;
        for (const line of lines) {
          const [read, , weights] = line;
          const fits = read && weights && weights.b === drawn.index && read.w && !weights.w && read.b !== undefined
            && read.w[0].length === drawn.rows && read.w[1].length === drawn.columns;
          if (!fits) continue;
          count += 1;
          const input = this.grids[read.b];
          met.add(input.tds[read.w[0][row] * input.columns + read.w[1][column]]);
          if (result && result.c && result.b !== undefined) {
            const output = this.grids[result.b];
            met.add(output.tds[result.c[0] * output.columns + result.c[1]]);
          }
        }
      }
    }
    if (!count) return false;
    this.highlight([...met]);
    this.reads.textContent = `This weight meets an input in ${count} step${count > 1 ? "s" : ""}, and goes into as many outputs.`;
    return true;
  }

  highlight(cells) {
    (this.lit || []).forEach((td) => td.classList.remove("reader"));
    this.lit = cells;
    cells.forEach((td) => td.classList.add("reader"));
    this.reads.textContent = "\u00a0";
  }

  // ---- paper: every step of a few, else the one that is shown

  print(begins) {
    const few = this.last < PRINTED && !hides();
    this.root.classList.toggle("printed", begins && few);
    this.root.classList.toggle("partly", begins && !few && !hides());
    this.all.replaceChildren();
    if (!begins || hides()) return;
    if (!few) {
      this.all.append(make("p", "quiet", `Of ${this.last + 1} steps only this one is printed.`));
      return;
    }
    const [at, term] = [this.at, this.term];
    this.term = null;
    for (this.at = 0; this.at <= this.last; this.at += 1) {
      this.show();
      const step = make("div", "step");
      step.append(make("h3", "", this.where.textContent), this.stage.cloneNode(true));
      step.lastChild.className = "";
      this.all.append(step);
    }
    this.go(at, term);
  }

  key(event) {
    const columns = this.data.columns;
    const act = {
      ArrowRight: () => this.next(), ArrowLeft: () => this.go(this.at - 1),
      ArrowDown: () => this.go(this.at + columns), ArrowUp: () => this.go(this.at - columns),
      PageDown: () => this.next(), PageUp: () => this.go(this.at - 1),
      Home: () => this.go(0), End: () => this.go(this.last), " ": () => this.play(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
