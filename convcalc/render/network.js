"use strict";
const data = JSON.parse(document.getElementById("network").textContent);
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer;
const floats = (text) => (text === null ? null : new Float32Array(bytes(text)));
const integers = (text) => new Int32Array(bytes(text));
const make = (name, options = {}, ...children) => {
  const element = Object.assign(document.createElement(name), options);
  element.append(...children);
  return element;
};

// A layer's cells as maps of rows and columns, whatever its shape.
const planes = (shape) => {
  const [channels, rows, columns] = shape.length === 2 ? [shape[0], 1, shape[1]] : [1, 1, ...shape].slice(-3);
  return shape.length > 3 ? [shape.slice(0, -2).reduce((a, b) => a * b), rows, columns] : [channels, rows, columns];
};
const layers = data.layers.map((layer) => ({ ...layer, cells: floats(layer.maps), planes: planes(layer.shape), canvases: [] }));
for (const { step } of layers) {
  for (const key of step === null ? [] : ["kernel", "weights", "bias", "divisors", "means", "roots", "gamma", "beta"]) {
    if (typeof step[key] === "string") step[key] = floats(step[key]);
  }
  for (const key of step === null ? [] : ["sets", "shares", "sources", "places"]) {
    if (typeof step[key] === "string") step[key] = integers(step[key]);
  }
}
const at = (layer, index) => {
  const [, rows, columns] = layer.planes;
  return [Math.floor(index / (rows * columns)), Math.floor(index / columns) % rows, index % columns];
};
const flat = (layer, [channel, row, column]) => (channel * layer.planes[1] + row) * layer.planes[2] + column;
const named = (layer, index) => {
  const place = at(layer, index);
  return `${layer.name}[${layer.shape.length === 1 ? index : layer.shape.length === 2 ? [place[0], place[2]] : place}]`;
};

// Numbers as convcalc writes them: whole, or with four decimals.
const write = (x) => {
  if (Number.isInteger(x)) return String(x);
  if (x !== 0 && (Math.abs(x) < 0.001 || Math.abs(x) >= 1e7)) return x.toExponential(4);
  const short = String(Number(x.toPrecision(7)));
  return (short.split(".")[1] || "").length <= 3 ? short : x.toFixed(4);
};
const factor = (x) => (x < 0 ? `(${write(x)})` : write(x));

// Which cell of so many a place beyond the edge stands for; -1: none, it is 0.
const source = (place, size, mode) => {
  if (place >= 0 && place < size) return place;
  if (mode === "replicate") return Math.min(Math.max(place, 0), size - 1);
  if (mode === "circular") return ((place % size) + size) % size;
  if (mode === "reflect") {
    const period = Math.max(2 * size - 2, 1), within = ((place % period) + period) % period;
    return within < size ? within : period - within;
  }
  return -1;
};

