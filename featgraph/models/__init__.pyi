from .library_models import create_timm_model as create_timm_model
from .loading import MODELS as MODELS, build_model as build_model, load_model as load_model
from .patch_networks import MLPMixer as MLPMixer, ResMLP as ResMLP, SmallViT as SmallViT
from .small_networks import MLP as MLP, SmallCNN as SmallCNN, SmallResNet as SmallResNet
from .training import measure_accuracy as measure_accuracy, train_classifier as train_classifier
from .weights import load_weights as load_weights
