from .tracker import Tracker as Tracker, track as track, track_training as track_training
