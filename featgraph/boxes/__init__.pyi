from .counts import BoxCounts as BoxCounts
from .cover import BoxCover as BoxCover
from .covering import box_counts as box_counts
from .covering import box_cover as box_cover
from .greedy import cover_greedy as cover_greedy
from .methods import METHODS as METHODS
from .methods import Method as Method
from .random_sequential import cover_random_sequential as cover_random_sequential
