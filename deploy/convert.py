"""Convert the default encoder for a machine without torch: `python convert.py FOLDER`."""

import sys
from pathlib import Path

from indexer.encoder.conversion import converted_model
from indexer.encoder.model_files import ModelFiles
from indexer.settings import DEFAULT_MODEL

if __name__ == "__main__":
    converted_model(ModelFiles(DEFAULT_MODEL), Path(sys.argv[1]))
