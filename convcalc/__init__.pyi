"""The public names, for those who check types; a test holds them to what the package gives."""

from collections.abc import Callable

from convcalc.engine.geometry import Axis as Axis
from convcalc.errors import ConvcalcError as ConvcalcError
from convcalc.errors import InputError as InputError
from convcalc.errors import ReadingWarning as ReadingWarning
from convcalc.errors import UsageError as UsageError
from convcalc.library.layers import activate as activate
from convcalc.library.layers import add as add
from convcalc.library.layers import attention as attention
from convcalc.library.layers import batch_norm as batch_norm
from convcalc.library.layers import concat as concat
from convcalc.library.layers import dropout as dropout
from convcalc.library.layers import flatten as flatten
from convcalc.library.layers import group_norm as group_norm
from convcalc.library.layers import layer_norm as layer_norm
from convcalc.library.layers import linear as linear
from convcalc.library.layers import log_softmax as log_softmax
from convcalc.library.layers import loss as loss
from convcalc.library.layers import softmax as softmax
from convcalc.library.layers import unpool as unpool
from convcalc.library.layers import upsample as upsample
from convcalc.library.making import Size as Size
from convcalc.library.making import read_grid as read_grid
from convcalc.library.making import run as run
from convcalc.library.making import samples as samples
from convcalc.library.making import size as size
from convcalc.library.network import Model as Model
from convcalc.library.network import model as model
from convcalc.library.network import zoo as zoo
from convcalc.library.notebook import load_ipython_extension as load_ipython_extension
from convcalc.library.pieces import Marks as Marks
from convcalc.library.pieces import Page as Page
from convcalc.library.pieces import Step as Step
from convcalc.library.questions import Exercise as Exercise
from convcalc.library.questions import Quiz as Quiz
from convcalc.library.questions import Worksheet as Worksheet
from convcalc.library.questions import quiz as quiz
from convcalc.library.questions import worksheet as worksheet
from convcalc.library.results import Gradients as Gradients
from convcalc.library.results import Result as Result
from convcalc.library.windows import conv_transpose as conv_transpose
from convcalc.library.windows import convolve as convolve
from convcalc.library.windows import kernel as kernel
from convcalc.library.windows import kernels as kernels
from convcalc.library.windows import pad as pad
from convcalc.library.windows import pool as pool
from convcalc.library.worked_grid import Grid as Grid

__all__: list[str]
__version__: str
clip: Callable[..., Result]
elu: Callable[..., Result]
gelu: Callable[..., Result]
gelu_tanh: Callable[..., Result]
hardshrink: Callable[..., Result]
hardsigmoid: Callable[..., Result]
hardswish: Callable[..., Result]
leaky_relu: Callable[..., Result]
logsigmoid: Callable[..., Result]
mish: Callable[..., Result]
prelu: Callable[..., Result]
relu: Callable[..., Result]
relu6: Callable[..., Result]
selu: Callable[..., Result]
sigmoid: Callable[..., Result]
silu: Callable[..., Result]
softplus: Callable[..., Result]
softshrink: Callable[..., Result]
softsign: Callable[..., Result]
tanh: Callable[..., Result]
threshold: Callable[..., Result]

def __getattr__(name: str) -> Callable[..., Result]: ...  # by the names that PyTorch has
