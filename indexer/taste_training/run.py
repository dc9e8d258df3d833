"""`evoke train-taste`: learn what people like from ratings of the store's works, and write a taste file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.analysis import ANALYSER_VERSION, Analyser
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.errors import TasteInvalid, UnknownWorks
from indexer.features import FeatureMaker
from indexer.ratings.joining import JoinReport, WorkFinder, join_ratings
from indexer.recipes import Recipe as IndexRecipe
from indexer.records import Work
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.taste.file import save_taste
from indexer.taste.keys import work_keys
from indexer.taste.taste import KindTaste, Taste
from indexer.taste_training.factors import Recipe, Trial, choose_recipe, learn_factors
from indexer.taste_training.likes import LEAST_LIKERS, Likes, likes_by_kind
from indexer.taste_training.mapping import Content, fit_map, read_content
from indexer.tuning_file import read_tuning
from indexer.values.labelling import open_labeller
from indexer.values.taxonomy import load_taxonomy

SEED = 20260101
