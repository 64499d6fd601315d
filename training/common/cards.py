"""Model cards: written when a model is saved, given their figures when it is evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import EvalResult, ModelCard

TEMPLATES = Path(__file__).parent / "card_templates"
SETTINGS = "<!-- settings -->"
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


def write_card(role: str, folder: str | Path, settings: Mapping[str, object]) -> Path:
    """Write the card of a role (``mask-autoencoder``, ``face-vae``...) as ``folder``/README.md.

    The text is ``training/common/card_templates/ROLE.md``: metadata of the Hub on top, a line
    ``<!-- settings -->`` where the settings are listed, and the two markers between which
    :func:`put_figures` writes.

    Raises:
        FileNotFoundError: there is no template for that role.
        ValueError: the Hub's metadata on top cannot be read.
    """
    text = (TEMPLATES / f"{role}.md").read_text(encoding="utf-8")
    listed = "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in settings.items())
    path = Path(folder) / "README.md"
    ModelCard(text.replace(SETTINGS, listed)).save(path)
    return path


def put_figures(folder: str | Path, text: str, figures: Sequence[Figure]) -> None:
    """Write what was measured into the card in ``folder``, in place of what stood there.

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
