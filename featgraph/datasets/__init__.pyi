from .graph_models import (
    make_barabasi_albert as make_barabasi_albert,
    make_flower as make_flower,
    make_song_havlin_makse as make_song_havlin_makse,
    make_watts_strogatz as make_watts_strogatz,
)
from .graphs import (
    load_karate as load_karate,
    make_complete as make_complete,
    make_cycle as make_cycle,
    make_lattice as make_lattice,
    make_path as make_path,
    make_petersen as make_petersen,
    make_star as make_star,
    make_tree as make_tree,
)
from .image_files import (
    load_image_folder as load_image_folder,
    load_npz_images as load_npz_images,
    open_image_folder as open_image_folder,
    open_npz_images as open_npz_images,
)
from .images import (
    ImageDataset as ImageDataset,
    StoredImages as StoredImages,
    load_digits as load_digits,
)
from .named_samples import (
    NamedSamples as NamedSamples,
    load_arrays as load_arrays,
    load_texts as load_texts,
    load_token_ids as load_token_ids,
)
from .point_clouds import (
    POINT_CLOUDS as POINT_CLOUDS,
    PointCloud as PointCloud,
    make_point_cloud as make_point_cloud,
)
