"""`evoke train-encoder`: adapt the encoder to what people ask and what answers them, and write the changes."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crawler.progress import show_progress
from evaluation.benchmark import Benchmark, refuse_test_split
from evaluation.encoder_training.tasks import Material, Task, draw_batches, read_tasks
from evaluation.errors import BenchmarkInvalid
from evaluation.settings import EvaluationSettings
from indexer.encoder.adaptation import Adaptation, save_adaptation
from indexer.encoder.conversion import load_module
from indexer.encoder.model_files import ModelFiles
from indexer.tracking import track
from indexer.values.taxonomy import load_taxonomy


@dataclass(frozen=True)
class TaskFigures:
    """How a task went: its topics, its steps, and the mean loss over the first and the last quarter of its steps."""

    name: str
    n_topics: int
    n_steps: int
    first_loss: float
    last_loss: float


@dataclass(frozen=True)
class Training:
    """A trained adaptation, and how its tasks went."""

    adaptation: Adaptation
    figures: tuple[TaskFigures, ...]


def train_encoder(
    benchmarks: Sequence[Benchmark],
    material: Material,
    settings: EvaluationSettings,
    output: Path,
    changes: Mapping[str, Any] | None = None,
    without: Sequence[str] = (),
) -> Training:
    """Adapt the encoder that the settings name, without an adaptation of its own, and write the changes to `output`.

    Args:
        benchmarks: Benchmarks whose queries describe works, in a split to train on.
        material: The files of the other tasks.
        settings: The model, the taxonomy, and the home folder.
        output: The file to write.
        changes: Fields of `network.Recipe` that differ from the default recipe.
        without: Beginnings of the names of tasks that are left out.

    Raises:
        BenchmarkInvalid: A split is not for training, or a file cannot be used.
        ModelUnavailable: The model cannot be loaded, or is not a BERT.
        ValueHeadInvalid: A label file cannot be used.
    """
    from evaluation.encoder_training.network import Recipe, train_layers

    recipe = Recipe(**(changes or {}))
    refuse_judging_splits(benchmarks)
    model = ModelFiles(settings.model, adaptation="off")
    module = load_module(model)
    tasks = [
        task
        for task in read_tasks(benchmarks, material, load_taxonomy(settings.taxonomy))
        if not task.name.startswith(tuple(without))
    ]
    if not tasks:
        raise BenchmarkInvalid("every task is left out: there is nothing to train on")
    batches = draw_batches(tasks, recipe.n_steps, recipe.seed)
    losses: defaultdict[str, list[float]] = defaultdict(list)
    with (
        track("train-encoder", settings.home) as run,
        show_progress("steps", "training", recipe.n_steps) as progress,
        tempfile.TemporaryDirectory(prefix="evoke-") as folder,
    ):
        run.log_data([*(benchmark.data for benchmark in benchmarks), *material.files])
        run.log_parameters({**asdict(recipe), "tasks": [task.name for task in tasks], "model": settings.model})

        def report(step: int, task: str, loss: float) -> None:
            losses[task].append(loss)
            run.log_metrics({f"loss {task}": loss}, step)
            progress.update(1)

        factors = train_layers(model, module, batches, recipe, Path(folder) / "states", report)
        figures = tuple(_figures(task, losses[task.name]) for task in tasks if losses[task.name])
        about = {"recipe": asdict(recipe), "tasks": [asdict(each) for each in figures]}
        adaptation = Adaptation(model.weights_digests, recipe.first_layer, factors, about)
        save_adaptation(adaptation, output)
        run.log_output(output)
    return Training(adaptation, figures)


def refuse_judging_splits(benchmarks: Sequence[Benchmark]) -> None:
    """Refuse the splits that judge an encoder: one that has learnt from them cannot be judged by them.

    Raises:
        BenchmarkInvalid: A benchmark has the split "test" or "validation".
    """
    refuse_test_split(benchmarks)
    for benchmark in benchmarks:
        if benchmark.split.casefold() == "validation":
            raise BenchmarkInvalid(
                f"{benchmark.name}: the split 'validation' judges an encoder and does not train it: name train"
            )


def _figures(task: Task, losses: Sequence[float]) -> TaskFigures:
    quarter = max(1, len(losses) // 4)
    first, last = sum(losses[:quarter]) / quarter, sum(losses[-quarter:]) / quarter
    return TaskFigures(task.name, len(task.topics), len(losses), round(first, 4), round(last, 4))


def figures_to_markdown(figures: Sequence[TaskFigures]) -> str:
    """Return the figures as a table in Markdown."""
    lines = ["| task | topics | steps | loss, first quarter | last quarter |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {each.name} | {each.n_topics:,} | {each.n_steps:,} | {each.first_loss:.3f} | {each.last_loss:.3f} |"
        for each in figures
    ]
    return "\n".join(lines) + "\n"