// What a cell is made of: groups of cells that were read, each with what multiplies it, and how they become the cell.
const STEPS = {
  convolution(layer, step, index) {
    const [map, row, column] = at(layer, index), before = layers[layer.reads[0]];
    const [filters, depth, high, wide] = step.kernel_shape, [channels, rows, columns] = before.planes;
    const first = Math.floor(map / (filters / step.groups)) * (channels / step.groups);
    const groups = [];
    for (let part = 0; part < depth; part += 1) {
      const cells = [], weights = [];
      for (let i = 0; i < high; i += 1) {
        for (let j = 0; j < wide; j += 1) {
          const r = source(row * step.stride[0] - step.before[0] + i * step.dilation[0], rows, step.mode);
          const c = source(column * step.stride[1] - step.before[1] + j * step.dilation[1], columns, step.mode);
          cells.push(r < 0 || c < 0 ? -1 : flat(before, [first + part, r, c]));
          weights.push(step.kernel[((map * depth + part) * high + i) * wide + j]);
        }
      }
      groups.push({ from: layer.reads[0], title: `channel ${first + part}`, across: wide, cells, weights });
    }
    return { groups, bias: step.bias && step.bias[map] };
  },
  transposed(layer, step, index) {
    const [map, row, column] = at(layer, index), before = layers[layer.reads[0]];
    const [, many, high, wide] = step.kernel_shape, [channels, rows, columns] = before.planes;
    const width = channels / step.groups, group = Math.floor(map / many), cells = [], weights = [];
    for (let channel = group * width; channel < (group + 1) * width; channel += 1) {
      for (let i = 0; i < high; i += 1) {
        for (let j = 0; j < wide; j += 1) {
          const r = (row + step.before[0] - i * step.dilation[0]) / step.stride[0];
          const c = (column + step.before[1] - j * step.dilation[1]) / step.stride[1];
          if (Number.isInteger(r) && Number.isInteger(c) && r >= 0 && r < rows && c >= 0 && c < columns) {
            cells.push(flat(before, [channel, r, c]));
            weights.push(step.kernel[((channel * many + (map % many)) * high + i) * wide + j]);
          }
        }
      }
    }
    return { groups: [{ from: layer.reads[0], title: "stamps", across: 6, cells, weights }], bias: step.bias && step.bias[map] };
  },
  linear(layer, step, index) {
    const outputs = step.weights.length / step.inputs, item = Math.floor(index / outputs), output = index % outputs;
    const cells = Array.from({ length: step.inputs }, (_, place) => item * step.inputs + place);
    const weights = Array.from(step.weights.subarray(output * step.inputs, (output + 1) * step.inputs));
    return { groups: [{ from: layer.reads[0], title: "inputs", across: 12, cells, weights }], bias: step.bias && step.bias[output] };
  },
  pooling(layer, step, index) {
    const [channel, row, column] = at(layer, index), before = layers[layer.reads[0]];
    const rows = step.rows[row], columns = step.columns[column];
    const cells = rows.flatMap((r) => columns.map((c) => flat(before, [channel, r, c])));
    const group = { from: layer.reads[0], title: `channel ${channel}`, across: columns.length, cells, weights: null };
    const divisor = step.divisors && step.divisors[row * layer.planes[2] + column];
    return { groups: [group], how: step.word, divisor };
  },
  norm(layer, step, index) {
    const set = step.sets[index], share = step.shares[index];
    const one = (numbers, none) => (numbers === null ? none : numbers[numbers.length === 1 ? 0 : share]);
    const group = { from: layer.reads[0], title: "cell", across: 1, cells: [index], weights: null };
    const x = layers[layer.reads[0]].cells[index];
    const [mean, root, gamma, beta] = [step.means[set], step.roots[set], one(step.gamma, 1), one(step.beta, 0)];
    return { groups: [group], written: `${factor(gamma)}×(${write(x)} − ${factor(mean)})/${factor(root)} + ${factor(beta)}` };
  },
  gathering(layer, step, index) {
    const cells = step.places.length / step.terms, groups = new Map();
    for (let term = 0; term < step.terms; term += 1) {
      const from = step.sources[term * cells + index];
      if (from < 0) continue;
      if (!groups.has(from)) groups.set(from, { from: layer.reads[from], title: layers[layer.reads[from]].name, across: 8, cells: [], weights: [] });
      groups.get(from).cells.push(step.places[term * cells + index]);
      groups.get(from).weights.push(step.weights[term * cells + index]);
    }
    return { groups: [...groups.values()] };
  },
  function(layer, step, index) {
    return { groups: [{ from: layer.reads[0], title: "x", across: 1, cells: [index], weights: null }], written: step.formula };
  },
  view(layer, step, index) {
    return { groups: [{ from: layer.reads[0], title: "the same cell", across: 1, cells: [index], weights: [1] }] };
  },
  product(layer, step, index) {
    const full = layer.shape, groups = layer.reads.map((from) => {
      const shape = layers[from].shape, offset = full.length - shape.length;
      let rest = index, cell = 0, size = 1;
      for (let axis = full.length - 1; axis >= offset; axis -= 1) {
        const place = rest % full[axis], length = shape[axis - offset];
        rest = Math.floor(rest / full[axis]);
        cell += (length === 1 ? 0 : place) * size;
        size *= length;
      }
      return { from, title: layers[from].name, across: 1, cells: [cell], weights: null };
    });
    const values = groups.map((group) => layers[group.from].cells[group.cells[0]]);
    return { groups, written: values.map(factor).join(" × ") };
  },
  softmax(layer, step, index) {
    const shape = layer.shape, axis = shape.length + step.axis;
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1), length = shape[axis];
    const first = index - (Math.floor(index / inner) % length) * inner;
    const cells = Array.from({ length }, (_, place) => first + place * inner);
    const x = layers[layer.reads[0]].cells[index];
    const sum = "Σ e^x of all of them";
    return { groups: [{ from: layer.reads[0], title: "x", across: 10, cells, weights: null }],
             written: step.log ? `${write(x)} − ln(${sum})` : `e^${factor(x)} / ${sum}` };
  },
};

