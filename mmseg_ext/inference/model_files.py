"""Which files a model is loaded from, in words that travel."""
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from .ensemble import EnsembleModel, load_folds
from .predictor import LogitModel


@dataclass(frozen=True)
class ModelFiles:
    """The model of ``tools/predict.py``; see its options.

    Attributes:
        config: Config file, with ``checkpoint``; or None.
        checkpoint: Its weights.
        onnx: File of ``tools/export.py`` in place of these two.
        folds: Folder of ``tools/cross_validate.py`` in place of them.
        tta: 'none', or 'flips': average over mirror images.
        device: Such as 'cpu'; None: the GPU if there is one.
        threads: Of the CPU; None: one for each core.
        batch: Tiles that are predicted at once.
    """
    config: Optional[str] = None
    checkpoint: Optional[str] = None
    onnx: Optional[str] = None
    folds: Optional[str] = None
    tta: str = 'none'
    device: Optional[str] = None
    threads: Optional[int] = None
    batch: int = 1

    def folders(self) -> list[Path]:
        """Folders of the files that are on this machine."""
        if self.folds is not None:
            return [Path(self.folds)]
        return [Path(file).parent for file in (
            self.config, self.checkpoint, self.onnx)
            if file and Path(file).is_file()]

    def load(self) -> LogitModel:
        """Load it."""
        model = self._load()
        model.tiling = replace(model.tiling, batch=self.batch)
        return model

    def _load(self) -> LogitModel:
        # asked of the face, which names what has to be installed
        if self.onnx:
            from . import OnnxModel
            models = [OnnxModel(self.onnx, self.threads)]
        else:
            from . import TorchModel
            if self.threads:
                import torch
                torch.set_num_threads(self.threads)
            models = ([TorchModel(self.config, self.checkpoint, self.device)]
                      if self.folds is None else load_folds(
                          Path(self.folds), lambda config, weights:
                          TorchModel(config, weights, self.device)))
        if len(models) == 1 and self.tta == 'none':
            return models[0]
        return EnsembleModel(models, self.tta)
