"use strict";
// The table of heads: search, filters, order; rows are made as they are scrolled to.
(() => {
  const R = globalThis.report;
  const { heads, data, byId, make, percent, token } = R;
  const CHUNK = 16;
  const frame = byId("heads-frame");
  const body = byId("heads").tBodies[0];
  let shown = heads;
  let drawn = 0;
  let found = () => false;

  const number = (id) => { const value = byId(id).value.trim(); return value === "" || Number.isNaN(+value) ? null : +value; };
  const ORDERS = {
    head: null,
    confidence: (head) => head.sure,
    operation: (head) => (byId("operation").value ? wanted().value(head, 1) : head.top && head.top.score),
    map: (head) => { const value = R.map.chosen().value(head); return typeof value === "number" ? value : null; },
  };
  const wanted = () => R.byScore.get(byId("operation").value);

  function passes() {
    const { test, found: hit } = R.search(byId("search").value);
    found = hit;
    const [status, from, to, sure] = [byId("status").value, number("from"), number("to"), number("sure")];
    const operation = wanted();
    const least = (number("least") ?? 0) / 100;
    byId("least").disabled = !operation;
    return (head) => (!status || head.status === status)
      && (from === null || head.layer >= from) && (to === null || head.layer <= to)
      && (sure === null || (head.sure !== null && 100 * head.sure >= sure))
      && (!operation || Math.max(operation.value(head, 1), operation.value(head, 2)) >= Math.max(least, 1e-9))
      && test(head);
  }

  function filter() {
    const pass = passes();
    shown = heads.filter(pass);
    order(byId("sort").value);
    const narrowed = shown.length < heads.length;
    R.map.dim(narrowed ? new Set(shown.map((head) => head.name)) : null);
    byId("found").textContent = `${shown.length} of ${heads.length} heads`;
    byId("reset").disabled = !narrowed;
    for (const button of byId("counts").querySelectorAll("button")) button.setAttribute("aria-pressed", button.value === byId("status").value);
    body.replaceChildren();
    frame.scrollTop = 0;
    drawn = 0;
    draw();
  }

  function order(by) {
    const value = ORDERS[by];
    if (value) {
      const values = new Map(shown.map((head) => [head, value(head) ?? -Infinity]));
      shown.sort((a, b) => values.get(b) - values.get(a) || a.index - b.index);
    }
    for (const head of byId("heads").querySelectorAll("th[data-sort]")) {
      if (head.dataset.sort === by) head.setAttribute("aria-sort", by === "head" ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
  }

  function draw() {
    const rows = shown.slice(drawn, drawn + CHUNK).map(row);
    drawn += rows.length;
    if (!rows.length && !drawn) rows.push(make("tr", {}, make("td", { text: heads.length ? "No head fits." : "No heads.", cls: "quiet", colSpan: 6 })));
    body.append(...rows);
  }

  const marked = (n) => token(n, found(n) ? "hit" : "");
  function mapped(head) {
    const rows = R.mappings(head);
    const hits = rows.filter((one) => [one[0], ...one[2], ...one[3]].some(found));
    return (hits.length ? hits : rows).slice(0, 3).map((one) => {
      const least = one[2].slice(0, 3);
      const late = one[2].slice(3).filter(found);
      const suppressed = one[3].filter(found).slice(0, 2);
      return make("div", { cls: "mapped" }, marked(one[0]), " → ", ...[...least, ...late].flatMap((n) => [marked(n), " "]),
        ...(suppressed.length ? [make("span", { cls: "quiet", text: "not " }), ...suppressed.map(marked)] : []));
    });
  }

  function row(head) {
    const cell = (label, options, ...children) => make("td", { ...options, attrs: { "data-label": label, role: "cell" } }, ...children);
    const top = head.top ? [R.named(data.operations[head.top.operation].name), " ", make("span", { cls: "num", text: percent(head.top.score) })] : ["–"];
    const sure = head.sure === null ? ["–"] : [R.meter(head.sure, `confidence ${percent(head.sure)}`), make("span", { text: percent(head.sure) })];
    return make("tr", { attrs: { role: "row", "data-head": head.name } },
      cell("", { cls: "name" }, make("a", { text: head.name, href: `#${head.name}` })),
      cell("", { cls: "status" }, R.status(head.status)),
      cell("", { cls: "sure" }, ...sure),
      cell("", { cls: "said" }, make("div", { cls: head.description ? "clamp" : "clamp quiet", text: head.said || "–" }), head.family ? make("div", { cls: "quiet", text: `Family: ${head.family}` }) : ""),
      cell("Strongest operation", { cls: "top" }, ...top),
      cell("", { cls: "maps" }, ...mapped(head)));
  }

  function reset() {
    for (const id of ["search", "from", "to", "sure"]) byId(id).value = "";
    for (const id of ["status", "operation"]) byId(id).value = "";
    filter();
  }

  R.list = { filter, neighbour: (name, step) => {
    const among = shown.some((head) => head.name === name) ? shown : heads;
    return among[among.findIndex((head) => head.name === name) + step] || null;
  } };

  R.choices(R.scored, byId("operation"));
  byId("least").value = Math.round(100 * data.threshold);
  frame.addEventListener("scroll", () => { if (drawn < shown.length && frame.scrollTop + frame.clientHeight > frame.scrollHeight - 800) draw(); }, { passive: true });
  addEventListener("beforeprint", () => { while (drawn < shown.length) draw(); });
  body.addEventListener("click", (event) => {
    const line = event.target.closest("tr[data-head]");
    if (line && !event.ctrlKey && !event.metaKey && !getSelection().toString()) { event.preventDefault(); R.open(line.dataset.head); }
  });
  for (const id of ["search", "from", "to", "sure", "least"]) byId(id).addEventListener("input", filter);
  for (const id of ["status", "operation", "sort"]) byId(id).addEventListener("change", filter);
  byId("reset").addEventListener("click", reset);
  byId("heads").tHead.addEventListener("click", (event) => {
    const by = event.target.closest("th[data-sort]")?.dataset.sort;
    if (by) { byId("sort").value = by; filter(); }
  });
  byId("counts").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    byId("status").value = byId("status").value === button.value ? "" : button.value;
    filter();
  });
  filter();
})();