let here = null;
const history = [], MOST_GROUPS = 24;
const work = document.querySelector(".work");

const table = (caption, across, cells) => {
  const rows = make("tbody");
  for (let start = 0; start < cells.length; start += across) rows.append(make("tr", {}, ...cells.slice(start, start + across)));
  return make("table", { className: "grid" }, make("caption", { textContent: caption }), rows);
};

const cellOf = (group, place) => {
  const cell = group.cells[place];
  if (cell < 0) return make("td", { className: "padding", textContent: "0" });
  const layer = layers[group.from], value = layer.cells === null ? "?" : write(layer.cells[cell]);
  const button = make("button", { textContent: value, title: named(layer, cell) });
  button.addEventListener("click", () => go(group.from, cell));
  return make("td", {}, button);
};

const drawnGroup = (group) => {
  const values = group.cells.map((cell) => (cell < 0 ? 0 : layers[group.from].cells[cell]));
  const trio = make("div", { className: "trio" }, table(group.title, group.across, group.cells.map((_, place) => cellOf(group, place))));
  if (group.weights !== null && !group.weights.every((weight) => weight === 1)) {
    const plain = (numbers) => numbers.map((number) => make("td", { textContent: write(number) }));
    trio.append("×", table("weights", group.across, plain(group.weights)), "=",
                table("products", group.across, plain(values.map((value, place) => value * group.weights[place]))));
  }
  return make("div", { className: "group" }, trio);
};

const totalOf = (group) => group.cells.reduce((sum, cell, place) => sum + (cell < 0 ? 0 : layers[group.from].cells[cell]) * group.weights[place], 0);

const sumOf = (made, value) => {
  if (made.written !== undefined) return `${made.written} ≈ `;
  const [group] = made.groups, values = group ? group.cells.map((cell) => layers[group.from].cells[cell]) : [];
  if (made.how === "max" || made.how === "min") return `${made.how}(${values.map(write).join(", ")}) = `;
  if (made.how !== undefined) {
    return made.divisor ? `(${values.map(factor).join(" + ")})/${made.divisor} ≈ ` : `${made.how} pooling of ${values.map(write).join(", ")} ≈ `;
  }
  if (made.groups.length === 0) return "nothing is read: ";
  const totals = made.groups.map(totalOf);
  const bias = made.bias === null || made.bias === undefined ? "" : ` + ${factor(made.bias)} (bias)`;
  const [first, ...rest] = totals;
  return totals.length === 1 && group.cells.length === 1 && bias === "" ? `${named(layers[group.from], group.cells[0])} = `
    : `${write(first)}${rest.map((total) => ` + ${factor(total)}`).join("")}${bias} ≈ `;
};

