from .experiments import EXPERIMENTS as EXPERIMENTS, Experiment as Experiment
