"""Model cards: written when a model is saved; the metrics are added when it is evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import EvalResult, ModelCard

from training.common.facts import DataFacts, RunFacts, run_lines

TEMPLATES = Path(__file__).parent / "card_templates"
COMMAND, SETTINGS, DATA = "<!-- command -->", "<!-- settings -->", "<!-- data -->"
# Placeholder of the repository, replaced when the model is published.
REPOSITORY = "OWNER/NAME"
FIGURES, FIGURES_END = "<!-- figures -->", "<!-- /figures -->"


@dataclass(frozen=True)
class Figure:
    """One measured number for a card's metadata (model-index).

    Attributes:
        task: as the Hub names it, such as ``image-segmentation``.
        dataset: in words, what it was measured on.
        metric: a short name, such as ``iou``.
        value: the number.
        name: the metric in words.
    """

    task: str
    dataset: str
    metric: str
    value: float
    name: str


def write_card(role: str, folder: str | Path, facts: RunFacts) -> Path:
    """Write the card of a role (``mask-autoencoder``, ``face-vae``...) as ``folder``/README.md.

    The text is ``training/common/card_templates/ROLE.md``: what does not depend on the training
    run, with markers where the run's facts go.

    Raises:
        FileNotFoundError: there is no template for that role.
        ValueError: the metadata at the top of the template cannot be read.
    """
    text = (TEMPLATES / f"{role}.md").read_text(encoding="utf-8")
    command = f"```sh\n{facts.command}\n```" if facts.command else "The command was not recorded."
    data = [f"- {source.in_words()}{_sentence(source.note)}" for source in facts.data]
    filled = {
        COMMAND: command,
        SETTINGS: "\n".join(f"- {line}" for line in run_lines(facts)),
        DATA: "\n".join(data) or "The training data were not recorded.",
    }
    for marker, words in filled.items():
        text = text.replace(marker, words)
    card = ModelCard(text)
    _put_licenses(card, facts.data)
    datasets = [source.dataset for source in facts.data if source.dataset]
    if datasets:
        card.data.datasets = datasets
    path = Path(folder) / "README.md"
    card.save(path)
    return path


def _put_licenses(card: ModelCard, data: Sequence[DataFacts]) -> None:
    """Set the license of the weights, where all sources of data imply the same one."""
    known = {(s.license, s.license_name) for s in data}
    if len(known) == 1:
        license_id, name = known.pop()
        card.data.license = license_id or None
        card.data.license_name = name or None


def _sentence(note: str) -> str:
    return f". {note}" if note else ""


def put_figures(folder: str | Path, text: str, figures: Sequence[Figure]) -> None:
    """Replace the metrics in the card in ``folder``.

    Args:
        folder: with the card README.md.
        text: markdown, goes between the markers ``<!-- figures -->`` and ``<!-- /figures -->``.
        figures: go into the metadata, as the Hub's model-index.

    Raises:
        FileNotFoundError: there is no card.
        ValueError: the card has no such markers.
    """
    path = Path(folder) / "README.md"
    if not path.is_file():
        raise FileNotFoundError(f"no model card at {path}")
    card = ModelCard.load(path)
    before, start, rest = card.text.partition(FIGURES)
    _, end, after = rest.partition(FIGURES_END)
    if not start or not end:
        raise ValueError(f"{path} has no markers {FIGURES} and {FIGURES_END}")
    card.text = f"{before}{FIGURES}\n{text.strip()}\n{FIGURES_END}{after}"
    card.data.model_name = card.data.model_name or Path(folder).name
    card.data.eval_results = [
        EvalResult(
            task_type=figure.task,
            dataset_type=_slug(figure.dataset),
            dataset_name=figure.dataset,
            metric_type=figure.metric,
            metric_value=round(figure.value, 5),
            metric_name=figure.name,
        )
        for figure in figures
    ]
    card.save(path)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in markdown; the first column is words, the others are numbers."""
    rule = [":--"] + ["--:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def _slug(words: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in words.lower()).split())
