"""The versions that an artefact was made with, apart from all that reads artefacts: settings hold them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.records import ClosedModel
from indexer.analysis import ANALYSER_VERSION

if TYPE_CHECKING:
    from indexer.encoder.encoder import Encoder

ANOTHER_ENCODER = "was made for another encoder than the one in use"


class MadeWith(ClosedModel):
    """The versions that an artefact was made with; None for one that it does not depend on or did not record."""

    encoder_fingerprint: str | None = None
    analyser_version: str | None = None

    def problem(self, encoder: Encoder) -> str | None:
        """Return why the artefact does not fit this encoder or this version's text analyser; None if it fits."""
        if self.encoder_fingerprint not in (None, encoder.fingerprint):
            return ANOTHER_ENCODER
        if self.analyser_version not in (None, ANALYSER_VERSION):
            return "was made for another version of the text analyser"
        return None
