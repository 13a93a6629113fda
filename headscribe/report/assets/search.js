"use strict";
// Full-text search: every word of the query must stand in a head's texts, its tokens or its operations.
(() => {
  const R = globalThis.report;
  const { data, heads } = R;
  let words = null;
  let tokens = null;

  // Built once, at leisure or at the first search: tokens in lower case, and every head's tokens as numbers.
  function index() {
    if (tokens) return;
    words = data.words.map((word) => word.toLowerCase());
    tokens = heads.map((head) => Uint32Array.from(R.mappings(head).flatMap((row) => [row[0], ...row[2], ...row[3]])));
    for (const head of heads) {
      const notes = (data.notes[head.name] || []).flat();
      head.text = [head.name, head.status, head.said, head.inputs, head.pattern, head.family, ...notes].join("\n").toLowerCase();
    }
  }

  // "several words" belong together; ' Paris' is the whole token with its space.
  const terms = (query) => [...query.toLowerCase().matchAll(/"([^"]*)"?|('[^']*')|(\S+)/g)]
    .map((found) => found[1] ?? found[2] ?? found[3]).filter(Boolean);

  function matcher(term) {
    const layer = /^l(\d+)$/.exec(term);
    if (layer) return { test: (head) => head.layer === +layer[1] };
    const hit = new Uint8Array(words.length);
    let any = false;
    words.forEach((word, number) => { if (word.includes(term)) { hit[number] = 1; any = true; } });
    const named = new Set(data.operations.flatMap((one, number) => (one.name.toLowerCase().includes(term) ? [number] : [])));
    const has = (head) => named.size && head.scores.some((row) => named.has(row[0]) && Math.max(R.effect(row, 1), R.effect(row, 2)) >= data.threshold);
    return {
      hit: any ? hit : null,
      test: (head) => head.text.includes(term) || has(head) || (any && tokens[head.index].some((number) => hit[number])),
    };
  }

  // The heads that a query finds: a test for a head, and one that says which tokens made it match.
  R.search = (query) => {
    const named = query.split(/[\s,]+/).map((name) => R.byName.get(name.toUpperCase()));
    if (query.trim() && named.every(Boolean)) return { test: (head) => named.includes(head), found: () => false };
    const wanted = terms(query);
    if (!wanted.length) return { test: () => true, found: () => false };
    index();
    const matchers = wanted.map(matcher);
    const hits = matchers.flatMap((one) => (one.hit ? [one.hit] : []));
    return { test: (head) => matchers.every((one) => one.test(head)), found: (number) => hits.some((hit) => hit[number]) };
  };
  (globalThis.requestIdleCallback || setTimeout)(index);
})();
