from .checkpoints import load_checkpoint as load_checkpoint
from .log import (
    EpochRow as EpochRow,
    TrainingDivergedError as TrainingDivergedError,
    TrainingLog as TrainingLog,
)
from .settings import TrainingSettings as TrainingSettings
from .tracker import Tracker as Tracker, track as track, track_training as track_training
from .trainer import train as train
