"""The errors of the evaluation stage.

EvaluationError
├── BenchmarkInvalid     a folder that is not a benchmark, or a line in it that cannot be used
├── RecordsInvalid       catalogues of `--records` without a record
├── RequestsInvalid      a line that is not a request with its meaning
├── RunInvalid           a run that cannot be read or judged
├── BaselineInvalid      a file that is not an earlier evaluation, or one of other benchmarks or systems
├── SystemUnknown        no system has this name
├── EncoderUnavailable   no encoder has this name, its vectors cannot be used, or gensim is missing
├── FeedbackInvalid      files of feedback that no benchmark can be made of
├── RatingsTooFew        ratings of too few people, or too few pairs of works, to measure with
└── FramesInvalid        a line of a file of frames that `evoke train-reader` cannot use
"""

from __future__ import annotations


class EvaluationError(Exception):
    """An error of this stage. Its text is one line for a person."""


class BenchmarkInvalid(EvaluationError):
    """A folder is not a benchmark, or a line in it cannot be used."""


class RecordsInvalid(EvaluationError):
    """The catalogues of `--records` have no record."""


class RequestsInvalid(EvaluationError):
    """A line of a file of requests is not a request with its meaning."""


class RunInvalid(EvaluationError):
    """A run cannot be read or judged."""


class BaselineInvalid(EvaluationError):
    """A file is not an earlier evaluation, or it is one of other benchmarks or systems."""


class SystemUnknown(EvaluationError):
    """No system has this name."""


class EncoderUnavailable(EvaluationError):
    """No encoder has this name, its vectors cannot be used, or gensim is missing."""


class FeedbackInvalid(EvaluationError):
    """No benchmark can be made of files of feedback."""


class RatingsTooFew(EvaluationError):
    """Ratings of too few people, or too few pairs of works, to measure with."""


class FramesInvalid(EvaluationError):
    """A line of a file of frames cannot be used."""