const go = (place, index, keep = true) => {
  if (here !== null && keep) history.push(here);
  here = [place, index];
  const layer = layers[place];
  work.replaceChildren();
  for (const one of layers) if (one.box) one.box.classList.toggle("chosen", one === layer);
  if (layer.lines !== undefined) {
    work.append(make("h2", { textContent: layer.name }), make("pre", { textContent: layer.lines.join("\n") }));
    layer.box.scrollIntoView({ block: "nearest", inline: "nearest" });
    return;
  }
  for (const one of document.querySelectorAll("canvas")) one.className = "";
  if (layer.cells === null) {
    work.append(make("p", { textContent: `The maps of ${layer.name} are too large for this page.` }));
    return;
  }
  const value = layer.cells[index];
  work.append(make("h2", { textContent: `${named(layer, index)} = ${write(value)}` }),
              make("p", { className: "quiet", textContent: layer.text }));
  const known = layer.step !== null && layer.reads.every((read) => layers[read].cells !== null);
  const made = known ? STEPS[layer.step.kind](layer, layer.step, index) : { groups: [] };
  mark(layer, index, made);
  if (!known) {
    work.append(make("p", { textContent: layer.reads.length === 0 ? "It is given." : "What it is made of is not on this page." }));
    return;
  }
  const groups = make("div", { className: "groups" });
  made.groups.slice(0, MOST_GROUPS).forEach((group) => groups.append(drawnGroup(group)));
  work.append(groups);
  if (made.groups.length > MOST_GROUPS) work.append(make("p", { className: "quiet", textContent: `… and ${made.groups.length - MOST_GROUPS} more channels, which are in the sum` }));
  work.append(make("p", { className: "sum" }, sumOf(made, value), make("b", { textContent: write(value) })));
};

// Shades: blue above 0, orange below it, the more the farther from 0 within the layer.
const shade = (value, largest) => {
  const level = Math.min(Math.abs(value) / (largest || 1), 1), dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const paper = dark ? [24, 26, 30] : [255, 255, 255], ink = value < 0 ? [214, 104, 32] : dark ? [120, 190, 250] : [16, 78, 150];
  return paper.map((part, index) => Math.round(part + (ink[index] - part) * level));
};

const draw = (layer, map, canvas) => {
  const [, rows, columns] = layer.planes, picture = new ImageData(columns, rows);
  for (let cell = 0; cell < rows * columns; cell += 1) {
    const [red, green, blue] = shade(layer.cells[map * rows * columns + cell], layer.largest);
    picture.data.set([red, green, blue, 255], 4 * cell);
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
};

const box = (layer, indices, colour) => {
  for (const map of new Set(indices.map((index) => at(layer, index)[0]))) {
    const canvas = layer.canvases[map];
    if (!canvas) continue;
    const places = indices.map((index) => at(layer, index)).filter(([channel]) => channel === map);
    const pen = canvas.getContext("2d");
    pen.fillStyle = colour;
    for (const [, row, column] of places) pen.fillRect(column, row, 1, 1);
    canvas.className = colour === HERE ? "here" : "read";
  }
};
const HERE = "rgb(214 40 120 / 85%)", READ = "rgb(31 160 90 / 45%)";
let marked = [];
const mark = (layer, index, made) => {
  for (const [one, map] of marked) if (one.canvases[map]) draw(one, map, one.canvases[map]);
  marked = [[layer, at(layer, index)[0]]];
  for (const group of made.groups) {
    const before = layers[group.from], read = group.cells.filter((cell) => cell >= 0);
    if (before.cells === null) continue;
    for (const map of new Set(read.map((cell) => at(before, cell)[0]))) marked.push([before, map]);
    box(before, read, READ);
  }
  box(layer, [index], HERE);
  const canvas = layer.canvases[at(layer, index)[0]];
  if (canvas) canvas.scrollIntoView({ block: "nearest", inline: "nearest" });
};

const MOST_MAPS = 64;
const holder = document.querySelector(".layers");
layers.forEach((layer, place) => {
  const [channels, rows, columns] = layer.planes;
  const column = make("section", { className: "layer" }, make("h2", { textContent: layer.name }),
    make("p", { className: "text", textContent: `${layer.text === "input" ? "" : `${layer.text} · `}${layer.shape.join("×")}` }));
  if (layer.lines !== undefined) {
    // A box as tall as its maps and as wide as they are many, both by their logarithms.
    layer.box = make("button", { className: "box" });
    layer.box.setAttribute("aria-label", layer.name);
    layer.box.style.height = `${16 + 9 * Math.log2(rows * columns)}px`;
    layer.box.style.width = `${16 + 7 * Math.log2(channels)}px`;
    layer.box.addEventListener("click", () => go(place, 0));
    column.append(layer.box, make("p", { className: "more", textContent: layer.counts }));
  } else if (layer.cells === null) {
    column.append(make("p", { className: "more", textContent: "too large for this page" }));
  } else {
    layer.largest = layer.cells.reduce((most, cell) => Math.max(most, Math.abs(cell)), 0);
    const shown = Math.min(channels, MOST_MAPS), tall = rows === 1 && layer.shape.length === 1;
    const maps = make("div", { className: `maps ${shown > 15 ? "four" : shown > 5 ? "two" : ""}` });
    for (let map = 0; map < shown; map += 1) {
      const canvas = make("canvas", { width: columns, height: rows, tabIndex: 0 });
      const size = Math.max(2, Math.min(12, Math.floor((shown > 3 ? 48 : 96) / Math.max(rows, Math.min(columns, 48)))));
      canvas.style.width = `${tall ? Math.min(columns * 10, 160) : columns * size}px`;
      canvas.style.height = `${tall ? 18 : rows * size}px`;
      canvas.setAttribute("role", "button");
      canvas.setAttribute("aria-label", channels > 1 ? `${layer.name}, map ${map}` : layer.name);
      canvas.addEventListener("click", (event) => {
        const bounds = canvas.getBoundingClientRect();
        const inside = (position, length, cells) => Math.min(Math.max(Math.floor((position / length) * cells), 0), cells - 1);
        go(place, flat(layer, [map, inside(event.clientY - bounds.top, bounds.height, rows), inside(event.clientX - bounds.left, bounds.width, columns)]));
      });
      canvas.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { go(place, flat(layer, [map, 0, 0])); event.preventDefault(); }
      });
      layer.canvases.push(canvas);
      draw(layer, map, canvas);
      maps.append(canvas);
    }
    column.append(maps);
    if (channels > shown) column.append(make("p", { className: "more", textContent: `and ${channels - shown} more maps` }));
  }
  layer.column = column;
  holder.append(column);
});

