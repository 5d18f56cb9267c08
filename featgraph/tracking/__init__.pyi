from .tracker import Tracker as Tracker
from .tracker import track as track
from .tracker import track_training as track_training
