"use strict";

// Marking an answer: the rules of convcalc/practice/marking.py, to which the tests hold these. All is exact.
const [isRight, isNear] = (() => {
  const DECIMALS = 2;
  const SHORTEST_ROUNDED = 15;
  const ALL_DIGITS = 14;
  const MOST_DIGITS = 17;
  const LAST_BITS = 2n ** 50n;

  // How a number may be read as people write it: 28/9, 3,5, −2, 1,000,000; and 1,234 in two ways.
  const readings = (text) => {
    const signs = text.trim().replace(/−/g, "-").replace(/^\((.*)\)$/, "$1");
    const grouped = /^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(signs);
    return [signs.replace(",", "."), ...(grouped ? [signs.replace(/,/g, "")] : [])];
  };

  // A number as top / bottom, with the power of ten that its last digit counts (none, of a fraction), and its digits.
  const read = (signs) => {
    const fraction = /^([+-]?\d+)\s*\/\s*(\d*[1-9]\d*)$/.exec(signs);
    if (fraction) return { top: BigInt(fraction[1]), bottom: BigInt(fraction[2]), last: null };
    const decimal = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d{1,4}))?$/i.exec(signs);
    if (!decimal || !(decimal[2] + decimal[3])) return null;
    const digits = decimal[2] + decimal[3];
    const last = Number(decimal[4] || 0) - decimal[3].length;
    return {
      top: BigInt(decimal[1] + digits) * 10n ** BigInt(Math.max(last, 0)),
      bottom: 10n ** BigInt(Math.max(-last, 0)),
      last,
      digits: digits.replace(/^0+(?=.)/, ""),
    };
  };

  const size = (number) => (number < 0n ? -number : number);

  const rounds = (mine, value, expected) => {
    if (!mine || !value) return false;
    const gap = size(mine.top * value.bottom - value.top * mine.bottom);
    const both = mine.bottom * value.bottom;
    if (mine.last === null) {
      const digits = /[.e]/i.test(expected) ? value.digits.replace(/0+$/, "").length : 0;
      const lost = digits >= SHORTEST_ROUNDED ? size(value.top) * mine.bottom : 0n;
      return gap * 10n ** BigInt(Math.max(digits - 2, 0)) <= lost;
    }
    const coarse = mine.last > -DECIMALS && !(mine.last > 0 && mine.digits.length > DECIMALS);
    const last = coarse ? -DECIMALS : mine.last;
    // The last bits may be off of what a program printed with all its digits.
    const whole = value.top % value.bottom === 0n;
    const printed = expected.includes("/") ? mine.digits.length <= MOST_DIGITS && !whole : !whole || /e/i.test(expected);
    const fuzzy = printed && mine.digits.length >= ALL_DIGITS;
    const down = 10n ** BigInt(Math.max(-last, 0));
    const bits = fuzzy ? 2n * size(value.top) * mine.bottom * down : 0n;
    return (2n * gap * down - both * 10n ** BigInt(Math.max(last, 0))) * LAST_BITS <= bits;
  };

  // Whether it is right but for digits that were rounded off.
  const nearly = (mine, value) => {
    if (!mine || !value || mine.last === null) return false;
    const gap = size(mine.top * value.bottom - value.top * mine.bottom);
    return 2n * gap * 10n ** BigInt(Math.max(-mine.last, 0)) <= mine.bottom * value.bottom * 10n ** BigInt(Math.max(mine.last, 0));
  };

  const by = (rule) => (typed, expected) => {
    const value = read(readings(expected)[0]);
    return readings(typed).some((signs) => rule(read(signs), value, expected));
  };
  return [by(rounds), by(nearly)];
})();

// What becomes of the maps that were typed: which cells are wrong, whether the size is right, and the likely mistakes.
const assess = (maps, { shape, cells: answer, mistakes }, asksSize) => {
  const MOST_REASONS = 2;
  const [LEAST_EXPLAINED, MOSTLY] = [3, 0.8];
  const core = (lengths) => {
    const first = lengths.findIndex((length) => length > 1);
    return first < 0 ? [] : lengths.slice(first);
  };
  const same = (one, other) => core(one).join("×") === core(other).join("×");
  const cells = maps.flat(2);
  const rows = maps.length ? maps[0] : [];
  const mine = core([maps.length, rows.length, rows.length ? rows[0].length : 0]);
  const sized = same(mine, shape) && cells.length === answer.length;
  const agree = (other) => other.length === cells.length && other.every((value, index) => isRight(cells[index], value));
  const named = (reasons) => {
    if (!reasons.length) return "";
    const some = reasons.slice(0, MOST_REASONS);
    return answer.length === 1 ? ` It would come out so if ${some.join(" or if ")}.` : ` Likely: ${some.join(", or ")}.`;
  };
  const rounds = [...new Set(mistakes.map(([round]) => round))];
  const alike = () => {
    for (const round of rounds) {
      const found = mistakes.filter(([when, , its, values]) => when === round && same(its, mine) && agree(values));
      if (found.length) return found.map(([, reason]) => reason);
    }
    return [];
  };
  if (!sized) {
    const single = mistakes.filter(([round, , its]) => round === 1 && same(its, mine)).map(([, reason]) => reason);
    const found = alike();
    const size = mine.join("×") || "one number";
    const says = asksSize ? `The size is not ${size}.` : `The answer is ${shape.join("×") || "one number"}, and this is ${size}.`;
    return { wrong: [], sized, says: says + named(found.length ? found : single) };
  }
  const wrong = answer.flatMap((value, index) => (isRight(cells[index], value) ? [] : [index]));
  if (!wrong.length) return { wrong, sized, says: answer.length === 1 ? "Right." : `Right, all ${answer.length} cells.` };
  const mostly = () => mistakes.filter(([round, , its, values]) => {
    if (round !== 1 || !same(its, mine) || wrong.length < LEAST_EXPLAINED) return false;
    const agreed = values.filter((value, index) => isRight(cells[index], value)).length;
    return wrong.every((index) => isRight(cells[index], values[index])) && agreed >= MOSTLY * cells.length;
  }).slice(0, 1).map(([, reason]) => `${reason} (in ${wrong.length} of the cells)`);
  const found = alike();
  const count = answer.length === 1 ? "Not right." : `${wrong.length} of ${answer.length} cells ${wrong.length === 1 ? "is" : "are"} wrong.`;
  const near = wrong.every((index) => isNear(cells[index], answer[index])) ? " Near: give two decimals at least." : "";
  return { wrong, sized, says: count + near + named(found.length ? found : mostly()) };
};
