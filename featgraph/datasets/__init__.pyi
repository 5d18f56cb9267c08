from .images import ImageDataset as ImageDataset
from .images import load_digits as load_digits
