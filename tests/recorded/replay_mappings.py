"""Replays the recorded cases of event source mappings: `replay_mappings.py FOLDER-OF-THE-RECORDINGS OPTIONS-OF-REPLAY.PY`.

replay.py by itself cannot judge them: it takes every message's body for an object, forgets the messages between two values of one
call, and does not wait for what a function writes after the call. What counts as equal is replay.py's own comparison."""

import runpy
import sys
from pathlib import Path

recordings = Path(sys.argv.pop(1))
sys.path.insert(0, str(recordings))

from replay import case  # noqa: E402


class Mappings(case.Replay):
    heard, heard_at = {}, None

    def candidates(self, expected, call, answer):
        bodies = {key: case.parsed(message.get("Body")) for key, message in self.messages.items()}
        records = [item for body in bodies.values() if isinstance(body, list) for item in body if isinstance(item, dict)]
        if records:
            # Batches have no order among themselves; the recordings have theirs sorted by body.
            yield from case.fitting(expected, sorted(records, key=lambda record: str(record.get("body"))))
        if isinstance(expected, dict) and "total_batches_received" in expected:
            yield {"total_batches_received": len(self.messages)}
        kept = self.messages
        self.messages = {key: message for key, message in kept.items() if not isinstance(bodies[key], list)}
        try:
            yield from super().candidates(expected, call, answer)
        finally:
            self.messages = kept

    def judge_derived(self, key, call, answer, b):
        if not self.messages and self.heard_at == call["n"]:
            self.messages = dict(self.heard)
        self.heard, self.heard_at = dict(self.messages), call["n"]
        return super().judge_derived(key, call, answer, b)

    def should_wait(self, call, answer, names, looped):
        if super().should_wait(call, answer, names, looped):
            return True
        derived = call.get("recorded_after", [])
        return any(self.judge_derived(key, call, answer, self.b.clone()).verdict == "differs" for key in derived)


case.Replay = Mappings
runpy.run_path(str(recordings / "replay.py"), run_name="__main__")
