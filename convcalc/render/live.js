// A convolution worked anew in the page: the data of its steps, as convcalc writes them. Tests hold it to the engine.
// Numbers are exact, a fraction of two whole numbers; they are written as convcalc/report/numbers.py writes them.
const live = (() => {
  const DECIMALS = 4;
  const LONGEST_FRACTION = 5;
  const LONGEST_OUTCOME = 15;
  const MOST_STEPS = 4096;

  const gcd = (a, b) => (b ? gcd(b, a % b) : a < 0n ? -a : a);
  const ratio = (top, bottom) => {
    const common = gcd(top, bottom) || 1n;
    return { top: top / common, bottom: bottom / common };
  };
  const ZERO = ratio(0n, 1n);

  // A number as it is typed, or null: 3, -0.5, 1/3, 2,5.
  const read = (text) => {
    const typed = String(text).trim().replace(/−/g, "-").replace(",", ".");
    const fraction = /^([+-]?\d+)\s*\/\s*(\d*[1-9]\d*)$/.exec(typed);
    if (fraction) return { ...ratio(BigInt(fraction[1]), BigInt(fraction[2])), quotient: true };
    const decimal = /^([+-]?)(\d*)\.?(\d*)$/.exec(typed);
    if (!decimal || !(decimal[2] + decimal[3])) return null;
    return ratio(BigInt(`${decimal[1]}${decimal[2]}${decimal[3]}`), 10n ** BigInt(decimal[3].length));
  };
  const add = (a, b) => ratio(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
  const times = (a, b) => ratio(a.top * b.top, a.bottom * b.bottom);

  const isWhole = (n) => n.bottom === 1n;
  const exact = (n) => (isWhole(n) ? String(n.top) : `${n.top}/${n.bottom}`);
  const value = (n) => Number(n.top) / Number(n.bottom);
  const isShort = (n) => (n.top * 10n ** BigInt(DECIMALS)) % n.bottom === 0n;
  const trimmed = (text) => (text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);
  const decimal = (n) => {
    const text = value(n).toFixed(DECIMALS);
    return isShort(n) ? trimmed(text) : text;
  };
  const isBrief = (n) => exact(n).replace("-", "").length <= LONGEST_FRACTION;
  const write = (n) => {
    if (isWhole(n)) return exact(n);
    return !isShort(n) && isBrief(n) ? exact(n) : decimal(n);
  };
  // How the cells of a grid are written alike.
  const alike = (cells) => {
    const quotients = cells.filter((n) => !isWhole(n));
    if (quotients.every(isShort)) return write;
    return quotients.every(isBrief) ? exact : (n) => (isWhole(n) ? exact(n) : decimal(n));
  };
  const factor = (n) => {
    const text = write(n);
    return text.startsWith("-") || text.includes("/") ? `(${text})` : text;
  };
  const saysExactly = (n) => isWhole(n) || isShort(n) || isBrief(n);
  // The sign and the text of what terms come to; they are near it where one of them was rounded in writing.
  const outcome = (n, terms) => {
    const near = terms.every(saysExactly) ? "=" : "≈";
    if (isWhole(n) || isShort(n)) return [near, write(n)];
    if (near === "≈" || exact(n).length > LONGEST_OUTCOME) return ["≈", write(n).includes("/") ? decimal(n) : write(n)];
    return [near, `${exact(n)} ≈ ${decimal(n)}`];
  };

  // What a sum that is divided comes to, the division said before it.
  const divided = (summed, divisor, total, terms) => {
    if (divisor === 1n) return outcome(total, terms);
    const [sign, text] = outcome(total, terms);
    const division = `${factor(summed)}/${divisor}`;
    if (text === division || text.startsWith(`${division} `)) return [sign, text];
    if (saysExactly(summed) && terms.every(saysExactly)) return ["=", `${division} ${sign} ${text}`];
    return ["≈", `${division} ≈ ${isWhole(total) ? exact(total) : decimal(total)}`];
  };

  // Weights that are all fractions of one of them, as a Gaussian's sixteenths, as whole numbers, and what divides them.
  const numerators = (rows, areFractions) => {
    const bottoms = rows.flat().map((n) => n.bottom);
    const divisor = bottoms.reduce((a, b) => (a * b) / gcd(a, b), 1n);
    if (!areFractions || !bottoms.includes(divisor)) return { weights: rows, divisor: 1n };
    return { weights: rows.map((row) => row.map((n) => times(n, ratio(divisor, 1n)))), divisor };
  };

  // ---- shades, as convcalc/render/colours.py has them

  const mix = (one, other, part) => one.map((a, index) => Math.round(a + (other[index] - a) * part));
  const shadesOf = (cells) => {
    const values = cells.map(value);
    const largest = Math.max(...values.map(Math.abs)) || 1;
    const diverges = values.some((one) => one < 0);
    return values.map((one) => {
      const level = one / largest;
      const colour = diverges ? mix([238, 238, 238], level > 0 ? [200, 92, 24] : [49, 99, 190], Math.abs(level))
        : mix([16, 16, 16], [245, 245, 245], level);
      const hex = colour.map((part) => part.toString(16).padStart(2, "0")).join("");
      const [red, green, blue] = colour.map((part) => (part / 255) ** 2.2);
      return `background:#${hex};color:${0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff"}`;
    });
  };

  // ---- the work

  const body = (title, rows, columns, cells, { padding = 0, heat = false, values = true } = {}) => {
    const texts = cells.map(alike(cells));
    const shaded = heat || (values && columns >= 16 && rows >= 8);
    const exacts = cells.map((n, index) => (exact(n) === texts[index] ? "" : exact(n)));
    const data = [title, rows, columns, texts, padding, shaded ? shadesOf(cells) : 0];
    data.push(values && exacts.some(Boolean) ? exacts : 0);
    while (!data[data.length - 1]) data.pop();
    return data;
  };

  const padded = (plane, [top, bottom, left, right]) => {
    const width = left + plane[0].length + right;
    const zeros = (count) => Array.from({ length: count }, () => Array(width).fill(ZERO));
    const side = (count) => Array(count).fill(ZERO);
    return [...zeros(top), ...plane.map((row) => [...side(left), ...row, ...side(right)]), ...zeros(bottom)];
  };

  const size = (cells, kernel, stride) => Math.floor((cells - kernel) / stride) + 1;

  // What is wrong with settings, in words; nothing if they can be worked.
  const fault = ({ input, kernel, bias, stride, padding }) => {
    if ([...input.flat(2), ...kernel.flat(2), bias].some((n) => n === null)) return "A number cannot be read.";
    if (stride.some((step) => !(step >= 1)) || padding.some((cells) => !(cells >= 0))) {
      return "The stride is 1 or more, the padding 0 or more.";
    }
    const [rows, columns] = [input[0].length + padding[0] + padding[1], input[0][0].length + padding[2] + padding[3]];
    if (kernel[0].length > rows || kernel[0][0].length > columns) return "The kernel is larger than the padded input.";
    const steps = size(rows, kernel[0].length, stride[0]) * size(columns, kernel[0][0].length, stride[1]);
    return steps > MOST_STEPS ? `${steps} steps are too many for a page.` : "";
  };

  // The data of the steps: `settings` has input and kernel (channels × rows × columns) and bias as exact numbers.
  const steps = ({ input, kernel, bias, hasBias, stride, padding, heat }) => {
    const planes = input.map((plane) => padded(plane, padding));
    const [tall, wide] = [kernel[0].length, kernel[0][0].length];
    const [height, width] = [planes[0].length, planes[0][0].length];
    const [rows, columns] = [size(height, tall, stride[0]), size(width, wide, stride[1])];
    const several = planes.length > 1;
    const areFractions = kernel.flat(2).some((n) => n.quotient);
    const filters = kernel.map((rows_) => numerators(rows_, areFractions));
    const isPadded = padding.some(Boolean);
    const shape = `${input[0].length}×${input[0][0].length}`;
    const totals = [];
    const windows = [];
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const down = Array.from({ length: tall }, (_, r) => row * stride[0] + r);
        const across = Array.from({ length: wide }, (_, c) => column * stride[1] + c);
        const parts = planes.map((plane, channel) => {
          const cells = down.flatMap((r) => across.map((c) => plane[r][c]));
          const { divisor } = filters[channel];
          const weights = filters[channel].weights.flat();
          const products = cells.map((cell, index) => times(cell, weights[index]));
          const summed = products.reduce(add, ZERO);
          return { cells, weights, products, divisor, summed, total: times(summed, ratio(1n, divisor)) };
        });
        const total = parts.map((part) => part.total).reduce(add, ZERO);
        windows.push({ row, column, down, across, parts });
        totals.push(hasBias ? add(total, bias) : total);
      }
    }
    const bodies = [];
    const share = (made) => { bodies.push(made); return { b: bodies.length - 1 }; };
    const alone = windows.length === 1;
    const grids = planes.map((plane, channel) => {
      const title = several ? `input, channel ${channel}` : `input ${shape}${isPadded ? ", padded" : ""}`;
      const grid = share(body(title, height, width, plane.flat(), { padding: isPadded ? padding : 0, heat }));
      const { weights: whole, divisor } = filters[channel];
      const over = divisor > 1n ? ` × 1/${divisor}` : "";
      const name = several ? `kernel, ch. ${channel}` : "kernel";
      const weights = share(body(`${name}${over}`, tall, wide, whole.flat(), { values: false }));
      const { products } = windows[0].parts[channel];
      const made = alone ? share(body(`products${over}`, tall, wide, products, { values: false })) : null;
      return { grid, weights, made };
    });
    const output = share(body(`output ${rows}×${columns}`, rows, columns, totals, { heat }));
    const biased = hasBias ? [`${factor(bias)} (bias)`] : [];
    const made = windows.map(({ row, column, down, across, parts }, index) => {
      const lines = parts.map(({ products, divisor }, channel) => {
        const title = divisor > 1n ? `products × 1/${divisor}` : "products";
        const own = grids[channel].made || { i: body(title, tall, wide, products, { values: false }) };
        return [{ ...grids[channel].grid, w: [down, across] }, "*", grids[channel].weights, "=", { ...own, d: 1 }];
      });
      const total = totals[index];
      const said = hasBias ? [bias] : [];
      const products = ({ cells, weights }) => cells.map((cell, at) => `${factor(cell)}×${factor(weights[at])}`);
      const over = ({ divisor }) => (divisor > 1n ? ["(", `)/${divisor}`] : ["", ""]);
      const sum = (part, label, last, more) => {
        const [opening, closing] = over(part);
        const terms = [...part.cells, ...part.weights, ...more.map(() => bias)];
        const comes = more.length ? outcome(total, terms) : divided(part.summed, part.divisor, part.total, terms);
        return ["s", label, opening, [...products(part), ...more], " + ", closing, ...comes, last];
      };
      const sums = several || (hasBias && parts[0].divisor > 1n)
        ? [
          ...parts.map((part, channel) => sum(part, several ? `channel ${channel}:` : "sum:", 0, [])),
          ["s", "total:", "", [...parts.map((part) => factor(part.total)), ...biased], " + ", "",
            ...outcome(total, [...parts.map((part) => part.total), ...said]), 1],
        ]
        : [sum(parts[0], "", 1, biased)];
      return {
        n: `output[${row},${column}]`,
        b: [["p", lines, { ...output, c: [row, column], m: index + 1, d: 1 }], ...sums],
      };
    });
    return { at: 0, columns, down: false, bodies, steps: made };
  };

  // What the settings come to, as the heading of the page says it, with the formula of the size.
  const told = ({ input, kernel, stride, padding }) => {
    const axis = (n, f, s, before, after) => {
      const even = before === after;
      const letters = even ? "(N + 2P − F)/S + 1" : "(N + P₁ + P₂ − F)/S + 1";
      const room = n + before + after - f;
      const numbers = `(${n} + ${even ? `2·${before}` : `${before} + ${after}`} − ${f})/${s} + 1`;
      return `${room % s ? `⌊${letters.replace(" + 1", "")}⌋ + 1` : letters} = ${numbers} = ${Math.floor(room / s) + 1}`;
    };
    const rows = axis(input[0].length, kernel[0].length, stride[0], padding[0], padding[1]);
    const columns = axis(input[0][0].length, kernel[0][0].length, stride[1], padding[2], padding[3]);
    return rows === columns ? [rows] : [rows, columns];
  };

  // The colours of cells by their texts; none where one is no number.
  const shades = (texts) => {
    const cells = texts.map(read);
    return cells.includes(null) ? null : shadesOf(cells);
  };

  return { read, exact, fault, steps, told, shades };
})();
