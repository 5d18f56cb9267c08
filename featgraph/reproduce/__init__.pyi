from .experiments import EXPERIMENTS as EXPERIMENTS
from .experiments import Experiment as Experiment
