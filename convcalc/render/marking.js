"use strict";

// Whether an answer is right: the rule of convcalc/quiz/marking.py, to which the tests hold this one. All is exact.
const isRight = (() => {
  const DECIMALS = 2;
  const SHORTEST_ROUNDED = 15;
  const ALL_DIGITS = 14;
  const MOST_DIGITS = 17;
  const LAST_BITS = 2n ** 50n;

  // How a number may be read as people write it: 28/9, 3,5, −2, 1,000,000; and 1,998 in two ways.
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

  return (typed, expected) => {
    const value = read(readings(expected)[0]);
    return readings(typed).some((signs) => rounds(read(signs), value, expected));
  };
})();
