CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    started_at REAL NOT NULL,
    seconds REAL NOT NULL,
    llm TEXT NOT NULL,
    request TEXT NOT NULL,
    reply TEXT,
    error TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cost_usd REAL
);
CREATE INDEX calls_by_identity ON calls (identity);
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    layer INTEGER NOT NULL,
    head INTEGER NOT NULL,
    work TEXT NOT NULL,
    place TEXT NOT NULL,
    status TEXT NOT NULL,
    kept_at REAL NOT NULL,
    record TEXT NOT NULL,
    transcript TEXT
);
CREATE UNIQUE INDEX outcomes_by_work ON outcomes (layer, head, work);
