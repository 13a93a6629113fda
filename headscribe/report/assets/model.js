"use strict";
// The model section. Drawn as SVG elements; texts reach them through textContent, as in report.js.
(() => {
  const { data, make, percent, table, linked } = globalThis.report;
  const model = data.model;
  const byId = (id) => document.getElementById(id);
  const ARMS = [["top", "top heads"], ["random", "random heads"], ["control", "control tasks"]];

  const svg = (tag, attributes, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const label = (x, y, text, anchor = "middle") => svg("text", { x, y, "text-anchor": anchor }, text);
  const cell = (text, cls) => make("td", { text, cls });
  const link = (name) => make("td", {}, linked(name) ? make("a", { text: name, href: `#${name}` }) : name);
  const scored = (row) => row.operations.map((name, i) => `${name} ${percent(row.scores[i])}`).join(", ");

  function facts() {
    const total = model.layerHeads.reduce((a, b) => a + b, 0);
    const found = model.one + model.severalInOne + model.severalAcross;
    byId("model-facts").textContent = `${found} of ${total} heads have a ${model.scores} of at least ${percent(model.threshold)} for one of `
      + `${model.operations.length} operations: ${model.one} for exactly one, ${model.severalInOne} for several of one `
      + `category, ${model.severalAcross} for operations of different categories. `
      + `With such a suppression score: ${model.suppressing.length}`
      + `${model.suppressing.slice(0, 5).map((row, i) => `${i ? ", " : " ("}${row.head} ${row.operations[0]}`).join("")}`
      + `${model.suppressing.length > 5 ? ", …" : ""}${model.suppressing.length ? ")" : ""}.`;
    const s = model.sharing;
    byId("model-groups").textContent = s.whyNot ? `Key/value groups: not applicable, ${s.whyNot}.`
      : `Key/value groups of ${s.size}: ${(100 * s.within).toFixed(1)}% of ${s.nWithin} pairs of one group share an operation, `
        + `${(100 * s.between).toFixed(1)}% of ${s.nBetween} pairs of different groups of a layer `
        + `(p = ${s.p.toPrecision(2)}, ${s.permutations} permutations within layers).`;
    byId("model-several").append(model.several.length
      ? table([["Head"], ["Operations"], ["Categories"]], model.several.map((row) => make("tr", {},
        link(row.head), cell(scored(row)), cell(row.across ? "different" : "one"))))
      : make("p", { text: "None.", cls: "quiet" }));
  }

  // Bars: one column per layer, one colour per category; a column takes the focus and is read out.
  function series() {
    const choice = byId("layers-of").value;
    if (choice === "all") return model.categories.map((name, i) => ({ name, colour: i, counts: model.counts.map((row) => row[i]) }));
    const number = +choice;
    const colour = model.categories.indexOf(model.operationCategories[number]);
    return [{ name: model.operations[number], colour, counts: model.operationCounts.map((row) => row[number]) }];
  }

  function layers() {
    const shown = series();
    const sums = model.layerHeads.map((_, layer) => shown.reduce((sum, one) => sum + one.counts[layer], 0));
    const top = Math.max(1, ...sums);
    const step = Math.max(10, Math.min(34, 900 / sums.length));
    const [left, height] = [34, 150];
    const width = left + step * sums.length + 6;
    const chart = svg("svg", { viewBox: `0 0 ${width} ${height + 42}`, width, height: height + 42, role: "group", "aria-label": "Relation heads by layer; arrow keys move" });
    chart.append(svg("line", { x1: left, x2: width, y1: height + 8, y2: height + 8, class: "axis" }));
    chart.append(label(left - 6, 14, `${top}`, "end"), label(left - 6, height + 8, "0", "end"), label(left + (step * sums.length) / 2, height + 40, "layer"));
    sums.forEach((sum, layer) => {
      const said = shown.filter((one) => one.counts[layer]).map((one) => `${one.name} ${one.counts[layer]}`).join(", ");
      const of = `${model.layerRelationHeads[layer]} relation heads of ${model.layerHeads[layer]}`;
      const text = `Layer ${layer}: ${said || "none"} (${of})`;
      const column = svg("g", { tabindex: layer ? -1 : 0, role: "img", "aria-label": text, class: "column" },
        svg("rect", { x: left + layer * step, y: 4, width: step, height: height + 4, class: "hit" }));
      let below = 0;
      for (const one of shown) {
        const size = (height * one.counts[layer]) / top;
        if (size) column.append(svg("rect", { x: left + layer * step + 1, y: height + 8 - below - size, width: step - 2, height: size, class: `c${one.colour % 9}` }));
        below += size;
      }
      if (step > 20 || layer % 5 === 0) column.append(label(left + (layer + 0.5) * step, height + 22, `${layer}`));
      const tell = () => { byId("layers-under").textContent = text; };
      column.addEventListener("focus", tell);
      column.addEventListener("mouseenter", tell);
      column.addEventListener("keydown", (event) => walk(event, column));
      chart.append(column);
    });
    byId("layers").replaceChildren(chart);
    byId("layers-legend").replaceChildren(...shown.map((one) => make("li", {}, svg("svg", { width: 11, height: 11, "aria-hidden": "true" }, svg("rect", { width: 11, height: 11, class: `c${one.colour % 9}` })), ` ${one.name}`)));
  }

  function walk(event, column) {
    const step = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
    const next = step && column[step];
    if (!next || !next.classList.contains("column")) return;
    event.preventDefault();
    column.setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  }

  function layerChoices() {
    const choice = byId("layers-of");
    choice.append(make("option", { text: "all categories", value: "all" }));
    for (const category of model.categories) {
      const group = make("optgroup", { label: category });
      model.operations.forEach((text, number) => {
        if (model.operationCategories[number] === category) group.append(make("option", { text, value: `${number}` }));
      });
      choice.append(group);
    }
    choice.addEventListener("change", layers);
    layers();
  }

  // Both check plots have axes from 0 to 1 upwards; `across` says what a step to the right is.
  function frame(title, xName, yName, right) {
    const chart = svg("svg", { viewBox: "0 0 340 290", width: 340, height: 290, role: "img", "aria-label": title });
    const x = (value) => 46 + (270 * value) / right;
    const y = (value) => 240 - 220 * value;
    for (const share of [0, 0.5, 1]) {
      chart.append(svg("line", { x1: x(0), x2: x(right), y1: y(share), y2: y(share), class: "axis" }), label(40, y(share) + 4, percent(share), "end"));
      const at = right === 1 ? share : Math.round(right * share);
      chart.append(label(x(at), 256, right === 1 ? percent(at) : `${at}`));
    }
    chart.append(label(181, 280, xName), label(46, 12, yName, "start"));
    return { chart, x, y };
  }

  function scatter(found, column, name) {
    const { chart, x, y } = frame(`Static against dynamic score, ${name}, ${found.heads} heads`, "static score", `dynamic score, ${name}`, 1);
    for (const point of found.points) {
      const [head, across, up] = [point[0], point[1], point[column]];
      chart.append(svg("circle", { cx: x(across), cy: y(up), r: 3.5, class: "c0 point" }, svg("title", {}, `${head}: static ${percent(across)}, dynamic ${percent(up)}`)));
    }
    return chart;
  }

  function curves(found) {
    const right = Math.max(1, ...Object.values(found.arms).flat().map((row) => row[0]));
    const { chart, x, y } = frame("Accuracy by number of heads removed", "heads removed", "accuracy", right);
    ARMS.forEach(([arm, name], i) => {
      const rows = found.arms[arm];
      if (!rows) return;
      const edge = [...rows.map((row) => `${x(row[0])},${y(row[3])}`), ...[...rows].reverse().map((row) => `${x(row[0])},${y(row[2])}`)];
      chart.append(svg("polygon", { points: edge.join(" "), class: `c${i} band` }),
        svg("polyline", { points: rows.map((row) => `${x(row[0])},${y(row[1])}`).join(" "), class: `s${i} curve` }, svg("title", {}, name)));
    });
    return chart;
  }

  function checks() {
    const names = [...new Set([...model.correlation, ...model.ablation].map((row) => row.operation))].sort();
    byId("checks").hidden = !names.length;
    byId("checks-of").append(...names.map((text) => make("option", { text, value: text })));
    const draw = () => {
      const own = (rows) => rows.find((row) => row.operation === byId("checks-of").value);
      const [points, lines] = [own(model.correlation), own(model.ablation)];
      const legend = make("ul", { cls: "legend" }, ...ARMS.filter(([arm]) => lines && lines.arms[arm]).map(([, name], i) => make("li", {},
        svg("svg", { width: 11, height: 11, "aria-hidden": "true" }, svg("rect", { width: 11, height: 11, class: `c${i}` })), ` ${name}`)));
      byId("checks-body").replaceChildren(...(points ? [scatter(points, 2, "with context"), scatter(points, 3, "without context")] : []),
        ...(lines ? [make("div", {}, curves(lines), legend)] : []));
      byId("checks-under").textContent = [
        points ? `Scatter: a point is one head, the mean over ${points.templates} templates; ${points.heads - points.points.length} of ${points.heads} heads are 0 throughout and not drawn.` : "",
        lines ? "Ablation: mean accuracy, and the range over templates, draws and control tasks." : ""].join(" ");
    };
    byId("checks-of").addEventListener("change", draw);
    if (names.length) draw();
  }

  facts();
  layerChoices();
  checks();
})();
