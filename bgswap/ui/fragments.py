"""HTML fragments: status line, progress, summary of a result. Every text is escaped."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from bgswap import Progress
from bgswap.io import encoding
from bgswap.ui.texts import as_html, text

STAGES = {
    "find": (text("stage_find"), 0.0, 0.06),
    "matte": (text("stage_matte"), 0.06, 0.16),
    "scene": (text("stage_scene"), 0.16, 0.9),
    "finish": (text("stage_finish"), 0.9, 1.0),
}
TITLE = f"""
<header class="masthead">
  <h1>Background swap</h1>
  <p>{text("tagline")}</p>
</header>
"""
DRAWING = """
  <svg viewBox="0 0 120 84" aria-hidden="true">
    <rect class="frame" x="2" y="2" width="116" height="80" rx="8"/>
    <path class="hill" d="M2 66 34 40 56 58 84 30 118 60V74a8 8 0 0 1-8 8H10a8 8 0 0 1-8-8Z"/>
    <circle class="sun" cx="90" cy="20" r="7"/>
    <circle class="person" cx="46" cy="34" r="9"/>
    <path class="person" d="M28 82 c0 -24 8 -34 18 -34 s18 10 18 34Z"/>
  </svg>
"""


def empty_result(sample: str, described: str) -> str:
    """What stands in the place of the result at first.

    Args:
        sample: address of a picture of a photo and its result side by side; empty: a drawing shows.
        described: what that picture shows.
    """
    shown = DRAWING
    if sample:
        shown = f'<figure><img src="{sample}" alt="{escape(described)}"></figure>'
    return f'<div class="empty-result">{shown}<p>{text("soon")}</p></div>'


def step(number: int, title: str) -> str:
    """The heading of a numbered step."""
    return f'<h2 class="step"><span>{number}</span>{as_html(title)}</h2>'


def status(busy: bool, line: str, more: list[str]) -> str:
    """The one line on top: what serves now; the whole of it on hover and for screen readers."""
    kind = "busy" if busy else "ready"
    hint = escape("\n".join(more), quote=True)
    return f'<p class="status {kind}" role="status" title="{hint}"><i></i>{escape(line)}</p>'


def message(words: str, kind: str = "hint") -> str:
    """One line below a control; kind is ``hint``, ``good`` or ``bad``."""
    return f'<p class="message {kind}" role="status">{as_html(words)}</p>'


def idle(words: str, kind: str = "hint") -> str:
    """The progress panel at rest."""
    return _panel(f'<p class="{kind}">{as_html(words)}</p>')


def working(progress: Progress, seconds_left: float | None) -> str:
    """The progress panel at work."""
    parts = [STAGES[progress.stage][0]]
    if progress.stage == "scene" and progress.step:
        parts.append(f"step {progress.step} of {progress.steps}")
    if seconds_left is not None and seconds_left >= 1:
        parts.append(f"about {seconds_left:.0f} s left")
    return bar(parts, share(progress), progress.preview)


def share(progress: Progress) -> float:
    """How much of a swap is done, 0 to 1."""
    _, low, high = STAGES[progress.stage]
    return low + (high - low) * progress.step / max(1, progress.steps)


def bar(parts: Sequence[str], share: float, preview: np.ndarray | None) -> str:
    """The progress panel with a line of parts, a bar that is filled to a share, and a preview."""
    filled = f'<div class="bar"><i style="width:{share:.0%}"></i></div>'
    return _panel(f"<p>{as_html(' · '.join(parts))}</p>{filled}", preview)


def _panel(content: str, preview: np.ndarray | None = None) -> str:
    picture = "" if preview is None else f'<img src="{_data_url(preview)}" alt="The scene so far">'
    return f'<div class="progress-panel" role="status">{picture}<div>{content}</div></div>'


def _data_url(image: np.ndarray) -> str:
    return "data:image/png;base64," + base64.b64encode(encoding.encode(image, ".png")).decode()


def summary(details: dict[str, Any]) -> str:
    """A result's notes, seed, models with their licenses, people and seconds in words.

    Notes about models that are out of reach stand in the status line.
    """
    width, height = details["size"]
    kept = ", ".join(str(number) for number in details["kept"])
    facts = {
        "Seed": "" if details["seed"] is None else str(details["seed"]),
        "Size": f"{width} × {height}",
        "Kept": f"{kept} of {len(details['people'])}",
        "Time": f"{sum(details['seconds'].values()):.1f} s",
        "Models": _models(details["models"]),
    }
    facts = {name: fact for name, fact in facts.items() if fact}
    rows = "".join(f"<div><dt>{k}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items())
    known = {used.get("note") for used in details["models"].values()}
    notes = "".join(f"<li>{escape(note)}</li>" for note in details["notes"] if note not in known)
    return f'<div class="summary"><ul>{notes}</ul><dl>{rows}</dl></div>'


def _models(models: dict[str, dict[str, str]]) -> str:
    """The models in words; those of one name and license together."""
    roles: dict[tuple[str, str], list[str]] = {}
    for role, used in models.items():
        name = "starter" if used["kind"] == "starter" else used["weights"]
        roles.setdefault((name, used["license"]), []).append(role.replace("_", " "))
    told = [f"{', '.join(r)}: {name} (license {terms})" for (name, terms), r in roles.items()]
    return "; ".join(told)
