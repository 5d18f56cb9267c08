from .building import MODELS as MODELS, build_model as build_model
from .cnn import SmallCNN as SmallCNN
from .loading import load_model as load_model
from .mixer import MLPMixer as MLPMixer
from .perceptron import MLP as MLP
from .residual_mlp import ResMLP as ResMLP
from .resnet import SmallResNet as SmallResNet
from .timm_models import create_timm_model as create_timm_model
from .training import measure_accuracy as measure_accuracy, train_classifier as train_classifier
from .vit import SmallViT as SmallViT
from .weights import load_weights as load_weights
