"""A journal in memory."""


class ListJournal:
    """Keeps every attempt, in order."""

    def __init__(self):
        self.attempts = []

    def find(self, identity):
        replies = [a.reply for a in self.attempts if a.reply and a.request.identity() == identity]
        return replies[-1] if replies else None

    def record(self, attempt):
        self.attempts.append(attempt)
