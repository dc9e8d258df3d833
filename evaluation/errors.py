"""What can go wrong in an evaluation.

EvaluationError
├── BenchmarkInvalid     a folder that is no benchmark, or a line of it that cannot be used
├── RunInvalid           a run that cannot be read, judged or written
├── BaselineInvalid      a file that is no earlier evaluation, or one of other things
├── SystemUnknown        no system has this name
└── EncoderUnavailable   no encoder has this name, its vectors cannot be used, or gensim is missing
"""

from __future__ import annotations


class EvaluationError(Exception):
    """Anything this stage refuses, in one line for a person."""


class BenchmarkInvalid(EvaluationError):
    """A folder that is no benchmark, or a line of it that cannot be used."""


class RunInvalid(EvaluationError):
    """A run that cannot be read, judged or written."""


class BaselineInvalid(EvaluationError):
    """A file that is no earlier evaluation, or one of other things."""


class SystemUnknown(EvaluationError):
    """No system has this name."""


class EncoderUnavailable(EvaluationError):
    """No encoder has this name, its vectors cannot be used, or gensim is missing."""
