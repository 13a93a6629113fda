"use strict";
// What is known of one head, as elements.
(() => {
  const R = globalThis.report;
  const { data, make, percent, table, fold, meter, token } = R;
  const FEW = 5;
  const KINDS = {
    true: "Is this row of the head?", "other-row": "Is this row of the head? (it is another head's)",
    "other-targets": "Is this row of the head? (the targets are another head's)", random: "Is this row of the head? (the targets are drawn at random)",
    pick: "Which row is of the head?", choice: "Which targets follow?", within: "Which of the head's own targets follow?",
    intruder: "Which row is of another head? (without a description)",
  };

  const line = (name, text) => (text === null || text === undefined || text === "" ? []
    : [make("dt", { text: name }), make("dd", {}, text)]);
  const part = (title, ...children) => [make("h3", { text: title }), ...children];

  function measured(head) {
    if (head.confidence === null) return beside(head);
    const interval = head.low === null || head.high === null ? "" : `95% interval ${percent(head.low)} to ${percent(head.high)}, n = ${head.tests}`;
    const silent = head.unanswered ? `, ${percent(head.unanswered)} unanswered` : "";
    const name = head.method === "rules" ? "Mappings explained (not a test)"
      : head.status === "unclear" && head.unanswered !== null ? "A description without content reaches" : "Confidence (lift)";
    return [make("p", { cls: "confidence" }, make("span", { text: name, cls: "quiet" }), " ",
      meter(head.confidence, `${name} ${percent(head.confidence)}`, head.low, head.high, "wide"), " ",
      make("strong", { text: percent(head.confidence) }), " ", make("span", { text: interval + silent, cls: "quiet" })), ...beside(head)];
  }

  // What stands beside a lift: the shares behind it, the same within the head, and whether there is a pattern at all.
  function beside(head) {
    const known = (value) => value !== null && value !== undefined;
    const ends = (low, high) => (known(low) && known(high) ? ` [${percent(low)}, ${percent(high)}]` : "");
    const said = [];
    if (known(head.accuracy)) said.push(`${percent(head.accuracy)} right, ${percent(head.null_accuracy)} without the description${head.confidence === null ? ": nothing is left for it to add" : ""}`);
    if (known(head.within)) said.push(`within the head ${percent(head.within)}${ends(head.within_low, head.within_high)}`);
    if (known(head.auroc)) said.push(`AUROC ${head.auroc.toFixed(2)}`);
    if (known(head.intruder)) said.push(`intruders found ${percent(head.intruder)}${ends(head.intruder_low, head.intruder_high)}`);
    return said.length ? [make("p", { cls: "quiet", text: said.join("; ") })] : [];
  }

  const cost = (head) => [
    head.sent === undefined ? "" : `${head.sent} tokens sent, ${head.received ?? "?"} received`,
    head.cost ? `${head.cost} USD` : ""].filter(Boolean).join(", ");

  function operations(head) {
    const most = (row) => Math.max(R.effect(row, 1), R.effect(row, 2));
    const shuffled = (row, column) => row.length > 3
      ? [make("span", { cls: "quiet num", text: `shuffled ${percent(row[column + 2])}${row[5] & column ? " *" : ""}`, title: row[5] & column ? "above chance" : "" })] : [];
    const rows = [...head.scores].sort((a, b) => most(b) - most(a)).map((row) => {
      const op = data.operations[row[0]];
      const bar = (column, word) => make("td", { cls: "bar-cell" },
        meter(R.share(row, column), `${word} ${percent(R.share(row, column))}`, null, null, column === 2 ? "minus" : ""),
        make("span", { cls: "num", text: percent(R.share(row, column)) }), make("span", { cls: "quiet num", text: `${row[column]}/${op.pairs}` }), ...shuffled(row, column));
      return make("tr", {}, make("td", {}, R.named(op.name), " ", make("small", { text: op.category })), bar(1, "score"), bar(2, "suppression score"), make("td", { text: `k = ${op.k}`, cls: "quiet num" }));
    });
    if (!rows.length) return data.operations.length ? part("Operations", make("p", { text: "No operation scores above zero.", cls: "quiet" })) : [];
    const names = [["Operation"], ["Promoted, of its pairs"], ["Suppressed"], ["", "num"]];
    return part("Operations", table(names, rows.slice(0, FEW), "operations"),
      ...(rows.length > FEW ? [fold(`${rows.length - FEW} weaker ones`, table(names, rows.slice(FEW), "operations"))] : []));
  }

  const tokens = (numbers, cls) => numbers.flatMap((number) => [token(number, cls), " "]);
  const list = (numbers, cls) => make("td", {}, ...tokens(numbers, cls));
  const ENDS = [["Source"], ["Promotes, strongest first"], ["Suppresses, strongest first"]];
  function mappings(head) {
    const rows = R.mappings(head);
    if (!rows.length) return [];
    if (rows[0].length > 4) return parts(head, rows);
    return part("Salient mappings", table([["Saliency", "num"], ...ENDS],
      rows.map((row) => make("tr", {}, make("td", { text: row[1], cls: "num quiet" }), make("td", {}, token(row[0])),
        list(row[2]), list(row[3], "minus"))), "mappings"));
  }

  // A head taken apart: what it does whatever the source, what because of it, and its roles.
  function parts(head, rows) {
    const { constant: [share, promoted, suppressed], roles } = R.transcript(head);
    const strength = (row) => make("td", { text: `${row[4].toFixed(1)} σ`, cls: "num quiet" });
    const source = (row) => make("td", {}, token(row[0]), ...(row[6].length ? [make("small", { text: " also " }), ...tokens(row[6])] : []));
    const of = (ranking) => table([["First target", "num"], ...ENDS], rows.filter((row) => row[5] === ranking)
      .map((row) => make("tr", {}, strength(row), source(row), list(row[2]), list(row[3], "minus"))), "mappings");
    const role = ([part, ...ends]) => make("tr", {}, make("td", { text: percent(part), cls: "num quiet" }), ...ends.map((one) => list(one)));
    const sides = [["Share", "num"], ["Sources"], ["promote"], ["Opposite sources"], ["promote"]];
    return [
      ...part("Whatever the source", make("p", {}, `${percent(share)} of what it writes: promotes `, ...tokens(promoted), "suppresses ", ...tokens(suppressed, "minus"))),
      ...part("Sharpest pairs", of("sharpest")),
      fold("Sources on which it acts most", of("salient")),
      ...(roles.length ? [fold(`Roles (${roles.length})`, table(sides, roles.map(role), "mappings"))] : []),
    ];
  }

  const verdict = (item) => (item[6] === null ? "unanswered" : item[6] === item[5] ? "passed" : "failed");
  function item(one) {
    const [round, , kind, source, choices, right, answer, reason, without, sources] = one;
    const said = (answer === null ? "no answer" : answer) + (without ? ` (${without} without the description)` : "");
    const letter = (place) => (choices.length > 1 ? `${String.fromCharCode(65 + place)} ` : "");
    const lists = choices.map((targets, place) => make("div", {}, make("span", { cls: "quiet", text: letter(place) }),
      ...(sources && sources.length ? [token(sources[place]), " → "] : []), ...tokens(targets)));
    return make("li", { cls: verdict(one) },
      make("p", {}, make("strong", { text: verdict(one) }), ` · ${KINDS[kind] || kind} · answered ${said}, right is ${right}${round ? ` · round ${round}` : ""}`),
      make("div", { cls: "row" }, ...(sources && sources.length ? [] : [token(source), make("span", { text: "→" })]), make("div", {}, ...lists)),
      ...(reason ? [make("p", { cls: "quiet", text: reason })] : []));
  }
  function items(all, name, open) {
    if (!all.length) return [];
    const count = (what) => all.filter((one) => verdict(one) === what).length;
    const silent = count("unanswered") ? `, ${count("unanswered")} unanswered` : "";
    const order = ["failed", "unanswered", "passed"];
    const sorted = [...all].sort((a, b) => order.indexOf(verdict(a)) - order.indexOf(verdict(b)));
    const folded = fold(`${name}: ${count("passed")} passed, ${count("failed")} failed${silent}`, make("ol", { cls: "items" }, ...sorted.map(item)));
    folded.open = open;
    return [folded];
  }

  function made({ rounds, tests, experiments }) {
    const list = (rows) => make("ol", { cls: "steps" }, ...rows);
    return [
      ...items(tests.filter((one) => one[1] === "test"), "Test items", false),
      ...items(tests.filter((one) => one[1] !== "test"), "Validation items", false),
      ...(rounds.length ? [fold(`Rounds (${rounds.length})`, list(rounds.map(([number, status, kept, said, share, n, candidate, predictions, refuted]) => make("li", { value: number },
        make("p", {}, make("strong", { text: kept ? `${status}, kept` : status }), candidate ? ` · candidate ${candidate}` : "",
          share === null ? "" : ` · ${percent(share)} on ${n} validation items`, predictions ? ` · ${refuted} of ${predictions} predictions refuted` : ""),
        make("p", { text: said || "–" })))))] : []),
      ...(experiments.length ? [fold(`Transcript: ${experiments.length} experiments of the LLM`, list(experiments.map(([request, tool, words, answer]) => make("li", {},
        make("p", {}, make("code", { text: `${tool} ${words}` }), make("span", { cls: "quiet", text: ` request ${request}` })), make("p", { cls: "answer", text: answer })))))] : []),
    ];
  }

  // A head's family, the others of it, and what tells the head from them.
  R.kin = (head) => {
    if (!head.family) return "";
    const others = R.heads.filter((one) => one.family === head.family && one !== head).map((one) => one.name);
    const named = others.slice(0, 12).join(", ") + (others.length > 12 ? ` and ${others.length - 12} more` : "");
    return `${head.family}, with ${named}. ${head.name} ${head.differs}.`;
  };

  // What stands in a card below its bar.
  R.cardBody = (head) => {
    const transcript = made(R.transcript(head));
    const notes = data.notes[head.name] || [];
    return [
      make("p", { cls: head.description ? "lead" : "lead quiet", text: head.said || "No description." }),
      ...measured(head),
      ...(R.otherRun ? R.otherRun(head) : []),
      make("dl", {}, ...line("Inputs", head.inputs), ...line("Pattern", head.pattern === head.description ? "" : head.pattern), ...line("Family", R.kin(head)), ...notes.flatMap(([title, text]) => line(title, text)),
        ...line("Method", [...new Set([head.method, head.llm, head.prompt])].filter(Boolean).join(" · ")), ...line("Calls", cost(head))),
      ...operations(head),
      ...mappings(head),
      ...(transcript.length ? part("How it came about", ...transcript) : []),
    ];
  };
})();