const joins = () => {
  const svg = document.querySelector(".joins"), space = "http://www.w3.org/2000/svg";
  svg.innerHTML = '<defs><marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z"/></marker></defs>';
  layers.forEach((layer, place) => {
    for (const read of layer.reads) {
      const one = layers[read].column, other = layer.column, path = document.createElementNS(space, "path");
      const from = one.offsetLeft + one.offsetWidth, to = other.offsetLeft, high = other.offsetTop + 8;
      if (read === place - 1) path.setAttribute("d", `M${from + 2} ${high}L${to - 3} ${high}`);
      else {
        const start = one.offsetLeft + one.offsetWidth / 2, end = other.offsetLeft + other.offsetWidth / 2, top = other.offsetTop - 4;
        const rise = Math.max(8, top - 10 - 6 * Math.min(place - read, 5));
        path.setAttribute("d", `M${start} ${top}C${start} ${rise} ${end} ${rise} ${end} ${top}`);
        path.setAttribute("class", "skip");
      }
      path.setAttribute("marker-end", "url(#tip)");
      svg.append(path);
    }
  });
};
joins();
addEventListener("resize", joins);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  layers.forEach((layer) => layer.canvases.forEach((canvas, map) => draw(layer, map, canvas)));
  if (here !== null) go(...here, false);
});

for (const [name, chance] of data.classes) document.querySelector(".classes").append(make("span", {}, make("b", { textContent: name }), ` ${chance}`));

addEventListener("keydown", (event) => {
  if (here === null || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Backspace" && history.length > 0) { go(...history.pop(), false); event.preventDefault(); return; }
  const [place, index] = here, layer = layers[place], [channel, row, column] = at(layer, index);
  if (layer.lines !== undefined) {
    const next = place + ({ ArrowLeft: -1, ArrowRight: 1 }[event.key] || 0);
    if (next !== place && layers[next] !== undefined) { go(next, 0, false); event.preventDefault(); }
    return;
  }
  const moves = { ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0], "[": [-1, 0, 0], "]": [1, 0, 0] };
  const move = moves[event.key];
  if (move === undefined) return;
  const next = [channel, row, column].map((part, axis) => part + move[axis]);
  if (next.every((part, axis) => part >= 0 && part < layer.planes[axis])) go(place, flat(layer, next), false);
  event.preventDefault();
});
