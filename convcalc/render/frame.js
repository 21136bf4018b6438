// A page within another one: in a frame of a page it tells how high it is; in a notebook it makes its own frame fit,
// and is as light or dark as what lies around it.
(() => {
  if (parent === window) return;
  const root = document.documentElement;
  const main = document.querySelector("main");
  let frame = null;
  try { frame = window.frameElement; } catch { /* another site's page */ }
  if (document.body.classList.contains("compact")) {
    const tell = () => parent.postMessage({ from: "convcalc", height: root.scrollHeight }, "*");
    new ResizeObserver(tell).observe(main);
    tell();
  }
  if (!frame || !frame.classList.contains("convcalc-page")) return;
  root.classList.add("framed");
  root.style.setProperty("--u", `${Math.min(Math.max(parseFloat(getComputedStyle(frame.parentElement).fontSize), 13), 17)}px`);
  const fit = () => { frame.style.height = `${Math.ceil(main.getBoundingClientRect().bottom + window.scrollY) + 2}px`; };
  new ResizeObserver(fit).observe(main);
  fit();

  let chosen = false;
  document.querySelector("header").addEventListener("click", () => { chosen = chosen || Boolean(root.dataset.theme); });
  const around = () => {
    for (let node = frame.parentElement; node; node = node.parentElement) {
      const [red, green, blue, opaque = 1] = (getComputedStyle(node).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
      if (opaque > 0.5) return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? "dark" : "light";
    }
    return "light";
  };
  const follow = () => { if (!chosen) root.dataset.theme = around(); };
  const changed = new MutationObserver(() => { follow(); setTimeout(follow, 300); });
  for (const node of [parent.document.documentElement, parent.document.body]) changed.observe(node, { attributes: true });
  follow();
})();
