"use strict";
// The data of the page: heads with their descriptions and scores at once, the rest when it is asked for.
(() => {
  const R = globalThis.report;
  const data = JSON.parse(R.byId("data").textContent);
  const EMPTY = { description: null, error: null, inputs: null, pattern: null, confidence: null, low: null, high: null, unanswered: null, family: null };
  const MADE = { rounds: [], tests: [], experiments: [], constant: [], roles: [] };

  const share = (row, column) => row[column] / data.operations[row[0]].pairs;
  // What the source explains of it; the share itself where no shuffled score is known.
  const beyond = (row, column) => share(row, column) - (row[column + 2] || 0);
  // What findings go by.
  const effect = data.beyondShuffled ? beyond : share;
  const heads = JSON.parse(R.byId("described").textContent).map((row, index) => {
    const best = row.scores.reduce((a, b) => (!a || effect(b, 1) > effect(a, 1) ? b : a), null);
    const top = best && best[1] ? { operation: best[0], score: effect(best, 1) } : null;
    const own = { ...EMPTY, ...row, index, top, name: `L${row.layer}H${row.head}` };
    // An unclear head's confidence is what a description without content reaches: its card alone shows that.
    return { ...own, sure: own.status === "ok" ? own.confidence : null, said: own.description || own.error || "" };
  });
  const byName = new Map(heads.map((head) => [head.name, head]));

  // One line of a block per head, parsed when it is wanted.
  const lines = (id) => {
    let held = null;
    return (head) => {
      held = held || R.byId(id).textContent.split("\n");
      return JSON.parse(held[head.index]);
    };
  };
  const mappings = lines("mappings");
  const transcript = lines("transcripts");

  // How strongly a head has an operation; `which` is 1 for promotion, 2 for suppression.
  const score = (head, operation, which) => {
    const row = head.scores.find((one) => one[0] === operation);
    return row ? effect(row, which) : 0;
  };
  const categories = [...new Set(data.operations.map((one) => one.category))].sort();
  const ofCategory = (head, category, which) => Math.max(0, ...head.scores
    .filter((row) => data.operations[row[0]].category === category).map((row) => effect(row, which)));
  const strongest = (head, which) => Math.max(0, ...head.scores.map((row) => effect(row, which)));

  // What the map can be coloured by and the table be filtered by: its name in a list of choices, and its values.
  const operations = data.operations.map((one, number) => ({ id: `op:${number}`, text: one.name, group: one.category, value: (head, which) => score(head, number, which) }));
  const ofCategories = categories.map((name) => ({ id: `cat:${name}`, text: `any ${name} operation`, group: "by category", value: (head, which) => ofCategory(head, name, which) }));
  const anyOperation = { id: "best", text: "any operation", value: strongest };
  const scored = data.operations.length ? [anyOperation, ...ofCategories, ...categories.flatMap((name) => operations.filter((one) => one.group === name))] : [];
  const byScore = new Map(scored.map((one) => [one.id, one]));

  function choices(list, select) {
    let group = null;
    for (const { id, text, group: label } of list) {
      if (label && (!group || group.label !== label)) { group = R.make("optgroup", { label }); select.append(group); }
      (label ? group : select).append(R.make("option", { value: id, text }));
    }
  }

  Object.assign(R, {
    data, heads, byName, mappings, score, share, effect, scored, byScore, choices,
    transcript: (head) => ({ ...MADE, ...transcript(head) }),
    token: (number, cls) => R.chip(data.words[number], cls),
    linked: (name) => byName.has(name),
    link: (name) => (byName.has(name) ? R.make("a", { text: name, href: `#${name}` }) : name),
  });
})();
