"use strict";
// Copying: a citation, a record as JSON, an address.
(() => {
  const R = globalThis.report;
  const { data, percent, byId } = R;

  async function copy(text, what) {
    // Without the clipboard's own interface, as on some pages opened from a file, a selection is copied.
    try { await navigator.clipboard.writeText(text); } catch {
      const area = R.make("textarea", { value: text, cls: "off-screen" });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    byId("said").textContent = `Copied: ${what}`;
    byId("said").classList.add("on");
    setTimeout(() => byId("said").classList.remove("on"), 1800);
  }

  const sure = (head) => (head.confidence === null ? "no confidence measured"
    : `${head.method === "rules" ? "mappings explained" : "lift"} ${percent(head.confidence)}${head.low === null || head.high === null ? "" : ` (95% interval ${percent(head.low)} to ${percent(head.high)}, n = ${head.tests})`}`);

  R.citation = (head) => {
    const { model, revision, weights, headscribe, date } = data.origin;
    const which = revision ? `${model}@${revision}` : weights ? `${model} (weights ${weights.slice(0, 12)})` : model;
    const said = head.description ? `“${head.description}”` : `no description (${head.status})`;
    const by = head.method === "rules" ? "built-in rules, no LLM" : `${head.llm}, method ${head.method}${head.prompt ? `, prompt ${head.prompt}` : ""}`;
    return `${head.name} of ${which}: ${said} Described by ${by}; ${sure(head)}. Headscribe${headscribe ? ` ${headscribe}` : ""}${date ? `, ${date.slice(0, 10)}` : ""}.`;
  };

  // Tokens as (id, text as shown: between quotes, escaped); numbers as in the run's tables.
  R.record = (head) => {
    const token = (number) => ({ id: data.ids[number], text: data.words[number] });
    const { rounds, tests, experiments, constant, roles } = R.transcript(head);
    const all = (numbers) => numbers.map(token);
    const apart = constant.length ? {
      constant: { share: constant[0], promoted: all(constant[1]), suppressed: all(constant[2]) },
      roles: roles.map(([share, sources, targets, far, written]) => ({ share, sources: all(sources), targets: all(targets), far_sources: all(far), far_targets: all(written) })),
    } : {};
    const { index, scores, top, said, sure: _, text, name, ...own } = head;
    return {
      ...data.origin, name, ...own,
      operations: scores.map((row) => ({ ...data.operations[row[0]], hits: row[1], suppression_hits: row[2], score: R.share(row, 1), suppression_score: R.share(row, 2),
        ...(row.length > 3 ? { shuffled_score: row[3], shuffled_suppression_score: row[4], above_chance: Boolean(row[5] & 1), suppression_above_chance: Boolean(row[5] & 2) } : {}) })),
      mappings: R.mappings(head).map(([source, saliency, targets, suppressed, strength, ranking, members]) => ({
        source: token(source), saliency, targets: all(targets), suppressed: all(suppressed), ...(ranking ? { strength, ranking, members: all(members) } : {}) })),
      ...apart,
      notes: (data.notes[name] || []).map(([title, note]) => ({ title, text: note })),
      rounds: rounds.map(([round, status, kept, description, confidence, n]) => ({ round, status, kept, description, confidence, n })),
      tests: tests.map(([round, part, kind, source, choices, right, answer, reason, null_answer, sources]) => ({ round, part, kind, source: token(source), choices: choices.map((one) => one.map(token)), right, answer, reason, null_answer, sources: (sources || []).map(token) })),
      experiments: experiments.map(([request, tool, words, answer]) => ({ request, tool, arguments: words, answer })),
    };
  };

  R.copyCitation = (head) => copy(R.citation(head), `citation of ${head.name}`);
  R.copyJson = (head) => copy(JSON.stringify(R.record(head), null, 2), `${head.name} as JSON`);
  R.copyLink = () => copy(location.href, "link");
})();
